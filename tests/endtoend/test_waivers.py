"""Waivers by the installed command: what is waived stays waived through a fix, and hides nothing that is not known."""

from __future__ import annotations

from tests.endtoend.harness import GUIDE, PINNED, Command, Result
from tests.servers.moto_account import MotoAccount

MISSING = "policy-missing/group/Developers/IAMReadOnlyAccess"
OUTSIDE = "membership-missing/user/koding-user/Developers"
WAIVER = '  - {rule: %s, reason: it moves, owner: web, expires: "%s"}\n'
READ_ONLY = WAIVER % ("policy-missing, subject: group/Developers, policy: IAMReadOnlyAccess", "2999-12-31")
HALF = WAIVER % ("optional-set-incomplete", "2999-12-31")


def desired(command: Command, *waivers: str) -> tuple[str, str]:
    """The guide, and a file of these waivers beside it."""
    file = command.home / "waivers.yaml"
    file.write_text("version: 1\nwaivers:\n" + "".join(waivers), encoding="utf-8")
    return GUIDE, str(file)


def statuses(result: Result) -> dict[str, str]:
    return {name: each["status"] for name, each in result.findings.items() if each["severity"] != "note"}


def test_a_fix_leaves_alone_what_is_waived_and_its_report_says_so(command: Command, drifted: MotoAccount) -> None:
    files = desired(command, READ_ONLY, HALF)
    result = command.json("scan", *files, "--fix", "--yes", *PINNED)
    assert statuses(result)[MISSING] == "waived"
    assert statuses(result)[OUTSIDE] == "fixed"
    assert result.findings[MISSING]["waiver"]["owner"] == "web"
    assert result.status == 0
    assert [call.action for call in drifted.writes()] == ["AddUserToGroup"]


def test_a_plan_leaves_out_what_is_waived_and_is_refused_when_the_waiver_is_gone(
    command: Command, drifted: MotoAccount
) -> None:
    files = desired(command, READ_ONLY)
    assert command("plan", *files, "--out", "change.plan", *PINNED).status == 0
    assert "AttachGroupPolicy" not in (command.home / "change.plan").read_text(encoding="utf-8")
    desired(command, HALF)
    refused = command.json("apply", "change.plan", "--yes", *PINNED)
    assert refused.status == 2
    assert "has changed since the plan was made" in refused.stderr
    assert not drifted.writes()


def test_an_expired_waiver_is_a_finding_and_no_longer_waives(command: Command, repaired: MotoAccount) -> None:
    repaired.iam.detach_group_policy(GroupName="Developers", PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    result = command.json("scan", *desired(command, READ_ONLY.replace("2999", "2020"), HALF))
    assert statuses(result)[MISSING] == "open"
    assert [name for name in result.findings if name.startswith("waiver-expired/")]
    assert result.status == 1


def test_a_waiver_that_fits_nothing_fails_a_clean_account_until_it_is_taken_out(
    command: Command, clean: MotoAccount
) -> None:
    result = command.json("scan", *desired(command, READ_ONLY))
    assert (result.status, [each["rule"] for each in result.findings.values()]) == (1, ["waiver-unused"])
    assert command("scan", *desired(command, READ_ONLY), "--skip", "waiver-unused").status == 0
    assert command("scan", GUIDE).status == 0


def test_no_waiver_makes_an_incomplete_run_clean(command: Command, drifted: MotoAccount) -> None:
    drifted.fail("ListAttachedGroupPolicies")
    every = [
        WAIVER % (rule, "2999-12-31")
        for rule in ("policy-missing", "optional-set-incomplete", "membership-missing", "quota-exceeded")
    ]
    result = command.json("scan", *desired(command, *every), "--exit-zero")
    assert result.status == 2
    assert "not-checked" in {each["rule"] for each in result.findings.values()}
    # What the unread rules would have found nobody knows: their waivers are not called unused.
    unused = [name for name in result.findings if name.startswith("waiver-unused/")]
    assert not [name for name in unused if "policy-missing" in name or "optional" in name]


def test_a_rule_that_cannot_be_waived_is_refused_before_anything_is_read(command: Command, clean: MotoAccount) -> None:
    result = command("scan", *desired(command, WAIVER % ("root-mfa-missing", "2999-12-31")))
    assert result.status == 2
    assert "waivers.yaml:3:12: error: findings of `root-mfa-missing` cannot be waived" in result.stderr
    assert not clean.calls()
