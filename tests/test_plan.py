"""What a plan holds, in which order, and what is left out; and the plan that takes a journal back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koding_audit.comparison import Comparison
from koding_audit.model import INVERSE, Action, Desired, Entry, Finding, Journal, Request, Snapshot, Verb, key_of
from koding_audit.plan import fingerprint, holds, plan, touched, undo, undo_query
from koding_audit.scan import audit, rules
from tests.values import (
    ACCOUNT,
    NOW,
    aws,
    desired,
    group,
    ignore,
    live_group,
    live_user,
    managed,
    policy_set,
    snapshot,
    user,
)

EC2, READ_ONLY, S3 = aws("AmazonEC2FullAccess"), aws("IAMReadOnlyAccess"), aws("AmazonS3ReadOnlyAccess")
GUIDE = desired(
    policy_set("stack-build", EC2, READ_ONLY),
    group(required=["stack-build"]),
    user(groups=["Developers"]),
)
KNOWN = managed(EC2, READ_ONLY)


def planned(wanted: Desired, live: Snapshot, **request: Any) -> list[tuple[str, ...]]:
    findings = audit(wanted, live, rules()).findings
    made = plan(findings, wanted, live, Request(**request), NOW)
    return [(step.action.verb.value, *map(str, step.action.parameters.values())) for step in made.steps]


def empty(**more: Any) -> Snapshot:
    return snapshot(absent=[("group", "Developers"), ("user", "koding-user")], policies=KNOWN, **more)


def test_creations_come_first_then_attachments_then_memberships() -> None:
    assert planned(GUIDE, empty(), create=True) == [
        ("CreateGroup", "Developers"),
        ("CreateUser", "koding-user"),
        ("AttachGroupPolicy", "Developers", EC2),
        ("AttachGroupPolicy", "Developers", READ_ONLY),
        ("AddUserToGroup", "Developers", "koding-user"),
    ]


def test_without_create_nothing_is_planned_for_who_is_not_there() -> None:
    assert planned(GUIDE, empty()) == []


def test_a_membership_needs_both_its_ends() -> None:
    live = snapshot(live_group(attached=[EC2, READ_ONLY]), absent=[("user", "koding-user")], policies=KNOWN)
    assert planned(GUIDE, live) == []


def test_only_what_is_missing_is_planned() -> None:
    live = snapshot(live_group(attached=[EC2]), live_user(groups=["Developers"]), policies=KNOWN)
    assert planned(GUIDE, live) == [("AttachGroupPolicy", "Developers", READ_ONLY)]


def test_a_clean_account_has_an_empty_plan() -> None:
    live = snapshot(live_group(attached=[EC2, READ_ONLY]), live_user(groups=["Developers"]), policies=KNOWN)
    assert planned(GUIDE, live, create=True, replace=True) == []


def test_taking_away_needs_replace_and_an_exclusive_principal() -> None:
    exclusive = desired(*GUIDE.policy_sets.values(), group(required=["stack-build"], exclusive=True))
    live = snapshot(live_group(attached=[EC2, READ_ONLY, S3], inline=["old"], members=["stranger"]), policies=KNOWN)
    taken = [
        ("RemoveUserFromGroup", "Developers", "stranger"),
        ("DetachGroupPolicy", "Developers", S3),
        ("DeleteGroupPolicy", "Developers", "old"),
    ]
    assert sorted(planned(exclusive, live, replace=True)) == sorted(taken)
    assert planned(exclusive, live) == []
    assert planned(desired(*GUIDE.policy_sets.values(), group(required=["stack-build"])), live, replace=True) == []


def test_what_another_tool_manages_is_never_planned() -> None:
    wanted = desired(*GUIDE.policy_sets.values(), group(required=["stack-build"], managed_by="terraform"))
    assert planned(wanted, snapshot(live_group(), policies=KNOWN)) == []


def test_a_membership_in_a_group_that_another_tool_manages_is_never_planned() -> None:
    wanted = desired(group(managed_by="terraform"), user(groups=["Developers"]))
    assert planned(wanted, snapshot(live_group(), live_user())) == []


def test_an_ignored_group_is_never_planned() -> None:
    wanted = desired(*GUIDE.policy_sets.values(), group(required=["stack-build"]), ignore=(ignore("group", "Dev*"),))
    assert planned(wanted, snapshot(live_group(), policies=KNOWN)) == []


def test_who_would_go_over_a_quota_gets_nothing_at_all() -> None:
    live = snapshot(live_group(attached=[S3]), policies=KNOWN, summary={"AttachedPoliciesPerGroupQuota": 2})
    wanted = desired(*GUIDE.policy_sets.values(), group(required=["stack-build"]))
    assert planned(wanted, live) == []


def test_a_full_account_gets_no_new_user_and_the_rest_goes_on() -> None:
    live = snapshot(
        live_group(attached=[EC2]),
        absent=[("user", "koding-user")],
        policies=KNOWN,
        summary={"Users": 5000, "UsersQuota": 5000},
    )
    assert planned(GUIDE, live, create=True) == [("AttachGroupPolicy", "Developers", READ_ONLY)]


def test_a_step_pins_the_ids_of_those_who_are_there() -> None:
    live = snapshot(live_group(attached=[EC2]), live_user(), policies=KNOWN)
    made = plan(audit(GUIDE, live, rules()).findings, GUIDE, live, Request(), NOW)
    add = next(step for step in made.steps if step.action.verb is Verb.ADD_USER_TO_GROUP)
    assert add.unique_ids == {
        key_of("group", "Developers"): "AGPADEVELOPERS",
        key_of("user", "koding-user"): "AIDAKODING-USER",
    }


def test_the_same_input_gives_the_same_plan() -> None:
    findings = audit(GUIDE, empty(), rules()).findings
    one = plan(findings, GUIDE, empty(), Request(create=True), NOW)
    other = plan(tuple(reversed(findings)), GUIDE, empty(), Request(create=True), NOW)
    assert one == other


@pytest.mark.parametrize(
    "moved",
    [
        live_group(attached=[S3]),
        live_group(inline=["new"]),
        live_group(path="/team/"),
    ],
)
def test_the_fingerprint_sees_whatever_moves_in_what_is_touched(moved: Any) -> None:
    key = key_of("group", "Developers")
    assert fingerprint([key], {key: moved}) != fingerprint([key], {key: live_group()})
    assert fingerprint([key], {}) != fingerprint([key], {key: live_group()})


# --- undo -------------------------------------------------------------------------------------------

ATTACH = Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Developers", "PolicyArn": EC2})
CREATE = Action(Verb.CREATE_GROUP, {"GroupName": "Developers"})
IDS = {key_of("group", "Developers"): "AGPADEVELOPERS"}


def taken_back(live: Snapshot, *entries: Entry) -> list[str]:
    return [step.action.verb.value for step in undo(Journal("j", ACCOUNT, entries), live, NOW).steps]


def test_undo_takes_back_in_the_opposite_order() -> None:
    entries = (Entry(CREATE, "done", "", IDS), Entry(ATTACH, "done", "", IDS))
    assert taken_back(snapshot(live_group(attached=[EC2])), *entries) == ["DetachGroupPolicy", "DeleteGroup"]


def test_undo_leaves_what_is_no_longer_as_it_was_left() -> None:
    assert taken_back(snapshot(live_group()), Entry(ATTACH, "done", "", IDS)) == []


def test_undo_leaves_a_group_that_was_made_again() -> None:
    entry = Entry(ATTACH, "done", "", {key_of("group", "Developers"): "AGPAOTHER"})
    assert taken_back(snapshot(live_group(attached=[EC2])), entry) == []


@pytest.mark.parametrize("outcome", ["skipped", "failed"])
def test_undo_leaves_what_this_tool_did_not_do(outcome: Any) -> None:
    assert taken_back(snapshot(live_group(attached=[EC2])), Entry(ATTACH, outcome, "already there", IDS)) == []


@pytest.mark.parametrize("outcome", ["started", "pending", "unknown"])
def test_undo_takes_back_a_write_whose_end_was_not_seen_if_its_result_is_there(outcome: Any) -> None:
    assert taken_back(snapshot(live_group(attached=[EC2])), Entry(ATTACH, outcome, "", IDS)) == ["DetachGroupPolicy"]


def test_undo_puts_a_deleted_inline_policy_back() -> None:
    delete = Action(Verb.DELETE_GROUP_POLICY, {"GroupName": "Developers", "PolicyName": "old"})
    made = undo(
        Journal("j", ACCOUNT, (Entry(delete, "done", "", IDS, '{"Statement": []}'),)), snapshot(live_group()), NOW
    )
    given = {"GroupName": "Developers", "PolicyName": "old", "PolicyDocument": '{"Statement": []}'}
    assert [(step.action.verb, step.action.parameters) for step in made.steps] == [(Verb.PUT_GROUP_POLICY, given)]


def test_undo_asks_for_everybody_it_might_touch() -> None:
    add = Action(Verb.ADD_USER_TO_GROUP, {"GroupName": "Developers", "UserName": "koding-user"})
    asked = undo_query(Journal("j", ACCOUNT, (Entry(add, "done"), Entry(CREATE, "done"))))
    assert (set(asked.users), set(asked.groups)) == ({"koding-user"}, {"Developers"})


NAMES = st.sampled_from(["Developers", "koding-user"])
ACTIONS = st.one_of(
    st.builds(
        lambda verb, arn: Action(verb, {"GroupName": "Developers", "PolicyArn": arn}),
        st.sampled_from([Verb.ATTACH_GROUP_POLICY, Verb.DETACH_GROUP_POLICY]),
        st.sampled_from([EC2, READ_ONLY]),
    ),
    st.builds(
        lambda verb: Action(verb, {"GroupName": "Developers", "UserName": "koding-user"}),
        st.sampled_from([Verb.ADD_USER_TO_GROUP, Verb.REMOVE_USER_FROM_GROUP]),
    ),
    st.builds(
        lambda verb: Action(verb, {"GroupName": "Developers"}), st.sampled_from([Verb.CREATE_GROUP, Verb.DELETE_GROUP])
    ),
    st.builds(
        lambda verb: Action(verb, {"UserName": "koding-user", "PolicyName": "p", "PolicyDocument": "{}"}),
        st.sampled_from([Verb.PUT_USER_POLICY, Verb.DELETE_USER_POLICY]),
    ),
)


@given(ACTIONS, st.sets(st.sampled_from([EC2, READ_ONLY])), st.booleans(), st.booleans())
def test_an_action_and_its_inverse_never_hold_together(
    action: Action, attached: set[str], member: bool, there: bool
) -> None:
    inline = ["p"] if member else []
    live = [live_user(groups=["Developers"] if member else [], inline=inline)]
    live += [live_group(attached=attached)] if there else []
    principals = snapshot(*live).principals
    pairs = {**INVERSE, **{inverse: verb for verb, inverse in INVERSE.items()}}
    opposite = Action(pairs[action.verb], action.parameters)
    assert holds(action, principals) is not holds(opposite, principals)


def test_every_verb_but_put_has_an_inverse_and_touches_somebody() -> None:
    assert set(Verb) - set(INVERSE) == {
        Verb.PUT_GROUP_POLICY,
        Verb.PUT_USER_POLICY,
        Verb.DELETE_USER,
        Verb.DELETE_GROUP,
    }
    assert touched(ATTACH) == (key_of("group", "Developers"),)


def test_every_fix_of_a_finding_makes_it_go_away() -> None:
    findings: tuple[Finding, ...] = audit(GUIDE, empty(), rules()).findings
    assert findings
    whole = snapshot(live_group(attached=[EC2, READ_ONLY]), live_user(groups=["Developers"]))
    assert [each.id for each in findings if each.fix and not holds(each.fix, whole.principals)] == []
    assert list(Comparison(GUIDE, whole).desired.groups) == ["Developers"]
