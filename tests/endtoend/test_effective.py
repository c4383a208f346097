"""Attached is not yet allowed, by the installed command: nothing is missing, and yet the stack cannot be built."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.endtoend.harness import CHECKOUT, GUIDE, Command
from tests.servers.moto_account import MotoAccount

ACTIONS = """\
version: 1
policy_sets:
  run-instances:
    actions:
      - {action: ec2:RunInstances, context: {aws:RequestedRegion: us-east-1}}
users:
  koding-user: {required: [run-instances]}
"""
ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def files(tmp_path: Path, clean: MotoAccount) -> list[str]:
    """The guide, which the account fulfils, with what its user is for."""
    path = tmp_path / "actions.yaml"
    path.write_text(ACTIONS, encoding="utf-8")
    return [GUIDE, str(path)]


def test_an_account_in_which_everything_is_attached_and_effective_is_clean(command: Command, files: list[str]) -> None:
    result = command.json("scan", *files)
    assert (result.status, result.findings) == (0, {})


def test_an_scp_on_regions_makes_an_action_ineffective_and_is_named(
    command: Command, files: list[str], tmp_path: Path
) -> None:
    elsewhere = {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
    deny = {"Sid": "OneRegion", "Effect": "Deny", "NotAction": ["iam:*"], "Resource": "*", "Condition": elsewhere}
    root, unit = tmp_path / "root.json", tmp_path / "unit.json"
    root.write_text(document(ALLOW), encoding="utf-8")
    unit.write_text(f"[{document(ALLOW)}, {document(deny)}]", encoding="utf-8")
    given = ["--scp", "root.json"]
    before = command.json("scan", *files, *given)
    assert (before.status, before.findings) == (0, {})
    assert "scp" not in before.audit["not_seen"]
    result = command.json("scan", *files, *given, "--scp", "unit.json")
    (finding,) = result.findings.values()
    assert (result.status, finding["rule"]) == (1, "action-not-effective")
    assert finding["message"].endswith("statement 1 (OneRegion) of unit.json[1], SCP level 2: denies")
    planned = command("plan", *files, *given, "--scp", "unit.json", "--out", "none.plan")
    assert (planned.status, "nothing to do" in planned.stderr) == (0, True)


@pytest.mark.parametrize(
    ("statements", "because"),
    [
        (
            [ALLOW, {"Sid": "NoServers", "Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "*"}],
            "statement 2 (NoServers) of customer:edge, permissions boundary: denies",
        ),
        (
            [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
            "permissions boundary (customer:edge): no statement allows ec2:RunInstances on *",
        ),
    ],
)
def test_a_boundary_makes_an_action_ineffective_and_is_named(
    command: Command, files: list[str], clean: MotoAccount, statements: list[dict[str, Any]], because: str
) -> None:
    arn = clean.iam.create_policy(PolicyName="edge", PolicyDocument=document(*statements))["Policy"]["Arn"]
    clean.overlay(boundaries={"koding-user": arn})
    result = command.json("scan", *files)
    (finding,) = result.findings.values()
    assert (result.status, finding["rule"]) == (1, "action-not-effective")
    assert finding["message"].endswith(because)


def test_each_page_of_the_tour_says_what_denies(tmp_path: Path) -> None:
    result = Command(tmp_path, "")("demo", cwd=CHECKOUT)
    assert result.status == 0
    pages = [" ".join(page.split()) for page in result.stdout.split("\n== ")]
    in_the_way = [[*re.findall(r"may not ([\w:]+), which set [^:]*: (.*?) why", page)] for page in pages]
    region = "statement 1 (OneRegion) of policies/one-region-scp.json[1], SCP level 1: denies"
    boundary = "statement 2 (NoNewServers) of customer:no-new-servers, permissions boundary: denies"
    mfa = "statement 1 (DenyWithoutMFA) of inline policy mfa, user koding-user: denies"
    run, terminate = "ec2:RunInstances", "ec2:TerminateInstances"
    assert in_the_way[-4:] == [
        [],
        [(run, region), (terminate, region)],
        [(run, boundary)],
        [(run, mfa), (terminate, mfa)],
    ]
    assert all("action-not-effective" in page for page in pages[-3:])
    assert "Summary 1 note Result clean" in pages[-4]


def test_organizations_is_asked_where_a_decision_needs_it_and_never_by_an_audit_of_attachments(
    command: Command, files: list[str], clean: MotoAccount
) -> None:
    def asked() -> list[str]:
        found = [str(call) for call in clean.calls() if call.service == "organizations"]
        clean.forget()
        return found

    assert command("scan", GUIDE).status == 0
    assert asked() == []
    alone = command.json("scan", *files)
    assert (alone.status, alone.audit["not_seen"]) == (0, [])
    assert asked() == ["organizations:DescribeOrganization"]
    assert command("can", "user/koding-user", "ec2:RunInstances", "--strict").status == 0
    assert asked() == ["organizations:DescribeOrganization"]
    clean.fail("DescribeOrganization")
    denied = command.json("scan", *files)
    assert (denied.status, denied.audit["gaps"], denied.audit["not_seen"]) == (0, [], ["scp"])
    strict = command.json("scan", *files, "--strict")
    assert (strict.status, {each["rule"] for each in strict.findings.values()}) == (1, {"action-not-effective"})


def test_the_management_account_is_bound_by_no_scp_that_a_file_gives_and_is_told_so(
    command: Command, files: list[str], clean: MotoAccount, tmp_path: Path
) -> None:
    clean.client("organizations").create_organization(FeatureSet="ALL")
    (tmp_path / "scp.json").write_text(document({**ALLOW, "Effect": "Deny"}), encoding="utf-8")
    result = command("scan", *files, "--scp", "scp.json")
    assert result.status == 0
    assert "this is the organization's management account" in result.stderr


def test_what_a_snapshot_holds_of_the_organization_decides_without_aws(
    command: Command, files: list[str], clean: MotoAccount
) -> None:
    assert command("snapshot", "--out", "account.json").status == 0
    result = command.json("scan", *files, "--source", "snapshot:account.json")
    assert (result.status, result.audit["not_seen"]) == (0, [])


def test_a_file_of_scps_that_is_none_is_refused_before_anything_is_read(
    command: Command, files: list[str], tmp_path: Path, clean: MotoAccount
) -> None:
    (tmp_path / "scp.json").write_text('[\n {"Version": "2012-10-17",\n  "Statement": [{"Effect": "Deny"}]}]')
    result = command("scan", *files, "--scp", "scp.json")
    assert result.status == 2
    assert result.stderr.startswith("scp.json:3:17: error: Statement[0]: has neither Action nor NotAction; ")
    assert clean.calls() == []


def test_a_deny_without_mfa_makes_an_access_key_ineffective_and_is_named(
    command: Command, files: list[str], clean: MotoAccount
) -> None:
    without = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    deny = {"Sid": "NoMfa", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": without}
    clean.iam.put_user_policy(UserName="koding-user", PolicyName="guard", PolicyDocument=document(deny))
    result = command.json("scan", *files)
    found = [each for each in result.findings.values() if each["rule"] == "action-not-effective"]
    assert result.status == 1
    assert [each["message"].partition(": ")[2] for each in found] == [
        "statement 1 (NoMfa) of inline policy guard, user koding-user: denies"
    ]
