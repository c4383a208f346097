"""Queries and accounts that the tests of the live source share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from koding_audit.aws.sources import live
from koding_audit.model.account import principal_key
from koding_audit.model.query import Fact, Query
from tests.servers.moto_account import MotoAccount
from tests.servers.replay import Replay, recorded, whole_account
from tests.servers.wire import Call
from tests.values import aws, own

OF_USER = frozenset({Fact.USER, Fact.ATTACHED, Fact.INLINE, Fact.GROUPS})
OF_GROUP = frozenset({Fact.GROUP, Fact.ATTACHED, Fact.INLINE})
CREDENTIALS = frozenset({Fact.ACCESS_KEYS, Fact.CONSOLE, Fact.MFA, Fact.SERVICE_CREDENTIALS, Fact.SIGNING_CERTIFICATES})
OF_ACCOUNT = frozenset({Fact.SUMMARY, Fact.CREDENTIAL_REPORT, Fact.CALLER})
KODING, DEVELOPERS = principal_key("user", "koding-user"), principal_key("group", "Developers")
WIDE = Query(
    users={
        "koding-user": OF_USER | CREDENTIALS,
        "plain": OF_USER | CREDENTIALS,
        "missing": OF_USER | CREDENTIALS,
        "stranger": frozenset({Fact.USER}),
    },
    groups={"Developers": OF_GROUP | {Fact.MEMBERS}, "empty": OF_GROUP, "nobody": OF_GROUP | {Fact.MEMBERS}},
    policies={
        aws("AmazonEC2FullAccess"): frozenset({DEVELOPERS}),
        aws("AmazonRoute53FullAccess"): frozenset({DEVELOPERS}),
        aws("NoSuchPolicy"): frozenset({DEVELOPERS}),
        own("edge"): frozenset({DEVELOPERS}),
        own("gone"): frozenset({DEVELOPERS}),
    },
    account=OF_ACCOUNT,
)
NARROW = Query(
    users={"koding-user": OF_USER | CREDENTIALS},
    groups={"Developers": OF_GROUP},
    policies={aws("AmazonRoute53FullAccess"): frozenset({DEVELOPERS})},
    account=OF_ACCOUNT,
)


def actions(account: MotoAccount) -> list[str]:
    return [call.action for call in account.calls()]


CLEAR = "false,N/A,false,N/A"


def crowd(replay: Replay, rows: Mapping[str, str], *, details: int = 20, hours: float = 0) -> None:
    """An account of user-0, user-1, ..., whose credential report has these rows; nobody has any credentials.

    hours: how old the report is.
    """
    born = "2026-01-01T00:00:00Z"
    users = [
        {
            "Path": "/",
            "UserName": f"user-{number}",
            "UserId": f"AIDA{number}",
            "CreateDate": born,
            "Arn": f"arn:aws:iam::123456789012:user/user-{number}",
            "GroupList": [],
            "AttachedManagedPolicies": [],
        }
        for number in range(details)
    ]
    header = "user,password_enabled,access_key_1_active,access_key_1_last_rotated,"
    header += "access_key_2_active,access_key_2_last_rotated\n"
    report = header + "".join(f"{name},{row}\n" for name, row in rows.items())
    made = (datetime.now(timezone.utc) - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    replay.answer("GetAccountAuthorizationDetails", whole_account({"UserDetailList": users}))
    replay.answer("GenerateCredentialReport", recorded({"State": "COMPLETE"}))
    replay.answer("GetCredentialReport", recorded({"Content": report, "GeneratedTime": made}))
    replay.answer("ListAccessKeys", recorded({"AccessKeyMetadata": [], "IsTruncated": False}))
    replay.answer("GetLoginProfile", {"status_code": 404, "data": {"Error": {"Code": "NoSuchEntity"}}})
    replay.answer("ListMFADevices", recorded({"MFADevices": [], "IsTruncated": False}))
    replay.answer("ListServiceSpecificCredentials", recorded({"ServiceSpecificCredentials": []}))
    replay.answer("ListSSHPublicKeys", recorded({"SSHPublicKeys": [], "IsTruncated": False}))
    replay.answer("ListSigningCertificates", recorded({"Certificates": [], "IsTruncated": False}))
    replay.answer("LookupEvents", events({}))


def events(users: Mapping[str, Sequence[str]]) -> Callable[[Call], Mapping[str, Any]]:
    """CloudTrail's answer: for each name of an event, the users that it was about."""

    def answer(call: Call) -> Mapping[str, Any]:
        (wanted,) = json.loads(json.dumps(call.parameters["LookupAttributes"]))
        name = wanted["AttributeValue"]
        return recorded({"Events": [event(name, {"userName": each}) for each in users.get(name, ())]})

    return answer


def event(name: str, request: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """One of CloudTrail's events as it lists them."""
    caller = {"type": "AssumedRole", "arn": "arn:aws:sts::123456789012:assumed-role/admin/me"}
    own = {"eventName": name, "eventSource": "iam.amazonaws.com", "userIdentity": caller, "requestParameters": request}
    return {"EventName": name, "CloudTrailEvent": json.dumps({**own, **more})}


CROWD = Query(users={f"user-{number}": OF_USER | CREDENTIALS for number in range(20)})
MANY = replace(CROWD, uses_report=True)


def in_bulk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "TARGETED_CALLS", 0)
