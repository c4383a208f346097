"""The smallest choice of policy sets: fewest, then least; and nothing that a Deny keeps from helping."""

from __future__ import annotations

from koding_audit.stack.set_selection import MOST_EXACT_SETS, choose_sets
from tests.stack.made import allow, candidate, deny, judge, need

S3, DNS, SQS = need("s3:CreateBucket"), need("route53:GetChange", "*"), need("sqs:CreateQueue", "arn:aws:sqs:*:*:*")


def test_the_set_is_chosen_that_gives_what_is_lacking_and_no_other() -> None:
    choice = choose_sets(judge(), [DNS], [candidate("s3", allow("s3:*")), candidate("dns", allow("route53:*"))])
    assert (choice.sets, choice.helped_needs, choice.is_exact) == (("dns",), {DNS}, True)


def test_one_set_is_less_than_two() -> None:
    sets = [
        candidate("s3", allow("s3:*")),
        candidate("dns", allow("route53:*")),
        candidate("both", allow(["s3:*", "route53:*", "ec2:*"])),
    ]
    assert choose_sets(judge(), [S3, DNS], sets).sets == ("both",)


def test_a_set_is_needed_because_of_what_the_others_do_not_give() -> None:
    sets = [candidate("build", allow("s3:*"), required=True), candidate("dns", allow(["route53:*", "s3:*"]))]
    choice = choose_sets(judge(), [S3, DNS], sets)
    assert choice.needs_by_set == {"build": (S3,), "dns": (DNS,)}


def test_of_equally_many_the_one_that_allows_least_is_chosen() -> None:
    sets = [candidate("all", allow("*")), candidate("wide", allow(["s3:*", "ec2:*"])), candidate("s3", allow("s3:C*"))]
    assert choose_sets(judge(), [S3], sets).sets == ("s3",)


def test_a_required_set_is_taken_before_an_optional_one() -> None:
    sets = [candidate("small", allow("s3:CreateBucket")), candidate("build", allow(["s3:*", "ec2:*"]), required=True)]
    assert choose_sets(judge(), [S3], sets).sets == ("build",)


def test_a_required_set_that_gives_nothing_of_it_is_not_named() -> None:
    sets = [candidate("build", allow("ec2:*"), required=True), candidate("s3", allow("s3:*"))]
    assert choose_sets(judge(), [S3], sets).sets == ("s3",)


def test_no_set_helps_against_a_deny() -> None:
    choice = choose_sets(judge(deny("s3:*")), [S3], [candidate("s3", allow("s3:*"))])
    assert (choice.sets, choice.helped_needs) == ((), frozenset())


def test_a_set_that_denies_what_another_gives_is_not_taken_with_it() -> None:
    sets = [candidate("s3", allow("s3:*")), candidate("dns", allow("route53:*"), deny("s3:*"))]
    choice = choose_sets(judge(), [S3, DNS], sets)
    assert len(choice.sets) == 1
    assert len(choice.helped_needs) == 1


def test_what_can_be_given_is_given_where_not_all_can() -> None:
    choice = choose_sets(judge(), [S3, SQS], [candidate("s3", allow("s3:*"))])
    assert (choice.sets, choice.helped_needs) == (("s3",), {S3})


def test_a_set_that_gives_a_part_of_what_a_resource_needs_of_a_service_is_not_proposed() -> None:
    dns = candidate("dns", allow(["route53:*", "s3:ListBucket"]))
    read = need("s3:ListBucket")
    assert choose_sets(judge(), [S3, read], [dns]).sets == ()
    assert choose_sets(judge(), [S3, read, DNS], [dns]).needs_by_set == {"dns": (DNS,)}
    assert choose_sets(judge(), [read], [dns]).sets == ("dns",)
    assert choose_sets(judge(), [S3, read], [dns, candidate("make", allow("s3:CreateBucket"))]).sets == ("dns", "make")


def test_two_sets_together_may_cover_a_resource_that_is_not_known() -> None:
    sets = [candidate("a", allow("s3:*", "arn:aws:s3:::a*")), candidate("rest", allow("s3:*", "arn:aws:s3:::*"))]
    assert choose_sets(judge(), [need(resource="arn:aws:s3:::*")], sets).sets == ("rest",)


def test_of_many_sets_a_choice_is_found_without_trying_all_and_says_so() -> None:
    services = ["s3", "sqs", "sns", "ec2", "iam", "rds", "acm", "ecr", "ecs", "eks", "ssm", "ses", "dms", "glue"]
    sets = [candidate(service, allow(f"{service}:*")) for service in services]
    needs = [need(f"{service}:Create", "*") for service in services]
    choice = choose_sets(judge(), needs, sets)
    assert len(services) > MOST_EXACT_SETS
    assert (set(choice.sets), choice.is_exact) == (set(services), False)
    assert len(choice.helped_needs) == len(needs)
