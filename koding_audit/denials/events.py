"""Reads CloudTrail events and decoded authorization messages, in each form in which tools hand them over."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from koding_audit.denials.codes import is_denial_code
from koding_audit.denials.encoded import find_encoded
from koding_audit.denials.knowledge import DenialTables
from koding_audit.denials.lines import clean_text
from koding_audit.denials.look_alikes import find_look_alike_in, of_error_code, of_reason
from koding_audit.denials.operation import with_operation
from koding_audit.denials.passage import Passage
from koding_audit.denials.sentence import read_sentences
from koding_audit.denials.tokens import is_arn
from koding_audit.denials.values import Denial, LookAlike
from koding_audit.reference.action_resources import check_action_resource

_MAX_DEPTH = 8
_LOST = "An unknown error occurred"  # CloudTrail prints it in place of a message that it does not have
_REMARKS: Mapping[str, str] = {
    "IdentityCenterUser": "Identity Center user",
    "AWSAccount": "a principal of another account",
    "AWSService": "a service of AWS",
}


def find_records(text: str) -> list[Mapping[str, Any]]:
    """Return the events and decoded messages in a text of JSON, or in lines of JSON; [] if it has none."""
    stripped = text.strip()
    if stripped[:1] not in ("{", "["):
        return []
    whole = _parse(stripped)
    if whole is not None:
        return list(_walk(whole, 0))
    lines = (each.strip() for each in stripped.splitlines())
    parsed = (_parse(each) for each in lines if each[:1] == "{" and _may_be_record(each))
    return [found for each in parsed for found in _walk(each, 0)]


def read_record(record: Mapping[str, Any], tables: DenialTables) -> Denial | LookAlike | None:
    """Return what an event or a decoded message reports; None for an event without an error."""
    return _read_event(record, tables) if "eventName" in record else _read_decoded(record, tables)


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _may_be_record(text: str) -> bool:
    return "eventSource" in text or ("allowed" in text and "context" in text)


def _walk(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, str):
        if value[:1] in ("{", "[") and _may_be_record(value):
            yield from _walk(_parse(value), depth + 1)
    elif isinstance(value, list):
        for each in value:
            yield from _walk(each, depth + 1)
    elif isinstance(value, dict):
        if _is_event(value) or _is_decoded(value):
            yield value
        else:
            for each in value.values():
                yield from _walk(each, depth + 1)


def _is_event(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("eventSource"), str) and isinstance(value.get("eventName"), str)


def _is_decoded(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("allowed"), bool) and isinstance(value.get("context"), dict)


def _read_decoded(record: Mapping[str, Any], tables: DenialTables) -> Denial | None:
    if record["allowed"]:
        return None
    context = record["context"]
    principal = context["principal"].get("arn") if isinstance(context.get("principal"), dict) else None
    action, resource = _text(context.get("action")), _text(context.get("resource"))
    return Denial(
        principal=_arn(principal),
        action=(tables.actions.canonical_name(action) or action or None) if ":" in action else None,
        resource=resource if is_arn(resource) or resource == "*" else None,
        effect="explicit-deny" if record.get("explicitDeny") is True else "implicit-deny",
    )


def _read_event(event: Mapping[str, Any], tables: DenialTables) -> Denial | LookAlike | None:
    code, message = _text(event.get("errorCode")), _text(event.get("errorMessage"))
    if not code and not message:
        return None
    words = message if len(message) > len(_LOST) else f"{code} {message}"
    for found in read_sentences(Passage(clean_text(message)), tables):
        other = of_reason(found.reason, tables) if found.reason else None
        return other or _with_identity(found.denial, event)
    if other := find_look_alike_in(words, tables):
        return other
    if not is_denial_code(code):
        return of_error_code(code) if code.isascii() and 0 < len(code) < 80 else None
    return _read_denied(event, message, tables)


def _read_denied(event: Mapping[str, Any], message: str, tables: DenialTables) -> Denial:
    passage = Passage(clean_text(message))
    encoded, _, _ = find_encoded(passage, 0, len(passage.lowered))
    denial = _with_identity(Denial(encoded=encoded or None), event)
    service = tables.operations.service_of_event(event["eventSource"])
    lost = message == _LOST or passage.lowered.startswith("youarenotauthorizedtouse")
    denial = with_operation(denial, tables, service, event["eventName"], certain=not lost)
    return _with_event_resource(denial, event, tables)


def _with_identity(denial: Denial, event: Mapping[str, Any]) -> Denial:
    """The denial with the principal of the event, if its message has none, the role of a session and the Region."""
    identity = event.get("userIdentity")
    region = _text(event.get("awsRegion")) or None
    if not isinstance(identity, dict):
        return replace(denial, region=denial.region or region)
    remark = _REMARKS.get(_text(identity.get("type")), "") if not identity.get("arn") else ""
    printed = denial.principal or denial.principal_text
    return replace(
        denial,
        principal=denial.principal if printed else _arn(identity.get("arn")),
        role=_role(identity),
        region=denial.region or region,
        hint="" if printed else remark,
    )


def _role(identity: Mapping[str, Any]) -> str | None:
    session = identity.get("sessionContext")
    issuer = session.get("sessionIssuer") if isinstance(session, dict) else None
    if not isinstance(issuer, dict) or issuer.get("type") != "Role":
        return None
    return _arn(issuer.get("arn"))


def _with_event_resource(denial: Denial, event: Mapping[str, Any], tables: DenialTables) -> Denial:
    """The denial with the only resource of the event that its action is used on."""
    listed = event.get("resources")
    rows = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    arns = {arn for each in rows for key in ("ARN", "arn") if (arn := _arn(each.get(key)))}
    action = denial.action
    if action is None or not tables.actions.is_described(action):
        return denial
    fitting = [each for each in sorted(arns) if check_action_resource(tables.actions, action, each).fit == "fits"]
    return replace(denial, resource=fitting[0]) if len(fitting) == 1 else denial


def _arn(value: Any) -> str | None:
    return value if isinstance(value, str) and is_arn(value) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
