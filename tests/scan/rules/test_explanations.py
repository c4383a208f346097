"""What each rule is explained by: an example that really finds that, commands that the AWS CLI really has."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from koding_audit import desired, plugins
from koding_audit.model.account import Caller, principal_key
from koding_audit.model.desired import Desired, Guards
from koding_audit.model.finding import Advice
from koding_audit.model.location import Reference
from koding_audit.model.query import Fact, Gap
from koding_audit.model.snapshot import Credentials, ManagedPolicy, Snapshot
from koding_audit.model.stack import Stack, StackNeed, StackUnknown, StackUse
from koding_audit.scan.audit import audit_snapshot
from koding_audit.scan.catalog import advice_for_rule, load_rules
from tests.values import (
    ACCOUNT,
    ROOT,
    access_key,
    ago,
    aws,
    line,
    live_group,
    live_policy,
    live_role,
    live_user,
    managed,
    own,
    root_use,
    snapshot,
    statement,
)

GUIDE = Path(__file__).parents[3] / "policies" / "koding.yaml"
RULES = plugins.plugin_names("scan.rules")
EXPLAINED = [*RULES, "not-checked"]
FULL, NARROW = aws("AmazonEC2FullAccess"), aws("IAMReadOnlyAccess")
DNS, DOMAINS = aws("AmazonRoute53FullAccess"), aws("AmazonRoute53DomainsFullAccess")
# One account for every example: each file that an example shows is audited against it.
LIVE = replace(
    snapshot(
        live_group("Developers", attached=[FULL, DNS, aws("AmazonS3ReadOnlyAccess")], inline=["note"]),
        live_group("Interns", attached=[FULL], inline=["no-machines"]),
        live_user("koding-user"),
        live_user("ada", groups=["Interns"]),
        live_user("web-ci"),
        live_user("eve"),
        live_role("deploy"),
        live_role("forgotten"),
        absent=[("group", "Operators"), ("user", "web-builder"), ("role", "nightly-build")],
        caller=Caller(ROOT, root=True),
        listed=frozenset({"user", "group", "role"}),
        own_policies=frozenset({own("team-s3"), own("ops/team-metrics")}),
        policies={aws("Billing"): None, own("team-logs"): None, own("Team-Metrics"): None, own("edge"): None}
        | {FULL: ManagedPolicy(FULL, True, "", "v6")}
        | managed(NARROW, DNS, DOMAINS)
        | live_policy("team-s3"),
        documents={
            "group/Developers/note": statement("s3:*"),
            "group/Interns/no-machines": statement("ec2:RunInstances", "Deny"),
            own("team-s3"): statement("s3:*"),
            FULL: statement("ec2:*"),
            f"{FULL}@v5": statement("ec2:Describe*"),
            DNS: statement("route53:*"),
            DOMAINS: statement("route53domains:*"),
        },
        summary={
            "AccountAccessKeysPresent": 1,
            "AccountMFAEnabled": 0,
            "AccountSigningCertificatesPresent": 1,
            "AttachedPoliciesPerGroupQuota": 3,
        },
        root_use=root_use(password=ago(days=1), keys=[ago(days=2), None]),
    ),
    credentials={
        "ada": Credentials(password=True, mfa=False),
        "koding-user": Credentials(keys=()),
        "web-ci": Credentials(
            keys=(access_key("WXYZ", age=400, used=100), access_key("ABCD", age=10)), services=("ssh",), certificates=1
        ),
        "eve": Credentials(keys=(access_key("EFGH", used=1),), password_used=()),
    },
)
STACK = Stack(
    "web.yml",
    (),
    2,
    needs=(StackNeed("ec2:RunInstances", "arn:*", "", (StackUse("aws_instance.web", line(3), "create"),)),),
    unknown=(StackUnknown("aws_new", "aws_new.it", "neither the table nor the hints know this type", line(9)),),
)


def advice(rule: str) -> Advice:
    return advice_for_rule(rule)


def wanted(rule: str, folder: Path) -> Desired:
    """The file that the example shows, or an empty one, and what stands beside a file or on the command line."""
    file = folder / "koding-audit.yaml"
    file.write_text(advice(rule).help.example or "version: 1\nusers: {koding-user: {}}\n", encoding="utf-8")
    loaded = desired.load_desired([str(file)]).bind(ACCOUNT)
    if rule.startswith("stack-"):
        return replace(loaded, stacks=(STACK,), builder=("user", "koding-user"))
    if rule == "protected-used":
        return replace(
            loaded, guards=Guards(protected={principal_key("user", "eve"): Reference("user/eve", line(2, 13))})
        )
    return loaded


def told(rule: str, state: Desired, live: Snapshot) -> list[str]:
    # A waiver can only be unused where its rule ran.
    return [finding.message for finding in audit_snapshot(state, live, load_rules()).findings if finding.rule == rule]


@pytest.mark.parametrize("rule", RULES)
def test_an_example_finds_what_it_says(rule: str, tmp_path: Path) -> None:
    assert advice(rule).help.finds in told(rule, wanted(rule, tmp_path), LIVE)


@pytest.mark.parametrize("rule", EXPLAINED)
def test_every_command_is_one_of_the_aws_cli_with_the_options_that_it_needs(rule: str) -> None:
    for command in advice(rule).help.commands:
        aws_, service, operation, *words = shlex.split(command)
        assert aws_ == "aws"
        check_call(service, operation, [word for word in words if word.startswith("--")])


def test_a_wrong_command_would_be_noticed() -> None:
    for operation, options in (
        ("attach-groups-policy", []),
        ("attach-group-policy", ["--group-name"]),
        ("attach-group-policy", ["--group-name", "--policy-arn", "--policy-name"]),
    ):
        with pytest.raises((AssertionError, KeyError)):
            check_call("iam", operation, options)


def check_call(service: str, operation: str, options: list[str]) -> None:
    """That AWS's own description of the service has the operation, each of the options, and all that are required."""
    shape = operations(service)[operation].input_shape
    members = {xform_name(name, "-"): name for name in shape.members} if shape else {}
    given = {option.removeprefix("--") for option in options} - {"region"}
    assert given <= set(members)
    assert {xform_name(name, "-") for name in (shape.required_members if shape else ())} <= given


