"""A protected user of whom no desired state knows: its credentials are read, and a read that fails is a gap."""

from __future__ import annotations

from pathlib import Path

from tests.endtoend.harness import GUIDE, Command
from tests.servers.moto_account import MotoAccount


def scanned(command: Command, *more: str) -> tuple[int, set[str], list[str]]:
    """The status of a scan of the guide beside guards, its rules, and the facts that could not be read."""
    (command.home / "desired.yaml").write_text(Path(GUIDE).read_text(encoding="utf-8"), encoding="utf-8")
    (command.home / "guards.yaml").write_text("version: 1\nprotected: [user/break-glass, user/nobody]\n")
    result = command.json("scan", "desired.yaml", *more)
    rules = {each["rule"] for each in result.audit["findings"]}
    return result.status, rules, [each["fact"] for each in result.audit["gaps"]]


def test_a_protected_user_whose_credentials_were_never_used_is_no_finding(command: Command, clean: MotoAccount) -> None:
    clean.iam.create_user(UserName="break-glass")
    clean.iam.create_access_key(UserName="break-glass")
    clean.forget()
    assert scanned(command) == (0, set(), [])
    asked = {call.action for call in clean.calls() if call.parameters.get("UserName") == "break-glass"}
    assert asked == {"GetUser", "ListAccessKeys"}


def test_a_protected_user_whose_keys_cannot_be_read_makes_the_run_incomplete(
    command: Command, clean: MotoAccount
) -> None:
    clean.iam.create_user(UserName="break-glass")
    clean.fail("ListAccessKeys")
    assert scanned(command) == (2, {"not-checked"}, ["access-keys"])
    assert scanned(command, "--skip", "protected-used") == (0, set(), [])
