"""Checks the hand-kept tables of koding_audit/reference/data: the columns of each row, its source and its date.

`make data` runs it before it writes anything; tests/reference/test_tables.py holds each rule.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent.parent / "koding_audit" / "reference" / "data"

_Check = Callable[[Any], bool]
_COMMON: Mapping[str, _Check] = {
    "source": lambda value: isinstance(value, str) and re.match(r"https://|[\w@./-]+@\d", value) is not None,
    "date": lambda value: isinstance(value, str) and _is_date(value),
}
_OPTIONAL: Mapping[str, _Check] = {
    "inferred": lambda value: value is True,
    "note": lambda value: isinstance(value, str) and value != "",
}
_CALLERS = ("user", "session", "federated", "service", "anonymous", "root")
_LAYERS = ("identity", "resource", "boundary", "session", "scp", "rcp", "vpce")
_LOOK_ALIKES = (
    *("credentials", "signature", "clock", "quota", "region", "public-access-block", "subscription", "rbac", "other"),
)
_REQUESTERS = {"user", "role", "session", "federated", "root", "outside"}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and value != [] and all(map(_is_text, value))


def _is_action(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[a-z0-9-]+:[A-Z]\w+", value) is not None


def _are_actions(value: Any) -> bool:
    return isinstance(value, list) and value != [] and all(map(_is_action, value))


def _is_service(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[a-z0-9-]+", value) is not None


def _is_service_principal(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com", value) is not None


def _is_presence(value: Any) -> bool:
    return value in ("always", "never", "sometimes")


# By table: its key, the columns that each row has, and those that it may have besides.
TABLES: Mapping[str, tuple[tuple[str, ...], Mapping[str, _Check], Mapping[str, _Check]]] = {
    "condition_keys": (
        ("key",),
        {"key": _is_text, "type": _is_text, "multivalued": _is_flag, **dict.fromkeys(_CALLERS, _is_presence)},
        {
            "values": lambda value: isinstance(value, dict) and value.keys() <= {*_CALLERS},
            "needs_organization": _is_flag,
            "holds": _is_text,
        },
    ),
    "resource_policies": (
        ("service",),
        {"service": _is_service, "resource_policies": lambda value: value in ("none", "some")},
        {"types": _are_texts},
    ),
    "aws_owned": (
        ("resource", "refused"),
        {"what": _is_text, "resource": lambda value: str(value).startswith("arn:*:"), "refused": _are_actions},
        {"rcps_apply": lambda value: value is False},
    ),
    "special_actions": (
        ("action", "rule"),
        {
            "action": _is_action,
            "rule": lambda value: value in ("needs no permission", "is not available", "is not restricted by RCPs"),
            "callers": lambda value: _are_texts(value) and {*value} <= _REQUESTERS,
        },
        {},
    ),
    "reserved_names": (
        ("of", "starts_with"),
        {"of": lambda value: value in ("role path", "role name", "policy"), "starts_with": _is_text},
        {"service_linked": lambda value: value is True},
    ),
    "deprecated_policies": (("policy",), {"policy": _is_text}, {}),
    "quotas": (
        ("what", "of"),
        {"what": _is_text, "of": _is_text, "summary_key": _is_text},
        {"value": lambda value: isinstance(value, int) and value > 0, "unit": _is_text, "count_key": _is_text},
    ),
    "escalation_actions": (
        ("action",),
        {
            "action": _is_action,
            "kind": lambda value: isinstance(value, str),
            "arn": lambda value: value == "*" or str(value).startswith("arn:${Partition}:"),
            "why": _is_text,
        },
        {
            "others_only": lambda value: value is True,
            "unrestricted_only": lambda value: value is True,
            "organization": lambda value: value is True,
            "through_role": lambda value: value is True,
            "any_account": lambda value: value is True,
            "delegates": _is_service_principal,
            "trusted": _is_service_principal,
            "keys": lambda value: isinstance(value, dict) and value != {} and all(map(_is_text, value.values())),
        },
    ),
    "unjudged_escalations": (("about",), {"about": _is_text, "actions": _are_actions, "reason": _is_text}, {}),
    "pass_role_uses": (
        ("name",),
        {
            "name": _is_text,
            "service": _is_service_principal,
            "needs": lambda value: isinstance(value, list) and value != [] and all(map(_are_actions, value)),
        },
        {},
    ),
    "key_families": (
        ("family",),
        {"family": _is_text, "keys": _are_texts},
        {"determines": lambda value: isinstance(value, dict) and all(map(_are_texts, value.values()))},
    ),
    "example_values": (("key",), {"key": _is_text, "value": _is_text}, {}),
    "global_services": (("service",), {"service": _is_service}, {}),
    "account_states": (("state",), {"state": _is_text, "usable": _is_flag}, {}),
    "gateway_endpoints": (("service",), {"service": _is_service}, {}),
    "iam_event_regions": (("partition",), {"partition": _is_service, "region": _is_service}, {}),
    "event_sources": (("event_source",), {"event_source": _is_service_principal, "service": _is_service}, {}),
    "operation_actions": (
        ("operation",),
        {"operation": _is_action, "actions": _are_actions},
        {},
    ),
    "denial_layers": (("words",), {"words": _is_text, "layer": lambda value: value in _LAYERS}, {}),
    "denial_messages": (
        ("words",),
        {"words": _is_text},
        {
            **dict.fromkeys(("service", "ends", "hint", "doubt"), _is_text),
            **dict.fromkeys(("codes", "likely"), _are_texts),
            "action": _is_action,
            **dict.fromkeys(("needs_code", "needs_wrapper", "uncertain", "calls", "named", "covers"), _is_flag),
            "principal_before": _is_flag,
        },
    ),
    "look_alikes": (
        ("words",),
        {"words": _is_text, "kind": lambda value: value in _LOOK_ALIKES, "means": _is_text, "advice": _is_text},
        {},
    ),
    "credential_events": (("event",), {"event": _is_text, "event_source": _is_text, "why": _is_text}, {}),
}


def problems() -> Iterator[str]:
    """Yield what is wrong in the tables, with file and line."""
    on_disk = {path.stem for path in DATA.glob("*.jsonl")}
    yield from (f"{name}.jsonl: no such table is described here" for name in sorted(on_disk ^ TABLES.keys()))
    for name in sorted(on_disk & TABLES.keys()):
        rows = (DATA / f"{name}.jsonl").read_text(encoding="ascii").splitlines()
        yield from table_problems(name, rows)


def table_problems(name: str, lines: list[str]) -> Iterator[str]:
    """Yield what is wrong in the lines of one table."""
    key, needed, optional = TABLES[name]
    seen = set()
    for number, line in enumerate(lines, start=1):
        row = json.loads(line)
        yield from (f"{name}.jsonl:{number}: {each}" for each in _row_problems(row, {**needed, **_COMMON}, optional))
        own = tuple(str(row.get(each)) for each in key)
        if own in seen:
            yield f"{name}.jsonl:{number}: {' '.join(own)} is there already"
        seen.add(own)


def _row_problems(row: Mapping[str, Any], needed: Mapping[str, _Check], more: Mapping[str, _Check]) -> Iterator[str]:
    may = {**needed, **more, **_OPTIONAL}
    yield from (f"no {each}" for each in needed if each not in row)
    yield from (f"unknown column {each}" for each in row if each not in may)
    yield from (f"{each} cannot be {row[each]!r}" for each in row if each in may and not may[each](row[each]))


def _is_date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text) <= datetime.datetime.now(datetime.timezone.utc).date()
    except ValueError:
        return False
