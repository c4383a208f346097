"""What changes between the judgement of a plan and its writes, also while its question is open, over HTTP."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.endtoend.harness import Command
from tests.simulator.account import ACCOUNT, ALLOW_ALL, READ_LOGS, Account
from tests.simulator.scenario import command
from tests.simulator.server import Simulator, serving

pytestmark = pytest.mark.slow

REPORTING = f"arn:aws:iam::{ACCOUNT}:policy/reporting"
FILE = """version: 1
policy_sets: {report: {policies: [customer:reporting]}}
groups: {Reporters: {required: [report], members: [ada]}}
"""
NO_IAM = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]})
REFUSED = "the plan would make a principal an administrator"
Act = Callable[[Account], object]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A group that lacks a harmless policy and a member; another group, which is denied IAM and may do all else."""
    account = Account()
    account.add_policy(REPORTING, READ_LOGS)
    account.add("Group", "Reporters")
    account.add("User", "ada")
    account.add("User", "auditor")
    with serving(account) as server:
        yield server


@pytest.fixture
def installed(simulator: Simulator, tmp_path: Path) -> Command:
    (tmp_path / "desired.yaml").write_text(FILE)
    return Command(tmp_path, simulator.url)


def move_default(account: Account) -> None:
    policy = account.state.policies[REPORTING]
    policy.versions["v2"], policy.default = ALLOW_ALL, "v2"


def make_policy_anew(account: Account) -> None:
    account.state.policies[REPORTING].unique_id = "ANPA9"


def fill_group(account: Account) -> None:
    account.state.entities["Group", "reporters"].inline["all"] = ALLOW_ALL


@pytest.mark.parametrize("more", [(), ("--allow-admin",)], ids=["guarded", "allowed"])
@pytest.mark.parametrize("act", [move_default, make_policy_anew, fill_group])
def test_what_changes_while_the_question_is_on_the_terminal_is_not_written(
    act: Act, more: tuple[str, ...], simulator: Simulator, installed: Command
) -> None:
    arguments = ("scan", "desired.yaml", "--fix", *more)
    seen = installed.at_terminal(*arguments, answer="yes", meanwhile=lambda: act(simulator.account))
    assert seen.status == 2, seen.stdout
    assert simulator.writes == []


def test_a_deny_that_goes_while_the_question_is_open_is_judged_again(simulator: Simulator, installed: Command) -> None:
    simulator.account.state.policies[REPORTING].versions["v1"] = ALLOW_ALL
    group = simulator.account.state.entities["Group", "reporters"]
    group.inline["no-iam"] = NO_IAM
    (installed.home / "desired.yaml").write_text(FILE)
    seen = installed.at_terminal("scan", "desired.yaml", "--fix", answer="yes", meanwhile=group.inline.clear)
    assert (seen.status, simulator.writes) == (2, []), seen.stdout
    assert REFUSED in seen.stdout


@pytest.mark.parametrize("act", [move_default, fill_group])
def test_apply_and_setup_look_again_too(act: Act, simulator: Simulator, installed: Command, tmp_path: Path) -> None:
    plan = str(tmp_path / "fix.plan")
    assert installed("plan", "desired.yaml", "--out", plan).status == 0
    before = copy.deepcopy(simulator.account.state)
    for said in (("apply", plan), ("setup", "desired.yaml")):
        seen = installed.at_terminal(*said, answer="yes", meanwhile=lambda: act(simulator.account))
        assert seen.status == 2, seen.stdout
        assert REFUSED in seen.stdout
        assert simulator.writes == []
        simulator.account.state = copy.deepcopy(before)


@pytest.mark.parametrize("act", [move_default, make_policy_anew])
def test_undo_looks_again_before_it_attaches(act: Act, simulator: Simulator, installed: Command) -> None:
    simulator.account.state.entities["Group", "reporters"].attached.add(REPORTING)
    (installed.home / "desired.yaml").write_text("version: 1\ngroups: {Reporters: {exclusive: true}}\n")
    pinned = ("--yes", "--account", ACCOUNT, "--journal", "fix.jsonl")
    assert installed("scan", "desired.yaml", "--fix", "--replace", *pinned).status == 0
    simulator.forget()
    undo = ("undo", "fix.jsonl", "--allow-admin")
    seen = installed.at_terminal(*undo, answer="yes", meanwhile=lambda: act(simulator.account))
    assert (seen.status, simulator.writes) == (2, []), seen.stdout
    assert installed.at_terminal("undo", "fix.jsonl", "--allow-admin", answer="yes").status == 0


def test_without_a_question_each_write_is_preceded_by_a_look(simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "desired.yaml").write_text(FILE)
    joins = "AddUserToGroup GroupName=Reporters UserName=ada"
    simulator.after[f"AttachGroupPolicy GroupName=Reporters PolicyArn={REPORTING}", 1] = lambda: fill_group(
        simulator.account
    )
    said = ("scan", str(tmp_path / "desired.yaml"), "--fix", "--yes", "--account", ACCOUNT, "--output", "json")
    seen = command(simulator, tmp_path, *said)
    assert seen.status == 2
    assert joins not in seen.writes
    assert [line.get("outcome") for line in seen.journal][-3:] == ["done", "failed", None]
    assert "group Reporters gained or lost inline policy all since the guards checked it" in seen.output
