"""Policy unit tests as JSON lines: each line is a complete request with every policy that applies to it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

from koding_audit.io.json_text import Item, parse_json, write_json
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import dataclass
from koding_audit.model.location import Location
from koding_audit.policy.evaluation.context import Context
from koding_audit.policy.evaluation.decision import decide
from koding_audit.policy.evaluation.request import (
    VPCE_LAYER,
    AccessRequest,
    AccessVerdict,
    Decision,
    Policies,
    Policy,
)
from koding_audit.policy.evaluation.statements import compile_document
from koding_audit.reference.action_resources import check_action_resource
from koding_audit.reference.actions import ActionList
from koding_audit.reference.aws_reference import AwsReference

_DENIED_VERDICTS: tuple[AccessVerdict, ...] = ("explicit-deny", "implicit-deny")
# The values of `expected`: the spelling of other tools, and ours.
_EXPECTED_VERDICTS: Mapping[str, tuple[AccessVerdict, ...]] = {
    "allowed": ("allowed",),
    "denied": _DENIED_VERDICTS,
    "explicitDeny": ("explicit-deny",),
    "explicit-deny": ("explicit-deny",),
    "implicitDeny": ("implicit-deny",),
    "implicit-deny": ("implicit-deny",),
    "unknown": ("unknown",),
}
_CASE_FIELDS = (
    "id",
    "request",
    "identityPolicies",
    "resourcePolicy",
    "boundary",
    "scps",
    "rcps",
    "endpointPolicies",
    "session",
    "expected",
)
# Fields without a meaning, for people and other tools; names that begin with `x-` are too, also in the request.
_REMARKS = frozenset({"source", "tags", "tier", "note"})
_REQUEST_FIELDS = ("action", "resource", "principal", "resourceAccount", "context")
# The types of a Principal element that can make a request.
_PRINCIPAL_TYPES = ("AWS", "Service", "Federated")
# How `can PRINCIPAL` names a principal of the account that it reads; a case has no account to find it in.
_NAME_PREFIXES = ("user/", "group/", "role/", "assumed-role/")
_MANAGEMENT_ACCOUNT_KEY = "aws:principalorgmasteraccountid"


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a file.

    id: its own id, or `line N`.
    request: the request.
    policies: the policies that apply to it.
    expected: the expected verdict as written, "" if there is none.
    location: its line.
    """

    id: str
    request: AccessRequest
    policies: Policies
    expected: str
    location: Location

    def decide(self, reference: AwsReference) -> Decision:
        """Decide the request. reference: what is known of AWS."""
        return decide(self.request, self.policies, reference)

    def accepts(self, verdict: AccessVerdict) -> bool:
        """Whether the verdict is the expected one."""
        return not self.expected or verdict in _EXPECTED_VERDICTS[self.expected]


def read_cases(text: str, path: str) -> Iterator[Case]:
    """Yield the cases of a file in order; empty lines are skipped. Raises InputError with line and column."""
    for each in read_each_case(text, path):
        if isinstance(each, InputError):
            raise each
        yield each


def read_each_case(text: str, path: str) -> Iterator[Case | InputError]:
    """Yield each case of a file in order, or the error with line and column of a line that is not a case."""
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if line.strip():
            try:
                yield _read_case(line, path, number)
            except InputError as error:
                yield error


def request_note(case: Case, known: ActionList) -> str:
    """What is wrong with a case's request, as a sentence; "" for nothing. The policies decide it as it is."""
    problem = check_action_resource(known, case.request.action, case.request.resource).problem
    return f"{case.request.action} {problem}" if problem else ""


def result_line(case: Case, decision: Decision, note: str = "") -> str:
    """The result of a case as one line of JSON: id, verdict, because, and a note if there is one."""
    reasons = [
        {
            "layer": each.layer,
            "policy": each.policy,
            "statement": each.statement,
            "sid": each.sid,
            "effect": each.effect,
            "why": each.why,
        }
        for each in decision.reasons
    ]
    result = {"id": case.id, "verdict": decision.verdict, "because": reasons}
    return write_json({**result, "note": note} if note else result)


def _read_case(line: str, path: str, number: int) -> Case:
    try:
        return _parse_case(Item(parse_json(line, path), ""), Location(path, number, 1))
    except InputError as error:
        column = error.location.column if error.location else 1
        message = error.message.removeprefix(f"{path}: ")
        hint = error.hint or "write each case on one line, as JSON"
        raise InputError(message, hint, Location(path, number, column)) from error


