"""`--baseline` by the installed command: a baseline changes what fails, and nothing that is planned or written."""

from __future__ import annotations

from tests.endtoend.harness import GUIDE, PINNED, Command
from tests.servers.moto_account import MotoAccount

MISSING = "policy-missing/group/Developers/IAMReadOnlyAccess"
OUTSIDE = "membership-missing/user/koding-user/Developers"


def test_what_is_known_does_not_fail_and_is_planned_and_fixed_all_the_same(
    command: Command, drifted: MotoAccount
) -> None:
    assert command("scan", GUIDE, "--output", "json:known.json").status == 1
    beside = ("--baseline", "known.json")
    drifted.iam.detach_group_policy(GroupName="Developers", PolicyArn="arn:aws:iam::aws:policy/AmazonEC2FullAccess")
    worse = command.json("scan", GUIDE, *beside)
    assert (worse.status, worse.report["status"]) == (1, "findings")
    assert (worse.findings[MISSING]["known"], worse.findings[OUTSIDE]["known"]) == (True, True)
    assert [name for name, each in worse.findings.items() if not each["known"] and each["severity"] == "error"] == [
        "policy-missing/group/Developers/AmazonEC2FullAccess"
    ]
    before = len(drifted.writes())
    planned = command("scan", GUIDE, "--fix", "--dry-run")
    with_baseline = command("scan", GUIDE, "--fix", "--dry-run", *beside)
    assert "IAMReadOnlyAccess to group Developers" in with_baseline.stderr
    assert with_baseline.stderr == planned.stderr
    assert len(drifted.writes()) == before
    mended = command.json("scan", GUIDE, "--fix", "--yes", *PINNED, *beside)
    assert (mended.status, mended.findings[MISSING]["status"], mended.findings[MISSING]["known"]) == (0, "fixed", False)


def test_a_plan_is_applied_beside_a_baseline_and_what_it_leaves_is_known(
    command: Command, drifted: MotoAccount
) -> None:
    assert command("scan", GUIDE, "--output", "json:known.json").status == 1
    assert command("plan", GUIDE, "--out", "change.plan", "--only", "policy-missing", *PINNED).status == 0
    applied = command.json("apply", "change.plan", "--yes", *PINNED, "--baseline", "known.json")
    assert applied.status == 0, applied.stderr
    assert [call.action for call in drifted.writes()] == ["AttachGroupPolicy"]
