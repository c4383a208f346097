"""Makes the parse tables of the installed python-hcl2's grammar with the installed lark, for koding_audit/stack.

The same versions give the same text, whatever the order in which lark numbers its states.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import hcl2
import lark
from hcl2.postlexer import PostLexer

GRAMMAR = Path(hcl2.__file__).with_name("hcl2.lark")
OPTIONS: Mapping[str, Any] = {"parser": "lalr", "propagate_positions": True}
"""Those of hcl2.parser, without its cache."""
WIDEST = 2**32 - 1
"""The width of a text without an end, as Python before 3.11 writes it; later ones write 2**64 - 1."""
States = dict[int, dict[str, tuple[int, Any]]]


def built_parser() -> lark.Lark:
    """The parser as python-hcl2 builds it, without its cache; takes a second or more."""
    return lark.Lark(GRAMMAR.read_text(encoding="utf-8"), postlex=PostLexer(), **OPTIONS)


def tables_text(parser: lark.Lark) -> str:
    """The tables of a parser as JSON, a line for each entry of the memo and for each state."""
    data, memo = parser.memo_serialize([lark.lexer.TerminalDef, lark.grammar.Rule])
    frontend = dict(data["parser"])
    table = frontend.pop("parser")
    states = {
        number: {table["tokens"][token]: action for token, action in actions.items()}
        for number, actions in table["states"].items()
    }
    tokens = sorted(table["tokens"].values())
    (start,) = table["start_states"].values()
    order = state_order(states, start)
    found = {
        "python-hcl2": hcl2.__version__,
        "lark": lark.__version__,
        "grammar_sha256": hashlib.sha256(GRAMMAR.read_bytes()).hexdigest(),
        "options": {name: value for name, value in data["options"].items() if name != "postlex"},
        "frontend": frontend,
        "rules": data["rules"],
        "start_states": {name: order[state] for name, state in table["start_states"].items()},
        "end_states": {name: order[state] for name, state in table["end_states"].items()},
        "tokens": tokens,
        "memo": [narrowed(memo[number]) for number in range(len(memo))],
        "states": [state_row(states[state], tokens, order) for state in order],
    }
    return "{\n" + ",\n".join(f"{json.dumps(name)}: {value_text(value)}" for name, value in found.items()) + "\n}\n"


def state_order(states: States, start: int) -> dict[int, int]:
    """The number of each state in the order in which it is reached from the start, token by token in their order."""
    order = {start: 0}
    waiting = [start]
    for state in waiting:
        for _, (kind, target) in sorted(states[state].items(), key=lambda each: each[0]):
            if kind == 0 and target not in order:
                order[target] = len(order)
                waiting.append(target)
    return order


def state_row(actions: Mapping[str, tuple[int, Any]], tokens: list[str], order: Mapping[int, int]) -> list[list[int]]:
    """A state as koding_audit.stack.hcl_grammar reads it: each action with its tokens."""
    row: dict[int, list[int]] = {}
    for number, token in enumerate(tokens):
        if token in actions:
            kind, target = actions[token]
            row.setdefault(order[target] if kind == 0 else -1 - target["@"], []).append(number)
    return [[action, *those] for action, those in row.items()]


def narrowed(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of the memo with the width of a pattern as every Python writes it."""
    pattern = entry.get("pattern", {})
    if "_width" not in pattern:
        return dict(entry)
    return {**entry, "pattern": {**pattern, "_width": [min(each, WIDEST) for each in pattern["_width"]]}}


def value_text(value: object) -> str:
    """A value as JSON; a list of lists or objects has a line for each."""
    if isinstance(value, list) and value and not isinstance(value[0], str):
        return "[\n" + ",\n".join(json.dumps(each, separators=(",", ":")) for each in value) + "\n]"
    return json.dumps(value, separators=(",", ":"))
