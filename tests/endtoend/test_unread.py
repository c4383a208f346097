"""A read that is denied, broken or half done: the run is not complete, and says which permission is missing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.endtoend.harness import GUIDE, PINNED, Command
from tests.servers.moto_account import MotoAccount
from tests.servers.replay import Replay, identity, recorded, whole_account
from tests.servers.wire import Fault

GUIDE_READS = (
    "GetAccountSummary",
    "GenerateCredentialReport",
    "GetCredentialReport",
    "GetUser",
    "ListGroupsForUser",
    "ListAttachedUserPolicies",
    "ListUserPolicies",
    "GetGroup",
    "ListAttachedGroupPolicies",
    "ListGroupPolicies",
    "GetPolicy",
)
CREDENTIAL_READS = (
    "ListAccessKeys",
    "GetAccessKeyLastUsed",
    "ListServiceSpecificCredentials",
    "ListSSHPublicKeys",
    "ListSigningCertificates",
    "GetLoginProfile",
    "ListMFADevices",
)
WITH_CREDENTIALS = """\
version: 1
users:
  koding-user:
    access_keys: {max_active: 1, max_age_days: 90}
    console: mfa
"""


def assert_not_checked(result: Any, action: str) -> None:
    """The run is incomplete for want of this one call, and the report says so wherever one would look."""
    assert result.status == 2
    assert result.report["status"] == result.audit["status"] == "incomplete"
    gaps = [each for each in result.audit["gaps"] if each["call"] == f"iam:{action}"]
    assert gaps
    assert all(each["rules"] for each in gaps)
    told = [each for each in result.audit["findings"] if each["rule"] == "not-checked"]
    assert any(f"iam:{action}" in each["message"] for each in told)
    assert result.audit["summary"]["not_checked"] == len(told)


@pytest.mark.parametrize("action", GUIDE_READS)
def test_a_denied_read_is_status_2_and_names_the_permission(action: str, command: Command, clean: MotoAccount) -> None:
    clean.fail(action)
    result = command.json("scan", GUIDE)
    assert action in {call.action for call in clean.calls()}
    assert_not_checked(result, action)
    assert {each["reason"] for each in result.audit["gaps"]} == {"AccessDenied"}
    # What was not read is never told as missing.
    assert {each["rule"] for each in result.audit["findings"]} == {"not-checked"}


@pytest.mark.parametrize("action", CREDENTIAL_READS)
def test_a_denied_read_of_credentials_is_status_2_and_names_the_permission(
    action: str, command: Command, clean: MotoAccount, tmp_path: Path
) -> None:
    clean.iam.create_access_key(UserName="koding-user")
    clean.iam.create_login_profile(UserName="koding-user", Password="correct-horse-1")
    clean.fail(action)
    clean.forget()
    desired = tmp_path / "desired.yaml"
    desired.write_text(WITH_CREDENTIALS, encoding="utf-8")
    result = command.json("scan", str(desired))
    assert action in {call.action for call in clean.calls()}
    assert_not_checked(result, action)


def test_an_unknown_caller_is_status_2_with_a_report(command: Command, clean: MotoAccount) -> None:
    clean.fail("GetCallerIdentity")
    result = command.json("scan", GUIDE)
    assert result.status == 2
    assert result.report["audits"] == []
    assert "sts:GetCallerIdentity" in result.report["errors"][0]["message"]


def test_what_is_found_beside_a_gap_is_reported_all_the_same(command: Command, drifted: MotoAccount) -> None:
    drifted.fail("ListGroupsForUser")
    result = command.json("scan", GUIDE)
    assert_not_checked(result, "ListGroupsForUser")
    assert "policy-missing/group/Developers/IAMReadOnlyAccess" in result.findings
    assert not [name for name in result.findings if name.startswith("membership-missing")]


def test_a_denied_second_page_is_a_gap_and_not_a_shorter_list(command: Command, clean: MotoAccount) -> None:
    clean.overlay(page_size=1)
    clean.fail("ListAttachedGroupPolicies", page=2)
    result = command.json("scan", GUIDE)
    assert_not_checked(result, "ListAttachedGroupPolicies")
    assert not [name for name in result.findings if name.startswith("policy-missing")]


def test_all_pages_of_a_list_are_read(command: Command, clean: MotoAccount) -> None:
    clean.overlay(page_size=1)
    assert command("scan", GUIDE).status == 0
    assert len([call for call in clean.calls() if call.action == "ListAttachedGroupPolicies"]) >= 2


def many_users(count: int) -> dict[str, Any]:
    """The authorization details of an account of so many users, without groups."""
    created = "2026-01-01T00:00:00Z"
    users = [
        {
            "Path": "/",
            "UserName": f"user-{number}",
            "UserId": f"AIDA{number}",
            "Arn": f"arn:aws:iam::123456789012:user/user-{number}",
            "CreateDate": created,
            "GroupList": [],
            "AttachedManagedPolicies": [],
            "Tags": [],
        }
        for number in range(count)
    ]
    return {"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": [], "Policies": []}


@pytest.fixture
def crowded(replay: Replay, command: Command, tmp_path: Path) -> str:
    """A file that closes an account of 1,100 users, and is short of one; the command is pointed at that account."""
    command.url = replay.url
    replay.answer("GetCallerIdentity", identity("123456789012", "arn:aws:iam::123456789012:user/auditor"))
    replay.answer("GetAccountSummary", recorded({"SummaryMap": {"AccountMFAEnabled": 1, "AccountPasswordPresent": 1}}))
    replay.answer("GetAccountAuthorizationDetails", whole_account(many_users(1100)))
    desired = tmp_path / "desired.yaml"
    names = "\n".join(f"  user-{number}: {{}}" for number in range(1099))
    desired.write_text(f"version: 1\nclosed: {{users: true}}\nusers:\n{names}\n", encoding="utf-8")
    return str(desired)


def test_a_user_on_the_second_page_of_the_account_is_found(crowded: str, command: Command, replay: Replay) -> None:
    result = command.json("scan", crowded, "--only", "user-unexpected", "--only", "user-missing")
    assert set(result.findings) == {"user-unexpected/user/user-1099"}
    assert result.status == 1
    asked = [call for call in replay.calls if call.action == "GetAccountAuthorizationDetails"]
    assert {call.parameters["MaxItems"] for call in asked} == {"1000"}


def test_a_denied_second_page_of_the_account_is_a_gap_and_no_user_is_missing(
    crowded: str, command: Command, replay: Replay
) -> None:
    replay.faults.add(Fault("GetAccountAuthorizationDetails", page=2))
    result = command.json("scan", crowded, "--only", "user-unexpected", "--only", "user-missing")
    assert_not_checked(result, "GetAccountAuthorizationDetails")
    assert {each["rule"] for each in result.audit["findings"]} == {"not-checked"}


@pytest.mark.parametrize("kind", ["throttle", "error", "drop"])
def test_a_fault_that_passes_is_not_noticed(kind: str, command: Command, clean: MotoAccount) -> None:
    clean.fail("GetGroup", kind, times=1, status=500)
    assert command("scan", GUIDE).status == 0
    assert len([call for call in clean.calls() if call.action == "GetGroup"]) == 2


@pytest.mark.parametrize("kind", ["html", "empty"])
def test_a_reply_that_is_none_is_status_2(kind: str, command: Command, clean: MotoAccount) -> None:
    clean.fail("ListGroupPolicies", kind)
    assert_not_checked(command.json("scan", GUIDE), "ListGroupPolicies")


def test_a_call_that_hangs_ends_with_the_runs_deadline(command: Command, clean: MotoAccount) -> None:
    clean.fail("GetGroup", "delay", milliseconds=8000)
    start = time.monotonic()
    result = command.json("scan", GUIDE, "--timeout", "1")
    assert time.monotonic() - start < 5
    assert result.status == 2
    assert {each["reason"] for each in result.audit["gaps"]} == {"DeadlineExceeded"}


def test_expired_credentials_are_status_2_and_said(command: Command, clean: MotoAccount) -> None:
    clean.fail("*", "error", status=403, code="ExpiredToken")
    start = time.monotonic()
    result = command("scan", GUIDE)
    assert result.status == 2
    assert "ExpiredToken" in result.stderr
    assert time.monotonic() - start < 10


def test_nothing_is_written_while_something_is_unread(command: Command, drifted: MotoAccount) -> None:
    drifted.fail("ListGroupsForUser")
    result = command.json("scan", GUIDE, "--fix", "--yes", *PINNED)
    assert result.status == 2
    assert "AddUserToGroup" not in {call.action for call in drifted.writes()}
