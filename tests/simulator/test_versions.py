"""A policy with five versions, and names of policies, under every fault: what was not read is never put in force."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulator.account import ACCOUNT, Account
from tests.simulator.faults import FAULTS
from tests.simulator.quick import quickened
from tests.simulator.scenario import Run, command
from tests.simulator.server import Simulator, serving

ARN = f"arn:aws:iam::{ACCOUNT}:policy/team-logs"
DOCUMENT = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "%s", "Resource": "*"}}'
DECLARED = DOCUMENT % "logs:Get*"
FILE = f"""version: 1
policy_sets:
  logs: {{policies: [{{name: team-logs, document: {DECLARED}}}]}}
groups:
  Developers: {{required: [logs]}}
"""
RULES = ("policy-document-changed", "policy-document-missing", "policy-name-taken")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with quickened(), serving(Account()) as server:
        yield server


def full(version: str = "v2") -> Account:
    """An account with five versions of the policy, of which this one is as the file declares, and v5 is in force."""
    account = Account()
    account.add("Group", "Developers", attached=[ARN])
    account.add_policy(ARN, DOCUMENT % "logs:*")
    policy = account.state.policies[ARN]
    for number in range(1, 6):
        policy.versions[f"v{number}"] = DECLARED if f"v{number}" == version else DOCUMENT % f"logs:Put{number}*"
    policy.default = "v5"
    return account


def taken() -> Account:
    """An account without the policy, in which another one has its name."""
    account = Account()
    account.add("Group", "Developers")
    account.add_policy(f"arn:aws:iam::{ACCOUNT}:policy/ops/Team-Logs", DECLARED)
    return account


def fix(simulator: Simulator, folder: Path, account: Account, fault: str = "", at: str = "") -> Run:
    """`scan --fix --replace`, with a fault at each call that asks this."""
    simulator.account = account
    simulator.forget()
    simulator.times = 0
    if fault:
        simulator.faults[at, 1] = FAULTS[fault]
    (folder / "desired.yaml").write_text(FILE, encoding="utf-8")
    only = [word for rule in RULES for word in ("--only", rule)]
    said = ("scan", str(folder / "desired.yaml"), "--fix", "--replace", "--yes", "--account", ACCOUNT, *only)
    return command(simulator, folder, *said, "--output", "json")


def test_the_declared_version_is_put_in_force(simulator: Simulator, tmp_path: Path) -> None:
    seen = fix(simulator, tmp_path, full())
    assert (seen.status, seen.writes) == (0, (f"SetDefaultPolicyVersion PolicyArn={ARN} VersionId=v2",)), seen.output
    again = fix(simulator, tmp_path, simulator.account)
    assert (again.status, again.writes) == (0, ())


@pytest.mark.parametrize("fault", [name for name, each in FAULTS.items() if not each.honest and not each.lists_only])
def test_a_version_that_cannot_be_read_is_not_put_in_force_and_the_run_is_incomplete(
    simulator: Simulator, tmp_path: Path, fault: str
) -> None:
    seen = fix(simulator, tmp_path, full(), fault, f"GetPolicyVersion PolicyArn={ARN} VersionId=v2")
    assert (seen.status, seen.writes) == (2, ()), seen.output


@pytest.mark.parametrize("fault", [name for name, each in FAULTS.items() if not each.honest])
def test_a_name_that_may_be_taken_makes_the_run_incomplete_and_iam_refuses_it(
    simulator: Simulator, tmp_path: Path, fault: str
) -> None:
    seen = fix(simulator, tmp_path, taken(), fault, "ListPolicies Scope=Local")
    assert seen.status == 2, seen.output
    assert set(simulator.account.state.policies) == set(taken().state.policies)


def test_a_name_that_is_taken_is_told(simulator: Simulator, tmp_path: Path) -> None:
    seen = fix(simulator, tmp_path, taken())
    assert (seen.status, seen.writes) == (1, ())
    assert [each["rule"] for each in seen.report["audits"][0]["findings"]] == ["policy-name-taken"]
