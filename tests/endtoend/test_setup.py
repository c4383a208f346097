"""`setup`: the whole guide on an empty account, and an access key that goes where it is meant to and nowhere else."""

from __future__ import annotations

import configparser
import stat
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.endtoend.harness import GUIDE, PINNED, Command
from tests.servers.moto_account import MotoAccount

SETUP = ("setup", GUIDE, "--yes", *PINNED)
SAVED = (*SETUP, "--save-key", "profile:koding")


def credentials(command: Command) -> Path:
    return command.home / ".aws" / "credentials"


def profile(command: Command, name: str = "koding") -> dict[str, str]:
    parsed = configparser.RawConfigParser()
    parsed.read(credentials(command))
    return dict(parsed[name])


def keys(account: MotoAccount) -> list[Any]:
    found: list[Any] = account.iam.list_access_keys(UserName="koding-user")["AccessKeyMetadata"]
    return found


def everything_written(command: Command) -> str:
    """Every file that was left behind, but the credentials file itself."""
    files = [each for each in command.home.rglob("*") if each.is_file() and each != credentials(command)]
    return "".join(each.read_text(errors="replace") for each in files)


def test_an_empty_account_is_set_up_and_scanned_with_the_new_users_key(command: Command, account: MotoAccount) -> None:
    result = command.json(*SAVED)
    assert result.status == 0, result.stderr
    assert result.report["status"] == "clean"
    assert result.audit["caller"]["arn"] == "arn:aws:iam::123456789012:user/koding-user"
    (key,) = keys(account)
    assert profile(command)["aws_access_key_id"] == key["AccessKeyId"]
    assert stat.S_IMODE(credentials(command).stat().st_mode) == 0o600
    assert stat.S_IMODE(credentials(command).parent.stat().st_mode) == 0o700


def test_the_key_is_in_no_output_and_in_no_journal(command: Command, account: MotoAccount) -> None:
    result = command(*SAVED, "--verbose")
    assert result.status == 0
    made = profile(command)
    for secret in (made["aws_secret_access_key"], made["aws_access_key_id"]):
        assert secret not in result.stdout + result.stderr + everything_written(command)
    assert f"ends in {made['aws_access_key_id'][-4:]}" in result.stderr
    assert any("CreateAccessKey" in each.read_text() for each in command.journals())


def test_run_again_it_changes_nothing(command: Command, account: MotoAccount) -> None:
    assert command(*SAVED).status == 0
    before = credentials(command).read_text()
    account.forget()
    again = command.json(*SAVED)
    assert (again.status, again.report["status"]) == (0, "clean")
    assert account.writes() == []
    assert credentials(command).read_text() == before


def test_without_a_key_it_tells_of_roles(command: Command, account: MotoAccount) -> None:
    result = command(*SETUP)
    assert result.status == 0
    assert "give its instance, task or function a role" in result.stderr
    assert not credentials(command).exists()
    assert keys(account) == []


def test_another_profile_of_that_name_is_left_alone_and_nothing_is_written(
    command: Command, account: MotoAccount
) -> None:
    credentials(command).parent.mkdir(mode=0o700)
    credentials(command).write_text("[koding]\naws_access_key_id = AKIAELSEWHERE\naws_secret_access_key = x\n")
    result = command(*SAVED)
    assert result.status == 2
    assert "profile koding exists already" in result.stderr
    assert account.writes() == []
    assert "AKIAELSEWHERE" in credentials(command).read_text()


def test_what_else_the_file_holds_stays(command: Command, account: MotoAccount) -> None:
    credentials(command).parent.mkdir(mode=0o700)
    other = "# mine\n[default]\naws_access_key_id = AKIAMINE\naws_secret_access_key = %(x)s"
    credentials(command).write_text(other)
    assert command(*SAVED).status == 0
    assert credentials(command).read_text().startswith(other + "\n\n[koding]\n")


def test_a_file_that_cannot_take_a_profile_is_told_before_anything_is_written(
    command: Command, account: MotoAccount
) -> None:
    (command.home / "elsewhere").write_text("")
    credentials(command).parent.mkdir(mode=0o700)
    credentials(command).symlink_to(command.home / "elsewhere")
    result = command(*SAVED)
    assert result.status == 2
    assert "is a link or not a regular file" in result.stderr
    assert account.writes() == []


def test_a_key_whose_making_is_refused_is_told_and_nothing_is_kept(command: Command, account: MotoAccount) -> None:
    account.fail("CreateAccessKey")
    result = command(*SAVED)
    assert result.status == 2
    assert "iam:CreateAccessKey: AccessDenied" in result.stderr
    assert not credentials(command).exists()
    account.mend()
    assert command(*SAVED).status == 0


def test_a_key_whose_making_is_not_answered_is_not_made_twice(command: Command, account: MotoAccount) -> None:
    account.fail("CreateAccessKey", "drop", after=True)
    result = command(*SAVED)
    assert result.status == 2
    assert "whose secret is lost; a new one ends in " in result.stderr
    assert [call.action for call in account.writes()].count("CreateAccessKey") == 1


