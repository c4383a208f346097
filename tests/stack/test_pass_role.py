"""The role that a resource is passed, and to which service."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from koding_audit.reference.managed_policies import load_managed_policies
from koding_audit.stack.pass_role import load_passed_services
from tests.stack.made import allow, asked, judge
from tests.stack.resources import ROLE


@pytest.mark.parametrize(
    ("value", "role"),
    [
        ("arn:aws:iam::123456789012:role/x/web", f"{ROLE}x/web"),
        ("${aws_iam_role.web.arn}", f"{ROLE}app/web"),
        ("${aws_iam_role.plain.arn}", f"{ROLE}plain"),
        ("${aws_iam_role.prefixed.arn}", f"{ROLE}web-*"),
        ("${data.aws_iam_role.there.arn}", f"{ROLE}there"),
        ("${var.role}", f"{ROLE}*"),
        ("arn:aws:iam::${var.account}:role/web", "arn:aws:iam::*:role/web"),
        ("web", f"{ROLE}web"),
        (["arn:aws:iam::123456789012:role/only"], f"{ROLE}only"),
    ],
)
def test_the_role_that_is_passed_is_the_one_that_the_argument_leads_to(needs: Any, value: object, role: str) -> None:
    roles = {"web": {"name": "web", "path": "/app/"}, "plain": {"name": "plain"}, "prefixed": {"name_prefix": "web-"}}
    resources = {"aws_iam_role": roles, "aws_lambda_function": {"f": {"role": value}}}
    stack = needs(resources, data={"aws_iam_role": {"there": {"name": "there"}}})
    assert {each for each, _ in asked(stack)["iam:PassRole"]} == {role}


@pytest.mark.parametrize(
    ("value", "role"),
    [
        ("${aws_iam_instance_profile.p.name}", f"{ROLE}web"),
        ("web", f"{ROLE}*"),
        ("${aws_iam_role.r.name}", f"{ROLE}web"),
    ],
)
def test_of_an_instance_profile_the_role_is_passed_that_it_holds(needs: Any, value: str, role: str) -> None:
    resources = {
        "aws_iam_role": {"r": {"name": "web"}},
        "aws_iam_instance_profile": {"p": {"role": "${aws_iam_role.r.name}"}},
        "aws_instance": {"web": {"iam_instance_profile": value}},
    }
    assert {each for each, _ in asked(needs(resources))["iam:PassRole"]} == {role}


def test_to_whom_a_role_is_passed_is_known_where_the_type_tells(needs: Any) -> None:
    stack = needs({"aws_lambda_function": {"f": {"role": "arn:aws:iam::123456789012:role/web"}}})
    (role,) = [each for each in stack.needs if each.action == "iam:PassRole"]
    only = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    assert judge(allow("iam:PassRole", Condition=only)).decide(role).verdict == "allowed"
    other = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    assert judge(allow("iam:PassRole", Condition=other)).decide(role).verdict == "implicit-deny"
    assert judge(allow("iam:PassRole", Condition=only)).decide(replace(role, context=())).verdict == "unknown"


TABLE = Path(__file__).parents[2] / "koding_audit" / "stack" / "passed_services.jsonl"


def test_each_service_to_which_a_role_is_passed_has_a_source_and_a_date() -> None:
    rows = [json.loads(line) for line in TABLE.read_text(encoding="ascii").splitlines()]
    assert load_passed_services() == {row["type"]: row["service"] for row in rows}
    assert all(row.keys() == {"type", "service", "source", "date"} for row in rows)


def test_a_managed_policy_that_is_the_source_passes_roles_to_the_service() -> None:
    documents = {arn.rpartition("/")[2]: json.dumps(each.document) for arn, each in load_managed_policies().items()}
    for line in TABLE.read_text(encoding="ascii").splitlines():
        row = json.loads(line)
        if row["source"].startswith("moto@"):
            document = documents[row["source"].split()[1]]
            assert "iam:PassedToService" in document
            assert row["service"] in document
