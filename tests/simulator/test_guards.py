"""Guards from end to end, over the simulated account: what is refused writes nothing, and what lifts it does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.endtoend.harness import Command
from tests.servers.wire import Call
from tests.simulator.account import ACCOUNT, ALLOW_ALL, AWS, READ_LOGS, Account
from tests.simulator.faults import FAULTS, Reply
from tests.simulator.scenario import Run, command, undo
from tests.simulator.server import Simulator, listening, serving
from tests.values import journal_of

PIN = ("--yes", "--account", ACCOUNT)
OWN = f"arn:aws:iam::{ACCOUNT}:policy/"
FILE = """version: 1
policy_sets:
  report: {policies: [customer:reporting]}
groups:
  Reporters: {required: [report], members: [ada]}
"""


DENIED = FAULTS["AccessDenied 403"]


def says(effect: str, action: str) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": "*"}]})


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A group that lacks an innocent name's policy, which holds everything; and somebody who calls."""
    account = Account()
    account.add_policy(f"{OWN}reporting", ALLOW_ALL)
    account.add_policy(f"{AWS}ReadOnlyAccess", READ_LOGS)
    account.add("Group", "Reporters")
    account.add("User", "ada")
    account.add("User", "auditor", attached=[f"{AWS}ReadOnlyAccess"])
    with serving(account) as server:
        yield server


def scan(simulator: Simulator, folder: Path, *more: str, file: str = FILE) -> Run:
    (folder / "desired.yaml").write_text(file)
    simulator.forget()
    return command(simulator, folder, "scan", str(folder / "desired.yaml"), "--fix", *more, "--output", "json")


def errors(seen: Run) -> list[str]:
    return [each["message"] for each in seen.report["errors"]]


def test_an_innocent_name_that_holds_everything_is_refused_until_it_is_allowed(
    simulator: Simulator, tmp_path: Path
) -> None:
    seen = scan(simulator, tmp_path, *PIN)
    assert (seen.status, seen.writes, seen.journal) == (2, (), ())
    assert "the plan would make a principal an administrator" in errors(seen)[0]
    assert "AttachGroupPolicy   customer:reporting to group Reporters  ! grants administration: iam:" in seen.output
    assert "--allow-admin" in seen.report["errors"][0]["hint"]
    assert {each["status"] for each in seen.report["audits"][0]["findings"]} == {"open"}

    shown = scan(simulator, tmp_path, "--dry-run")
    assert (shown.status, shown.writes) == (1, ())
    assert "! grants administration: iam:AddUserToGroup, iam:AttachGroupPolicy, iam:AttachRolePolicy" in shown.output
    assert "Would be refused (administration): " in shown.output

    allowed = scan(simulator, tmp_path, *PIN, "--allow-admin")
    assert (allowed.status, len(allowed.writes)) == (0, 2), allowed.output


@pytest.mark.slow
def test_the_installed_command_refuses_with_status_2(simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "desired.yaml").write_text(FILE)
    installed = Command(tmp_path, simulator.url)
    result = installed("scan", "desired.yaml", "--fix", *PIN)
    assert result.status == 2
    assert "error: the plan would make a principal an administrator" in result.stderr
    assert simulator.writes == []
    assert installed("scan", "desired.yaml", "--allow-admin").status == 2
    assert installed("scan", "desired.yaml", "--fix", "--allow-admin", *PIN).status == 0


def planned(simulator: Simulator, folder: Path, *more: str) -> Run:
    (folder / "desired.yaml").write_text(FILE)
    (folder / "fix.plan").unlink(missing_ok=True)
    simulator.forget()
    arguments = ("plan", str(folder / "desired.yaml"), "--out", str(folder / "fix.plan"), *more)
    return command(simulator, folder, *arguments, journal=False)


def applied(simulator: Simulator, folder: Path, *more: str) -> Run:
    simulator.forget()
    return command(simulator, folder, "apply", str(folder / "fix.plan"), *PIN, *more, "--output", "json")


def test_a_plan_shows_what_it_grants_and_apply_asks_for_the_same_word(simulator: Simulator, tmp_path: Path) -> None:
    made = planned(simulator, tmp_path)
    assert made.status == 0
    assert "! grants administration: " in made.output
    assert "`apply` will refuse it (administration): " in made.output
    assert "will refuse" not in planned(simulator, tmp_path, "--allow-admin").output
    assert (applied(simulator, tmp_path).status, simulator.writes) == (2, [])
    assert applied(simulator, tmp_path, "--allow-admin").status == 0


