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
GITLAB = "gitlab.com"
OIDC = {"OidcProvider": GITLAB, "OidcAuditSubjects": "project_path:a/iam:ref_type:branch:ref:main,project_path:a/iam:x"}
OIDC_FIX = "project_path:a/iam:ref_type:tag:ref:v1"
OF_GITHUB = {
    "OidcProvider": GITHUB,
    "GitHubOwner": "acme",
    "GitHubOwnerId": "123456",
    "GitHubRepository": "iam",
    "GitHubRepositoryId": "456789",
    "GitHubAuditBranch": "main",
}
OF_A_SERVER = {
    **OF_GITHUB,
    "OidcProvider": "git.acme.example/_services/token",
    "GitHubOwnerId": "",
    "GitHubRepositoryId": "",
}
FIX = {"CreateFixRole": "yes"}
NOTHING = object()


class Stack:
    """The template with parameters put in, as CloudFormation does it."""

    def __init__(self, **given: str) -> None:
        said = {name: each["Default"] for name, each in TEMPLATE["Parameters"].items()} | given
        for name, value in said.items():
            pattern = TEMPLATE["Parameters"][name].get("AllowedPattern", ".*")
            allowed = TEMPLATE["Parameters"][name].get("AllowedValues", [value])
            if not re.fullmatch(pattern, value) or value not in allowed:
                raise ValueError(name)
        self.known: dict[str, Any] = {
            "AWS::Partition": "aws",
            "AWS::AccountId": ACCOUNT,
            "AWS::NoValue": NOTHING,
            **{name: name for name in TEMPLATE["Resources"]},
            **said,
        }
        self.conditions: dict[str, Any] = {}
        for name, each in TEMPLATE["Conditions"].items():  # one that names another comes after it
            self.conditions[name] = self.value(each)
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
    "Condition": lambda stack, node: stack.conditions[node],
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
    stack = Stack(**OIDC, **FIX, OidcFixSubjects=OIDC_FIX)
    assert not stack.refused
    assert stack.trust("AuditRole") == {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITLAB}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{GITLAB}:aud": "sts.amazonaws.com",
                f"{GITLAB}:sub": OIDC["OidcAuditSubjects"].split(","),
            }
        },
    }
    assert stack.trust("FixRole")["Condition"]["StringEquals"][f"{GITLAB}:sub"] == [OIDC_FIX]


def test_a_repository_of_github_is_named_with_its_ids_in_the_subjects() -> None:
    stack = Stack(**OF_GITHUB, **FIX, GitHubAuditEnvironment="iam-audit", GitHubFixEnvironment="iam-fix")
    assert not stack.refused
    assert stack.trust("AuditRole")["Condition"] == {
        "StringEquals": {
            f"{GITHUB}:aud": "sts.amazonaws.com",
            f"{GITHUB}:sub": [
                "repo:acme@123456/iam@456789:ref:refs/heads/main",
                "repo:acme@123456/iam@456789:environment:iam-audit",
            ],
        }
    }
    fix = stack.trust("FixRole")["Condition"]["StringEquals"]
    assert fix[f"{GITHUB}:sub"] == ["repo:acme@123456/iam@456789:environment:iam-fix"]
    only_the_environment = Stack(**{**OF_GITHUB, "GitHubAuditBranch": ""}, GitHubAuditEnvironment="iam-audit")
    assert not only_the_environment.refused
    subjects = only_the_environment.trust("AuditRole")["Condition"]["StringEquals"][f"{GITHUB}:sub"]
    assert subjects == ["repo:acme@123456/iam@456789:environment:iam-audit"]


def test_subjects_of_names_alone_are_trusted_only_with_the_ids_beside_them() -> None:
    stack = Stack(**OF_GITHUB, **FIX, GitHubSubject="names", GitHubFixEnvironment="iam-fix")
    assert not stack.refused
    ids = {f"{GITHUB}:repository_id": "456789", f"{GITHUB}:repository_owner_id": "123456"}
    for role, rest in (("AuditRole", "ref:refs/heads/main"), ("FixRole", "environment:iam-fix")):
        assert stack.trust(role)["Condition"] == {
            "StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com", f"{GITHUB}:sub": [f"repo:acme/iam:{rest}"], **ids}
        }


