"""`can --who-can`: everybody who can do it, with the statement that allows it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from koding_audit.reference.actions import load_actions
from tests.cli.questions import DETAILS, ask


def test_who_can_lists_everybody_who_can_with_the_statement(capsys: pytest.CaptureFixture[str], saved: str) -> None:
    status, out, _ = ask(capsys, "--who", "iam:GetUser", "--source", saved)
    assert status == 0
    assert out.splitlines() == [
        "iam:GetUser on *",
        "  allowed    group Ops: statement 1 of P, group Ops: allows",
        "  allowed    role deploy: statement 1 of inline policy own, role deploy: allows",
        "  allowed    user ada: statement 1 of P, group Ops: allows",
        "  not read   scp",
        "1 group, 1 role, 1 user can, 0 cannot",
    ]


def test_who_is_not_known_is_named_with_what_it_depends_on(capsys: pytest.CaptureFixture[str], saved: str) -> None:
    status, out, _ = ask(capsys, "--who", "ec2:RunInstances", "--source", saved)
    assert status == 2
    assert "  not known  user ada: depends on aws:requestedregion" in out
    assert out.splitlines()[-1] == "1 group can, 1 cannot; 1 not known"


def test_the_policy_of_a_vpc_endpoint_limits_everybody_and_the_statement_that_grants_is_named(
    capsys: pytest.CaptureFixture[str], saved: str, tmp_path: Path
) -> None:
    path, said = tmp_path / "vpce.json", ("--who", "iam:GetUser", "--source", saved, "--vpce")
    allow = {"Effect": "Allow", "Principal": "*", "Action": "iam:*", "Resource": "*"}
    path.write_text(json.dumps({"Statement": [allow]}))
    status, out, _ = ask(capsys, *said, str(path))
    assert (status, "  allowed    user ada: statement 1 of P, group Ops: allows\n" in out) == (0, True)
    path.write_text(json.dumps({"Statement": [{**allow, "Action": "sqs:*"}]}))
    status, out, _ = ask(capsys, *said, str(path))
    assert (status, out.splitlines()[-1]) == (1, "no principal can, 3 cannot")


def test_nobody_can_is_1(capsys: pytest.CaptureFixture[str], saved: str) -> None:
    status, out, _ = ask(capsys, "--who", "route53:CreateHostedZone", "--source", saved)
    assert (status, out.splitlines()[-1]) == (1, "no principal can, 3 cannot")


def test_who_can_do_it_to_one_resource(capsys: pytest.CaptureFixture[str], saved: str) -> None:
    said = ("--context", "aws:MultiFactorAuthPresent=true", "--output", "json", "--source", saved)
    status, out, _ = ask(capsys, "--who", "s3:GetObject", "arn:aws:s3:::logs/x", *said)
    value = json.loads(out)
    assert status == 0
    assert [each["principal"] for each in value["allowed"]] == ["arn:aws:iam::123456789012:role/web/deploy"]
    assert (value["resource"], value["others"], value["unknown"]) == ("arn:aws:s3:::logs/x", 2, [])


def test_who_can_of_the_embedded_account(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = ask(capsys, "--who", "ec2:RunInstances", "--source", "demo")
    assert status == 0
    assert out.splitlines()[-1] == "1 group can, 1 cannot"


@pytest.fixture
def listing(tmp_path: Path) -> str:
    """The saved account, in which group Ops may also use the list actions of IAM."""
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:List*", "Resource": "*"}]}
    group = {**DETAILS["GroupDetailList"][0], "GroupPolicyList": [{"PolicyName": "list", "PolicyDocument": allow}]}
    path = tmp_path / "listing.json"
    path.write_text(json.dumps({**DETAILS, "GroupDetailList": [group]}))
    return f"snapshot:{path}"


def test_case_11_who_can_is_unknown_for_all_and_lists_who_can_on_any_resource(
    capsys: pytest.CaptureFixture[str], listing: str
) -> None:
    asked = ("--who", "iam:ListUsers", "arn:aws:iam::123456789012:user/ada", "--source", listing)
    status, out, _ = ask(capsys, *asked)
    assert status == 2
    assert out.splitlines() == [
        "iam:ListUsers on arn:aws:iam::123456789012:user/ada",
        "  because    iam:ListUsers has no resource type: it is not used on arn:aws:iam::123456789012:user/ada",
        "  on *       allowed: group Ops: statement 1 of inline policy list, group Ops: allows",
        "  on *       allowed: user ada: statement 1 of inline policy list, group Ops: allows",
        "  to change  leave out RESOURCE: the action is used on `*` only",
        "not known for 3 principals",
    ]
    status, out, _ = ask(capsys, *asked, "--output", "json")
    value = json.loads(out)
    assert (status, value["allowed"], len(value["unknown"]), value["others"]) == (2, [], 3, 0)
    policies = value["problem"]["policies"]
    assert policies["resource"] == "*"
    assert [each["principal"].rpartition(":")[2] for each in policies["allowed"]] == ["group/Ops", "user/ada"]


def test_who_can_do_something_on_a_resource_of_another_type_is_unknown_for_all(
    capsys: pytest.CaptureFixture[str], saved: str
) -> None:
    role = "arn:aws:iam::123456789012:role/deploy"
    status, out, _ = ask(capsys, "--who", "iam:GetUser", role, "--source", saved)
    assert (status, f"  because    iam:GetUser is not used on {role}: its resource type is user" in out) == (2, True)
    status, out, _ = ask(capsys, "--who", "iam:GetUser", role, "--source", saved, "--output", "json")
    assert (json.loads(out)["problem"]["policies"], json.loads(out)["allowed"]) == (None, [])


def test_a_year_later_who_can_take_an_unknown_action_is_unknown_with_the_date_of_the_data(
    capsys: pytest.CaptureFixture[str], listing: str
) -> None:
    status, out, _ = ask(capsys, "--who", "iam:ListHolograms", "--source", listing)
    assert (status, f"among AWS's actions of {load_actions().names_date}" in out) == (2, True)
    assert "  policies   allowed: group Ops" in out
