"""optional-set-incomplete: optional sets of which only a part is attached."""

from __future__ import annotations

import pytest

from koding_audit.model.finding import Finding
from koding_audit.scan.rules import optional_set_incomplete
from tests.values import (
    aws,
    compare,
    desired,
    group,
    ignore,
    live_group,
    live_user,
    own,
    policy_set,
    snapshot,
    statement,
    user,
)

DNS, DOMAINS, EC2 = aws("AmazonRoute53FullAccess"), aws("AmazonRoute53DomainsFullAccess"), aws("AmazonEC2FullAccess")
ROUTE53 = policy_set("route53", DNS, DOMAINS)
WANTED = desired(ROUTE53, group(optional=["route53"]))


def test_half_of_an_optional_set_is_a_warning_that_names_the_other_half() -> None:
    [found] = optional_set_incomplete.check(compare(WANTED, snapshot(live_group(attached=[DNS]))))
    assert found.id == "optional-set-incomplete/arn:aws:iam::123456789012:group/Developers/route53"
    assert (found.severity, found.fix, found.policy_set) == ("warning", None, "route53")
    assert found.message == (
        "group Developers has only a part of optional set route53:"
        " AmazonRoute53DomainsFullAccess is missing (--with route53 completes it)"
    )
    assert found.evidence == {"attached": [DNS], "missing": [DOMAINS], "granted": False}
    assert found.location == WANTED.groups["Developers"].optional[0].location


@pytest.mark.parametrize("attached", [[], [DNS, DOMAINS], [EC2]], ids=["none", "all", "another"])
def test_a_set_that_is_attached_whole_or_not_at_all_is_fine(attached: list[str]) -> None:
    assert not list(optional_set_incomplete.check(compare(WANTED, snapshot(live_group(attached=attached)))))


def test_a_user_may_have_half_of_a_set_too() -> None:
    wanted = desired(ROUTE53, user(optional=["route53"]))
    [found] = optional_set_incomplete.check(compare(wanted, snapshot(live_user(attached=[DOMAINS]))))
    assert found.subject == "arn:aws:iam::123456789012:user/koding-user"


def test_a_policy_that_a_required_set_asks_for_does_not_make_an_optional_set_half_attached() -> None:
    sets = policy_set("build", EC2), policy_set("big", EC2, DNS, DOMAINS)
    wanted = desired(*sets, group(required=["build"], optional=["big"]))
    assert not list(optional_set_incomplete.check(compare(wanted, snapshot(live_group(attached=[EC2])))))
    [found] = optional_set_incomplete.check(compare(wanted, snapshot(live_group(attached=[EC2, DNS]))))
    assert found.evidence == {"attached": [DNS], "missing": [DOMAINS], "granted": False}


def test_a_required_policy_that_is_not_attached_is_not_this_rules_matter() -> None:
    sets = policy_set("build", EC2), policy_set("big", EC2, DNS)
    wanted = desired(*sets, group(required=["build"], optional=["big"]))
    assert not list(optional_set_incomplete.check(compare(wanted, snapshot(live_group(attached=[DNS])))))


def test_a_customer_policy_of_the_same_name_is_no_half_of_the_set() -> None:
    live = snapshot(live_group(attached=[own("AmazonRoute53FullAccess")]))
    assert not list(optional_set_incomplete.check(compare(WANTED, live)))


def test_nothing_is_promised_of_a_set_that_cannot_be_completed() -> None:
    live = snapshot(live_group(attached=[DNS]), policies={DOMAINS: None})
    [found] = optional_set_incomplete.check(compare(WANTED, live))
    assert "--with" not in found.message


def test_nothing_is_said_of_what_was_not_read_is_missing_or_is_ignored() -> None:
    assert not list(optional_set_incomplete.check(compare(WANTED, snapshot(live_group(attached=None)))))
    assert not list(optional_set_incomplete.check(compare(WANTED, snapshot(absent=[("group", "Developers")]))))
    ignoring = desired(ROUTE53, group(optional=["route53"]), ignore=(ignore("group", "Dev*"),))
    assert not list(optional_set_incomplete.check(compare(ignoring, snapshot(live_group(attached=[DNS])))))


# --- what is attached grants it all already ---------------------------------------------------------


def half(attached_text: str | None, missing_text: str | None, **more: str) -> Finding:
    texts = {DNS: attached_text, DOMAINS: missing_text, **more}
    live = snapshot(
        live_group(attached=[DNS, *more]), documents={arn: text for arn, text in texts.items() if text is not None}
    )
    [found] = optional_set_incomplete.check(compare(WANTED, live))
    return found


def test_half_of_a_set_that_grants_all_of_it_is_a_note_that_says_so() -> None:
    found = half(statement(["route53:*", "route53domains:*"]), statement("route53domains:*"))
    assert (found.severity, found.evidence["granted"]) == ("note", True)
    assert "AmazonRoute53DomainsFullAccess is missing; the attached policies already grant all of it" in found.message


def test_half_that_grants_less_or_denies_some_of_it_is_a_warning() -> None:
    assert half(statement("route53:*"), statement("route53domains:*")).severity == "warning"
    denies = half(
        statement(["route53:*", "route53domains:*"]), statement("route53domains:*"), **{EC2: statement("*", "Deny")}
    )
    assert denies.severity == "warning"


@pytest.mark.parametrize(("attached", "missing"), [(None, statement()), (statement(), None), (None, None)])
def test_what_was_not_read_is_not_taken_for_granted(attached: str | None, missing: str | None) -> None:
    assert half(attached, missing).severity == "warning"


def test_a_document_that_is_none_is_not_taken_for_granted() -> None:
    assert half("{}", statement()).severity == "warning"