def test_a_server_of_ones_own_has_names_alone() -> None:
    stack = Stack(**OF_A_SERVER, GitHubSubject="names-on-enterprise-server")
    assert not stack.refused
    server = OF_A_SERVER["OidcProvider"]
    assert stack.trust("AuditRole")["Condition"]["StringEquals"] == {
        f"{server}:aud": "sts.amazonaws.com",
        f"{server}:sub": ["repo:acme/iam:ref:refs/heads/main"],
    }


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({}, "Give AuditPrincipalArn and ExternalId"),
        ({"AuditPrincipalArn": AUDITOR}, "Give AuditPrincipalArn and ExternalId"),
        ({"OidcProvider": GITHUB}, "Give AuditPrincipalArn and ExternalId"),
        ({**PRINCIPAL, **OIDC}, "not both"),
        ({**OIDC, **FIX, "FixPrincipalArn": FIXER}, "not both"),
        ({**PRINCIPAL, **FIX}, "Give FixPrincipalArn, or OidcFixSubjects"),
        ({**PRINCIPAL, **FIX, "OidcFixSubjects": OIDC_FIX}, "Give FixPrincipalArn"),
        ({**PRINCIPAL, **FIX, "FixPrincipalArn": AUDITOR}, "another principal"),
        ({**OIDC, **FIX}, "Give FixPrincipalArn, or OidcFixSubjects"),
        ({**OIDC, **FIX, "OidcFixSubjects": OIDC["OidcAuditSubjects"]}, "another workload"),
        ({**OIDC, "OidcProvider": GITHUB}, "For GitHub give"),
        ({**OIDC, **OF_GITHUB}, "For GitHub give"),
        ({**OF_GITHUB, "OidcFixSubjects": OIDC_FIX}, "For GitHub give"),
        ({**OF_GITHUB, "GitHubRepository": ""}, "For GitHub give"),
        ({**OF_GITHUB, "GitHubOwner": ""}, "For GitHub give"),
        ({**OF_GITHUB, "GitHubAuditBranch": ""}, "Give AuditPrincipalArn and ExternalId"),
        ({**PRINCIPAL, "GitHubAuditBranch": "main"}, "For GitHub give"),
        ({**PRINCIPAL, "GitHubFixEnvironment": "iam"}, "For GitHub give"),
        ({**OF_GITHUB, "GitHubOwnerId": ""}, "another person can take over a name"),
        ({**OF_GITHUB, "GitHubRepositoryId": ""}, "another person can take over a name"),
        ({**OF_GITHUB, "GitHubRepositoryId": "", "GitHubSubject": "names"}, "another person can take over a name"),
        ({**OF_GITHUB, "GitHubSubject": "names-on-enterprise-server"}, "another person can take over a name"),
        (OF_A_SERVER, "another person can take over a name"),
        ({**OF_GITHUB, **FIX}, "or, for GitHub, GitHubFixEnvironment"),
        (
            {**OF_GITHUB, **FIX, "GitHubAuditEnvironment": "iam", "GitHubFixEnvironment": "iam"},
            "another environment",
        ),
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
        ("OidcProvider", "TOKEN.actions.githubusercontent.com"),
        ("OidcAuditSubjects", "project_path:a/*:ref_type:branch:ref:main"),
        ("OidcFixSubjects", 'x", "y'),
        ("OidcAudience", '"'),
        ("GitHubOwner", "acme*"),
        ("GitHubOwner", "acme@123456"),
        ("GitHubOwnerId", "*"),
        ("GitHubOwnerId", "1*"),
        ("GitHubRepository", "*"),
        ("GitHubRepository", "acme/iam"),
        ("GitHubRepositoryId", "45678*"),
        ("GitHubRepositoryId", "0"),
        ("GitHubAuditBranch", "release/*"),
        ("GitHubAuditEnvironment", "*"),
        ("GitHubFixEnvironment", 'iam"'),
        ("GitHubSubject", "both"),
    ],
)
def test_a_wildcard_a_whole_account_or_a_quote_is_no_parameter(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        Stack(**{name: value})


@pytest.mark.parametrize("name", ["OidcAuditSubjects", "OidcFixSubjects"])
@pytest.mark.parametrize(
    "subject",
    [
        "repo:acme/iam:pull_request",
        "repo:acme@123456/iam@456789:pull_request",
        "repo:acme/iam:*",
        "repo:acme@*/iam@*:ref:refs/heads/main",
        "repo:acme/iam:ref:refs/heads/main",
        "repo:acme/iam:ref:refs/pull/7/merge",
        "event_name:pull_request",
        "event_name:pull_request_target",
        "repository_id:456789:ref:refs/pull/7/merge",
        "ref:refs/pull/*",
        "ref:refs/*",
    ],
)
def test_a_subject_of_pull_requests_or_of_names_of_github_is_no_parameter(name: str, subject: str) -> None:
    for text in (subject, f"a:b,{subject}", f"{subject},a:b"):
        with pytest.raises(ValueError, match=name):
            Stack(**{name: text})


@pytest.mark.parametrize("branch", ["refs/pull/7/merge", "refs/heads/main", "refs/*", "*"])
def test_a_branch_is_a_name_that_no_pull_request_runs_under(branch: str) -> None:
    with pytest.raises(ValueError, match="GitHubAuditBranch"):
        Stack(**{**OF_GITHUB, "GitHubAuditBranch": branch})
    assert not any("pull_request" in json.dumps(each) for each in Stack(**OF_GITHUB).resources.values())
