"""The parse tables that ship with the package: current, equal in effect to python-hcl2's own, and used."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import hcl2
import lark
import pytest

from koding_audit.cli import main
from koding_audit.stack import hcl_grammar
from koding_audit.stack.hcl_grammar import HclParser
from koding_audit.stack.loader import read_script
from tests.stack.script_files import SCRIPTS, places
from tools import hcl_grammar as maker

TABLES = Path(hcl_grammar.__file__).with_suffix(".json")
GUIDE = str(Path(__file__).parents[2] / "policies" / "koding.yaml")
TEXTS = (
    (SCRIPTS / "web.tf").read_text(encoding="utf-8"),
    'a = <<-EOT\n  text\n  EOT\nb = { c = [for x in var.y : "${x}!" if x != ""], "d" : !true }\n# end',
    'resource "aws_eip" "a" {\n  count = var.create\n    ? 1 : -2 * (3 + 4)\n  x = f(a.*.b[0].c...)\n}\n',
    "locals {}\n\n",
    "",
)
BROKEN = ('resource "a" {\n', "a = = 1\n", "a = <<EOT\ntext\n", '"')


@pytest.fixture(scope="module")
def built() -> lark.Lark:
    """The parser that python-hcl2 would build."""
    return maker.built_parser()


def test_the_tables_are_those_of_the_installed_versions(built: lark.Lark) -> None:
    assert TABLES.read_text(encoding="ascii") == maker.tables_text(built), "run `make generate`"


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_parsed_as_python_hcl2_parses_it(built: lark.Lark, text: str) -> None:
    with_tables = HclParser().parse(text).to_lark()
    assert with_tables == hcl2.transform(built.parse(text + "\n")).to_lark()


@pytest.mark.parametrize("text", BROKEN)
def test_an_error_is_the_one_of_python_hcl2_at_its_place(built: lark.Lark, text: str) -> None:
    with pytest.raises(lark.exceptions.UnexpectedInput) as expected:
        built.parse(text + "\n")
    with pytest.raises(lark.exceptions.UnexpectedInput) as found:
        HclParser().parse(text)
    assert (type(found.value), found.value.line, found.value.column) == (
        type(expected.value),
        expected.value.line,
        expected.value.column,
    )


def count_builds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that grows with each grammar that lark reads, and with each cache of lark's that is opened."""
    found: list[str] = []
    load = lark.lark.load_grammar

    def load_grammar(*arguments: Any) -> Any:
        found.append("grammar")
        return load(*arguments)

    def read_only(path: str, mode: str = "r") -> Any:
        found.append("cache")
        raise PermissionError(path, mode)

    monkeypatch.setattr(lark.lark, "load_grammar", load_grammar)
    monkeypatch.setattr(lark.lark.FS, "open", read_only)
    return found


def test_where_python_hcl2_cannot_write_its_cache_no_grammar_is_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    builds = count_builds(monkeypatch)
    for name in ("a.tf", "b.tf"):
        (tmp_path / name).write_text(f'resource "aws_eip" "{name[0]}" {{}}\n', encoding="utf-8")
    assert list(places(read_script(str(tmp_path)))) == ["aws_eip.a", "aws_eip.b"]
    assert builds == []


def test_the_tables_are_read_once_for_all_files_of_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    loads = []
    load = lark.Lark.load
    monkeypatch.setattr(lark.Lark, "load", lambda saved: [loads.append(1), load(saved)][1])
    for name in ("a.tf", "b.tf", "c.tf"):
        (tmp_path / name).write_text(f'resource "aws_eip" "{name[0]}" {{}}\n', encoding="utf-8")
    read_script(str(tmp_path))
    assert len(loads) == 1


@pytest.mark.parametrize(
    ("package", "said"),
    [(hcl2, "python-hcl2 9.9 and lark"), (lark, f"python-hcl2 {hcl2.__version__} and lark 9.9")],
)
def test_another_version_makes_its_own_tables_and_verbose_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], package: Any, said: str
) -> None:
    monkeypatch.setattr(package, "__version__", "9.9")
    used = []
    monkeypatch.setattr(hcl2, "parses", lambda text, parses=hcl2.parses: [used.append(1), parses(text)][1])
    arguments = ["stack", str(SCRIPTS / "web.tf"), GUIDE, "--source", "demo"]
    main(arguments)
    assert (len(used), "parse tables" in capsys.readouterr().err) == (1, False)
    main([*arguments, "--verbose"])
    assert f"python-hcl2 made its own parse tables: {said}" in capsys.readouterr().err


def test_a_changed_grammar_of_the_same_version_makes_its_own_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    assert HclParser().mismatch == ""
    monkeypatch.setattr(hcl_grammar, "_read_grammar", lambda: b"start: body")
    assert "was changed" in HclParser().mismatch


def test_a_python_hcl2_without_that_file_makes_its_own_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(hcl2, "__file__", str(tmp_path / "__init__.py"))
    assert HclParser().mismatch


def test_without_python_hcl2_there_is_no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hcl2", None)
    with pytest.raises(ImportError):
        HclParser().parse("")


def test_the_tables_are_plain_data() -> None:
    assert set(json.loads(TABLES.read_text(encoding="ascii"))) == {
        *("python-hcl2", "lark", "grammar_sha256", "options", "frontend", "rules", "start_states", "end_states"),
        *("tokens", "memo", "states"),
    }
