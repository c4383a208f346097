"""policy-unexpected: what is attached and no set names."""

from __future__ import annotations

from koding_audit.model.finding import Action
from koding_audit.model.verb import Verb
from koding_audit.scan.rules import policy_missing, policy_unexpected
from tests.values import (
    aws,
    compare,
    desired,
    group,
    ignore,
    live_group,
    live_role,
    live_user,
    managed,
    own,
    policy_set,
    role,
    snapshot,
    user,
)

EC2, S3 = aws("AmazonEC2FullAccess"), aws("AmazonS3ReadOnlyAccess")
BUILD = policy_set("build", EC2)


def test_a_stray_attachment_is_a_note_and_is_not_taken_away() -> None:
    wanted = desired(BUILD, group(required=["build"]))
    [found] = policy_unexpected.check(compare(wanted, snapshot(live_group(attached=[EC2, S3]))))
    assert (found.severity, found.key, found.fix) == ("note", S3, None)
    assert found.message == "group Developers has AmazonS3ReadOnlyAccess, which none of its sets contains"
    assert found.location == wanted.groups["Developers"].location


def test_it_is_an_error_that_can_be_detached_where_the_group_is_exclusive() -> None:
    wanted = desired(BUILD, group(required=["build"], exclusive=True))
    [found] = policy_unexpected.check(compare(wanted, snapshot(live_group(attached=[EC2, S3]))))
    assert found.severity == "error"
    assert found.fix == Action(Verb.DETACH_GROUP_POLICY, {"GroupName": "Developers", "PolicyArn": S3})


def test_an_exclusive_user_has_its_own_attachments_detached() -> None:
    [found] = policy_unexpected.check(compare(desired(user(exclusive=True)), snapshot(live_user(attached=[S3]))))
    assert found.fix == Action(Verb.DETACH_USER_POLICY, {"UserName": "koding-user", "PolicyArn": S3})


def test_a_policy_of_an_optional_set_is_expected() -> None:
    wanted = desired(BUILD, group(optional=["build"], exclusive=True))
    assert not list(policy_unexpected.check(compare(wanted, snapshot(live_group(attached=[EC2])))))


def test_a_set_that_another_group_uses_does_not_excuse_it() -> None:
    wanted = desired(BUILD, group("Builders", required=["build"]), group("Developers"))
    [found] = policy_unexpected.check(compare(wanted, snapshot(live_group(attached=[EC2]))))
    assert found.key == EC2


def test_a_customer_policy_with_the_name_of_a_required_one_is_unexpected() -> None:
    wanted = desired(BUILD, group(required=["build"]))
    [found] = policy_unexpected.check(compare(wanted, snapshot(live_group(attached=[EC2, own("AmazonEC2FullAccess")]))))
    assert found.key == own("AmazonEC2FullAccess")


def test_a_deprecated_policy_is_never_detached_because_it_could_not_be_attached_again() -> None:
    wanted = desired(group(exclusive=True))
    live = snapshot(live_group(attached=[S3]), policies=managed(S3, attachable=False))
    [found] = policy_unexpected.check(compare(wanted, live))
    assert (found.severity, found.fix) == ("error", None)
    assert "cannot be attached again" in found.message


def test_a_policy_that_the_data_know_to_be_deprecated_is_not_detached_unless_iam_says_that_it_is_attachable() -> None:
    old = aws("AWSLambdaFullAccess")
    wanted, live = desired(group(exclusive=True)), live_group(attached=[old])
    [unread] = policy_unexpected.check(compare(wanted, snapshot(live)))
    assert (unread.severity, unread.fix, unread.evidence["attachable"]) == ("error", None, False)
    [read] = policy_unexpected.check(compare(wanted, snapshot(live, policies=managed(old))))
    assert read.fix is not None


def test_nothing_is_said_of_what_was_not_read_is_missing_is_ignored_or_is_not_declared() -> None:
    exclusive = group(exclusive=True)
    stray = live_group(attached=[S3])
    assert not list(policy_unexpected.check(compare(desired(exclusive), snapshot(live_group(attached=None)))))
    assert not list(policy_unexpected.check(compare(desired(exclusive), snapshot(absent=[("group", "Developers")]))))
    ignoring = desired(exclusive, ignore=(ignore("group", "Developers"),))
    assert not list(policy_unexpected.check(compare(ignoring, snapshot(stray))))
    assert not list(policy_unexpected.check(compare(desired(), snapshot(stray))))


def test_what_is_attached_to_a_group_of_another_case_is_not_looked_at() -> None:
    wanted = desired(group("developers", exclusive=True))
    assert not list(policy_unexpected.check(compare(wanted, snapshot(live_group("Developers", attached=[S3])))))


def test_a_role_lacks_a_policy_and_has_another_like_any_principal() -> None:
    wanted = desired(policy_set("read", S3), role(required=["read"], exclusive=True))
    comparison = compare(wanted, snapshot(live_role(attached=[own("old")]), policies=managed(S3, own("old"))))
    (missing,) = policy_missing.check(comparison)
    assert missing.fix is not None
    assert (missing.fix.verb, missing.fix.parameters["RoleName"]) == (Verb.ATTACH_ROLE_POLICY, "app")
    (unexpected,) = policy_unexpected.check(comparison)
    assert unexpected.fix is not None
    assert unexpected.fix.verb is Verb.DETACH_ROLE_POLICY
