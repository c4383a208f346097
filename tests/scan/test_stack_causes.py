"""Why a stack cannot be built: which cause, for which needs, in which words."""

from __future__ import annotations

from dataclasses import replace

from koding_audit.model.desired import Desired
from koding_audit.model.frozen import replace as replace_frozen
from koding_audit.model.snapshot import Organization, OrganizationPolicy, Snapshot
from koding_audit.model.stack import StackNeed, StackUnknown, StackUse
from koding_audit.scan.stack_build import decide_build
from koding_audit.scan.stack_causes import StackCause, find_causes
from tests.scan.rules.stacks import live, wanted
from tests.values import ACCOUNT, aws, line, live_group, live_user, snapshot, statement

USES = (StackUse("aws_instance.web", line(9), "create"),)
RUN = StackNeed("ec2:RunInstances", "arn:aws:ec2:*:123456789012:instance/*", "", USES)
STOP = StackNeed("ec2:TerminateInstances", "arn:aws:ec2:*:123456789012:instance/*", "", USES)
PUT = StackNeed("s3:CreateBucket", "arn:aws:s3:::logs", "", USES)
QUEUE = StackNeed("sqs:CreateQueue", "arn:aws:sqs:*:123456789012:q", "", USES)
EC2 = statement("ec2:*")


def causes(found: Snapshot, *needs: StackNeed, state: Desired | None = None) -> list[StackCause]:
    state = (state or wanted(*needs)).bind(ACCOUNT)
    return list(find_causes(decide_build(state, found, state.stacks[0])))


def texts(found: list[StackCause]) -> list[tuple[str, str]]:
    return [(each.kind, each.text) for each in found]


def outside(*attached: str, **documents: str) -> Snapshot:
    """The user is not in the group, which has these policies."""
    groups = [live_group("Developers", attached=[aws(name) for name in attached])]
    named = {aws(name): text for name, text in documents.items()}
    return snapshot(*groups, live_user("koding-user", groups=[]), documents=named)


def limited(*scps: str) -> Snapshot:
    """The user is allowed all of EC2, in an organization with a level for each of these SCPs."""
    levels = tuple((OrganizationPolicy(f"scp{number}", text),) for number, text in enumerate(scps))
    return replace_frozen(live("EC2", EC2=EC2), organization=Organization(scps=levels))


def test_what_can_be_built_has_no_causes() -> None:
    assert causes(live("EC2", EC2=EC2), RUN) == []


def test_a_user_outside_of_a_group_that_has_it_all_lacks_the_membership_only() -> None:
    found = causes(outside("EC2", EC2=EC2), RUN, STOP)
    assert texts(found) == [("not-a-member", "koding-user is not a member of Developers")]
    assert found[0].needs == (RUN, STOP)


def test_a_policy_of_the_group_that_is_in_no_set_makes_the_membership_the_cause_too() -> None:
    found = causes(outside("Own", Own=statement("sqs:*"), EC2=EC2), QUEUE)
    assert texts(found) == [("not-a-member", "koding-user is not a member of Developers")]


def test_a_group_that_lacks_the_set_as_well_is_two_causes() -> None:
    found = causes(outside(EC2=EC2), RUN)
    assert texts(found) == [
        ("not-a-member", "koding-user is not a member of Developers"),
        ("set-not-attached", "set build of group Developers is not attached"),
    ]


def test_a_set_that_is_not_attached_is_named_with_its_group() -> None:
    found = causes(live("EC2", EC2=EC2, S3=statement("s3:*")), RUN, PUT)
    assert texts(found) == [("set-not-attached", "set files of group Developers is not attached")]
    assert found[0].needs == (PUT,)


def test_a_membership_that_helps_with_nothing_is_no_cause() -> None:
    assert [each.kind for each in causes(outside("EC2", EC2=EC2), QUEUE)] == ["no-policy"]


def test_what_no_policy_and_no_set_allows_is_counted() -> None:
    found = causes(live("EC2", EC2=EC2), QUEUE, PUT)
    text = "no policy allows sqs:CreateQueue and 1 more action, and no set of the desired state would"
    assert texts(found) == [("no-policy", text)]


def test_a_level_that_denies_a_whole_service_is_named_with_the_service() -> None:
    found = causes(limited(statement("*"), statement(["ec2:*", "s3:Get*"], effect="Deny", Sid="No")), RUN, STOP)
    assert texts(found)[0] == ("denied", "SCP level 2 denies ec2:*: statement 1 (No) of scp1")


def test_a_level_that_denies_one_action_is_named_with_the_action() -> None:
    deny = statement("ec2:RunInstances", effect="Deny")
    assert texts(causes(limited(deny), RUN, STOP))[0] == (
        "denied",
        "SCP level 1 denies ec2:RunInstances: statement 1 of scp0",
    )


def test_a_level_that_does_not_allow_is_named() -> None:
    found = causes(limited(statement("s3:*")), RUN, STOP)
    assert texts(found) == [("not-allowed", "SCP level 1 does not allow ec2:RunInstances and 1 more action")]


def test_a_deny_of_the_users_own_is_named_with_its_policy() -> None:
    deny = statement("ec2:RunInstances", effect="Deny", Sid="NoServers")
    found = causes(live("EC2", "Guard", EC2=EC2, Guard=deny), RUN)
    assert texts(found) == [
        ("denied", "Guard of group Developers denies ec2:RunInstances: statement 1 (NoServers)"),
    ]


def test_who_does_not_exist_is_the_first_cause() -> None:
    state = replace(wanted(RUN), builder=("user", "nobody"))
    found = causes(live("EC2", EC2=EC2), state=state)
    assert texts(found)[0] == ("principal-missing", "there is no user nobody in this account")


def test_a_part_whose_needs_are_not_known_is_named_with_the_reason() -> None:
    parts = tuple(StackUnknown("", f"module.{name}", "it is not read", line(3)) for name in "ab")
    found = causes(live("EC2", EC2=EC2), state=wanted(RUN, unknown=parts))
    assert texts(found) == [
        ("not-known", "the needs of module.a (and of 1 more part) are not known: it is not read"),
    ]


def test_a_condition_that_decides_is_named_with_its_key() -> None:
    condition = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}
    found = causes(live("EC2", EC2=statement("ec2:*", Condition=condition)), RUN)
    assert texts(found) == [
        ("not-known", "whether ec2:RunInstances may be called is not known: it depends on aws:sourcevpc"),
    ]


def test_an_action_that_is_perhaps_needed_is_said_to_be_that() -> None:
    found = causes(live("EC2", EC2=EC2), replace_frozen(QUEUE, certain=False))
    assert texts(found) == [("not-known", "sqs:CreateQueue may be needed, and is not allowed")]
