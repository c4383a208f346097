"""One call for each permission: of all that an audit may need, with what each answer says of the permission."""

from __future__ import annotations

import pytest

from koding_audit.aws import Connection
from koding_audit.errors import CallError
from koding_audit.model import Account, Fact, Query
from koding_audit.probes import CALLS, KEY_USED, NOBODY, Told, ask, judged, names_of, subject
from koding_audit.reads import calls
from tests.servers.replay import Replay, recorded
from tests.servers.wire import Fault, service_model

NAMES = names_of(Query(users={"ada": frozenset({Fact.USER})}), Account("123456789012", "aws-cn"))
DENIED = "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: iam:GetUser on resource: user ada"


def test_every_call_that_tells_a_fact_has_its_probe() -> None:
    assert {*calls(Fact, ("user", "group", "role"))} - {"sts:GetCallerIdentity"} <= set(CALLS)


@pytest.mark.parametrize("permission", sorted(CALLS))
def test_a_probe_is_a_read_with_the_parameters_that_the_api_has(permission: str) -> None:
    """And asks for one item, where the API lets it."""
    service, _, operation = permission.partition(":")
    assert operation.startswith(("Get", "List", "Describe", "Generate"))
    shape, call = service_model(service).operation_model(operation).input_shape, CALLS[permission]
    given = {*call.also, *([call.parameter] if call.parameter else [])}
    members = shape.members if shape else {}
    assert given <= set(members)
    assert set(shape.required_members if shape else ()) <= given
    assert ("MaxItems" in members) == ("MaxItems" in given) or permission == "iam:ListServiceSpecificCredentials"


def test_calls_are_about_whom_the_query_names_and_else_about_nobody() -> None:
    assert NAMES["user"] == "ada"
    assert (NAMES["group"], NAMES["role"]) == (NOBODY, NOBODY)
    assert NAMES["policy"] == "arn:aws-cn:iam::aws:policy/IAMReadOnlyAccess"
    assert subject("iam:GetUser", NAMES) == "user/ada"
    assert subject(KEY_USED, NAMES) == "a key of user/ada"
    assert subject("iam:GetPolicy", NAMES) == NAMES["policy"]
    assert subject("iam:GetAccountSummary", NAMES) == ""


@pytest.mark.parametrize(
    ("code", "detail", "told"),
    [
        ("AccessDenied", "", Told("denied", "AccessDenied")),
        ("AccessDeniedException", "You don't have permissions", Told("denied", "AccessDeniedException")),
        (
            "AccessDenied",
            f"{DENIED} because no identity-based policy allows the iam:GetUser action",
            Told("denied", "AccessDenied: no identity-based policy allows it"),
        ),
        (
            "AccessDenied",
            f"{DENIED} with an explicit deny in a service control policy",
            Told("denied", "AccessDenied: the service control policy denies it"),
        ),
        (
            "AccessDenied",
            f"{DENIED} because no permissions boundary allows the iam:GetUser action",
            Told("denied", "AccessDenied: no permissions boundary allows it"),
        ),
        ("NoSuchEntity", "", Told("permitted")),
        ("ReportInProgress", "", Told("permitted")),
        ("AWSOrganizationsNotInUseException", "", Told("permitted")),
        ("Throttling", "Rate exceeded", Told("unknown", "Throttling")),
        ("InvalidClientTokenId", "", Told("unknown", "InvalidClientTokenId")),
        ("MalformedReply", "", Told("unknown", "MalformedReply")),
    ],
)
def test_what_a_failure_says_of_the_permission(code: str, detail: str, told: Told) -> None:
    assert judged(CallError("iam:GetUser", code, detail)) == told


def test_a_clock_that_a_refusal_tells_of_is_told_too() -> None:
    error = CallError("iam:GetUser", "RequestExpired", "", cause="this machine's clock is 20 minutes behind AWS's")
    assert judged(error) == Told("unknown", "RequestExpired: this machine's clock is 20 minutes behind AWS's")


def test_a_key_is_asked_about_where_the_user_has_one(connection: Connection, replay: Replay) -> None:
    assert ask(connection, KEY_USED, NAMES) == Told("untried", "no key to ask about was told")
    replay.answer("ListAccessKeys", recorded({"AccessKeyMetadata": [], "IsTruncated": False}))
    assert ask(connection, KEY_USED, NAMES) == Told("untried", "there is no key to ask about")
    key = {"UserName": "ada", "AccessKeyId": "AKIAEXAMPLEEXAMPLE01", "Status": "Active"}
    replay.answer("ListAccessKeys", recorded({"AccessKeyMetadata": [key], "IsTruncated": False}))
    assert ask(connection, KEY_USED, NAMES).answer == "denied"
    assert replay.calls[-1].parameters == {"AccessKeyId": "AKIAEXAMPLEEXAMPLE01"}
    replay.answer("GetAccessKeyLastUsed", recorded({"UserName": "ada"}))
    assert ask(connection, KEY_USED, NAMES) == Told("permitted")


def test_a_call_that_is_answered_is_made_once(connection: Connection, replay: Replay) -> None:
    replay.answer("GetAccountSummary", recorded({"SummaryMap": {"Users": 1}}))
    assert ask(connection, "iam:GetAccountSummary", NAMES) == Told("permitted")
    replay.faults.add(Fault("GetAccountSummary", "deny"))
    assert ask(connection, "iam:GetAccountSummary", NAMES).answer == "denied"
    assert [each.action for each in replay.calls] == ["GetAccountSummary"] * 2
