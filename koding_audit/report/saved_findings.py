"""Reads findings of a saved report in the form that this version writes, several times faster than by each field.

A finding in any other form is None: report.codec reads it field by field, and names the place of an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from koding_audit.model.finding import SEVERITIES, Action, Finding, FindingStatus, Severity
from koding_audit.model.location import Location
from koding_audit.model.verb import VERBS, Verb

FINDING_KEYS = (
    *("id", "rule", "severity", "status", "subject", "policy_set", "message", "evidence", "location", "fix", "waiver"),
    "known",
)
MAX_EVIDENCE_DEPTH = 20  # levels in a finding's evidence

_LOCATION_KEYS = ("path", "line", "column")
_FIX_KEYS = ("action", "parameters")
_SEVERITIES: Mapping[str, Severity] = {each: each for each in SEVERITIES}
_STATUSES: Mapping[str, FindingStatus] = {each: each for each in get_args(FindingStatus)}
_VERBS: Mapping[str, tuple[Verb, frozenset[str]]] = {
    verb.value: (verb, frozenset(VERBS[verb].required) - {"PolicyDocument"}) for verb in Verb
}


class _OtherFormError(Exception):
    """The value is not in the form that this version writes, or not a finding."""


def read_saved_finding(value: object) -> Finding | None:
    """The finding of a JSON value; None if it is in another form, has a waiver, or is not a finding."""
    try:
        return _read_finding(value)
    except (_OtherFormError, KeyError):
        return None


def _read_finding(value: Any) -> Finding:
    _check(type(value) is dict and tuple(value) == FINDING_KEYS)
    name, rule, severity, status, subject, policy_set, message, evidence, location, fix, waiver, known = value.values()
    texts = (name, rule, severity, status, subject, message, "" if policy_set is None else policy_set)
    _check(all(type(each) is str for each in texts) and type(evidence) is dict and waiver is None)
    _check(type(known) is bool)
    start = f"{rule}/{subject}"
    key = name[len(start) + 1 :]
    _check(name == (f"{start}/{key}" if key else start))
    if evidence:
        _check_depth(evidence.values(), MAX_EVIDENCE_DEPTH)
    place = None if location is None else _read_location(location)
    action = None if fix is None else _read_fix(fix)
    severity, status = _SEVERITIES[severity], _STATUSES[status]
    return Finding(rule, severity, subject, message, key, place, policy_set, evidence, action, status, None, known)


def _read_location(value: Any) -> Location:
    _check(type(value) is dict and tuple(value) == _LOCATION_KEYS)
    path, line, column = value.values()
    _check(type(path) is str and type(line) is int and line > 0 and type(column) is int and column > 0)
    return Location(path, line, column)


def _read_fix(value: Any) -> Action:
    """The action of a fix whose parameters are all texts."""
    _check(type(value) is dict and tuple(value) == _FIX_KEYS)
    action, parameters = value.values()
    _check(type(action) is str and type(parameters) is dict)
    verb, required = _VERBS[action]
    _check(parameters.keys() >= required and "SetAsDefault" not in parameters and "Tags" not in parameters)
    _check(all(type(each) is str for each in parameters.values()))
    return Action(verb, parameters)


def _check_depth(values: Iterable[object], levels: int) -> None:
    _check(levels > 0)
    for each in values:
        if type(each) is dict:
            _check_depth(each.values(), levels - 1)
        elif type(each) is list:
            _check_depth(each, levels - 1)


def _check(condition: bool) -> None:
    if not condition:
        raise _OtherFormError