def test_undo_is_guarded_like_a_fix(simulator: Simulator, tmp_path: Path) -> None:
    simulator.account.state.policies[f"{OWN}reporting"].versions["v1"] = READ_LOGS
    assert scan(simulator, tmp_path, *PIN).status == 0
    (tmp_path / "journal.jsonl").replace(tmp_path / "fix.jsonl")
    simulator.account.caller = f"arn:aws:iam::{ACCOUNT}:user/ada"
    simulator.forget()
    mine = undo(simulator, tmp_path)
    assert (mine.status, mine.writes) == (2, ())
    assert "the plan takes permissions away from its own caller, user ada" in mine.output
    (tmp_path / "guards.yaml").write_text("version: 1\nprotected: [group/Reporters]\n")
    simulator.account.caller = f"arn:aws:iam::{ACCOUNT}:user/auditor"
    simulator.forget()
    protected = undo(simulator, tmp_path)
    assert (protected.status, protected.writes) == (2, ())
    assert "group/Reporters, which is protected by" in protected.output
    (tmp_path / "guards.yaml").unlink()
    assert undo(simulator, tmp_path).status == 0


def test_undo_judges_the_roles_that_the_run_declared(simulator: Simulator, tmp_path: Path) -> None:
    names_ada = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/ada"},
        "Action": "sts:AssumeRole",
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [names_ada]})
    simulator.account.add("Role", "boss", inline={"all": ALLOW_ALL}, trust=trust)
    denying = {"users": {"ada": {"inline": {"no": json.loads(says("Deny", "sts:AssumeRole"))}}}}
    file = json.dumps({"version": 1, **denying, "roles": {"boss": {}}})
    assert scan(simulator, tmp_path, *PIN, file=file).status == 0
    (tmp_path / "journal.jsonl").replace(tmp_path / "fix.jsonl")
    simulator.forget()
    refused = undo(simulator, tmp_path)
    assert (refused.status, refused.writes) == (2, ())
    assert "sts:AssumeRole to user ada, by removing the Deny of inline policy no of user ada" in refused.output


def _started_in_its_folder(simulator: Simulator, folder: Path) -> Command:
    """The installed command, after a fix that named its file relative to that folder, and guards that came later."""
    harmless(simulator)
    folder.mkdir()
    (folder / "desired.yaml").write_text(FILE)
    installed = Command(folder, simulator.url)
    fixed = installed("scan", "desired.yaml", "--fix", *PIN, "--journal", "fix.jsonl", cwd=folder)
    assert fixed.status == 0, fixed.stderr
    guarded(folder, "protected: [user/ada]")
    return installed


