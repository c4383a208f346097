"""What a write asks for first: a person or a pinned account, the right account, and not root."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path

import pytest

from koding_audit.io import lock
from tests.endtoend.harness import GUIDE, PINNED, Command
from tests.servers.moto_account import MotoAccount

ROOT = "arn:aws:iam::123456789012:root"


def test_no_terminal_and_no_yes_is_refused_before_any_read(command: Command, drifted: MotoAccount) -> None:
    result = command("scan", GUIDE, "--fix")
    assert result.status == 2
    assert "--yes" in result.stderr
    assert drifted.calls() == []


def test_yes_without_a_pinned_account_is_refused(command: Command, drifted: MotoAccount) -> None:
    result = command("scan", GUIDE, "--fix", "--yes")
    assert result.status == 2
    assert "--account" in result.stderr
    assert drifted.calls() == []


def test_yes_with_the_account_pinned_in_the_file_is_enough(
    command: Command, drifted: MotoAccount, tmp_path: Path
) -> None:
    desired = tmp_path / "desired.yaml"
    pin = '\naccount: {id: "123456789012"}\n'
    desired.write_text(Path(GUIDE).read_text(encoding="utf-8") + pin, encoding="utf-8")
    assert command("scan", str(desired), "--fix", "--yes").status == 1
    assert len(drifted.writes()) == 2


@pytest.mark.parametrize("arguments", [(), ("--fix", "--yes")], ids=["scan", "fix"])
def test_another_account_than_the_pinned_one_is_refused(
    arguments: tuple[str, ...], command: Command, drifted: MotoAccount
) -> None:
    result = command("scan", GUIDE, *arguments, "--account", "999999999999")
    assert result.status == 2
    assert "999999999999" in result.stderr
    assert "123456789012" in result.stderr
    assert drifted.writes() == []


def test_declined_at_the_prompt_is_the_scans_own_status_and_no_write(command: Command, drifted: MotoAccount) -> None:
    result = command.at_terminal("scan", GUIDE, "--fix", answer="no")
    assert result.status == 1
    assert "IAMReadOnlyAccess" in result.stdout
    assert drifted.writes() == []
    assert command.journals() == []


def test_accepted_at_the_prompt_needs_no_pinned_account(command: Command, drifted: MotoAccount) -> None:
    result = command.at_terminal("scan", GUIDE, "--fix", answer="yes")
    assert result.status == 1
    assert sorted(call.action for call in drifted.writes()) == ["AddUserToGroup", "AttachGroupPolicy"]


def test_an_empty_answer_at_the_prompt_is_no(command: Command, drifted: MotoAccount) -> None:
    result = command.at_terminal("scan", GUIDE, "--fix", answer="")
    assert result.status == 1
    assert drifted.writes() == []


def test_what_writes_wants_its_file_said(command: Command, account: MotoAccount) -> None:
    result = command("scan", "--fix", "--create", "--yes", *PINNED)
    assert result.status == 2
    assert account.calls() == []
    assert command("plan", "--out", "fix.plan").status == 2
    told = command("scan", "--fix", "--create", "--yes", *PINNED, env={"KODING_AUDIT_FILE": GUIDE})
    assert told.status == 0


def test_with_roots_keys_the_first_finding_says_so(command: Command, clean: MotoAccount) -> None:
    clean.overlay(caller=ROOT)
    result = command.json("scan", GUIDE)
    assert result.status == 1
    assert result.audit["caller"] == {"arn": ROOT, "root": True}
    assert result.audit["findings"][0]["rule"] == "caller-is-root"


def test_that_root_is_calling_is_said_without_any_other_read(command: Command, clean: MotoAccount) -> None:
    clean.overlay(caller=ROOT)
    for service in ("Get", "List", "Generate"):
        for call in ("User", "Group", "AccountSummary", "CredentialReport", "GroupPolicies", "UserPolicies"):
            clean.fail(f"{service}{call}")
    result = command.json("scan", GUIDE)
    assert result.status == 2
    assert result.audit["findings"][0]["rule"] == "caller-is-root"


@pytest.mark.parametrize("arguments", [("--create",), ("--create", "--replace")], ids=" ".join)
def test_root_writes_nothing(arguments: tuple[str, ...], command: Command, account: MotoAccount) -> None:
    account.overlay(caller=ROOT)
    result = command.json("scan", GUIDE, "--fix", "--yes", *arguments, *PINNED)
    assert result.status == 2
    assert account.writes() == []
    assert "caller-is-root" in result.stdout


def test_root_applies_and_undoes_nothing(command: Command, drifted: MotoAccount, tmp_path: Path) -> None:
    plan = tmp_path / "fix.plan"
    assert command("plan", GUIDE, "--out", str(plan)).status == 0
    drifted.overlay(caller=ROOT)
    assert command("apply", str(plan), "--yes", *PINNED).status == 2
    assert drifted.writes() == []
    drifted.overlay(caller=None)
    assert command("apply", str(plan), "--yes", *PINNED).status == 1
    (journal,) = command.journals()
    drifted.overlay(caller=ROOT)
    drifted.forget()
    assert command("undo", str(journal), "--yes", *PINNED).status == 2
    assert drifted.writes() == []


def test_root_is_judged_by_summary_and_report(command: Command, clean: MotoAccount) -> None:
    clean.overlay(
        summary={"AccountMFAEnabled": 0, "AccountAccessKeysPresent": 1, "AccountPasswordPresent": 1},
        root={
            "password_last_used": "2099-01-01T00:00:00+00:00",
            "access_key_1_active": "true",
            "access_key_1_last_used_date": "2099-01-01T00:00:00+00:00",
        },
    )
    result = command.json("scan", GUIDE)
    assert result.status == 1
    rules = {each["rule"] for each in result.audit["findings"]}
    assert rules == {"root-access-key", "root-mfa-missing", "root-used", "root-key-used"}
    assert all(each["fix"] is None for each in result.audit["findings"])


def test_an_account_without_any_root_credentials_passes(command: Command, clean: MotoAccount) -> None:
    clean.overlay(
        summary={
            "AccountMFAEnabled": 0,
            "AccountAccessKeysPresent": 0,
            "AccountPasswordPresent": 0,
            "AccountSigningCertificatesPresent": 0,
        }
    )
    assert command("scan", GUIDE).status == 0


def test_a_report_without_roots_row_is_a_gap(command: Command, clean: MotoAccount) -> None:
    clean.overlay(root=None)
    result = command.json("scan", GUIDE)
    assert result.status == 2
    assert [each["fact"] for each in result.audit["gaps"]] == ["credential-report"]


def test_a_plan_of_more_changes_than_allowed_is_shown_and_refused(command: Command, drifted: MotoAccount) -> None:
    result = command("scan", GUIDE, "--fix", "--yes", *PINNED, "--max-changes", "1")
    assert result.status == 2
    assert "Plan: 2 to add, 0 to change, 0 to remove." in result.stderr
    assert "the plan has 2 changes, and --max-changes allows 1" in result.stderr
    assert "--max-changes 2" in result.stderr
    assert drifted.writes() == []
    assert command("scan", GUIDE, "--fix", "--yes", *PINNED, "--max-changes", "2").status == 1
    assert len(drifted.writes()) == 2


def test_a_second_run_on_the_machine_is_refused_while_one_writes(
    command: Command, drifted: MotoAccount, tmp_path: Path
) -> None:
    path = tmp_path / "state" / "koding-audit" / "123456789012" / "lock"
    with lock.lock_account(str(path), datetime.now(timezone.utc), "/state/other.jsonl"):
        result = command("scan", GUIDE, "--fix", "--yes", *PINNED)
        assert result.status == 2
        assert f"another run is writing to this account: process {os.getpid()} since" in result.stderr
        assert drifted.writes() == []
        assert command("scan", GUIDE).status == 1  # reading needs no lock
    assert command("scan", GUIDE, "--fix", "--yes", *PINNED).status == 1
    assert len(drifted.writes()) == 2


def test_where_the_state_folder_cannot_be_written_the_lock_stands_beside_the_journal(
    command: Command, drifted: MotoAccount, tmp_path: Path
) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    journal = tmp_path / "elsewhere" / "journal.jsonl"
    assert command("scan", GUIDE, "--fix", "--yes", *PINNED, "--journal", str(journal)).status == 1
    assert (journal.parent / "lock").exists()
