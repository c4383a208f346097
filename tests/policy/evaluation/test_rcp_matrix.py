"""Every service with RCPs and each of its actions with a resource type, in each state of the organization."""

from __future__ import annotations

import pytest

from koding_audit.policy.evaluation import (
    AccessRequest,
    Context,
    Decision,
    Policies,
    Policy,
    UnreadLayer,
    compile_document,
    decide,
)
from koding_audit.reference.actions import load_actions
from tests.values import REFERENCE

KNOWN = load_actions()
ACCOUNT = "123456789012"
USER = f"arn:aws:iam::{ACCOUNT}:user/ada"
ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def policy(*statements: dict[str, object]) -> Policy:
    return Policy("layer", "policy", compile_document({"Version": "2012-10-17", "Statement": list(statements)}))


EVERYTHING = policy(ALLOW)
TRUST = policy({"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "*", "Resource": "*"})
RCPS = ((policy({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}),),)
NOT_READ = (UnreadLayer("rcp", "rcp"),)
SERVICES = sorted(REFERENCE.services.rcp_services)


def actions_of(service: str, *, with_type: bool) -> list[str]:
    every = (f"{service}:{name}" for name in KNOWN.described[service])
    exempt = {*REFERENCE.services.rcp_exemptions, *REFERENCE.services.exempt_callers}
    return [each for each in every if KNOWN.is_wildcard_only(each) is not with_type and each.lower() not in exempt]


def decide_for(action: str, policies: Policies, *, strict: bool = False) -> Decision:
    request = AccessRequest(action, f"arn:aws:{action.partition(':')[0]}:eu-west-1:{ACCOUNT}:x", USER, Context())
    return decide(request, policies, REFERENCE, strict=strict)


def allowing(**organization: object) -> Policies:
    return Policies(identity=(EVERYTHING,), resource=(TRUST,), **organization)  # type: ignore[arg-type]


@pytest.mark.parametrize("service", SERVICES)
def test_an_rcp_that_denies_denies_every_action_with_a_resource_type(service: str) -> None:
    for action in actions_of(service, with_type=True):
        assert decide_for(action, allowing(rcps=RCPS)).verdict == "explicit-deny", action


@pytest.mark.parametrize("service", SERVICES)
def test_rcps_that_were_not_read_leave_the_verdict_and_are_named(service: str) -> None:
    for action in actions_of(service, with_type=True):
        found = decide_for(action, allowing(unread=NOT_READ))
        assert (found.verdict, found.not_seen) == ("allowed", ("rcp",)), action


@pytest.mark.parametrize("service", SERVICES)
def test_rcps_that_were_not_read_make_a_strict_verdict_unknown(service: str) -> None:
    for action in actions_of(service, with_type=True):
        assert decide_for(action, allowing(unread=NOT_READ), strict=True).verdict == "unknown", action


@pytest.mark.parametrize("service", SERVICES)
def test_without_an_organization_and_in_the_management_account_no_rcp_applies(service: str) -> None:
    for action in actions_of(service, with_type=True):
        for policies in (allowing(), allowing(rcps=RCPS, management_account=ACCOUNT)):
            found = decide_for(action, policies, strict=True)
            assert (found.verdict, found.not_seen) == ("allowed", ()), action


@pytest.mark.parametrize("service", SERVICES)
def test_an_action_without_a_resource_type_is_not_bound(service: str) -> None:
    for action in actions_of(service, with_type=False):
        assert decide_for(action, allowing(rcps=RCPS)).verdict == "allowed", action
        assert decide_for(action, allowing(unread=NOT_READ), strict=True).not_seen == (), action


@pytest.mark.parametrize("service", ["ec2", "iam", "route53", "lambda"])
def test_a_service_outside_the_list_is_not_bound(service: str) -> None:
    (action, *_) = actions_of(service, with_type=True)
    assert decide_for(action, allowing(rcps=RCPS)).verdict == "allowed"


@pytest.mark.parametrize("action", ["sqs:ListQueues", "s3:ListAllMyBuckets", "kms:ListKeys"])
def test_an_action_without_a_resource_type_has_no_resource_policy_to_read(action: str) -> None:
    unread = (UnreadLayer("resource", "resource"),)
    found = decide_for(action, Policies(identity=(EVERYTHING,), unread=unread), strict=True)
    assert (found.verdict, found.not_seen) == ("allowed", ())


class TestAServiceThatTheDataDoNotHave:
    """A year later: it may have RCPs, so they are neither passed over nor certain."""

    ACTION = "quantumleap:Jump"

    def test_an_rcp_that_denies_makes_it_unknown_with_the_date_of_the_data(self) -> None:
        found = decide_for(self.ACTION, allowing(rcps=RCPS))
        assert found.verdict == "unknown"
        why = f"whether RCPs apply to quantumleap is not known: this tool's data are of {REFERENCE.date}"
        assert any(why in each.why for each in found.reasons)

    def test_an_rcp_that_allows_changes_nothing(self) -> None:
        full = ((policy({**ALLOW, "Principal": "*"}),),)
        assert decide_for(self.ACTION, allowing(rcps=full)).verdict == "allowed"

    def test_unread_rcps_are_named_and_a_strict_verdict_is_unknown(self) -> None:
        found = decide_for(self.ACTION, allowing(unread=NOT_READ))
        assert (found.verdict, found.not_seen) == ("allowed", ("rcp",))
        assert decide_for(self.ACTION, allowing(unread=NOT_READ), strict=True).verdict == "unknown"

    def test_what_the_other_layers_deny_stays_denied(self) -> None:
        assert decide_for(self.ACTION, Policies(rcps=RCPS)).verdict == "implicit-deny"


def test_whether_rcps_apply_to_an_action_of_which_only_the_name_is_known_is_unknown() -> None:
    action = "aoss:CreateIngestionJob"
    found = decide_for(action, allowing(rcps=RCPS))
    assert found.verdict == "unknown"
    why = f"whether RCPs apply to {action.lower()} is not known: this tool's data are of {REFERENCE.date}"
    assert any(why in each.why for each in found.reasons)
    unread = decide_for(action, allowing(unread=NOT_READ))
    assert (unread.verdict, unread.not_seen) == ("allowed", ("rcp",))