def _parse_case(item: Item, source: Location) -> Case:
    found = _read_fields(item, _CASE_FIELDS, {"id": f"line {source.line}"}, _REMARKS)
    request = _parse_request(found["request"])
    return Case(
        id=found["id"].text(),
        request=request,
        policies=Policies(
            identity=_parse_policies(found["identityPolicies"], "identity") or (),
            boundary=_parse_policies(found["boundary"], "permissions boundary"),
            session=_parse_policies(found["session"], "session"),
            scps=_parse_levels(found["scps"], "SCP"),
            rcps=_parse_levels(found["rcps"], "RCP"),
            resource=_parse_policies(found["resourcePolicy"], "resource") or (),
            vpce=_parse_endpoint_policy(found["endpointPolicies"]),
            management_account="".join(request.context.values.get(_MANAGEMENT_ACCOUNT_KEY, ())),
        ),
        expected=found["expected"].choice(_EXPECTED_VERDICTS) if found["expected"].value is not None else "",
        location=source,
    )


def _parse_request(item: Item) -> AccessRequest:
    found = _read_fields(item, _REQUEST_FIELDS, {"resourceAccount": "", "context": {}})
    context = {key: _condition_values(each) for key, each in found["context"].mapping().items()}
    return AccessRequest(
        action=found["action"].text(),
        resource=found["resource"].text(),
        principal=_parse_principal(found["principal"]),
        context=Context.from_values(context, complete=True),
        resource_account=found["resourceAccount"].text(),
    )


def _parse_principal(item: Item) -> str:
    """The principal as text; it may be written as in a Principal element: `{"Service": "lambda.amazonaws.com"}`."""
    if not isinstance(item.value, dict):
        if item.text().startswith(_NAME_PREFIXES) or not item.text():
            item.refuse(
                "must be an ARN, the name of a service, or `*`", "write arn:aws:iam::ACCOUNT:user/NAME for a user"
            )
        return item.text()
    found = item.mapping()
    kind = next(iter(found), "")
    if len(found) != 1 or kind not in _PRINCIPAL_TYPES:
        item.refuse("must be text, or an object with one of AWS, Service, Federated", 'an anonymous requester is "*"')
    value = found[kind]
    listed = value.items() if isinstance(value.value, list) else [value]
    if len(listed) != 1 or (kind != "AWS" and listed[0].value == "*"):
        item.refuse("must be one principal")
    return listed[0].text()


def _read_fields(
    item: Item, names: Sequence[str], defaults: Mapping[str, object], remarks: frozenset[str] = frozenset()
) -> dict[str, Item]:
    """The named fields, null if missing. Other fields are refused, except remarks: they could change the verdict."""
    found = item.mapping()
    for name in found:
        if name not in names and name not in remarks and not name.startswith("x-"):
            _refuse_field(item, name, names)
    start = f"{item.json_path}." if item.json_path else ""
    values = {name: each.value for name, each in found.items() if each.value is not None}
    return {name: Item(values.get(name, defaults.get(name)), "", f"{start}{name}") for name in names}


def _refuse_field(item: Item, name: str, names: Sequence[str]) -> NoReturn:
    similar = difflib.get_close_matches(name.lower(), [each.lower() for each in names], 1, 0.7)
    if similar:
        item.refuse(f"unknown key {name}: did you mean {next(each for each in names if each.lower() == similar[0])}?")
    item.refuse(f"unknown key {name}", f"remove it, or name it x-{name} if it is a remark")


def _condition_values(item: Item) -> tuple[str, ...]:
    """The values of a key as text; () for null."""
    if item.value is None:
        return ()
    listed = item.items() if isinstance(item.value, list) else [item]
    return tuple(_scalar_text(each) for each in listed)


def _scalar_text(item: Item) -> str:
    if isinstance(item.value, str):
        return item.value
    if isinstance(item.value, (bool, int, float)):
        return write_json(item.value)
    return item.refuse("must be text, a number, true or false")


def _parse_levels(item: Item, layer: str) -> tuple[tuple[Policy, ...], ...]:
    if item.value is None:
        return ()
    levels = enumerate(item.items(), start=1)
    return tuple(_parse_policies(each, f"{layer} level {number}") or () for number, each in levels)


def _parse_endpoint_policy(item: Item) -> Policy | None:
    """The policy of the endpoint through which the request goes; None for null or an empty list."""
    found = _parse_policies(item, VPCE_LAYER) or ()
    if len(found) > 1:
        item.refuse("must be one policy: a request goes through one VPC endpoint", "write a case for each endpoint")
    return found[0] if found else None


def _parse_policies(item: Item, layer: str) -> tuple[Policy, ...] | None:
    """The documents of one layer, a list or a single one; None for null."""
    if item.value is None:
        return None
    return tuple(_parse_policy(each, layer) for each in (item.items() if isinstance(item.value, list) else [item]))


def _parse_policy(item: Item, layer: str) -> Policy:
    if not isinstance(item.value, (dict, str)):
        item.refuse("must be a policy document")
    return Policy(layer, item.json_path, compile_document(item.value))
