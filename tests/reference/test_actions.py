"""What the list of actions answers."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koding_audit.reference import actions
from koding_audit.reference.actions import ActionList, ResourceType

LIST = actions.load_actions()
EVERY = LIST.expand("*")


@pytest.mark.parametrize("action", ["s3:GetObject", "S3:getobject", "ec2:RunInstances", "IAM:PASSROLE"])
def test_an_action_is_in_the_list_in_any_case(action: str) -> None:
    assert action in LIST


@pytest.mark.parametrize("action", ["s3:GetObjects", "s3:", ":GetObject", "", "s3", "s4:GetObject", "s3:Get*", "a:b:c"])
def test_what_is_no_action_is_not_in_the_list(action: str) -> None:
    assert action not in LIST
    assert LIST.canonical_name(action) is None


def test_the_first_and_the_last_action_of_a_service_are_found() -> None:
    for prefix, names in LIST.services.items():
        assert f"{prefix}:{names[0]}" in LIST
        assert f"{prefix}:{names[-1]}" in LIST


def test_an_action_is_spelled_as_aws_does() -> None:
    assert LIST.canonical_name("route53:changeresourcerecordsets") == "route53:ChangeResourceRecordSets"


# --- wildcards ----------------------------------------------------------------------------------


def test_a_pattern_gives_what_it_means_in_order() -> None:
    assert LIST.expand("S3:put*acl") == ("s3:PutBucketAcl", "s3:PutObjectAcl", "s3:PutObjectVersionAcl")
    assert LIST.expand("sqs:?etQueueAttributes") == ("sqs:GetQueueAttributes", "sqs:SetQueueAttributes")


def test_an_action_without_wildcards_is_itself() -> None:
    assert LIST.expand("iam:passrole") == ("iam:PassRole",)


def test_a_star_is_everything_and_so_is_a_star_in_each_part() -> None:
    assert len(EVERY) == LIST.origin.counts["actions"] + LIST.newer_origin.counts["actions"]
    assert LIST.expand("*:*") == EVERY
    assert list(EVERY) == sorted(EVERY, key=str.lower)


def test_a_service_does_not_take_in_another_that_begins_like_it() -> None:
    assert {action.partition(":")[0] for action in LIST.expand("s3:*")} == {"s3"}


@pytest.mark.parametrize("pattern", ["", "s3", "s3:", "s3:[GP]et*", "s4:*", "s3:Get\n", "ec2:Run", "s3:*:*"])
def test_a_pattern_that_means_nothing_gives_nothing(pattern: str) -> None:
    assert LIST.expand(pattern) == ()


def test_many_stars_cost_no_more_than_few() -> None:
    assert LIST.expand("ec2:" + "*e" * 400 + "*1") == ()


@st.composite
def patterns(draw: st.DrawFn) -> str:
    """An action with some of its letters swallowed by wildcards, in some other case."""
    text = draw(st.sampled_from(EVERY))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start, len(text)))
        text = text[:start] + draw(st.sampled_from(["*", "?" * (end - start)])) + text[end:] or "*"
    return draw(st.sampled_from([text, text.lower(), text.upper()]))


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(patterns())
def test_a_pattern_gives_exactly_the_actions_that_its_regular_expression_matches(pattern: str) -> None:
    expression = re.compile(
        "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern), re.IGNORECASE
    )
    assert LIST.expand(pattern) == tuple(action for action in EVERY if expression.fullmatch(action))


# --- the nearest --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("ec2:DescribeInstance", "ec2:DescribeInstances"),
        ("lamda:InvokeFunction", "lambda:InvokeFunction"),
        ("lamda:InvokFunction", "lambda:InvokeFunction"),
        ("vpc:CreateSubnet", "ec2:CreateSubnet"),
        ("elb:CreateLoadBalancer", "elasticloadbalancing:CreateLoadBalancer"),
        ("iam:GetCallerIdentity", "sts:GetCallerIdentity"),
        ("RunInstances", "ec2:RunInstances"),
    ],
)
def test_the_nearest_action_is_what_was_meant(wrong: str, right: str) -> None:
    assert LIST.nearest_action(wrong) == right


@pytest.mark.parametrize("wrong", ["zzz:Qqq", "", ":", "s3:", "*", "s3:" + "x" * 100_000])
def test_what_is_near_nothing_has_no_nearest(wrong: str) -> None:
    assert LIST.nearest_action(wrong) is None


@pytest.mark.parametrize("action", EVERY[7::307])
def test_an_action_with_a_letter_too_many_is_found(action: str) -> None:
    middle = (action.index(":") + len(action)) // 2
    wrong = action[:middle] + "q" + action[middle:]
    assert wrong not in LIST
    assert LIST.nearest_action(wrong) == action


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=string.ascii_letters + ":*-", max_size=30))
def test_whatever_is_nearest_exists(action: str) -> None:
    nearest = LIST.nearest_action(action)
    assert nearest is None or LIST.canonical_name(nearest) == nearest


# --- what a policy can say of an action ---------------------------------------------------------


def test_an_action_says_what_it_can_be_limited_to() -> None:
    assert ResourceType("object", ("arn:${Partition}:s3:::${BucketName}/${ObjectName}",), False) in (
        LIST.resource_types("s3:getobject")
    )
    role = ResourceType("role", ("arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}",), True)
    assert LIST.resource_types("iam:PassRole") == (role,)
    assert not LIST.is_wildcard_only("iam:PassRole")


def test_a_type_with_two_forms_has_both() -> None:
    bots = {each.arns for each in LIST.resource_types("lex:GetBot")}
    assert any(len(arns) == 2 for arns in bots)


def test_an_action_without_resources_is_wildcard_only() -> None:
    assert LIST.is_wildcard_only("ec2:describeinstances")
    assert LIST.resource_types("ec2:DescribeInstances") == ()
    assert sum(map(LIST.is_wildcard_only, filter(LIST.is_described, EVERY))) == LIST.origin.counts["wildcard_only"]


@pytest.mark.parametrize(
    ("action", "level"),
    [
        ("s3:ListBucket", "List"),
        ("s3:GetObject", "Read"),
        ("s3:PutObject", "Write"),
        ("ec2:CreateTags", "Tagging"),
        ("iam:AttachUserPolicy", "Permissions management"),
    ],
)
def test_an_action_has_one_of_awss_five_levels(action: str, level: str) -> None:
    assert LIST.access_level(action) == level


def test_the_condition_keys_of_an_action_are_those_of_its_resources_too() -> None:
    keys = LIST.condition_keys("ec2:RunInstances")
    assert {"ec2:InstanceType", "aws:RequestTag/${TagKey}", "ec2:Region"} <= set(keys)
    assert "s3:BucketTag/${TagKey}" in LIST.condition_keys("s3:GetObject")


@pytest.mark.parametrize("ask", [ActionList.access_level, ActionList.is_wildcard_only, ActionList.resource_types])
def test_nothing_is_told_of_an_action_that_is_not_there(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(KeyError):
        ask(LIST, "s3:GetObjects")


# --- actions of which only the name is known ----------------------------------------------------


def test_an_action_of_the_newer_copy_is_known_by_its_name() -> None:
    assert "ACCOUNT:reopenaccount" in LIST
    assert LIST.canonical_name("account:reopenaccount") == "account:ReopenAccount"
    assert LIST.expand("account:Reopen*") == ("account:ReopenAccount",)
    assert LIST.nearest_action("account:ReopenAcount") == "account:ReopenAccount"


def test_an_action_of_a_newer_service_is_known_by_its_name() -> None:
    assert "assurance" not in LIST.described
    assert LIST.canonical_name("assurance:chat") == "assurance:Chat"


@pytest.mark.parametrize(
    "ask",
    [ActionList.access_level, ActionList.resource_types, ActionList.condition_keys, ActionList.service_arn_formats],
)
@pytest.mark.parametrize("action", ["account:ReopenAccount", "assurance:Chat"])
def test_only_the_name_of_such_an_action_is_known(ask: object, action: str) -> None:
    assert not LIST.is_described(action)
    assert callable(ask)
    with pytest.raises(KeyError):
        ask(LIST, action)


def test_every_other_action_is_described() -> None:
    named_only = [each for each in EVERY if not LIST.is_described(each)]
    assert len(named_only) == LIST.newer_origin.counts["actions"]
    assert LIST.is_described("S3:getobject")


def test_a_name_is_missing_only_at_the_newest_date_of_both_copies() -> None:
    assert LIST.names_date == max(LIST.origin.date, LIST.newer_origin.date)
