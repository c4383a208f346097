"""action-not-effective: attached is not yet allowed, and the statement that decides is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from koding_audit.model.query import Fact, Gap
from koding_audit.model.snapshot import EndpointPolicy, Organization, Snapshot
from koding_audit.scan.audit import audit_snapshot
from koding_audit.scan.catalog import load_rules
from tests.scan.effective import (
    ALLOW_ALL,
    ALLOW_EC2,
    BUILD,
    EC2,
    EDGE,
    GUIDE,
    RUN,
    account,
    document,
    found,
    organization,
    rest,
)
from tests.values import ACCOUNT, desired, group, policy_set, user


def messages(live: Snapshot, wanted: Any = GUIDE) -> list[str]:
    return [finding.message for finding in found(live, wanted)]


def test_an_action_that_the_attached_policies_allow_is_no_finding() -> None:
    assert found(account()) == []


def test_an_explicit_deny_names_its_statement_and_policy() -> None:
    deny = {"Sid": "NotYou", "Effect": "Deny", "Action": "ec2:Run*", "Resource": "*"}
    assert messages(account(inline=deny)) == [
        "user koding-user may not ec2:RunInstances, which set stack-build needs: "
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
    assert finding.message.endswith("permissions boundary (customer:edge): no statement allows ec2:RunInstances on *")
    assert finding.evidence["because"][0]["policy"] == EDGE


def test_a_region_that_decides_and_is_not_known_is_a_finding_that_names_the_key() -> None:
    condition = {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
    deny = {"Sid": "Regions", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    (finding,) = found(account(inline=deny))
    assert finding.evidence["verdict"] == "unknown"
    assert finding.evidence["open_keys"] == ["aws:requestedregion"]
    here = replace(BUILD, actions=(replace(RUN, context=(("aws:RequestedRegion", ("eu-west-1",)),)),))
    wanted = desired(here, group(required=["stack-build"]), user(groups=["Developers"]))
    assert found(account(inline=deny), wanted) == []


@pytest.mark.parametrize("left_out", [EC2, EDGE])
def test_a_policy_that_was_not_read_is_a_gap_and_no_verdict(left_out: str) -> None:
    live = account(boundary=ALLOW_EC2)
    documents = {name: text for name, text in live.documents.items() if name != left_out}
    gap = Gap(Fact.DOCUMENT, "iam:GetPolicyVersion", "AccessDenied", left_out, "iam:GetPolicyVersion")
    result = audit_snapshot(
        GUIDE, replace(live, documents=documents, gaps=(gap,)), load_rules(only=["action-not-effective"])
    )
    assert [finding.rule for finding in result.findings] == ["not-checked"]


def test_an_explicit_deny_stands_whatever_else_was_not_read() -> None:
    live = account(inline={"Effect": "Deny", "Action": "*", "Resource": "*"})
    documents = {name: text for name, text in live.documents.items() if name != EC2}
    acts = desired(replace(policy_set("acts"), actions=(RUN,)), user(required=["acts"]))
    (finding,) = found(replace(live, documents=documents), acts)
    assert finding.evidence["verdict"] == "explicit-deny"


def test_layers_that_could_not_be_seen_are_listed_and_with_strict_make_it_unknown() -> None:
    result = audit_snapshot(GUIDE, account(), load_rules(only=["action-not-effective"]))
    assert (result.findings, result.not_seen) == ((), ("scp",))
    (finding, *_) = found(account(), replace(GUIDE, strict=True))
    assert finding.evidence["verdict"] == "unknown"
    assert "scp" in finding.message


DENY_EC2 = {"Sid": "NoEc2", "Effect": "Deny", "Action": "ec2:*", "Resource": "*"}


def test_an_scp_that_denies_is_named_with_its_file_and_level() -> None:
    live = account(organization=organization([ALLOW_ALL], [ALLOW_ALL, DENY_EC2]))
    (finding,) = found(live)
    assert finding.message == (
        "group Developers may not ec2:RunInstances, which set stack-build needs: "
        "statement 2 (NoEc2) of scp2.json, SCP level 2: denies"
    )
    assert finding.evidence["because"] == [
        {"layer": "SCP level 2", "policy": "scp2.json", "statement": 1, "sid": "NoEc2", "why": "denies"}
    ]


def test_each_level_of_scps_has_to_allow() -> None:
    allow_s3 = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    assert found(account(organization=organization([ALLOW_ALL], [ALLOW_ALL]))) == []
    for levels in ([[allow_s3], [ALLOW_ALL]], [[ALLOW_ALL], [allow_s3]]):
        (finding,) = found(account(organization=organization(*levels)))
        place = levels.index([allow_s3]) + 1
        named = f"SCP level {place} (scp{place}.json): no statement allows ec2:RunInstances on *"
        assert finding.message.endswith(named)
        assert finding.evidence["verdict"] == "implicit-deny"


def test_an_scp_on_a_region_decides_where_the_set_says_the_region() -> None:
    condition = {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
    deny = {"Sid": "Regions", "Effect": "Deny", "NotAction": "iam:*", "Resource": "*", "Condition": condition}
    live = account(organization=organization([ALLOW_ALL, deny]))
    for region, verdicts in (("eu-west-1", []), ("us-east-1", ["explicit-deny"])):
        here = replace(BUILD, actions=(replace(RUN, context=(("aws:RequestedRegion", (region,)),)),))
        assert [each.evidence["verdict"] for each in found(live, desired(here, *rest(GUIDE)))] == verdicts
    (finding,) = found(live)
    assert (finding.evidence["verdict"], finding.evidence["open_keys"]) == ("unknown", ["aws:requestedregion"])


def not_seen(action: str, resource: str, live: Snapshot) -> tuple[str, ...]:
    acts = desired(replace(policy_set("acts"), actions=(replace(RUN, action=action, resource=resource),)))
    wanted = replace(acts, users={"koding-user": user(required=["acts"])})
    return audit_snapshot(wanted, live, load_rules(only=["action-not-effective"])).not_seen


def test_a_layer_that_was_given_is_seen() -> None:
    none, given = account(), account(organization=organization([ALLOW_ALL]))
    both = account(organization=organization([ALLOW_ALL], rcps=[[ALLOW_ALL]]))
    cases = {"none": none, "scps": given, "both": both}
    unseen = {name: "rcp" in not_seen("s3:GetObject", "arn:aws:s3:::logs/x", live) for name, live in cases.items()}
    assert unseen == {"none": True, "scps": True, "both": False}
    assert [name for name, live in cases.items() if "scp" in not_seen("s3:GetObject", "*", live)] == ["none"]


def test_strict_decides_where_every_layer_that_can_apply_was_seen() -> None:
    live = account(organization=organization([ALLOW_ALL]))
    strict = audit_snapshot(replace(GUIDE, strict=True), live, load_rules(only=["action-not-effective"]))
    assert (strict.findings, strict.not_seen) == ((), ())
    assert found(account(organization=Organization("", "", (), ())), replace(GUIDE, strict=True)) == []


def test_rcps_are_not_missing_for_a_service_that_they_do_not_bind() -> None:
    for live in (account(), account(organization=organization([ALLOW_ALL]))):
        assert "rcp" not in not_seen("ec2:RunInstances", "*", live)


def test_the_management_account_is_bound_by_neither() -> None:
    deny = organization([DENY_EC2], rcps=[[DENY_EC2]])
    assert found(account(organization=replace(deny, management_account="999999999999")))
    live = account(organization=replace(deny, management_account=ACCOUNT.id))
    assert found(live) == []
    assert not_seen("s3:GetObject", "*", account(organization=Organization("o-1", ACCOUNT.id))) == ("resource",)


def test_the_policy_of_a_vpc_endpoint_that_denies_is_named_and_its_absence_is_not_a_missing_layer() -> None:
    allow = {**ALLOW_ALL, "Principal": "*"}
    deny = {**DENY_EC2, "Principal": "*"}
    assert found(account(vpce=EndpointPolicy("vpce.json", document(allow)))) == []
    (finding,) = found(account(vpce=EndpointPolicy("vpce.json", document(allow, deny))))
    assert finding.message.endswith("of vpce.json, VPC endpoint policy: denies")
    assert "vpce" not in not_seen("s3:GetObject", "*", account())


def test_a_file_without_actions_lists_nothing_as_not_seen() -> None:
    plain = desired(policy_set("stack-build", EC2), *rest(GUIDE))
    assert audit_snapshot(plain, account(), load_rules()).not_seen == ()
