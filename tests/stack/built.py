"""Whether a user may build a script, by the rows that ship with the tool."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from koding_audit.model.stack import Stack
from koding_audit.stack.loader import read_script
from koding_audit.stack.needs import collect_needs
from tests.stack.made import ACCOUNT, allow, judge


def stack_of(tmp_path: Path, name: str, text: str | dict[str, Any]) -> Stack:
    """What one script needs; a dict is written as JSON."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    return collect_needs(read_script(str(path)), ACCOUNT)


def verdict(stack: Stack, *statements: dict[str, Any]) -> str:
    """`yes`, `no` or `unknown` for a user with these statements."""
    return f"{'no' if lacking(stack, *statements) else 'unknown' if open_needs(stack, *statements) else 'yes'}"


def lacking(stack: Stack, *statements: dict[str, Any]) -> set[tuple[str, str]]:
    """Each action and resource that is certainly needed, and denied."""
    found = judge(*statements)
    needs = [each for each in stack.needs if each.decides and each.certain and not each.hint]
    return {(each.action, each.resource) for each in needs if found.decide(each).verdict.endswith("deny")}


def open_needs(stack: Stack, *statements: dict[str, Any]) -> set[tuple[str, str]]:
    """Each action and resource that decides and is not allowed, and the parts that are not known."""
    found = judge(*statements)
    needs = [each for each in stack.needs if each.decides and found.decide(each).verdict != "allowed"]
    return {(each.action, each.resource) for each in needs} | {(each.what, each.why) for each in stack.unknown}


def but(*actions: str, on: str | list[str]) -> list[dict[str, Any]]:
    """Everything is allowed, but these actions only on some resources."""
    services = ",".join(actions)
    assert services
    others = {"Effect": "Allow", "NotAction": list(actions), "Resource": "*"}
    return [others, allow(list(actions), on)]
