"""One call for each permission: of all that an audit may need, with what each answer says of the permission."""

from __future__ import annotations

import pytest

from koding_audit.aws.connection import Connection
from koding_audit.aws.permission_probes import (
    KEY_LAST_USED,
    PROBES,
    UNUSED_NAME,
    ProbeVerdict,
    probe_names,
    probe_permission,
    probe_subject,
    probe_verdict,
)
from koding_audit.model.account import Account
from koding_audit.model.errors import CallError
from koding_audit.model.fact_calls import calls_for_facts
from koding_audit.model.query import Fact, Query
from tests.servers.replay import Replay, recorded
from tests.servers.wire import Fault, service_model

NAMES = probe_names(Query(users={"ada": frozenset({Fact.USER})}), Account("123456789012", "aws-cn"))
DENIED = "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: iam:GetUser on resource: user ada"


def test_every_call_that_tells_a_fact_has_its_probe() -> None:
    assert {*calls_for_facts(Fact, ("user", "group", "role"))} - {"sts:GetCallerIdentity"} <= set(PROBES)


@pytest.mark.parametrize("permission", sorted(PROBES))
def test_a_probe_is_a_read_with_the_parameters_that_the_api_has(permission: str) -> None:
    """And asks for one item, where the API lets it."""
    service, _, operation = permission.partition(":")
    assert operation.startswith(("Get", "List", "Describe", "Generate", "Lookup"))
    shape, call = service_model(service).operation_model(operation).input_shape, PROBES[permission]
    given = {*call.extra_parameters, *([call.parameter] if call.parameter else [])}
    members = shape.members if shape else {}
    assert given <= set(members)
    assert set(shape.required_members if shape else ()) <= given
    assert ("MaxItems" in members) == ("MaxItems" in given) or permission == "iam:ListServiceSpecificCredentials"


def test_calls_are_about_whom_the_query_names_and_else_about_nobody() -> None:
    assert NAMES["user"] == "ada"
    assert (NAMES["group"], NAMES["role"]) == (UNUSED_NAME, UNUSED_NAME)
    assert NAMES["policy"] == "arn:aws-cn:iam::aws:policy/IAMReadOnlyAccess"
    assert probe_subject("iam:GetUser", NAMES) == "user/ada"
    assert probe_subject(KEY_LAST_USED, NAMES) == "a key of user/ada"
    assert probe_subject("iam:GetPolicy", NAMES) == NAMES["policy"]
    assert probe_subject("iam:GetAccountSummary", NAMES) == ""


@pytest.mark.parametrize(
    ("code", "detail", "told"),
    [
        ("AccessDenied", "", ProbeVerdict("denied", "AccessDenied")),
        ("AccessDeniedException", "You don't have permissions", ProbeVerdict("denied", "AccessDeniedException")),
        (
            "AccessDenied",
            f"{DENIED} because no identity-based policy allows the iam:GetUser action",
            ProbeVerdict("denied", "AccessDenied: no identity-based policy allows it"),
        ),
        (
            "AccessDenied",
            f"{DENIED} with an explicit deny in a service control policy",
            ProbeVerdict("denied", "AccessDenied: the service control policy denies it"),
        ),
        (
            "AccessDenied",
            f"{DENIED} because no permissions boundary allows the iam:GetUser action",
            ProbeVerdict("denied", "AccessDenied: no permissions boundary allows it"),
        ),
        ("NoSuchEntity", "", ProbeVerdict("permitted")),
        ("ReportInProgress", "", ProbeVerdict("permitted")),
        ("AWSOrganizationsNotInUseException", "", ProbeVerdict("permitted")),
        ("Throttling", "Rate exceeded", ProbeVerdict("unknown", "Throttling")),
        ("InvalidClientTokenId", "", ProbeVerdict("unknown", "InvalidClientTokenId")),
        ("MalformedReply", "", ProbeVerdict("unknown", "MalformedReply")),
    ],
)
def test_what_a_failure_says_of_the_permission(code: str, detail: str, told: ProbeVerdict) -> None:
    assert probe_verdict(CallError("iam:GetUser", code, detail)) == told


def test_a_clock_that_a_refusal_tells_of_is_told_too() -> None:
    error = CallError("iam:GetUser", "RequestExpired", "", cause="this machine's clock is 20 minutes behind AWS's")
    assert probe_verdict(error) == ProbeVerdict(
        "unknown", "RequestExpired: this machine's clock is 20 minutes behind AWS's"
    )


def test_a_key_is_asked_about_where_the_user_has_one(connection: Connection, replay: Replay) -> None:
    assert probe_permission(connection, KEY_LAST_USED, NAMES) == ProbeVerdict("untried", "no key to ask about was told")
    replay.answer("ListAccessKeys", recorded({"AccessKeyMetadata": [], "IsTruncated": False}))
    assert probe_permission(connection, KEY_LAST_USED, NAMES) == ProbeVerdict("untried", "there is no key to ask about")
    key = {"UserName": "ada", "AccessKeyId": "AKIAEXAMPLEEXAMPLE01", "Status": "Active"}
    replay.answer("ListAccessKeys", recorded({"AccessKeyMetadata": [key], "IsTruncated": False}))
    assert probe_permission(connection, KEY_LAST_USED, NAMES).answer == "denied"
    assert replay.calls[-1].parameters == {"AccessKeyId": "AKIAEXAMPLEEXAMPLE01"}
    replay.answer("GetAccessKeyLastUsed", recorded({"UserName": "ada"}))
    assert probe_permission(connection, KEY_LAST_USED, NAMES) == ProbeVerdict("permitted")


def test_a_call_that_is_answered_is_made_once(connection: Connection, replay: Replay) -> None:
    replay.answer("GetAccountSummary", recorded({"SummaryMap": {"Users": 1}}))
    assert probe_permission(connection, "iam:GetAccountSummary", NAMES) == ProbeVerdict("permitted")
    replay.faults.add(Fault("GetAccountSummary", "deny"))
    assert probe_permission(connection, "iam:GetAccountSummary", NAMES).answer == "denied"
    assert [each.action for each in replay.calls] == ["GetAccountSummary"] * 2
