"""Who is asked about an action that a set is for: the user, the group, or each of its members."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.scan.effective import ALLOW_EC2, BUILD, EC2, GUIDE, RUN, account, document, found, rest
from tests.values import desired, live_group, live_user, policy_set, snapshot, user


def test_what_a_group_may_not_do_is_told_once_and_not_for_each_member() -> None:
    wanted = desired(replace(BUILD, actions=(replace(RUN, action="iam:PassRole"),)), *rest(GUIDE))
    (finding,) = found(account(), wanted)
    assert finding.subject == "arn:aws:iam::123456789012:group/Developers"


def test_a_set_that_is_not_attached_is_left_to_policy_missing() -> None:
    live = snapshot(live_group(), live_user(groups=["Developers"]))
    assert found(live) == []


def test_a_set_of_actions_alone_is_decided_by_whatever_else_is_there() -> None:
    acts = replace(policy_set("acts"), actions=(RUN,))
    wanted = desired(acts, user(required=["acts"]))
    assert found(account(), wanted) == []
    (finding,) = found(snapshot(live_user()), wanted)
    assert "no statement allows ec2:RunInstances on *" in finding.message


@pytest.mark.parametrize(("tags", "subjects"), [({"team": "web"}, []), ({}, ["user/koding-user"])])
def test_what_hangs_on_who_the_member_is_is_decided_for_each_member(tags: dict[str, str], subjects: list[str]) -> None:
    statement = {**ALLOW_EC2, "Condition": {"StringEquals": {"aws:PrincipalTag/team": "web"}}}
    documents = {EC2: document(statement)}
    live = snapshot(live_group(attached=[EC2]), live_user(groups=["Developers"], tags=tags), documents=documents)
    assert [each.subject.rpartition(":")[2] for each in found(live)] == subjects
    # With nobody to ask, the group is what is not known.
    (finding,) = found(snapshot(live_group(attached=[EC2]), documents=documents))
    assert (finding.subject.rpartition(":")[2], finding.evidence["verdict"]) == ("group/Developers", "unknown")