@cache
def operations(service: str) -> Mapping[str, Any]:
    model = botocore.session.Session().get_service_model(service)
    return {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}


@pytest.mark.parametrize("rule", EXPLAINED)
def test_an_explanation_is_whole_and_fits_where_it_is_shown(rule: str) -> None:
    help_ = advice(rule).help
    for text in (help_.severity, help_.looks_at, help_.by_hand, help_.with_fix, help_.finds):
        assert text.isascii()
        assert text.isprintable()
    assert re.match("(error|warning|note)", help_.severity)
    assert len(help_.looks_at) <= 1024, "GitHub takes no longer fullDescription"
    assert help_.looks_at.endswith(".")
    assert help_.by_hand.endswith(".")
    assert help_.with_fix.endswith(".")
    # SARIF and Markdown give these a meaning of their own, in a block of code too.
    assert not re.search(r"[\[\]{}`\\]", "".join((*help_.commands, help_.example)))


def test_what_was_not_read_is_explained_by_a_gap_as_it_is_told() -> None:
    call = "iam:GenerateCredentialReport"
    unread = replace(LIVE, gaps=(Gap(Fact.CREDENTIAL_REPORT, call, "AccessDenied", "", call),))
    state = desired.load_desired([str(GUIDE)]).bind(ACCOUNT)
    found = [
        each.message for each in audit_snapshot(state, unread, load_rules()).findings if each.rule == "not-checked"
    ]
    assert found == [advice("not-checked").help.finds]
