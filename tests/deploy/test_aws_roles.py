"""The member accounts' roles: their policies are what the tool prints, and each can be assumed by whom it names only.

`make deploy-check` runs cfn-lint over the template.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import yaml

from koding_audit import desired
from koding_audit.cli.handlers.permissions import policy_for_mode
from koding_audit.model.account import Account
from tests.endtoend.harness import ACCOUNT, CHECKOUT, GUIDE

TEMPLATE = yaml.safe_load((CHECKOUT / "deploy" / "aws" / "roles.yaml").read_text(encoding="utf-8"))
AUDITOR = "arn:aws:iam::999999999999:role/auditor"
FIXER = "arn:aws:iam::999999999999:role/fixer"
PRINCIPAL = {"AuditPrincipalArn": AUDITOR, "ExternalId": "an-id"}
GITHUB = "token.actions.githubusercontent.com"
OIDC = {"OidcProvider": GITHUB, "OidcAuditSubjects": "repo:acme/iam:ref:refs/heads/main,repo:acme/iam:pull_request"}
FIX = {"CreateFixRole": "yes"}
NOTHING = object()


class Stack:
    """The template with parameters put in, as CloudFormation does it."""

    def __init__(self, **given: str) -> None:
        said = {name: each["Default"] for name, each in TEMPLATE["Parameters"].items()} | given
        for name, value in said.items():
            pattern = TEMPLATE["Parameters"][name].get("AllowedPattern", ".*")
            if not re.fullmatch(pattern, value):
                raise ValueError(name)
        self.known: dict[str, Any] = {
            "AWS::Partition": "aws",
            "AWS::AccountId": ACCOUNT,
            "AWS::NoValue": NOTHING,
            **{name: name for name in TEMPLATE["Resources"]},
            **said,
        }
        self.conditions = {name: self.value(each) for name, each in TEMPLATE["Conditions"].items()}
        self.refused = list(self._refused())

    def _refused(self) -> Iterator[str]:
        for rule in TEMPLATE["Rules"].values():
            if self.value(rule.get("RuleCondition", True)):
                for each in rule["Assertions"]:
                    if not self.value(each["Assert"]):
                        yield each["AssertDescription"]

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        made = {
            name: each
            for name, each in TEMPLATE["Resources"].items()
            if self.conditions.get(each.get("Condition"), True)
        }
        return {name: self.value(each["Properties"]) for name, each in made.items()}

    def trust(self, role: str) -> Any:
        """The one statement of who may assume a role."""
        document = self.resources[role]["AssumeRolePolicyDocument"]
        read = json.loads(document) if isinstance(document, str) else document
        (statement,) = read["Statement"]
        return statement

    def value(self, node: Any) -> Any:
        if isinstance(node, list):
            return [each for each in map(self.value, node) if each is not NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1 and (function := FUNCTIONS.get(next(iter(node)))):
            return function(self, next(iter(node.values())))
        return {name: self.value(each) for name, each in node.items()}


def _sub(stack: Stack, node: Any) -> str:
    text, more = (node, {}) if isinstance(node, str) else (node[0], stack.value(node[1]))
    return re.sub(r"\$\{([^}]+)\}", lambda found: {**stack.known, **more}[found[1]], text)


FUNCTIONS: Mapping[str, Callable[[Stack, Any], Any]] = {
    "Ref": lambda stack, node: stack.known[node],
    "Fn::Sub": _sub,
    "Fn::If": lambda stack, node: stack.value(node[1] if stack.conditions[node[0]] else node[2]),
    "Fn::Join": lambda stack, node: node[0].join(stack.value(node[1])),
    "Fn::Split": lambda stack, node: stack.value(node[1]).split(node[0]),
    "Fn::Equals": lambda stack, node: len(set(map(str, stack.value(node)))) == 1,
    "Fn::Not": lambda stack, node: not stack.value(node[0]),
    "Fn::And": lambda stack, node: all(stack.value(node)),
    "Fn::Or": lambda stack, node: any(stack.value(node)),
}


def printed(mode: str) -> dict[str, Any]:
    account = Account(ACCOUNT, "aws")
    return policy_for_mode(mode, desired.load_desired([GUIDE]).bind(account), account)


# --- what the roles may do ----------------------------------------------------------------------


def test_the_policies_are_exactly_what_the_tool_prints_for_the_guide() -> None:
    resources = Stack(**PRINCIPAL, **FIX, FixPrincipalArn=FIXER).resources
    assert resources["AuditPolicy"]["PolicyDocument"] == printed("audit")
    assert resources["FixPolicy"]["PolicyDocument"] == printed("fix")


def test_the_role_that_reads_has_nothing_but_reads() -> None:
    resources = Stack(**PRINCIPAL, **FIX, FixPrincipalArn=FIXER).resources
    of_the_reader = [each for each in resources.values() if "AuditRole" in each.get("Roles", [])]
    actions = {
        action for each in of_the_reader for one in each["PolicyDocument"]["Statement"] for action in one["Action"]
    }
    assert all(re.fullmatch(r"iam:(Get|List|Generate)\w+", action) for action in actions)
    assert not any({"Policies", "ManagedPolicyArns"} & each.keys() for each in resources.values())


def test_there_is_no_role_that_writes_unless_it_is_asked_for() -> None:
    resources = Stack(**PRINCIPAL).resources
    assert set(resources) == {"AuditRole", "AuditPolicy"}
    assert resources["AuditPolicy"]["Roles"] == ["AuditRole"]
    with_it = Stack(**PRINCIPAL, **FIX, FixPrincipalArn=FIXER).resources
    assert with_it["AuditPolicy"]["Roles"] == ["AuditRole", "FixRole"]
    assert with_it["FixPolicy"]["Roles"] == ["FixRole"]


def test_a_session_lasts_as_short_as_iam_lets_a_role_say() -> None:
    resources = Stack(**PRINCIPAL, **FIX, FixPrincipalArn=FIXER).resources
    assert {resources[role]["MaxSessionDuration"] for role in ("AuditRole", "FixRole")} == {3600}


# --- who may assume them ------------------------------------------------------------------------


def test_a_principal_of_another_account_has_to_say_the_external_id() -> None:
    stack = Stack(**PRINCIPAL, **FIX, FixPrincipalArn=FIXER)
    assert not stack.refused
    for role, who in (("AuditRole", AUDITOR), ("FixRole", FIXER)):
        assert stack.trust(role) == {
            "Effect": "Allow",
            "Principal": {"AWS": who},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": "an-id"}},
        }


def test_a_workload_has_to_be_one_of_the_subjects_for_the_audience() -> None:
    stack = Stack(**OIDC, **FIX, OidcFixSubjects="repo:acme/iam:environment:iam")
    assert not stack.refused
    assert stack.trust("AuditRole") == {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{GITHUB}:aud": "sts.amazonaws.com",
                f"{GITHUB}:sub": ["repo:acme/iam:ref:refs/heads/main", "repo:acme/iam:pull_request"],
            }
        },
    }
    assert stack.trust("FixRole")["Condition"]["StringEquals"][f"{GITHUB}:sub"] == ["repo:acme/iam:environment:iam"]


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({}, "Give AuditPrincipalArn and ExternalId"),
        ({"AuditPrincipalArn": AUDITOR}, "Give AuditPrincipalArn and ExternalId"),
        ({"OidcProvider": GITHUB}, "Give AuditPrincipalArn and ExternalId"),
        ({**PRINCIPAL, **OIDC}, "not both"),
        ({**OIDC, **FIX, "FixPrincipalArn": FIXER}, "not both"),
        ({**PRINCIPAL, **FIX}, "Give FixPrincipalArn, or OidcFixSubjects"),
        ({**PRINCIPAL, **FIX, "OidcFixSubjects": "repo:acme/iam:environment:iam"}, "Give FixPrincipalArn"),
        ({**PRINCIPAL, **FIX, "FixPrincipalArn": AUDITOR}, "another principal"),
        ({**OIDC, **FIX}, "Give FixPrincipalArn, or OidcFixSubjects"),
        ({**OIDC, **FIX, "OidcFixSubjects": OIDC["OidcAuditSubjects"]}, "another workload"),
    ],
)
def test_parameters_that_would_let_in_somebody_else_are_refused(given: dict[str, str], refused: str) -> None:
    assert any(refused in each for each in Stack(**given).refused)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AuditPrincipalArn", "*"),
        ("AuditPrincipalArn", "arn:aws:iam::999999999999:root"),
        ("AuditPrincipalArn", "arn:aws:iam::999999999999:user/somebody-with-keys"),
        ("FixPrincipalArn", "arn:aws:iam::999999999999:role/*"),
        ("ExternalId", '"'),
        ("OidcProvider", "https://gitlab.com"),
        ("OidcAuditSubjects", "repo:acme/*"),
        ("OidcFixSubjects", 'x", "repo:acme/iam:pull_request'),
        ("OidcAudience", '"'),
    ],
)
def test_a_wildcard_a_whole_account_or_a_quote_is_no_parameter(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        Stack(**{name: value})
