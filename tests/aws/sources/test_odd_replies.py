"""Replies of AWS that nobody would expect: each is read for what it says, or refused by name, and never half believed.

What one reply may lack is in tests/aws/test_iam.py, and whole recorded ones in tests/recordings: here is what
they come to in a scan of an account that is closed, so that everybody in it is read.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from koding_audit.cli import main
from tests.servers.replay import Replay, identity, whole_account
from tests.servers.wire import reply_xml

OWN = "arn:aws:iam::123456789012:"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
DESIRED = """\
version: 1
policy_sets: {s: {policies: [ReadOnlyAccess]}}
closed: {users: true, groups: true, roles: true}
groups: {Developers: {required: [s], members: [koding-user]}}
"""
RULES = ("user-missing", "user-unexpected", "group-unexpected", "role-unexpected", "membership-missing")
RULES += ("membership-unexpected", "policy-missing", "policy-unexpected", "inline-unexpected")


def detail(kind: str, name: str, **more: Any) -> dict[str, Any]:
    """A user, group or role as GetAccountAuthorizationDetails has it, with nothing that it may leave out."""
    word, path = kind.title(), more.get("Path", "/")
    made = {
        "Path": path,
        f"{word}Name": name,
        f"{word}Id": f"ID{name[:20].upper()}",
        "Arn": f"{OWN}{kind}{path}{name}",
        "CreateDate": "2026-01-01T00:00:00Z",
        "AttachedManagedPolicies": [],
    }
    return {**made, **more}


def account() -> dict[str, Any]:
    """As the file above wants it."""
    attached = [{"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY}]
    return {
        "UserDetailList": [detail("user", "koding-user", GroupList=["Developers"])],
        "GroupDetailList": [detail("group", "Developers", AttachedManagedPolicies=attached)],
        "RoleDetailList": [],
        "Policies": [],
    }


Scan = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def scan(
    replay: Replay, aws_environment: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Scan:
    """The report of a scan of an account with these details, complete or not, and never a crash."""
    path = tmp_path / "desired.yaml"
    path.write_text(DESIRED, encoding="utf-8")
    replay.answer("GetCallerIdentity", identity("123456789012", f"{OWN}user/auditor"))

    def run(details: dict[str, Any]) -> dict[str, Any]:
        replay.answer("GetAccountAuthorizationDetails", whole_account(details))
        only = [word for rule in RULES for word in ("--only", rule)]
        status = main(["scan", str(path), "--endpoint-url", replay.url, "--output", "json", *only])
        printed = capsys.readouterr()
        assert printed.err == ""
        report = json.loads(printed.out)
        assert status == {"clean": 0, "findings": 1, "incomplete": 2}[report["status"]]
        (audit,) = report["audits"]
        assert isinstance(audit, dict)
        return audit

    return run


def with_user(**more: Any) -> dict[str, Any]:
    """The account with something else said of its user."""
    changed = account()
    changed["UserDetailList"][0] |= more
    return changed


def with_stranger(kind: str, name: str, **more: Any) -> dict[str, Any]:
    """The account with somebody in it whom nobody declared."""
    changed = account()
    groups = {"GroupList": []} if kind == "user" else {}
    trust = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}} if kind == "role" else {}
    changed[f"{kind.title()}DetailList"].append(detail(kind, name, **groups, **trust, **more))
    return changed


def inline(document: Any) -> dict[str, Any]:
    return with_user(UserPolicyList=[{"PolicyName": "odd", "PolicyDocument": document}])


ODD_DOCUMENT = {
    "Version": "2008-10-17",
    "Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*", "Condition": {"Bool": {"aws:x": True}}},
}
USER = f"{OWN}user/koding-user"
READABLE: dict[str, tuple[dict[str, Any], set[str]]] = {
    "as it should be": (account(), set()),
    "no user at all": ({**account(), "UserDetailList": []}, {f"user-missing/{USER}", f"membership-missing/{USER}/"}),
    "a name of 128 characters, as some accounts still have": (
        with_stranger("user", "u" * 128),
        {f"user-unexpected/{OWN}user/{'u' * 128}"},
    ),
    "a path that is a script": (
        with_stranger("user", "eve", Path="/<script>alert(1)</script>/"),
        {f"user-unexpected/{OWN}user/<script>alert(1)</script>/eve"},
    ),
    "a group that only its member names": (
        with_user(GroupList=["Developers", "ghost"]),
        {f"membership-unexpected/{USER}/ghost"},
    ),
    "a policy that only its holder names": (
        with_user(AttachedManagedPolicies=[{"PolicyName": "gone", "PolicyArn": f"{OWN}policy/gone"}]),
        {f"policy-unexpected/{USER}/{OWN}policy/gone"},
    ),
    "one statement that is no list, with single words": (inline(ODD_DOCUMENT), {f"inline-unexpected/{USER}/odd"}),
    "a document without a version": (inline({"Statement": []}), {f"inline-unexpected/{USER}/odd"}),
    "the first day of the calendar": (with_user(CreateDate="0001-01-01T00:00:00Z"), set()),
    "a day without a zone": (with_user(CreateDate="2026-01-01T00:00:00"), set()),
    "a day after 2038": (with_user(CreateDate="2040-02-29T23:59:59Z"), set()),
    "a boundary and tags": (
        with_user(
            PermissionsBoundary={"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": READ_ONLY},
            Tags=[{"Key": "<b>", "Value": "\u2028"}],
        ),
        set(),
    ),
    "a role of Identity Center, which nobody declares": (
        with_stranger("role", "AWSReservedSSO_x", Path="/aws-reserved/sso.amazonaws.com/"),
        set(),
    ),
    "a role without tags, boundary and inline policies": (
        with_stranger("role", "r"),
        {f"role-unexpected/{OWN}role/r"},
    ),
    "the same row on two pages": (
        {**account(), "UserDetailList": account()["UserDetailList"] * 2},
        set(),
    ),
}


@pytest.mark.parametrize(("details", "findings"), READABLE.values(), ids=READABLE)
def test_what_can_be_read_is_read_for_what_it_says(details: dict[str, Any], findings: set[str], scan: Scan) -> None:
    audit = scan(details)
    assert audit["gaps"] == []
    found = {each["id"] for each in audit["findings"]}
    assert {each for each in findings if not any(name.startswith(each) for name in found)} == set()
    assert len(found) == len(findings)


TEXT = json.dumps(ODD_DOCUMENT)
REFUSED = {
    "a document that is no JSON": inline("not json"),
    "a document that is encoded twice": inline(quote(quote(TEXT, safe=""), safe="")),
    "a document that is a list": inline([ODD_DOCUMENT]),
    "two users whose names differ in case only": with_stranger("user", "Koding-User"),
    "two groups of one name that are not the same": with_stranger("group", "Developers"),
    "a trust policy that is no JSON": with_stranger("role", "r", Tags=[])
    | {"RoleDetailList": [detail("role", "r", AssumeRolePolicyDocument="{")]},
    "a user without an ARN": {
        **account(),
        "UserDetailList": [{name: value for name, value in detail("user", "x").items() if name != "Arn"}],
    },
}


@pytest.mark.parametrize("details", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_a_gap_and_its_account_never_clean(details: dict[str, Any], scan: Scan) -> None:
    before = copy.deepcopy(details)
    audit = scan(details)
    assert audit["status"] == "incomplete"
    assert {gap["call"] for gap in audit["gaps"]} == {"iam:GetAccountAuthorizationDetails"}
    assert all(gap["reason"].startswith("MalformedReply: ") for gap in audit["gaps"])
    assert not [each for each in audit["findings"] if each["rule"].endswith("-missing")]
    assert details == before


def test_the_test_server_sends_a_document_as_aws_does_and_an_odd_one_as_it_is() -> None:
    def sent(document: Any) -> bytes:
        return reply_xml("iam", "GetUserPolicy", {"UserName": "u", "PolicyName": "p", "PolicyDocument": document})

    assert quote(TEXT, safe="").encode() in sent(ODD_DOCUMENT)
    assert b"<PolicyDocument>not json</PolicyDocument>" in sent("not json")


@pytest.mark.parametrize("partition", ["aws-mars", "aws-iso-f", "aws-cn"])
def test_a_partition_that_nobody_knows_is_taken_from_the_caller(partition: str, replay: Replay, scan: Scan) -> None:
    """AWS's policies are matched in it by their full ARNs, so that those of another partition are missing."""
    replay.answer("GetCallerIdentity", identity("123456789012", f"arn:{partition}:iam::123456789012:user/auditor"))
    audit = scan(account())
    assert audit["account"]["partition"] == partition
    (missing,) = [each["id"] for each in audit["findings"] if each["rule"] == "policy-missing"]
    assert missing.endswith(f"group/Developers/arn:{partition}:iam::aws:policy/ReadOnlyAccess")
