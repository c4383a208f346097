"""`permissions`: enough for what a run does, nothing that it does not need, and limited to what the file names."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from koding_audit.cli import main
from tests.simulator.scenario import FILE, World, drifted, explored, holdings, run
from tests.simulator.server import Simulator, serving
from tests.simulator.sweep import models_read_once

GUIDE = str(Path(__file__).parents[2] / "policies" / "koding.yaml")
EVERYTHING = """version: 1
account: {id: "123456789012"}
policy_sets:
  act: {policies: [ReadOnlyAccess], actions: [ec2:RunInstances]}
  own: {policies: [{name: own, document: {Statement: {Effect: Allow, Action: "s3:*", Resource: "*"}}}]}
groups:
  Ops: {required: [act], members: [ada], exclusive: true, path: /team/}
users:
  ada: {access_keys: {max_active: 1}, console: mfa, tags: {team: web}}
roles:
  app: {required: [own], inline: {x: {Statement: {Effect: Allow, Action: "s3:*", Resource: "*"}}}}
"""


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    assert main(["permissions", *words]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["Version"] == "2012-10-17"
    found: list[dict[str, Any]] = document["Statement"]
    return found


def by_sid(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {each["Sid"]: each for each in statements}


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "desired.yaml"
    path.write_text(EVERYTHING)
    return str(path)


def test_the_guide_is_attached_to_its_group_and_nothing_else_is_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    found = by_sid(printed(capsys, "fix", GUIDE))
    assert set(found) == {"AttachGroup", "Join"}
    assert found["AttachGroup"]["Condition"]["ArnEquals"]["iam:PolicyARN"] == [
        "arn:aws:iam::aws:policy/AmazonEC2FullAccess",
        "arn:aws:iam::aws:policy/IAMReadOnlyAccess",
    ]
    assert found["Join"]["Resource"] == [
        "arn:aws:iam::123456789012:group/*/Developers",
        "arn:aws:iam::123456789012:group/Developers",
    ]


def test_a_set_that_is_asked_for_may_be_attached_too(capsys: pytest.CaptureFixture[str]) -> None:
    found = by_sid(printed(capsys, "fix", GUIDE, "--with", "route53"))
    assert len(found["AttachGroup"]["Condition"]["ArnEquals"]["iam:PolicyARN"]) == 4


def test_reads_are_those_that_the_file_needs(capsys: pytest.CaptureFixture[str], file: str) -> None:
    (small,), (large,) = printed(capsys, "audit", GUIDE), printed(capsys, file)
    assert not {"iam:GetRole", "iam:GetPolicyVersion", "iam:ListAccessKeys"} <= set(small["Action"])
    assert {"iam:GetRole", "iam:ListAccessKeys", "iam:GetLoginProfile", "iam:ListPolicyVersions"} <= set(
        large["Action"]
    )
    assert "organizations:DescribeOrganization" in large["Action"]
    assert "organizations:DescribeOrganization" not in small["Action"]


def test_a_path_that_is_declared_is_in_the_arn(capsys: pytest.CaptureFixture[str], file: str) -> None:
    found = by_sid(printed(capsys, "create", file))
    assert found["CreateGroups"]["Resource"] == ["arn:aws:iam::123456789012:group/team/Ops"]
    assert found["CreateUsers"]["Action"] == ["iam:CreateUser", "iam:TagUser"]


def test_taking_away_is_limited_to_what_is_exclusive(capsys: pytest.CaptureFixture[str], file: str) -> None:
    found = by_sid(printed(capsys, "replace", file))
    assert set(found) == {"TakeFromGroup", "Leave", "PutRole", "ReplacePolicies"}
    assert found["TakeFromGroup"]["Resource"] == ["arn:aws:iam::123456789012:group/team/Ops"]
    assert found["ReplacePolicies"]["Resource"] == ["arn:aws:iam::123456789012:policy/own"]


def test_an_account_that_no_file_names_is_said_or_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert "210987654321" in json.dumps(printed(capsys, "fix", GUIDE, "--account", "210987654321"))
    main(["permissions", "fix", GUIDE])
    assert "replace 123456789012" in capsys.readouterr().err


def test_a_file_that_is_wrong_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["permissions", "fix", "no-such-file.yaml"]) == 2
    assert "cannot be read" in capsys.readouterr().err


# --- held against a run -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def standing() -> Iterator[Simulator]:
    with models_read_once(), serving(drifted()) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def world(standing: Simulator, tmp_path_factory: pytest.TempPathFactory) -> World:
    return explored(standing, tmp_path_factory.mktemp("world"))


@pytest.fixture
def least(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> list[dict[str, Any]]:
    """What audit, fix and create print for the sweep's file."""
    path = tmp_path / "desired.yaml"
    path.write_text(FILE)
    return [each for mode in ("audit", "fix", "create") for each in printed(capsys, mode, str(path))]


def status_with(simulator: Simulator, statements: list[dict[str, Any]], folder: Path) -> int:
    simulator.account = drifted()
    simulator.forget()
    simulator.account.permissions = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return run(simulator, folder).status


def test_what_is_printed_is_enough_for_a_whole_fix(
    least: list[dict[str, Any]], world: World, standing: Simulator, tmp_path: Path
) -> None:
    assert status_with(standing, least, tmp_path) == 0
    assert holdings(standing.account.state) == holdings(world.after)


def test_without_any_one_of_its_actions_the_fix_is_not_whole(
    least: list[dict[str, Any]], world: World, standing: Simulator, tmp_path: Path
) -> None:
    every = [(at, action) for at, each in enumerate(least) for action in each["Action"]]
    assert len(every) > 20
    for at, action in every:
        fewer = copy.deepcopy(least)
        fewer[at]["Action"].remove(action)
        fewer = [each for each in fewer if each["Action"]]
        assert status_with(standing, fewer, tmp_path) == 2, action
