"""Claims about the picture of an account: who is tied to what, and how that stands."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit.model.account import Account
from koding_audit.model.finding import Finding
from koding_audit.model.report import Outline, OutlinePrincipal
from koding_audit.report.graph import COLUMNS, MOST, STATE_LABELS, Graph, GraphNode, build_graph
from tests.report.formats.reports import ACCOUNT, EC2, GROUP, READ, REPORTS, USER, audit, outline, policy_missing

DOMAINS = "arn:aws:iam::aws:policy/AmazonRoute53DomainsFullAccess"


def of(*findings: Finding, **changes: Any) -> Graph:
    return build_graph(audit(**{"findings": findings, "outline": outline(("route53", False)), **changes}))


def nodes(found: Graph) -> dict[str, GraphNode]:
    return {node.title: node for column in found.columns for node in column}


def edges(found: Graph) -> dict[tuple[str, str], str]:
    titles = {node.key: node.title for node in nodes(found).values()}
    return {(titles[edge.source], titles[edge.target]): edge.state for edge in found.edges}


def finding(rule: str, subject: str, key: str = "", **more: Any) -> Finding:
    return Finding(rule=rule, severity="error", subject=subject, message="m", key=key, **more)


def test_a_clean_account_is_as_asked_for_but_for_what_is_optional() -> None:
    found = of()
    assert edges(found) == {
        ("user koding-user", "group Developers"): "asked",
        ("user new-user", "group Developers"): "asked",
        ("group Developers", "policy set stack-build"): "asked",
        ("group Developers", "policy set route53"): "optional",
        ("policy set stack-build", "policy AmazonEC2FullAccess"): "asked",
        ("policy set stack-build", "policy IAMReadOnlyAccess"): "asked",
        ("policy set route53", "policy AmazonRoute53FullAccess"): "optional",
        ("policy set route53", "policy AmazonRoute53DomainsFullAccess"): "optional",
    }
    assert {title for title, node in nodes(found).items() if node.state == "optional"} == {
        "policy set route53",
        "policy AmazonRoute53FullAccess",
        "policy AmazonRoute53DomainsFullAccess",
    }
    assert {node.state for node in nodes(found).values()} == {"asked", "optional"}
    assert nodes(found)["group Developers"].note == "2 members"
    assert found.has_outline
    assert found.omitted == (0, 0, 0, 0)


TOLD = [
    (policy_missing(READ), ("policy set stack-build", "policy IAMReadOnlyAccess"), "missing"),
    (policy_missing(READ), ("group Developers", "policy set stack-build"), "partial"),
    (finding("membership-missing", USER, "Developers"), ("user koding-user", "group Developers"), "missing"),
    (finding("membership-missing", GROUP, "new-user"), ("user new-user", "group Developers"), "missing"),
    (finding("membership-unexpected", USER, "Testers"), ("user koding-user", "group Testers"), "unexpected"),
    (finding("policy-unexpected", GROUP, READ), ("group Developers", "policy IAMReadOnlyAccess"), "unexpected"),
    (finding("inline-missing", GROUP, "x"), ("group Developers", "inline policy x"), "missing"),
    (finding("inline-changed", GROUP, "x"), ("group Developers", "inline policy x"), "changed"),
    (
        finding("action-not-effective", GROUP, "ec2:RunInstances", policy_set="stack-build"),
        ("group Developers", "policy set stack-build"),
        "ineffective",
    ),
    (
        finding("optional-set-incomplete", GROUP, "route53", policy_set="route53", evidence={"missing": [DOMAINS]}),
        ("policy set route53", "policy AmazonRoute53DomainsFullAccess"),
        "partial",
    ),
    (
        finding("optional-set-incomplete", GROUP, "route53", policy_set="route53", evidence={"missing": [DOMAINS]}),
        ("policy set route53", "policy AmazonRoute53FullAccess"),
        "asked",
    ),
    (policy_missing(READ, status="fixed"), ("policy set stack-build", "policy IAMReadOnlyAccess"), "fixed"),
    (policy_missing(READ, status="waived"), ("group Developers", "policy set stack-build"), "waived"),
]


@pytest.mark.parametrize(("told", "edge", "state"), TOLD)
def test_a_finding_marks_the_line_that_it_is_about(told: Finding, edge: tuple[str, str], state: str) -> None:
    assert edges(of(told))[edge] == state


@pytest.mark.parametrize(
    ("told", "title", "state", "note"),
    [
        (finding("user-missing", USER), "user koding-user", "missing", "missing, 1 finding"),
        (finding("boundary-changed", USER), "user koding-user", "noted", "1 finding"),
        (finding("not-checked", USER, "access-keys"), "user koding-user", "unread", "not read, 1 finding"),
        (finding("policy-not-found", READ), "policy IAMReadOnlyAccess", "missing", "missing, 1 finding"),
        (finding("user-unexpected", ACCOUNT.arn("user", "eve")), "user eve", "unexpected", "unexpected, 1 finding"),
        (finding("membership-unexpected", USER, "Testers"), "group Testers", "unexpected", "unexpected"),
        (policy_missing(READ), "policy IAMReadOnlyAccess", "missing", "missing"),
        (policy_missing(READ), "policy AmazonEC2FullAccess", "asked", ""),
        (policy_missing(READ), "group Developers", "noted", "1 finding, 2 members"),
        (policy_missing(READ, status="fixed"), "group Developers", "asked", "2 members"),
    ],
)
def test_a_finding_marks_the_node_that_it_is_about(told: Finding, title: str, state: str, note: str) -> None:
    node = nodes(of(told))[title]
    assert (node.state, node.note) == (state, note)


def test_of_two_findings_about_one_thing_the_worse_is_shown() -> None:
    worse = finding("action-not-effective", GROUP, "ec2:RunInstances", policy_set="stack-build")
    assert edges(of(policy_missing(EC2), worse))["group Developers", "policy set stack-build"] == "ineffective"


def test_what_one_lacks_and_another_has_is_not_shown_as_right() -> None:
    team = OutlinePrincipal("group", "Team", ACCOUNT.arn("group", "Team"), required=("stack-build",))
    known = outline()
    wanted = Outline(known.declared, (*known.principals, team), known.policy_sets)
    found = nodes(of(policy_missing(READ, subject=team.arn), outline=wanted))
    assert (found["policy set stack-build"].state, found["policy set stack-build"].note) == (
        "noted",
        "not for all as declared",
    )
    assert found["policy IAMReadOnlyAccess"].state == "missing"
    assert found["policy AmazonEC2FullAccess"].state == "asked"


def test_a_finding_about_the_account_has_no_place_in_it() -> None:
    assert of(finding("root-access-key", ACCOUNT.root_arn)) == of()


def test_without_an_outline_it_shows_what_findings_are_about() -> None:
    found = of(policy_missing(READ), outline=None)
    assert not found.has_outline
    assert set(nodes(found)) == {"group Developers", "policy set stack-build", "policy IAMReadOnlyAccess"}


def test_a_group_with_a_path_is_one_node() -> None:
    arn = ACCOUNT.arn("group", "Team", "/eng/")
    wanted = Outline(
        {"user": 1, "group": 1, "role": 0},
        (
            OutlinePrincipal("group", "Team", arn, members=1),
            OutlinePrincipal("user", "ada", ACCOUNT.arn("user", "ada"), ("Team",)),
        ),
        {},
    )
    found = of(finding("membership-missing", ACCOUNT.arn("user", "ada"), "Team"), outline=wanted)
    assert edges(found) == {("user ada", "group Team"): "missing"}


def test_of_thousands_it_shows_those_with_something_to_see_and_counts_the_rest() -> None:
    users = tuple(
        OutlinePrincipal("user", f"u{i:04}", ACCOUNT.arn("user", f"u{i:04}"), ("Developers",)) for i in range(199)
    )
    team = OutlinePrincipal("group", "Developers", GROUP, members=5000)
    wanted = Outline({"user": 5000, "group": 1, "role": 0}, (team, *users), {})
    late = finding("access-key-old", users[-1].arn)
    eve = finding("user-unexpected", ACCOUNT.arn("user", "eve"))
    found = of(late, eve, outline=wanted)
    assert [len(column) for column in found.columns] == [MOST, 1, 0, 0]
    assert {"user u0198", "user eve"} <= set(nodes(found))
    assert found.omitted == (5001 - MOST, 0, 0, 0)


def test_a_picture_is_the_same_in_whatever_order_the_findings_came() -> None:
    told = REPORTS["full"].audits[0].findings
    assert of(*told) == of(*reversed(told))


def test_an_account_of_another_partition_has_its_own_arns() -> None:
    other = Account("210987654321", "aws-cn")
    told = finding("membership-unexpected", other.arn("user", "ada"), "Testers")
    assert edges(of(told, account=other, outline=None)) == {("user ada", "group Testers"): "unexpected"}


def test_every_state_has_words() -> None:
    assert all(STATE_LABELS.values())
    assert len(COLUMNS) == 4