@pytest.mark.slow
def test_undo_from_another_folder_has_the_guards_of_the_run(simulator: Simulator, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    installed = _started_in_its_folder(simulator, folder)
    undoing = ("undo", str(folder / "fix.jsonl"), *PIN)
    for place in (folder, tmp_path, Path("/")):
        simulator.forget()
        result = installed(*undoing, cwd=place)
        assert (result.status, simulator.writes) == (2, [])
        assert f"user/ada, which is protected by {folder}/guards.yaml:2:13" in result.stderr
    folder.rename(tmp_path / "moved")
    simulator.forget()
    undoing = ("undo", str(tmp_path / "moved" / "fix.jsonl"), *PIN, "--journal", str(tmp_path / "undo.jsonl"))
    result = installed(*undoing, cwd=tmp_path)
    assert (result.status, simulator.calls) == (2, [])
    assert f"the folder of {folder}/desired.yaml does not exist any more" in result.stderr
    result = installed(*undoing, "--guards-from", "moved", cwd=tmp_path)
    assert (result.status, simulator.writes) == (2, [])
    assert "user/ada, which is protected by " in result.stderr
    (tmp_path / "moved" / "guards.yaml").unlink()
    result = installed(*undoing, "--guards-from", "moved", cwd=tmp_path)
    assert (result.status, len(simulator.writes)) == (0, 2), result.stderr
    assert f'"{tmp_path}/moved/desired.yaml"' in (tmp_path / "undo.jsonl").read_text()


@pytest.mark.slow
def test_a_journal_of_an_earlier_version_is_undone_in_its_folder_only(simulator: Simulator, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    installed = _started_in_its_folder(simulator, folder)
    (folder / "guards.yaml").unlink()
    journal = folder / "fix.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for line in lines:
        del line["chain"]
    assert [each["path"] for each in lines[0]["desired"]] == [str(folder / "desired.yaml")]
    lines[0]["desired"][0]["path"] = "desired.yaml"
    journal.write_text(journal_of(*map(json.dumps, lines)))
    simulator.forget()
    result = installed("undo", str(journal), *PIN, cwd=tmp_path)
    assert (result.status, simulator.calls) == (2, [])
    assert "desired.yaml is not here as the run read it" in result.stderr
    assert installed("undo", str(journal), *PIN, cwd=folder).status == 0
    assert len(simulator.writes) == 2


@pytest.mark.slow
def test_apply_in_another_folder_has_the_files_and_the_guards_of_the_plan_or_is_refused(
    simulator: Simulator, tmp_path: Path
) -> None:
    harmless(simulator)
    folder, other = tmp_path / "work", tmp_path / "other"
    for each in (folder, other):
        each.mkdir()
    (folder / "desired.yaml").write_text(FILE)
    guarded(folder, "max_changes: 2")
    installed = Command(folder, simulator.url)
    assert installed("plan", "desired.yaml", "--out", "fix.plan", cwd=folder).status == 0
    applying = ("apply", str(folder / "fix.plan"), *PIN)
    simulator.forget()
    assert (installed(*applying, cwd=other).status, simulator.calls) == (2, [])
    (other / "desired.yaml").write_text(FILE)
    without = installed(*applying, cwd=other)
    assert (without.status, simulator.calls) == (2, [])
    assert "guards.yaml has changed since the plan was made" in without.stderr
    guarded(other, "max_changes: 2")
    assert (installed(*applying, cwd=other).status, len(simulator.writes)) == (0, 2)


def test_to_go_back_to_a_version_that_allows_everything_is_refused(simulator: Simulator, tmp_path: Path) -> None:
    document = "{Version: 2012-10-17, Statement: {Effect: Allow, Action: 'logs:Get*', Resource: '*'}}"
    written = FILE.replace("customer:reporting", f"{{name: reporting, document: {document}}}")
    simulator.account.state.entities["Group", "reporters"].attached.add(f"{OWN}reporting")
    assert scan(simulator, tmp_path, *PIN, "--replace", file=written).status == 0
    (tmp_path / "journal.jsonl").replace(tmp_path / "fix.jsonl")
    simulator.forget()
    seen = undo(simulator, tmp_path)
    assert (seen.status, seen.writes) == (2, ())
    assert "SetDefaultPolicyVersion customer:reporting, version v1" in seen.output
    assert "by version v1 of customer:reporting" in seen.output
    journal, account = str(tmp_path / "fix.jsonl"), ("--yes", "--account", ACCOUNT)
    assert command(simulator, tmp_path, "undo", journal, *account, "--allow-admin").status == 0


def test_a_document_that_cannot_be_read_is_a_refusal_that_names_the_permission(
    simulator: Simulator, tmp_path: Path
) -> None:
    denied = "GetPolicyVersion PolicyArn=arn:aws:iam::123456789012:policy/reporting VersionId=v1"
    (tmp_path / "desired.yaml").write_text(FILE)
    simulator.forget()
    simulator.faults[denied, 1] = DENIED
    simulator.sticky = True
    file = str(tmp_path / "desired.yaml")
    seen = command(simulator, tmp_path, "scan", file, "--fix", *PIN, "--output", "json")
    assert (seen.status, seen.writes) == (2, ())
    assert errors(seen) == [
        "the guards could not check the plan: customer:reporting could not be read: iam:GetPolicyVersion: AccessDenied"
    ]
    assert "allow the caller iam:GetPolicyVersion" in seen.report["errors"][0]["hint"]


def guarded(folder: Path, text: str) -> None:
    (folder / "guards.yaml").write_text(f"version: 1\n{text}\n")


def harmless(simulator: Simulator) -> None:
    simulator.account.state.policies[f"{OWN}reporting"].versions["v1"] = READ_LOGS


def test_a_protected_principal_stays_a_finding_and_is_never_planned(simulator: Simulator, tmp_path: Path) -> None:
    harmless(simulator)
    guarded(tmp_path, "protected: [user/ada]")
    # The simulated account has no access keys to list.
    seen = scan(simulator, tmp_path, *PIN, "--skip", "protected-used")
    assert (seen.status, seen.writes) == (1, ("AttachGroupPolicy GroupName=Reporters PolicyArn=" + f"{OWN}reporting",))
    told = (
        f"Not planned: AddUserToGroup user ada to group Reporters: user/ada is protected by {tmp_path}/guards.yaml:2:13"
    )
    assert told in seen.output
    left = {each["rule"]: each["status"] for each in seen.report["audits"][0]["findings"]}
    assert left == {"membership-missing": "open", "policy-missing": "fixed"}
    assert [each["path"] for each in seen.report["audits"][0]["desired"]][1] == str(tmp_path / "guards.yaml")


DENYING = "{Version: 2012-10-17, Statement: {Effect: Deny, Action: '*', Resource: '*'}}"


@pytest.mark.parametrize(
    ("file", "what"),
    [
        (
            f"version: 1\ngroups: {{Reporters: {{inline: {{none: {DENYING}}}}}}}\n",
            "group Reporters of user/ada",
        ),
        (
            f"version: 1\npolicy_sets: {{none: {{policies: [{{name: reporting, document: {DENYING}}}]}}}}\n"
            "groups: {Others: {required: [none]}}\n",
            "customer:reporting of user/ada",
        ),
    ],
)
def test_what_a_protected_user_has_by_a_group_or_a_policy_is_not_changed_either(
    simulator: Simulator, tmp_path: Path, file: str, what: str
) -> None:
    harmless(simulator)
    state: Any = simulator.account.state
    simulator.account.add("Group", "Others")
    state.entities["User", "ada"].groups.add("Reporters")
    state.entities["User", "ada"].attached.add(f"{OWN}reporting")
    guarded(tmp_path, "protected: [user/ada]")
    (tmp_path / "desired.yaml").write_text(file)
    installed = Command(tmp_path, simulator.url)
    fixing = ("scan", "desired.yaml", "--fix", "--replace", *PIN, "--skip", "protected-used")
    simulator.forget()
    refused = installed(*fixing, cwd=tmp_path)
    assert (refused.status, simulator.writes) == (2, []), refused.stderr
    assert f"the plan changes {what}, which is protected by guards.yaml:2:13" in refused.stderr
    guarded(tmp_path, "protected: [user/eve]")
    assert installed(*fixing, cwd=tmp_path).status == 0
    assert simulator.writes


def test_a_forged_plan_that_touches_a_protected_principal_is_refused(simulator: Simulator, tmp_path: Path) -> None:
    harmless(simulator)
    guarded(tmp_path, "protected: [group/Nobody]")
    assert planned(simulator, tmp_path).status == 0
    plan = tmp_path / "fix.plan"
    guarded(tmp_path, "protected: [user/ada]")
    changed = applied(simulator, tmp_path)
    assert (changed.status, changed.writes) == (2, ())
    assert f"{tmp_path}/guards.yaml has changed since the plan was made" in errors(changed)[0]
    without = json.loads(plan.read_text())
    without["basis"]["files"] = [each for each in without["basis"]["files"] if "guards" not in each["path"]]
    plan.write_text(json.dumps(without))
    hidden = applied(simulator, tmp_path)
    assert (hidden.status, hidden.writes) == (2, ())
    assert "guards.yaml has changed since the plan was made" in errors(hidden)[0]


def test_guards_that_are_gone_since_make_a_plan_stale_too(simulator: Simulator, tmp_path: Path) -> None:
    harmless(simulator)
    guarded(tmp_path, "max_changes: 9")
    assert planned(simulator, tmp_path).status == 0
    (tmp_path / "guards.yaml").unlink()
    assert (applied(simulator, tmp_path).status, simulator.writes) == (2, [])
    guarded(tmp_path, "max_changes: 9")
    assert applied(simulator, tmp_path).status == 0


def test_what_is_forbidden_is_refused_before_the_first_call_and_nothing_lifts_it(
    simulator: Simulator, tmp_path: Path
) -> None:
    guarded(tmp_path, "forbidden: [customer:reporting]")
    for more in ((), ("--allow-admin", "--max-changes", "1000")):
        seen = scan(simulator, tmp_path, *PIN, *more)
        assert (seen.status, seen.writes, seen.calls) == (2, (), 0)
        assert errors(seen) == [f"policy `customer:reporting` is forbidden at {tmp_path}/guards.yaml:2:13"]
        assert seen.report["errors"][0]["location"]["line"] == 3


def test_guards_lower_the_limit_of_changes_and_the_command_line_cannot_raise_it(
    simulator: Simulator, tmp_path: Path
) -> None:
    harmless(simulator)
    guarded(tmp_path, "max_changes: 1")
    seen = scan(simulator, tmp_path, *PIN, "--max-changes", "50")
    assert (seen.status, seen.writes) == (2, ())
    assert errors(seen) == [f"the plan has 2 changes, and {tmp_path}/guards.yaml:2:14 allows 1"]


def test_broken_guards_end_every_command_before_the_first_call(simulator: Simulator, tmp_path: Path) -> None:
    guarded(tmp_path, "protectd: [user/ada]")
    seen = scan(simulator, tmp_path, *PIN)
    assert (seen.status, seen.calls) == (2, 0)
    assert "unknown key `protectd`" in errors(seen)[0]


@pytest.mark.parametrize("arguments", [("scan", "--fix", *PIN), ("scan",), ("plan", "--out", "new.plan")])
def test_guards_of_another_spelling_end_every_command_before_the_first_call(
    simulator: Simulator, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "desired.yaml").write_text(FILE)
    (tmp_path / "guards.yml").write_text("version: 1\nprotected: [user/ada]\n")
    simulator.forget()
    name, *more = arguments
    seen = command(simulator, tmp_path, name, str(tmp_path / "desired.yaml"), *more, journal=False)
    assert (seen.status, seen.calls) == (2, 0)
    assert "`guards.yml` looks like guards, and is not read as guards" in seen.output
    assert "rename it to guards.yaml" in seen.output


@pytest.mark.slow
def test_the_installed_command_writes_nothing_beside_what_looks_like_guards(
    simulator: Simulator, tmp_path: Path
) -> None:
    harmless(simulator)
    (tmp_path / "desired.yaml").write_text(FILE)
    installed = Command(tmp_path, simulator.url)
    simulator.forget()
    for name in ("guards(1).yaml", "guards..yaml", "guards-yaml", "koding-guards.yaml", "gu\u0430rds.yaml"):
        (tmp_path / name).write_text("version: 1\nprotected: [user/ada]\n")
        result = installed("scan", "desired.yaml", "--fix", *PIN, cwd=tmp_path)
        assert (result.status, simulator.calls) == (2, []), name
        assert "looks like guards, and is not read as guards" in result.stderr
        (tmp_path / name).unlink()
    (tmp_path / "guards.yml").mkdir()
    assert installed("scan", "desired.yaml", "--fix", *PIN, cwd=tmp_path).status == 2
    (tmp_path / "guards.yml").rename(tmp_path / "guards")
    assert installed("scan", "desired.yaml", "--fix", *PIN, cwd=tmp_path).status == 0


EXCLUSIVE = "version: 1\ngroups: {Reporters: {exclusive: true}}\n"


def test_nothing_is_taken_away_from_a_group_of_the_caller(simulator: Simulator, tmp_path: Path) -> None:
    state: Any = simulator.account.state
    state.entities["Group", "reporters"].attached.add(f"{AWS}ReadOnlyAccess")
    state.entities["User", "auditor"].groups.add("Reporters")
    declared = EXCLUSIVE.replace("exclusive: true", "exclusive: true, members: [auditor]")
    state.entities["User", "auditor"].attached.clear()
    seen = scan(simulator, tmp_path, *PIN, "--replace", file=declared)
    assert (seen.status, seen.writes) == (2, ())
    assert "takes permissions away from its own caller, user auditor: logs:get* on *" in errors(seen)[0].lower()
    # By meaning: what the user itself holds still grants it.
    state.entities["User", "auditor"].attached.add(f"{AWS}ReadOnlyAccess")
    assert scan(simulator, tmp_path, *PIN, "--replace", file=declared).status == 0


def test_a_session_of_a_role_is_its_role(simulator: Simulator, tmp_path: Path) -> None:
    simulator.account.add("Role", "fixer", path="/ci/", attached=[f"{AWS}ReadOnlyAccess"])
    simulator.account.caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/fixer/session"
    declared = "version: 1\nroles: {fixer: {exclusive: true}}\n"
    seen = scan(simulator, tmp_path, *PIN, "--replace", file=declared)
    assert (seen.status, seen.writes) == (2, ())
    assert "role fixer" in errors(seen)[0]
    simulator.account.caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/other/session"
    assert scan(simulator, tmp_path, *PIN, "--replace", file=declared).status == 0


def test_a_deny_that_kept_somebody_from_it_is_not_taken_away(simulator: Simulator, tmp_path: Path) -> None:
    simulator.account.add_policy(f"{AWS}NoIam", says("Deny", "iam:*"))
    simulator.account.add("Group", "Admins", attached=[f"{OWN}reporting"])
    state: Any = simulator.account.state
    state.entities["Group", "reporters"].attached.add(f"{AWS}NoIam")
    state.entities["User", "ada"].groups |= {"Reporters", "Admins"}
    declared = EXCLUSIVE.replace("exclusive: true", "exclusive: true, members: [ada]")
    seen = scan(simulator, tmp_path, *PIN, "--replace", file=declared)
    assert (seen.status, seen.writes) == (2, ())
    assert "to user ada, by removing the Deny of NoIam" in seen.output


def test_an_ordinary_fix_reads_each_document_that_it_gives_once_and_nothing_of_its_caller(
    simulator: Simulator, tmp_path: Path
) -> None:
    harmless(simulator)
    members = ", ".join(f"user{number}" for number in range(5))
    for number in range(5):
        simulator.account.add("User", f"user{number}")
    held = simulator.account.state.entities["Group", "reporters"]
    held.attached.add(f"{AWS}ReadOnlyAccess")
    held.inline["note"] = READ_LOGS
    assert scan(simulator, tmp_path, *PIN, file=FILE.replace("ada", members)).status == 0
    judged = [asked for asked, _ in simulator.calls if asked.startswith(("GetPolicyVersion", "GetGroupPolicy"))]
    # Once for the guards, once more before the writes; an inline policy before each that gives it.
    assert Counter(judged) == {
        "GetGroupPolicy GroupName=Reporters PolicyName=note": 1 + 5,
        f"GetPolicyVersion PolicyArn={OWN}reporting VersionId=v1": 2,
        f"GetPolicyVersion PolicyArn={AWS}ReadOnlyAccess VersionId=v1": 2,
    }
    assert not [asked for asked, _ in simulator.calls if "auditor" in asked]


def inline(kind: str, name: str, document: str, members: str = "") -> str:
    """A desired state in which a principal has one inline policy."""
    more = f", members: [{members}]" if members else ""
    return f"version: 1\n{kind}: {{{name}: {{inline: {{own: {document}}}{more}}}}}\n"


DENY_ALL = """version: 1
policy_sets:
  none: {policies: [AWSDenyAll]}
groups:
  Reporters: {required: [none], members: [auditor]}
"""


def test_a_deny_of_a_group_that_the_caller_joins_in_the_same_plan_is_lockout(
    simulator: Simulator, tmp_path: Path
) -> None:
    simulator.account.add_policy(f"{AWS}AWSDenyAll", says("Deny", "*"))
    seen = scan(simulator, tmp_path, *PIN, file=DENY_ALL)
    assert (seen.status, seen.writes, seen.journal) == (2, (), ())
    assert "the plan takes permissions away from its own caller, user auditor" in errors(seen)[0]
    # For another user it is only a smaller account.
    assert scan(simulator, tmp_path, *PIN, file=DENY_ALL.replace("auditor", "ada")).status == 0


def test_every_command_that_writes_judges_the_whole_plan(simulator: Simulator, tmp_path: Path) -> None:
    simulator.account.add_policy(f"{AWS}AWSDenyAll", says("Deny", "*"))
    (tmp_path / "desired.yaml").write_text(DENY_ALL)
    file, told = str(tmp_path / "desired.yaml"), "the plan takes permissions away from its own caller, user auditor"
    shown = command(simulator, tmp_path, "scan", file, "--fix", "--dry-run")
    assert f"Would be refused (lockout): {told}" in shown.output
    made = command(simulator, tmp_path, "plan", file, "--out", str(tmp_path / "fix.plan"), journal=False)
    assert (made.status, f"`apply` will refuse it (lockout): {told}" in made.output) == (0, True)
    printed = command(simulator, tmp_path, "plan", file, "--as", "aws-cli", journal=False)
    assert (printed.status, told in printed.output) == (2, True)
    set_up = command(simulator, tmp_path, "setup", file, *PIN, "--output", "json")
    for seen in (applied(simulator, tmp_path), set_up):
        assert (seen.status, seen.journal) == (2, ())
        assert told in errors(seen)[0]
    assert simulator.writes == []


def test_an_undo_that_puts_its_caller_into_a_group_that_denies_is_refused(simulator: Simulator, tmp_path: Path) -> None:
    simulator.account.add_policy(f"{AWS}AWSDenyAll", says("Deny", "*"))
    state: Any = simulator.account.state
    state.entities["Group", "reporters"].attached.add(f"{AWS}AWSDenyAll")
    state.entities["User", "ada"].groups.add("Reporters")
    declared = """version: 1
policy_sets: {none: {policies: [AWSDenyAll]}}
groups: {Reporters: {exclusive: true, required: [none]}}
"""
    assert scan(simulator, tmp_path, *PIN, "--replace", file=declared).status == 0
    (tmp_path / "journal.jsonl").replace(tmp_path / "fix.jsonl")
    simulator.account.caller = f"arn:aws:iam::{ACCOUNT}:user/ada"
    simulator.forget()
    seen = undo(simulator, tmp_path)
    assert (seen.status, seen.writes) == (2, ())
    assert "the plan takes permissions away from its own caller, user ada" in seen.output


def test_a_deny_in_a_group_that_the_plan_creates_for_the_caller_is_lockout(
    simulator: Simulator, tmp_path: Path
) -> None:
    declared = inline("groups", "Guests", says("Deny", "*"), members="auditor")
    seen = scan(simulator, tmp_path, *PIN, "--create", file=declared)
    assert (seen.status, seen.writes, seen.journal) == (2, (), ())
    assert "the plan takes permissions away from its own caller, user auditor" in errors(seen)[0]


ANY_ROLE = f"arn:aws:iam::{ACCOUNT}:role"
PASSES = {
    "every role but some": [
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:PassRole", "Resource": f"{ANY_ROLE}/admin*"},
    ],
    "every role but one": [{"Effect": "Allow", "Action": "iam:PassRole", "NotResource": f"{ANY_ROLE}/admin"}],
    "nearly every role": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": f"{ANY_ROLE}/*e*"}],
}


@pytest.mark.parametrize("statements", PASSES.values(), ids=PASSES)
def test_to_pass_nearly_every_role_is_refused_until_it_is_allowed(
    simulator: Simulator, tmp_path: Path, statements: list[Any]
) -> None:
    declared = inline("users", "ada", json.dumps({"Version": "2012-10-17", "Statement": statements}))
    seen = scan(simulator, tmp_path, *PIN, file=declared)
    assert (seen.status, seen.writes) == (2, ())
    assert "administrator: PutUserPolicy grants administration: iam:PassRole by inline policy own" in errors(seen)[0]
    assert scan(simulator, tmp_path, *PIN, "--allow-admin", file=declared).status == 0


def test_a_variable_with_a_default_is_what_a_role_gets(simulator: Simulator, tmp_path: Path) -> None:
    simulator.account.add("Role", "app")
    admin = f"arn:aws:iam::{ACCOUNT}:user/${{aws:username, 'admin'}}"
    keys = {"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": admin}
    document = json.dumps({"Version": "2012-10-17", "Statement": keys})
    seen = scan(simulator, tmp_path, *PIN, file=inline("roles", "app", document))
    assert (seen.status, seen.writes) == (2, ())
    assert (
        "PutRolePolicy grants administration: iam:CreateAccessKey by inline policy own of role app" in errors(seen)[0]
    )
    assert scan(simulator, tmp_path, *PIN, file=inline("users", "ada", document)).status == 0


def test_a_change_that_takes_rights_from_an_administrator_is_done(simulator: Simulator, tmp_path: Path) -> None:
    state: Any = simulator.account.state
    state.entities["User", "ada"].inline["own"] = ALLOW_ALL
    one = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": f"{ANY_ROLE}/app"}
    declared = inline("users", "ada", json.dumps({"Version": "2012-10-17", "Statement": one}))
    seen = scan(simulator, tmp_path, *PIN, "--replace", file=declared)
    assert (seen.status, len(seen.writes)) == (0, 1), seen.output


class Member(Simulator):
    """An account of an organization. refusal: the message with which ListDelegatedServicesForAccount is refused."""

    management = "999999999999"
    services: tuple[str, ...] = ()
    refusal = ""
    asked: tuple[str, ...] = ()

    def reply(self, call: Call) -> Reply:
        if call.service != "organizations":
            return super().reply(call)
        self.asked += (call.action,)
        if call.action == "DescribeOrganization":
            organization = {"Id": "o-exampleorgid", "MasterAccountId": self.management, "FeatureSet": "ALL"}
            return _json(200, {"Organization": organization})
        if self.refusal:
            return _json(400, {"__type": "AccessDeniedException", "Message": self.refusal})
        return _json(200, {"DelegatedServices": [{"ServicePrincipal": each} for each in self.services]})


def _json(status: int, value: Any) -> Reply:
    return Reply(status, "application/x-amz-json-1.1", json.dumps(value).encode())


PLAIN_MEMBER = "You don't have permissions to access this resource."
DENIED_BY_POLICY = "User: arn:aws:iam::123456789012:user/auditor is not authorized to perform: organizations:List"


@pytest.mark.parametrize(
    ("management", "services", "refusal", "expected"),
    [
        (ACCOUNT, (), "", ["DescribeOrganization"]),
        ("999999999999", ("sso.amazonaws.com",), "", ["DescribeOrganization", "ListDelegatedServicesForAccount"]),
        ("999999999999", (), PLAIN_MEMBER, []),
        ("999999999999", (), DENIED_BY_POLICY, ["DescribeOrganization", "ListDelegatedServicesForAccount"]),
    ],
    ids=["management", "delegated", "plain member", "not known"],
)
def test_a_policy_of_identity_center_is_refused_where_the_account_manages_it_or_that_is_not_known(
    tmp_path: Path, management: str, services: tuple[str, ...], refusal: str, expected: list[str]
) -> None:
    account = Account()
    account.add_policy(f"{AWS}AWSSSOMasterAccountAdministrator", says("Allow", "sso:*"))
    account.add("Group", "Reporters")
    account.add("User", "ada")
    account.add("User", "auditor")
    member = Member(account)
    member.management, member.services, member.refusal = management, services, refusal
    file = FILE.replace("customer:reporting", "AWSSSOMasterAccountAdministrator")
    with listening(member):
        seen = scan(member, tmp_path, *PIN, file=file)
    if not expected:
        assert (seen.status, len(seen.writes)) == (0, 2)
        return
    assert (seen.status, seen.writes, list(member.asked)) == (2, (), expected)
    assert "grants administration: sso:" in errors(seen)[0]
    known = "if the account manages its organization, which is not known" not in errors(seen)[0]
    assert known is (refusal == "")
    hint = seen.report["errors"][0]["hint"]
    assert ("allow the caller organizations:ListDelegatedServicesForAccount" in hint) is (refusal != "")
    assert "--allow-admin" in hint


def test_to_pass_an_administrator_among_the_roles_that_were_read_is_refused(
    simulator: Simulator, tmp_path: Path
) -> None:
    simulator.account.add("Role", "app", attached=[f"{OWN}reporting"])
    one = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": f"{ANY_ROLE}/app"}
    declared = inline("users", "ada", json.dumps({"Version": "2012-10-17", "Statement": one}))
    with_role = f"{declared}roles: {{app: {{}}}}\n"
    seen = scan(simulator, tmp_path, *PIN, file=with_role)
    assert (seen.status, seen.writes) == (2, ())
    assert "PutUserPolicy grants administration: iam:PassRole" in errors(seen)[0]
    harmless(simulator)
    assert scan(simulator, tmp_path, *PIN, file=with_role).status == 0
