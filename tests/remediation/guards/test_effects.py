"""What each step of a plan gives and takes, and which reads that needs."""

from __future__ import annotations

from koding_audit.model.account import principal_key
from koding_audit.model.finding import Action
from koding_audit.model.verb import Verb
from koding_audit.remediation.guards.effects import PlanEffects
from tests.remediation.guards.plans import ADMIN, EDGE, HARMLESS, IN_GROUP, JOIN, OF_ADA, READ, account, plan
from tests.values import live_group, own, snapshot

ATTACH = Action(Verb.ATTACH_GROUP_POLICY, {**IN_GROUP, "PolicyArn": ADMIN})
OTHER_VERSION = Action(Verb.CREATE_POLICY_VERSION, {"PolicyArn": EDGE, "PolicyDocument": HARMLESS})


def test_a_group_gives_what_it_has_after_the_plan_and_takes_what_it_had_before() -> None:
    leave = Action(Verb.REMOVE_USER_FROM_GROUP, JOIN.parameters)
    effects = PlanEffects(plan(ATTACH, JOIN), account(live_group(attached=[READ])))
    assert {each.name for each in effects.granted_documents(JOIN)} == {ADMIN, READ}
    assert {each.name for each in effects.removed_documents(leave)} == {READ}


def test_a_version_that_is_not_put_in_force_gives_and_takes_nothing() -> None:
    effects = PlanEffects(plan(OTHER_VERSION), account())
    assert (effects.granted_documents(OTHER_VERSION), effects.removed_documents(OTHER_VERSION)) == ((), ())


def test_a_membership_is_a_step_of_the_user() -> None:
    created = Action(Verb.CREATE_POLICY, {"PolicyName": "new", "PolicyDocument": HARMLESS})
    steps = PlanEffects(plan(created, ATTACH, JOIN), account()).principal_steps()
    assert steps == {
        principal_key("group", "Developers"): ("group", "Developers", (1,)),
        principal_key("user", "ada"): ("user", "ada", (2,)),
    }


def test_the_reads_of_both_states_are_collected() -> None:
    effects = PlanEffects(plan(ATTACH), snapshot(live_group(attached=[own("old")])))
    effects.before.own_documents("group", "Developers")
    effects.after.effective_policies("user", OF_ADA["UserName"])
    assert effects.required_reads == {("document", own("old")), ("user", "ada")}
