"""Audit, repair, audit again: what changes in the account, what goes over the wire, what the statuses are."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

from tests.endtoend.conftest import MANAGED
from tests.endtoend.harness import GUIDE, PINNED, Command
from tests.servers.moto_account import MotoAccount

FIX = ("--fix", "--yes", *PINNED)
MISSING_IN_FRESH = {
    "group-missing/group/Developers",
    "user-missing/user/koding-user",
    "membership-missing/user/koding-user/Developers",
    "policy-missing/group/Developers/AmazonEC2FullAccess",
    "policy-missing/group/Developers/IAMReadOnlyAccess",
}
MISSING_IN_DRIFTED = {
    "membership-missing/user/koding-user/Developers",
    "policy-missing/group/Developers/IAMReadOnlyAccess",
}
LEFT_TO_A_PERSON = {
    "optional-set-incomplete/group/Developers/route53": "warning",
    "policy-unexpected/group/Developers/AmazonS3ReadOnlyAccess": "note",
}


def attached(account: MotoAccount) -> set[str]:
    found = account.iam.list_attached_group_policies(GroupName="Developers")["AttachedPolicies"]
    return {policy["PolicyName"] for policy in found}


def members(account: MotoAccount) -> set[str]:
    return {user["UserName"] for user in account.iam.get_group(GroupName="Developers")["Users"]}


def written(account: MotoAccount) -> list[tuple[str, dict[str, str]]]:
    return [(call.action, dict(call.parameters)) for call in account.writes()]


def test_a_fresh_account_lacks_all_that_the_guide_asks_for(command: Command, account: MotoAccount) -> None:
    result = command.json("scan", GUIDE)
    assert result.status == 1
    assert set(result.findings) == MISSING_IN_FRESH
    assert {each["severity"] for each in result.findings.values()} == {"error"}
    assert result.audit["account"] == {"id": "123456789012", "partition": "aws", "alias": None}
    assert result.audit["endpoint"] == account.url
    assert result.audit["hosts"] == ["127.0.0.1"]
    assert account.writes() == []


def test_a_scan_of_few_principals_never_lists_the_account(command: Command, account: MotoAccount) -> None:
    command("scan", GUIDE)
    actions = [call.action for call in account.calls()]
    assert not {"ListUsers", "ListGroups", "ListPolicies", "GetAccountAuthorizationDetails"} & set(actions)
    of_report = actions.count("GenerateCredentialReport") + actions.count("GetCredentialReport")
    assert len(actions) - of_report <= 13


def test_a_fresh_account_is_made_whole_and_stays_so(command: Command, account: MotoAccount) -> None:
    fixed = command.json("scan", GUIDE, "--create", *FIX)
    assert fixed.status == 0, fixed.stderr
    assert {name for name, each in fixed.findings.items() if each["status"] == "fixed"} == MISSING_IN_FRESH
    assert fixed.audit["summary"]["fixed"] == len(MISSING_IN_FRESH)
    assert attached(account) == {"AmazonEC2FullAccess", "IAMReadOnlyAccess"}
    assert members(account) == {"koding-user"}
    assert len(account.writes()) == 5

    account.forget()
    second = command.json("scan", GUIDE)
    assert (second.status, second.findings) == (0, {})
    assert second.report["status"] == "clean"
    assert account.writes() == []

    third = command.json("scan", GUIDE, "--create", *FIX)
    assert third.status == 0
    assert account.writes() == []


def test_without_create_a_fresh_account_stays_as_it_is(command: Command, account: MotoAccount) -> None:
    result = command.json("scan", GUIDE, *FIX)
    assert result.status == 1
    assert set(result.findings) == MISSING_IN_FRESH
    assert account.writes() == []


def test_the_drifted_account_keeps_exactly_what_a_person_must_decide(command: Command, drifted: MotoAccount) -> None:
    before = command.json("scan", GUIDE)
    assert before.status == 1
    assert set(before.findings) == MISSING_IN_DRIFTED | set(LEFT_TO_A_PERSON)
    assert drifted.writes() == []

    fixed = command.json("scan", GUIDE, *FIX)
    assert fixed.status == 1
    left = {name: each["severity"] for name, each in fixed.findings.items() if each["status"] == "open"}
    assert left == LEFT_TO_A_PERSON
    assert {name for name, each in fixed.findings.items() if each["status"] == "fixed"} == MISSING_IN_DRIFTED
    assert attached(drifted) == {
        "AmazonEC2FullAccess",
        "IAMReadOnlyAccess",
        "AmazonRoute53DomainsFullAccess",
        "AmazonS3ReadOnlyAccess",
    }
    assert sorted(action for action, _ in written(drifted)) == ["AddUserToGroup", "AttachGroupPolicy"]

    drifted.forget()
    again = command.json("scan", GUIDE, *FIX)
    assert again.status == 1
    assert set(again.findings) == set(LEFT_TO_A_PERSON)
    assert drifted.writes() == []


def test_an_optional_set_that_is_asked_for_is_completed(command: Command, repaired: MotoAccount) -> None:
    result = command.json("scan", GUIDE, "--with", "route53", "--fail-on", "error", *FIX)
    assert result.status == 0
    arn = f"{MANAGED}AmazonRoute53FullAccess"
    assert written(repaired) == [("AttachGroupPolicy", {"GroupName": "Developers", "PolicyArn": arn})]
    later = command.json("scan", GUIDE, "--with", "route53", "--fail-on", "error")
    assert later.status == 0
    assert {name: each["severity"] for name, each in later.findings.items()} == {
        "policy-unexpected/group/Developers/AmazonS3ReadOnlyAccess": "note"
    }


def test_fail_on_decides_which_severity_is_status_1(command: Command, repaired: MotoAccount) -> None:
    assert command("scan", GUIDE, "--fail-on", "error").status == 0
    assert command("scan", GUIDE).status == 1
    assert command("scan", GUIDE, "--exit-zero").status == 0
    only = command("scan", GUIDE, "--only", "policy-unexpected")
    assert only.status == 0
    assert command("scan", GUIDE, "--only", "policy-unexpected", "--fail-on", "note").status == 1


def test_a_dry_run_shows_the_plan_and_writes_nothing(command: Command, drifted: MotoAccount) -> None:
    result = command("scan", GUIDE, "--fix", "--dry-run")
    assert result.status == 1
    assert "AttachGroupPolicy" in result.stdout + result.stderr or "IAMReadOnlyAccess" in result.stderr
    assert drifted.writes() == []
    assert command.journals() == []


def test_the_journal_is_private_and_tells_each_write(command: Command, drifted: MotoAccount) -> None:
    result = command.json("scan", GUIDE, *FIX)
    (journal,) = command.journals()
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.parent.stat().st_mode) == 0o700
    assert result.audit["journal"]["path"] == str(journal)
    assert str(journal) in result.stderr
    told = {each["action"]: each["outcome"] for each in result.audit["journal"]["entries"]}
    assert told == {"AddUserToGroup": "done", "AttachGroupPolicy": "done"}
    for line in journal.read_text(encoding="utf-8").splitlines():
        json.loads(line)


def test_a_plan_is_made_applied_and_undone(command: Command, drifted: MotoAccount, tmp_path: Path) -> None:
    plan = tmp_path / "fix.plan"
    policies, users = attached(drifted), members(drifted)
    drifted.forget()
    assert command("plan", GUIDE, "--out", str(plan)).status == 0
    assert drifted.writes() == []
    json.loads(plan.read_text(encoding="utf-8"))

    applied = command("apply", str(plan), "--yes", *PINNED)
    assert applied.status == 1, applied.stderr
    assert attached(drifted) == policies | {"IAMReadOnlyAccess"}
    assert members(drifted) == {"koding-user"}

    (journal,) = command.journals()
    undone = command("undo", str(journal), "--yes", *PINNED)
    assert undone.status == 0, undone.stderr
    assert attached(drifted) == policies
    assert members(drifted) == users == set()


def test_undo_takes_away_what_create_made(command: Command, account: MotoAccount) -> None:
    assert command("scan", GUIDE, "--create", *FIX).status == 0
    (journal,) = command.journals()
    undone = command("undo", str(journal), "--yes", *PINNED)
    assert undone.status == 0, undone.stderr
    details: Any = account.iam.get_account_authorization_details(Filter=["User", "Group"])
    assert (details["UserDetailList"], details["GroupDetailList"]) == ([], [])


def test_a_stale_plan_is_refused_without_a_write(command: Command, drifted: MotoAccount, tmp_path: Path) -> None:
    plan = tmp_path / "fix.plan"
    assert command("plan", GUIDE, "--out", str(plan)).status == 0
    drifted.iam.detach_group_policy(GroupName="Developers", PolicyArn=f"{MANAGED}AmazonEC2FullAccess")
    drifted.forget()
    result = command("apply", str(plan), "--yes", *PINNED)
    assert result.status == 2
    assert drifted.writes() == []


def test_a_plan_of_a_file_that_has_changed_is_refused(command: Command, drifted: MotoAccount, tmp_path: Path) -> None:
    desired, plan = tmp_path / "desired.yaml", tmp_path / "fix.plan"
    text = Path(GUIDE).read_text(encoding="utf-8")
    desired.write_text(text, encoding="utf-8")
    assert command("plan", str(desired), "--out", str(plan)).status == 0
    desired.write_text(text.replace("IAMReadOnlyAccess", "IAMFullAccess"), encoding="utf-8")
    assert command("apply", str(plan), "--yes", *PINNED).status == 2
    assert drifted.writes() == []


def test_a_plan_that_was_edited_is_refused(command: Command, drifted: MotoAccount, tmp_path: Path) -> None:
    plan = tmp_path / "fix.plan"
    assert command("plan", GUIDE, "--out", str(plan)).status == 0
    text = plan.read_text(encoding="utf-8")
    assert "IAMReadOnlyAccess" in text
    plan.write_text(text.replace("IAMReadOnlyAccess", "AdministratorAccess"), encoding="utf-8")
    assert command("apply", str(plan), "--yes", *PINNED).status == 2
    assert drifted.writes() == []


def test_a_write_that_is_denied_ends_in_2_and_the_rest_is_told(command: Command, drifted: MotoAccount) -> None:
    drifted.fail("AttachGroupPolicy")
    result = command.json("scan", GUIDE, *FIX)
    assert result.status == 2
    failed = [each for each in result.audit["journal"]["entries"] if each["outcome"] == "failed"]
    assert [each["action"] for each in failed] == ["AttachGroupPolicy"]
    assert result.findings["policy-missing/group/Developers/IAMReadOnlyAccess"]["status"] == "failed"


def test_a_write_whose_reply_is_lost_is_read_back_and_counted_once(command: Command, drifted: MotoAccount) -> None:
    drifted.fail("AttachGroupPolicy", "drop", times=1, after=True)
    result = command.json("scan", GUIDE, *FIX)
    assert result.status == 1
    assert result.findings["policy-missing/group/Developers/IAMReadOnlyAccess"]["status"] == "fixed"
    assert "IAMReadOnlyAccess" in attached(drifted)
