"""Scans of two whole recorded accounts: from their files, and over HTTP as the live account that they were."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tests.endtoend.harness import Command, Result
from tests.servers.forks import Forks
from tests.servers.replay import Replay, identity, recorded, whole_account

SMALL = "authorization-details/example-authz-details.json"
DEMO = "demo-account/iam-get-account-authorization-details.json"
WITHOUT_FILE = {"iam:GetAccountSummary", "iam:GetCredentialReport", "sts:GetCallerIdentity"}
# The rules that need what authorization details never hold.
NEED_MORE = (
    *("caller-is-root", "quota-exceeded", "root-access-key", "root-mfa-missing", "root-used", "root-key-used"),
    "root-signing-certificate",
)

SMALL_DESIRED = """\
version: 1
policy_sets:
  administration: {policies: [AdministratorAccess]}
  databases: {policies: [AmazonRDSFullAccess]}
  functions: {policies: [AWSLambdaFullAccess, AmazonS3FullAccess]}
closed: {users: true, groups: true}
groups:
  admin: {required: [administration], members: [obama, userwithlotsofpermissions]}
  Biden: {required: [databases]}
users:
  biden: {groups: [admin], required: [functions]}
"""
SMALL_FINDINGS = {
    # The group is there as `biden`: another name to the file, the same to IAM, so nobody creates it.
    "group-missing/group/Biden": "error",
    "policy-missing/group/Biden/AmazonRDSFullAccess": "error",
    "membership-missing/user/biden/admin": "error",
    "membership-unexpected/user/biden/biden": "note",
    "policy-missing/user/biden/AmazonS3FullAccess": "error",
    "inline-unexpected/user/biden/InsecureUserPolicy": "note",
    "policy-unexpected/user/obama/AdministratorAccess": "note",
    "inline-unexpected/user/userwithlotsofpermissions/InsecureUserPolicy": "note",
}

DEMO_DESIRED = """\
version: 1
policy_sets:
  sessions: {policies: [service-role/AmazonEC2RoleforSSM]}
groups:
  GROUP_WITH_BAD_INLINE_POLICY: {required: [sessions], members: [USER, USER_WITH_BAD_INLINE_POLICY]}
  Developers: {required: [sessions]}
"""
DEMO_FINDINGS = {
    "membership-missing/user/USER_WITH_BAD_INLINE_POLICY/GROUP_WITH_BAD_INLINE_POLICY": "error",
    "policy-unexpected/user/USER_WITH_BAD_INLINE_POLICY/service-role/AmazonEC2RoleforSSM": "note",
    "group-missing/group/Developers": "error",
    "policy-missing/group/Developers/service-role/AmazonEC2RoleforSSM": "error",
}


@pytest.fixture
def offline(tmp_path: Path, forks: Forks) -> Command:
    return Command(tmp_path, "", forks)


def scan(command: Command, desired: str, *arguments: str) -> Result:
    path = command.home / "desired.yaml"
    path.write_text(desired, encoding="utf-8")
    return command.json("scan", str(path), *arguments)


def severities(result: Result) -> dict[str, str]:
    return {name: each["severity"] for name, each in result.findings.items() if each["rule"] != "not-checked"}


@pytest.mark.parametrize(
    ("path", "desired", "findings"),
    [(SMALL, SMALL_DESIRED, SMALL_FINDINGS), (DEMO, DEMO_DESIRED, DEMO_FINDINGS)],
    ids=["small", "demo"],
)
def test_a_recorded_account_gives_its_findings_and_what_its_file_lacks_is_a_gap(
    path: str, desired: str, findings: dict[str, str], recordings: Path, offline: Command
) -> None:
    result = scan(offline, desired, "--source", f"snapshot:{recordings / path}")
    assert severities(result) == findings
    assert result.audit["account"]["id"] == ("012345678901" if path == SMALL else "123456789012")
    assert result.audit["source"] == "snapshot"
    assert {gap["call"] for gap in result.audit["gaps"]} >= WITHOUT_FILE
    assert result.status == 2


def test_without_the_rules_that_need_more_a_recorded_account_is_audited_completely(
    recordings: Path, offline: Command
) -> None:
    skipped = [word for rule in NEED_MORE for word in ("--skip", rule)]
    result = scan(
        offline, SMALL_DESIRED, "--source", f"snapshot:{recordings / SMALL}", *skipped, "--skip", "policy-not-found"
    )
    assert result.audit["gaps"] == []
    assert severities(result) == SMALL_FINDINGS
    assert result.status == 1


def test_a_recorded_account_over_http_gives_the_findings_of_its_file(
    recordings: Path, offline: Command, replay: Replay
) -> None:
    """In bulk: the file closes the account, so all of it is listed, with filters and a thousand to a page."""
    details = json.loads((recordings / SMALL).read_text(encoding="utf-8"))
    replay.answer("GetAccountAuthorizationDetails", whole_account(details))
    replay.answer("GetCallerIdentity", identity("012345678901", "arn:aws:iam::012345678901:user/auditor"))
    offline.url = replay.url
    skipped = [word for rule in NEED_MORE[1:] for word in ("--skip", rule)]
    result = scan(offline, SMALL_DESIRED, *skipped, "--skip", "policy-not-found")
    assert severities(result) == SMALL_FINDINGS
    assert result.status == 1
    assert {call.action for call in replay.calls} == {"GetCallerIdentity", "GetAccountAuthorizationDetails"}


def test_the_demo_accounts_root_is_flagged_from_its_recorded_summary_and_report(
    recordings: Path, offline: Command, replay: Replay
) -> None:
    folder = recordings / "demo-account"
    for action, name in (
        ("GetAccountSummary", "iam-get-account-summary"),
        ("GetCredentialReport", "iam-get-credential-report"),
        ("GetCallerIdentity", "sts-get-caller-identity"),
    ):
        reply = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        if "GeneratedTime" in reply:  # as if AWS had made it now: an old one is not believed
            reply["GeneratedTime"] = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        replay.answer(action, recorded(reply))
    replay.answer("GenerateCredentialReport", recorded({"State": "COMPLETE"}))
    offline.url = replay.url
    result = scan(offline, "version: 1\nroot: {unused_days: 30000}\n")
    # It has a key, an MFA device, and was last used in 2018 and 2019.
    assert severities(result) == {
        "root-access-key/root": "error",
        "root-used/root": "error",
        "/".join(("root-key-used", "root", "1")): "error",
    }
    assert result.status == 1
    quiet = scan(offline, "version: 1\nroot: {access_keys: allowed, unused_days: 30}\n")
    assert severities(quiet) == {}
    assert quiet.status == 0
