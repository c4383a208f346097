"""The parser for HCL, made of the parse tables that ship with the package: building them takes over a second."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_TABLES = os.path.join(os.path.dirname(__file__), "hcl_grammar.json")  # noqa: PTH118, PTH120 - pathlib costs time


@dataclass
class HclParser:
    """Parses files in HCL. The tables are read for the first file, so use one parser for all files of a run.

    If other versions of python-hcl2 or lark are installed than those that the tables were made of, python-hcl2 makes
    its own tables. It keeps them in its own folder if it can write there.
    """

    def parse(self, text: str) -> Any:
        """Returns python-hcl2's tree, a StartRule. Raises ImportError without python-hcl2, and what lark raises."""
        import hcl2  # noqa: PLC0415 - an optional extra

        if self.mismatch:
            return hcl2.parses(text)
        return hcl2.transform(self._lark.parse(text + "\n"))  # python-hcl2 adds the line break too

    @cached_property
    def mismatch(self) -> str:
        """Why the tables of the package cannot be used, "" if they can. Raises ImportError without python-hcl2."""
        made_of, installed = {each: self._tables[each] for each in ("python-hcl2", "lark")}, _installed_versions()
        if made_of != installed:
            return f"{_versions_text(installed)} are installed, the tables are of {_versions_text(made_of)}"
        same = self._tables["grammar_sha256"] == hashlib.sha256(_read_grammar()).hexdigest()
        return "" if same else f"the grammar of {_versions_text(installed)} was changed"

    @cached_property
    def _tables(self) -> Mapping[str, Any]:
        with open(_TABLES, encoding="ascii") as file:  # noqa: PTH123 - as above
            tables: Mapping[str, Any] = json.load(file)
        return tables

    @cached_property
    def _lark(self) -> Any:
        import lark  # noqa: PLC0415 - hcl2's parser
        from hcl2.postlexer import PostLexer  # noqa: PLC0415 - an optional extra

        return lark.Lark.load(saved_parser(self._tables, PostLexer()))


def saved_parser(tables: Mapping[str, Any], post_lexer: object) -> dict[str, Any]:
    """Returns what `Lark.load` reads, from the tables of the package.

    post_lexer: python-hcl2's step between the lexer and the parser
    """
    memo = dict(enumerate(tables["memo"]))
    states = {number: _state_actions(row) for number, row in enumerate(tables["states"])}
    parse_table = {
        "tokens": dict(enumerate(tables["tokens"])),
        "states": states,
        "start_states": tables["start_states"],
        "end_states": tables["end_states"],
    }
    data = {
        "parser": {**tables["frontend"], "parser": parse_table},
        "rules": tables["rules"],
        "options": {**tables["options"], "postlex": post_lexer},
    }
    return {"data": data, "memo": memo}


def _state_actions(row: Iterable[Sequence[int]]) -> dict[int, tuple[int, int | dict[str, int]]]:
    """Returns lark's actions of a state by token, from lists of an action and its tokens.

    An action from 0 on is a shift to that state; one below is a reduction by a rule: -1 by the memo's first entry.
    """
    found: dict[int, tuple[int, int | dict[str, int]]] = {}
    for action, *tokens in row:
        value: tuple[int, int | dict[str, int]] = (0, action) if action >= 0 else (1, {"@": -1 - action})
        found.update(dict.fromkeys(tokens, value))
    return found


def _installed_versions() -> dict[str, str]:
    import hcl2  # noqa: PLC0415 - an optional extra
    import lark  # noqa: PLC0415 - hcl2's parser

    return {"python-hcl2": getattr(hcl2, "__version__", ""), "lark": str(lark.__version__)}


def _versions_text(versions: Mapping[str, str]) -> str:
    return " and ".join(f"{name} {version}" for name, version in versions.items())


def _read_grammar() -> bytes:
    """Returns the grammar that is installed with python-hcl2, b"" if its file has another name."""
    import hcl2  # noqa: PLC0415 - an optional extra

    path = os.path.join(os.path.dirname(hcl2.__file__), "hcl2.lark")  # noqa: PTH118, PTH120 - as above
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            return file.read()
    except FileNotFoundError:
        return b""