def test_a_user_with_a_key_that_no_profile_has_gets_no_second_one_unless_it_is_asked_for(
    command: Command, account: MotoAccount
) -> None:
    assert command(*SAVED).status == 0
    (key,) = keys(account)
    credentials(command).unlink()
    account.forget()
    result = command(*SAVED)
    assert (result.status, account.writes()) == (2, [])
    assert f"user koding-user has 1 access key (the id ends in {key['AccessKeyId'][-4:]})" in result.stderr
    assert key["AccessKeyId"] not in result.stderr
    assert "aws iam delete-access-key" in result.stderr
    assert command(*SAVED, "--second-key").status == 0
    assert len(keys(account)) == 2


def test_a_key_that_appears_while_the_question_is_open_is_not_the_first_of_two(
    command: Command, account: MotoAccount
) -> None:
    assert command(*SETUP).status == 0
    said = ("setup", GUIDE, "--save-key", "profile:koding")
    meanwhile = partial(account.iam.create_access_key, UserName="koding-user")
    result = command.at_terminal(*said, answer="yes", meanwhile=meanwhile)
    assert result.status == 2
    assert "user koding-user or its access keys were changed by another process" in result.stdout
    assert len(keys(account)) == 1


def test_with_roots_credentials_nothing_is_written_and_the_way_to_an_administrator_is_shown(
    command: Command, account: MotoAccount
) -> None:
    account.overlay(caller="arn:aws:iam::123456789012:root")
    result = command(*SAVED)
    assert result.status == 2
    assert "turn on MFA for root" in result.stderr
    assert "delete root's access keys" in result.stderr
    assert account.writes() == []


def test_an_unattended_setup_wants_the_account_pinned(command: Command, account: MotoAccount) -> None:
    result = command("setup", GUIDE, "--yes")
    assert result.status == 2
    assert "pinned account" in result.stderr
    assert account.calls() == []


def test_what_is_set_up_is_named_not_found(command: Command, account: MotoAccount) -> None:
    result = command("setup", "--yes", *PINNED)
    assert result.status == 2
    assert "needs the name of its desired state" in result.stderr


def test_a_dry_run_shows_the_plan_and_writes_nothing(command: Command, account: MotoAccount) -> None:
    result = command("setup", GUIDE, "--dry-run", "--save-key", "profile:koding")
    assert result.status == 0
    assert "CreateUser          user koding-user" in result.stderr
    assert account.writes() == []
    assert not credentials(command).exists()


def test_a_person_is_asked_for_the_plan_and_for_the_key(command: Command, account: MotoAccount) -> None:
    result = command.at_terminal("setup", GUIDE, "--save-key", "profile:koding", answer="no")
    assert result.status == 2
    assert "Declined" in result.stdout
    assert account.writes() == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("keyring", "does not name a profile"),
        ("profile:", "does not name a profile"),
        ("profile:a b", "does not name a profile"),
        ("profile:a]\nb", "does not name a profile"),
    ],
)
def test_a_place_that_is_none_is_refused(command: Command, account: MotoAccount, said: str, told: str) -> None:
    result = command(*SETUP, "--save-key", said)
    assert result.status == 2
    assert told in result.stderr
    assert account.calls() == []


def test_whose_key_it_is_has_to_be_clear_and_allowed(command: Command, account: MotoAccount) -> None:
    file = command.home / "two.yaml"
    file.write_text("version: 1\ngroups: {Ops: {}}\nusers: {ada: {groups: [Ops]}, grace: {access_keys: forbidden}}\n")
    said = ("setup", str(file), "--yes", *PINNED, "--save-key", "profile:x")
    assert "add --user, one of: ada, grace" in command(*said).stderr
    assert "declares no such user" in command(*said, "--user", "linus").stderr
    assert "two.yaml:3:" in command(*said, "--user", "grace").stderr
    guards = command.home / "guards.yaml"
    guards.write_text("version: 1\nprotected: [user/ada]\n")
    protected = command(*said, "--user", "ada").stderr
    assert "guards.yaml:2:13: error: user ada is protected, and cannot get an access key" in protected
    guards.unlink()
    assert account.calls() == []
    result = command.json(*said, "--user", "ada")
    assert result.status == 0, result.stderr
    assert profile(command, "x")


def test_a_user_who_may_not_read_iam_is_proven_by_sts(command: Command, account: MotoAccount) -> None:
    assert command(*SETUP).status == 0
    made = account.iam.create_access_key(UserName="koding-user")["AccessKey"]
    credentials(command).parent.mkdir(mode=0o700)
    lines = f"aws_access_key_id = {made['AccessKeyId']}\naws_secret_access_key = {made['SecretAccessKey']}\n"
    credentials(command).write_text(f"[koding]\n{lines}")
    account.fail("GetGroup", skip=1)  # the administrator's own scan may
    result = command.json(*SAVED)
    assert result.status == 0, result.stderr
    assert "may not read all of IAM" in result.stderr
    assert result.audit["caller"]["arn"] != "arn:aws:iam::123456789012:user/koding-user"
