"""Attached is not yet effective: what really decides for live users and groups, out of a snapshot."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from koding_audit.model import Fact, Finding, Gap, Query, RequiredAction, Snapshot, document_key, key_of
from koding_audit.scan import audit, query, rules
from tests.values import ACCOUNT, aws, desired, group, line, live_group, live_user, own, policy_set, snapshot, user

EC2, EDGE = aws("AmazonEC2FullAccess"), own("edge")
ALLOW_EC2 = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
RUN = RequiredAction("ec2:RunInstances", line(9, 7))
BUILD = replace(policy_set("stack-build", EC2), actions=(RUN,))
GUIDE = desired(BUILD, group(required=["stack-build"]), user(groups=["Developers"]))


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def account(*, inline: dict[str, Any] | None = None, boundary: dict[str, Any] | None = None, **more: Any) -> Snapshot:
    """koding-user in Developers, which has AmazonEC2FullAccess; a statement of the user's own, and of a boundary."""
    person = live_user(
        groups=["Developers"], inline=["guard"] if inline else [], boundary=EDGE if boundary else "", attached=[]
    )
    documents = {EC2: document(ALLOW_EC2)}
    documents |= {document_key(person, "guard"): document(inline)} if inline else {}
    documents |= {EDGE: document(boundary)} if boundary else {}
    return snapshot(live_group(attached=[EC2]), person, **{"documents": documents, **more})


def found(live: Snapshot, wanted: Any = GUIDE) -> list[Finding]:
    return list(audit(wanted, live, rules(only=["action-not-effective"])).findings)


def messages(live: Snapshot, wanted: Any = GUIDE) -> list[str]:
    return [finding.message for finding in found(live, wanted)]


def test_an_action_that_the_attached_policies_allow_is_no_finding() -> None:
    assert found(account()) == []


def test_an_explicit_deny_names_its_statement_and_policy() -> None:
    deny = {"Sid": "NotYou", "Effect": "Deny", "Action": "ec2:Run*", "Resource": "*"}
    assert messages(account(inline=deny)) == [
        "user koding-user may not ec2:RunInstances, which set stack-build is for: "
        "statement 1 (NotYou) of inline policy guard, user koding-user: denies"
    ]


def test_a_deny_without_mfa_hits_an_access_key() -> None:
    condition = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    deny = {"Sid": "NeedsMfa", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    (finding,) = found(account(inline=deny))
    assert finding.evidence["verdict"] == "explicit-deny"
    assert "NeedsMfa" in finding.message


def test_a_boundary_that_does_not_allow_it_is_named() -> None:
    boundary = {"Effect": "Allow", "Action": ["s3:*", "iam:*"], "Resource": "*"}
    (finding,) = found(account(boundary=boundary))
    assert finding.evidence["verdict"] == "implicit-deny"
    assert "permissions boundary" in finding.message


def test_a_region_that_decides_and_is_not_known_is_a_finding_that_names_the_key() -> None:
    condition = {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
    deny = {"Sid": "Regions", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    (finding,) = found(account(inline=deny))
    assert finding.evidence["verdict"] == "unknown"
    assert finding.evidence["open_keys"] == ["aws:requestedregion"]
    here = replace(BUILD, actions=(replace(RUN, context=(("aws:RequestedRegion", ("eu-west-1",)),)),))
    wanted = desired(here, group(required=["stack-build"]), user(groups=["Developers"]))
    assert found(account(inline=deny), wanted) == []


def test_what_a_group_may_not_do_is_told_once_and_not_for_each_member() -> None:
    wanted = desired(replace(BUILD, actions=(replace(RUN, action="iam:PassRole"),)), *rest(GUIDE))
    (finding,) = found(account(), wanted)
    assert finding.subject == "arn:aws:iam::123456789012:group/Developers"


def rest(wanted: Any) -> list[Any]:
    return [*wanted.groups.values(), *wanted.users.values()]


def test_a_set_that_is_not_attached_is_left_to_policy_missing() -> None:
    live = snapshot(live_group(), live_user(groups=["Developers"]))
    assert found(live) == []


def test_a_set_of_actions_alone_is_decided_by_whatever_else_is_there() -> None:
    acts = replace(policy_set("acts"), actions=(RUN,))
    wanted = desired(acts, user(required=["acts"]))
    assert found(account(), wanted) == []
    (finding,) = found(snapshot(live_user()), wanted)
    assert "no statement allows ec2:RunInstances on *" in finding.message


@pytest.mark.parametrize("left_out", [EC2, EDGE])
def test_a_policy_that_was_not_read_is_a_gap_and_no_verdict(left_out: str) -> None:
    live = account(boundary=ALLOW_EC2)
    documents = {name: text for name, text in live.documents.items() if name != left_out}
    gap = Gap(Fact.DOCUMENT, "iam:GetPolicyVersion", "AccessDenied", left_out, "iam:GetPolicyVersion")
    result = audit(GUIDE, replace(live, documents=documents, gaps=(gap,)), rules(only=["action-not-effective"]))
    assert [finding.rule for finding in result.findings] == ["not-checked"]


def test_an_explicit_deny_stands_whatever_else_was_not_read() -> None:
    live = account(inline={"Effect": "Deny", "Action": "*", "Resource": "*"})
    documents = {name: text for name, text in live.documents.items() if name != EC2}
    acts = desired(replace(policy_set("acts"), actions=(RUN,)), user(required=["acts"]))
    (finding,) = found(replace(live, documents=documents), acts)
    assert finding.evidence["verdict"] == "explicit-deny"


def test_layers_that_could_not_be_seen_are_listed_and_with_strict_make_it_unknown() -> None:
    result = audit(GUIDE, account(), rules(only=["action-not-effective"]))
    assert (result.findings, result.not_seen) == ((), ("resource", "scp"))
    (finding, *_) = found(account(), replace(GUIDE, strict=True))
    assert finding.evidence["verdict"] == "unknown"
    assert "scp" in finding.message


def test_a_file_without_actions_lists_nothing_as_not_seen() -> None:
    plain = desired(policy_set("stack-build", EC2), *rest(GUIDE))
    assert audit(plain, account(), rules()).not_seen == ()


def test_the_documents_of_all_who_decide_are_asked_for_and_no_others() -> None:
    asked: Query = query(GUIDE, ACCOUNT, rules())
    assert asked.effective == {key_of("group", "Developers"), key_of("user", "koding-user")}
    plain = desired(policy_set("stack-build", EC2), *rest(GUIDE))
    assert query(plain, ACCOUNT, rules()).effective == frozenset()
    assert query(GUIDE, ACCOUNT, rules(skip=["action-not-effective"])).effective == frozenset()
