"""What a plan holds, in which order, and what is left out; and the plan that takes a journal back."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koding_audit.desired.policy_documents import document_length
from koding_audit.model.account import principal_key
from koding_audit.model.desired import Desired, DesiredGroup, Guards
from koding_audit.model.finding import Action, Finding, touched_entities
from koding_audit.model.location import Reference
from koding_audit.model.plan import Entry, Journal, Plan, ScanRequest
from koding_audit.model.snapshot import LiveState, Snapshot
from koding_audit.model.verb import VERBS, Verb
from koding_audit.remediation.plan import (
    is_done,
    make_plan,
    make_undo_plan,
    policy_key,
    state_fingerprint,
    state_of_snapshot,
    undo_query,
)
from koding_audit.scan.audit import audit_snapshot, findings_for_other_tools
from koding_audit.scan.catalog import load_rules
from koding_audit.scan.comparison import Comparison
from tests.values import (
    ACCOUNT,
    NOW,
    aws,
    boundary,
    desired,
    group,
    ignore,
    line,
    live_group,
    live_policy,
    live_role,
    live_user,
    managed,
    own,
    own_policy,
    policy_set,
    role,
    snapshot,
    statement,
    user,
    written,
)

EC2, READ_ONLY, S3 = aws("AmazonEC2FullAccess"), aws("IAMReadOnlyAccess"), aws("AmazonS3ReadOnlyAccess")
GUIDE = desired(
    policy_set("stack-build", EC2, READ_ONLY),
    group(required=["stack-build"]),
    user(groups=["Developers"]),
)
KNOWN = managed(EC2, READ_ONLY)


def make(wanted: Desired, live: Snapshot, **request: Any) -> Plan:
    return make_plan(audit_snapshot(wanted, live, load_rules()).findings, wanted, live, ScanRequest(**request), NOW)


def planned(wanted: Desired, live: Snapshot, **request: Any) -> list[tuple[str, ...]]:
    made = make(wanted, live, **request)
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


@pytest.mark.parametrize("declared", [(), (group("Old"),)], ids=["undeclared", "declared"])
def test_an_exclusive_user_leaves_a_group_whether_any_file_declares_it_or_not(declared: tuple[DesiredGroup]) -> None:
    wanted = desired(user("ada", exclusive=True), *declared)
    live = snapshot(live_user("ada", groups=["Old"]), *(live_group(each.name) for each in declared))
    assert planned(wanted, live, replace=True) == [("RemoveUserFromGroup", "Old", "ada")]
    assert planned(wanted, live) == []


def test_a_plan_to_leave_an_undeclared_group_tells_when_the_user_has_moved() -> None:
    wanted = desired(user("ada", exclusive=True))
    states = []
    for groups in (["Old"], ["Old"], ["Old", "New"]):
        live = snapshot(live_user("ada", groups=groups))
        (step, *_) = make(wanted, live, replace=True).steps
        assert step.unique_ids == {principal_key("user", "ada"): "AIDAADA"}
        states.append(make(wanted, live, replace=True).basis.state)
    assert states[0] == states[1] != states[2]


def test_what_another_tool_manages_is_never_planned() -> None:
    wanted = desired(*GUIDE.policy_sets.values(), group(required=["stack-build"], managed_by="terraform"))
    assert planned(wanted, snapshot(live_group(), policies=KNOWN)) == []


def test_a_membership_in_a_group_that_another_tool_manages_is_never_planned() -> None:
    wanted = desired(group(managed_by="terraform"), user(groups=["Developers"]))
    assert planned(wanted, snapshot(live_group(), live_user())) == []


def test_a_plan_for_other_hands_keeps_what_another_tool_manages_and_never_the_protected() -> None:
    wanted = desired(
        *GUIDE.policy_sets.values(),
        group(required=["stack-build"], managed_by="terraform"),
        user(groups=["Developers"], managed_by="terraform"),
    )
    live = snapshot(live_group(), live_user(), policies=KNOWN)
    findings = audit_snapshot(wanted, live, load_rules()).findings
    shown = make_plan(findings, wanted, live, ScanRequest(), NOW, managed=True)
    assert [step.action.verb for step in shown.steps] == [Verb.ATTACH_GROUP_POLICY] * 2 + [Verb.ADD_USER_TO_GROUP]
    guards = Guards(protected={principal_key("group", "Developers"): Reference("Developers", line(1))})
    assert make_plan(findings, replace(wanted, guards=guards), live, ScanRequest(), NOW, managed=True).steps == ()


def test_an_ignored_group_is_never_planned() -> None:
    wanted = desired(*GUIDE.policy_sets.values(), group(required=["stack-build"]), ignore=(ignore("group", "Dev*"),))
    assert planned(wanted, snapshot(live_group(), policies=KNOWN)) == []


def verbs(wanted: Desired, live: Snapshot, **summary: int) -> list[str]:
    """The verbs of a plan that may replace, over an account with these quotas."""
    made = make(wanted, replace(live, summary=summary), create=True, replace=True)
    return [step.action.verb.value for step in made.steps]


def test_of_a_principal_over_a_quota_only_what_adds_to_that_quota_is_not_planned() -> None:
    full = group(required=["stack-build"], exclusive=True, inline={"own": written(statement("s3:GetObject"))})
    wanted = desired(*GUIDE.policy_sets.values(), full, user(groups=["Developers"]))
    live = snapshot(
        live_group(attached=[S3], inline=["old"], members=[]),
        live_user(),
        policies=KNOWN,
        documents={"group/Developers/old": statement("s3:PutObject")},
    )
    everything = ["AttachGroupPolicy", "AttachGroupPolicy", "AddUserToGroup", "PutGroupPolicy"]
    removals = ["DetachGroupPolicy", "DeleteGroupPolicy"]
    assert verbs(wanted, live, AttachedPoliciesPerGroupQuota=3, GroupPolicySizeQuota=5120) == everything + removals
    assert verbs(wanted, live, AttachedPoliciesPerGroupQuota=1, GroupPolicySizeQuota=5120) == everything[2:] + removals
    assert verbs(wanted, live, AttachedPoliciesPerGroupQuota=3, GroupPolicySizeQuota=10) == everything[:3] + removals


def test_what_the_removals_of_the_plan_make_room_for_is_planned_behind_them() -> None:
    full = group(required=["stack-build"], exclusive=True, inline={"own": written(statement("s3:GetObject"))})
    wanted = desired(*GUIDE.policy_sets.values(), full)
    old = statement("s3:PutObject")
    live = snapshot(live_group(attached=[S3], inline=["old"]), policies=KNOWN, documents={"group/Developers/old": old})
    puts = ["PutGroupPolicy", "DetachGroupPolicy", "DeleteGroupPolicy"]
    attaches = ["AttachGroupPolicy"] * 2
    assert verbs(wanted, live, AttachedPoliciesPerGroupQuota=2) == ["DetachGroupPolicy", *attaches, puts[0], puts[2]]
    size = document_length(statement("s3:GetObject"))
    assert verbs(wanted, live, GroupPolicySizeQuota=size) == [*attaches, "DeleteGroupPolicy", *puts[:2]]
    # Without the removals nothing makes room, and a document that was not read makes none.
    kept = make(wanted, replace(live, summary={"GroupPolicySizeQuota": size}))
    assert [step.action.verb.value for step in kept.steps] == attaches


def test_a_user_in_as_many_groups_as_it_may_be_gets_policies_and_joins_none() -> None:
    wanted = desired(*GUIDE.policy_sets.values(), user(groups=["Developers"], required=["stack-build"]), group())
    live = snapshot(live_group(), live_user(groups=["Old"]), policies=KNOWN)
    assert verbs(wanted, live, GroupsPerUserQuota=1) == ["AttachUserPolicy", "AttachUserPolicy"]
    assert verbs(wanted, live, GroupsPerUserQuota=2) == ["AttachUserPolicy", "AttachUserPolicy", "AddUserToGroup"]


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
    made = make_plan(audit_snapshot(GUIDE, live, load_rules()).findings, GUIDE, live, ScanRequest(), NOW)
    add = next(step for step in made.steps if step.action.verb is Verb.ADD_USER_TO_GROUP)
    assert add.unique_ids == {
        principal_key("group", "Developers"): "AGPADEVELOPERS",
        principal_key("user", "koding-user"): "AIDAKODING-USER",
    }


def test_the_same_input_gives_the_same_plan() -> None:
    findings = audit_snapshot(GUIDE, empty(), load_rules()).findings
    one = make_plan(findings, GUIDE, empty(), ScanRequest(create=True), NOW)
    other = make_plan(tuple(reversed(findings)), GUIDE, empty(), ScanRequest(create=True), NOW)
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
    key = principal_key("group", "Developers")
    assert state_fingerprint([key], LiveState({key: moved})) != state_fingerprint([key], LiveState({key: live_group()}))
    assert state_fingerprint([key], LiveState({})) != state_fingerprint([key], LiveState({key: live_group()}))


def test_the_fingerprint_sees_another_text_of_an_inline_policy_and_another_version_of_a_policy() -> None:
    live = snapshot(live_group(inline=["x"]), documents={"group/Developers/x": statement()}, policies=live_policy("p"))
    key, policy = principal_key("group", "Developers"), policy_key(own("p"))
    before = state_of_snapshot(live)
    other_text = state_of_snapshot(replace(live, documents={"group/Developers/x": statement("s3:*")}))
    assert state_fingerprint([key], before) != state_fingerprint([key], other_text)
    assert state_fingerprint([policy], before) == state_fingerprint([policy], other_text)
    moved = state_of_snapshot(replace(live, policies=live_policy("p", "v2", ["v1", "v2"])))
    assert state_fingerprint([policy], before) != state_fingerprint([policy], moved)


# --- documents ------------------------------------------------------------------------------------

WRITES = desired(policy_set("own", own_policy("team/new", statement())), group(required=["own"]))
MADE = ("CreatePolicy", "new", statement(), "/team/")


def test_a_policy_is_created_before_it_is_attached() -> None:
    live = snapshot(live_group(), policies={own("team/new"): None})
    assert planned(WRITES, live) == [MADE, ("AttachGroupPolicy", "Developers", own("team/new"))]


def test_a_policy_that_is_not_created_is_not_attached_either() -> None:
    live = snapshot(live_group(), policies={own("team/new"): None}, summary={"Policies": 9, "PoliciesQuota": 9})
    assert planned(WRITES, live) == []


def test_a_policy_that_is_there_is_attached_only() -> None:
    live = snapshot(live_group(), policies=live_policy("team/new"), documents={own("team/new"): statement()})
    assert planned(WRITES, live) == [("AttachGroupPolicy", "Developers", own("team/new"))]


def test_a_changed_policy_needs_replace_and_gets_a_new_default_version() -> None:
    live = snapshot(
        live_group(attached=[own("team/new")]),
        policies=live_policy("team/new", "v2", ["v1", "v2"]),
        documents={own("team/new"): statement("s3:*")},
    )
    assert planned(WRITES, live) == []
    assert planned(WRITES, live, replace=True) == [
        ("CreatePolicyVersion", own("team/new"), statement(), "True"),
    ]


def test_a_policy_with_five_versions_gets_no_other() -> None:
    versions = ["v1", "v3", "v4", "v5", "v6"]
    live = snapshot(
        live_group(attached=[own("team/new")]),
        policies=live_policy("team/new", "v6", versions),
        documents={own("team/new"): statement("s3:*")},
    )
    assert planned(WRITES, live, replace=True) == []


def test_an_inline_policy_that_is_missing_is_put_and_one_that_changed_needs_replace() -> None:
    wanted = desired(role(inline={"new": written(statement()), "old": written(statement())}))
    live = snapshot(live_role(inline=["old"]), documents={"role/app/old": statement("s3:*")})
    new = ("PutRolePolicy", "app", "new", statement())
    assert planned(wanted, live) == [new]
    assert planned(wanted, live, replace=True) == [("PutRolePolicy", "app", "old", statement()), new]


def test_a_role_is_given_its_policies_and_is_never_created() -> None:
    wanted = desired(policy_set("read", EC2), role(required=["read"]), role("gone", required=["read"]))
    live = snapshot(live_role(), absent=[("role", "gone")], policies=KNOWN)
    assert planned(wanted, live, create=True) == [("AttachRolePolicy", "app", EC2)]


@pytest.mark.parametrize("path", ["/aws-service-role/ec2.amazonaws.com/", "/aws-reserved/sso.amazonaws.com/"])
def test_a_role_of_a_service_or_of_identity_center_is_never_written(path: str) -> None:
    wanted = desired(
        policy_set("read", EC2), role(required=["read"], inline={"x": written(statement())}, exclusive=True)
    )
    live = snapshot(live_role(path=path, attached=[S3], inline=["own"]), policies=KNOWN)
    assert planned(wanted, live, replace=True) == []


# --- undo -------------------------------------------------------------------------------------------

ATTACH = Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Developers", "PolicyArn": EC2})
CREATE = Action(Verb.CREATE_GROUP, {"GroupName": "Developers"})
IDS = {principal_key("group", "Developers"): "AGPADEVELOPERS"}
left = partial(Entry, absent_before=True)


def taken_back(live: Snapshot, *entries: Entry) -> list[str]:
    return [step.action.verb.value for step in make_undo_plan(Journal("j", ACCOUNT, entries), live, NOW).steps]


def test_undo_takes_back_in_the_opposite_order() -> None:
    entries = (left(CREATE, "done", "", IDS), left(ATTACH, "done", "", IDS))
    assert taken_back(snapshot(live_group(attached=[EC2])), *entries) == ["DetachGroupPolicy", "DeleteGroup"]


def test_undo_leaves_what_is_no_longer_as_it_was_left() -> None:
    assert taken_back(snapshot(live_group()), left(ATTACH, "done", "", IDS)) == []


def test_undo_leaves_a_group_that_was_made_again() -> None:
    entry = left(ATTACH, "done", "", {principal_key("group", "Developers"): "AGPAOTHER"})
    assert taken_back(snapshot(live_group(attached=[EC2])), entry) == []


@pytest.mark.parametrize("outcome", ["skipped", "failed"])
def test_undo_leaves_what_this_tool_did_not_do(outcome: Any) -> None:
    assert taken_back(snapshot(live_group(attached=[EC2])), left(ATTACH, outcome, "already there", IDS)) == []


@pytest.mark.parametrize("outcome", ["started", "pending", "unknown"])
def test_undo_takes_back_a_write_whose_end_was_not_seen_if_its_result_is_there(outcome: Any) -> None:
    assert taken_back(snapshot(live_group(attached=[EC2])), left(ATTACH, outcome, "", IDS)) == ["DetachGroupPolicy"]


@pytest.mark.parametrize("outcome", ["started", "pending", "unknown", "done"])
def test_undo_leaves_what_nobody_saw_to_be_absent_before(outcome: Any) -> None:
    assert taken_back(snapshot(live_group(attached=[EC2])), Entry(ATTACH, outcome, "", IDS)) == []


def test_undo_puts_a_deleted_inline_policy_back() -> None:
    delete = Action(Verb.DELETE_GROUP_POLICY, {"GroupName": "Developers", "PolicyName": "old"})
    made = make_undo_plan(
        Journal("j", ACCOUNT, (left(delete, "done", "", IDS, '{"Statement": []}'),)), snapshot(live_group()), NOW
    )
    given = {"GroupName": "Developers", "PolicyName": "old", "PolicyDocument": '{"Statement": []}'}
    assert [(step.action.verb, step.action.parameters) for step in made.steps] == [(Verb.PUT_GROUP_POLICY, given)]


PUT = Action(Verb.PUT_ROLE_POLICY, {"RoleName": "app", "PolicyName": "x", "PolicyDocument": '{ "Statement": [ ] }'})


def test_undo_deletes_an_inline_policy_that_was_put_and_restores_one_that_was_put_over() -> None:
    live = snapshot(live_role(inline=["x"]), documents={"role/app/x": '{"Statement": []}'})
    assert taken_back(live, left(PUT, "done")) == ["DeleteRolePolicy"]
    made = make_undo_plan(Journal("j", ACCOUNT, (left(PUT, "done", removed=statement()),)), live, NOW)
    given = {"RoleName": "app", "PolicyName": "x", "PolicyDocument": statement()}
    assert [(step.action.verb, step.action.parameters) for step in made.steps] == [(Verb.PUT_ROLE_POLICY, given)]


def test_undo_leaves_an_inline_policy_that_somebody_changed_since() -> None:
    live = snapshot(live_role(inline=["x"]), documents={"role/app/x": statement()})
    assert taken_back(live, left(PUT, "done", removed=statement("s3:*"))) == []


VERSION = Action(
    Verb.CREATE_POLICY_VERSION, {"PolicyArn": own("p"), "PolicyDocument": statement(), "SetAsDefault": True}
)


def test_undo_goes_back_to_the_version_that_was_in_force_and_deletes_the_new_one() -> None:
    live = snapshot(policies=live_policy("p", "v4", ["v2", "v3", "v4"]), documents={own("p"): statement()})
    made = make_undo_plan(Journal("j", ACCOUNT, (left(VERSION, "done", removed="v2"),)), live, NOW)
    assert [(step.action.verb.value, step.action.parameters["VersionId"]) for step in made.steps] == [
        ("SetDefaultPolicyVersion", "v2"),
        ("DeletePolicyVersion", "v4"),
    ]


def test_undo_leaves_a_policy_whose_default_version_moved_on() -> None:
    live = snapshot(policies=live_policy("p", "v5", ["v4", "v5"]), documents={own("p"): statement("s3:*")})
    assert taken_back(live, left(VERSION, "done", removed="v2")) == []


OLDER = Action(Verb.SET_DEFAULT_POLICY_VERSION, {"PolicyArn": own("p"), "VersionId": "v1"})


def test_undo_of_a_version_that_was_put_in_force_puts_the_one_before_in_force() -> None:
    live = snapshot(policies=live_policy("p", "v1", ["v1", "v2", "v5"]))
    made = make_undo_plan(Journal("j", ACCOUNT, (left(OLDER, "done", removed="v5"),)), live, NOW)
    assert [(step.action.verb.value, step.action.parameters["VersionId"]) for step in made.steps] == [
        ("SetDefaultPolicyVersion", "v5")
    ]
    moved = snapshot(policies=live_policy("p", "v2", ["v1", "v2", "v5"]))
    assert taken_back(moved, left(OLDER, "done", removed="v5")) == []


@pytest.mark.parametrize("action", [OLDER, VERSION], ids=["older", "new"])
def test_undo_does_not_go_back_to_a_version_that_was_deleted_since(action: Action) -> None:
    live = snapshot(policies=live_policy("p", "v1", ["v1", "v2"]), documents={own("p"): statement()})
    assert taken_back(live, left(action, "done", removed="v5")) == []


CREATED = Action(Verb.CREATE_POLICY, {"PolicyName": "p", "PolicyDocument": statement()})


def test_undo_deletes_a_policy_that_was_created_and_nobody_built_on_since() -> None:
    entry = left(CREATED, "done", "", {policy_key(own("p")): "ANPAP"})
    text = {own("p"): statement()}
    assert taken_back(snapshot(policies=live_policy("p"), documents=text), entry) == ["DeletePolicy"]
    assert taken_back(snapshot(policies=live_policy("p", "v1", ["v1", "v2"]), documents=text), entry) == []
    assert taken_back(snapshot(policies=live_policy("p"), documents={own("p"): statement("s3:*")}), entry) == []
    made_again = replace(entry, unique_ids={policy_key(own("p")): "ANPAOTHER"})
    assert taken_back(snapshot(policies=live_policy("p"), documents=text), made_again) == []


def test_an_undo_is_not_undone() -> None:
    gone = Action(Verb.DELETE_GROUP, {"GroupName": "Developers"})
    assert taken_back(snapshot(), left(gone, "done")) == []


def test_undo_asks_for_the_documents_it_has_to_compare() -> None:
    asked = undo_query(Journal("j", ACCOUNT, (left(PUT, "done"), left(VERSION, "done"), left(CREATED, "done"))))
    assert asked.inline == {principal_key("role", "app"): {"x"}}
    assert asked.versions == {own("p"): ""}
    assert set(asked.roles) == {"app"}


def test_undo_asks_for_everybody_it_might_touch() -> None:
    add = Action(Verb.ADD_USER_TO_GROUP, {"GroupName": "Developers", "UserName": "koding-user"})
    asked = undo_query(Journal("j", ACCOUNT, (left(add, "done"), left(CREATE, "done"))))
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
    st.builds(
        lambda verb: Action(verb, {"PolicyName": "p", "PolicyArn": own("p"), "PolicyDocument": "{}"}),
        st.sampled_from([Verb.CREATE_POLICY, Verb.DELETE_POLICY]),
    ),
)


@given(ACTIONS, st.sets(st.sampled_from([EC2, READ_ONLY])), st.booleans(), st.booleans())
def test_an_action_and_its_inverse_never_hold_together(
    action: Action, attached: set[str], member: bool, there: bool
) -> None:
    inline = ["p"] if member else []
    live = [live_user(groups=["Developers"] if member else [], inline=inline)]
    live += [live_group(attached=attached)] if there else []
    policies = live_policy("p") if there else {}
    state = state_of_snapshot(
        snapshot(*live, documents={"user/koding-user/p": "{}", own("p"): "{}"}, policies=policies)
    )
    inverses = {verb: spec.inverse for verb, spec in VERBS.items() if spec.inverse}
    pairs = {**{inverse: verb for verb, inverse in inverses.items()}, **inverses}
    opposite = Action(pairs[action.verb], action.parameters)
    assert is_done(action, state) is not is_done(opposite, state)


def test_every_verb_of_a_fix_has_an_inverse_and_touches_something() -> None:
    assert {verb for verb, spec in VERBS.items() if spec.inverse is None} == {
        Verb.DELETE_USER,
        Verb.DELETE_GROUP,
        Verb.DELETE_POLICY,
        Verb.DELETE_POLICY_VERSION,
        Verb.CREATE_ACCESS_KEY,  # no fix makes one
    }
    assert touched_entities(ATTACH) == (principal_key("group", "Developers"),)


def test_every_fix_of_a_finding_makes_it_go_away() -> None:
    findings: tuple[Finding, ...] = audit_snapshot(GUIDE, empty(), load_rules()).findings
    assert findings
    whole = snapshot(live_group(attached=[EC2, READ_ONLY]), live_user(groups=["Developers"]))
    assert [each.id for each in findings if each.fix and not is_done(each.fix, state_of_snapshot(whole))] == []
    assert list(Comparison(GUIDE, whole).desired.groups) == ["Developers"]


def other_tool_steps(wanted: Desired, live: Snapshot, *users: str) -> list[tuple[str, ...]]:
    """The steps of a plan for another tool, which may create these users with a boundary."""
    keys = [principal_key("user", name) for name in users]
    findings = findings_for_other_tools(wanted, live, load_rules(), keys)
    made = make_plan(findings, wanted, live, ScanRequest(create=True), NOW, managed=True)
    return [(step.action.verb.value, *map(str, step.action.parameters.values())) for step in made.steps]


def test_a_plan_for_another_tool_creates_a_user_with_its_boundary_and_gives_it_all_that_it_lacks() -> None:
    wanted = desired(
        policy_set("edges", own_policy("edge", statement())),
        group(),
        user("ada", boundary=boundary(own("edge")), groups=["Developers"], required=["edges"]),
        user("bob"),
    )
    live = snapshot(live_group(), absent=[("user", "ada"), ("user", "bob")], policies={own("edge"): None})
    assert other_tool_steps(wanted, live, "ada") == [
        ("CreateUser", "bob"),
        ("CreatePolicy", "edge", statement()),
        ("CreateUser", "ada", own("edge")),  # after the policy that is its boundary
        ("AttachUserPolicy", "ada", own("edge")),
        ("AddUserToGroup", "Developers", "ada"),
    ]


def test_no_plan_that_is_applied_creates_a_user_that_is_to_have_a_boundary() -> None:
    wanted = desired(group(), user("ada", boundary=boundary(own("edge")), groups=["Developers"]))
    live = snapshot(live_group(), absent=[("user", "ada")], policies=managed(own("edge")))
    assert planned(wanted, live, create=True) == []
    assert other_tool_steps(wanted, live) == []
