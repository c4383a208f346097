"""inline-unexpected: inline policies, which no desired state names."""

from __future__ import annotations

from koding_audit.model.finding import Action
from koding_audit.model.verb import Verb
from koding_audit.scan.rules import inline_unexpected
from tests.values import compare, desired, group, ignore, live_group, live_user, snapshot, user


def test_an_inline_policy_is_a_note_and_is_not_deleted() -> None:
    [found] = inline_unexpected.check(compare(desired(group()), snapshot(live_group(inline=["s3-write"]))))
    assert (found.severity, found.key, found.fix) == ("note", "s3-write", None)
    assert found.message == "group Developers has inline policy s3-write, which is not declared"


def test_it_is_an_error_that_can_be_deleted_where_the_group_is_exclusive() -> None:
    wanted = desired(group(exclusive=True))
    [found] = inline_unexpected.check(compare(wanted, snapshot(live_group(inline=["s3-write"]))))
    assert found.severity == "error"
    assert found.fix == Action(Verb.DELETE_GROUP_POLICY, {"GroupName": "Developers", "PolicyName": "s3-write"})


def test_each_inline_policy_of_an_exclusive_user_is_one_finding() -> None:
    wanted = desired(user(exclusive=True))
    found = list(inline_unexpected.check(compare(wanted, snapshot(live_user(inline=["b", "a"])))))
    assert [each.fix for each in found] == [
        Action(Verb.DELETE_USER_POLICY, {"UserName": "koding-user", "PolicyName": name}) for name in ("a", "b")
    ]


def test_nothing_is_said_of_what_was_not_read_is_missing_or_is_ignored() -> None:
    wanted = desired(group(exclusive=True))
    assert not list(inline_unexpected.check(compare(wanted, snapshot(live_group(inline=None)))))
    assert not list(inline_unexpected.check(compare(wanted, snapshot(absent=[("group", "Developers")]))))
    ignoring = desired(group(exclusive=True), ignore=(ignore("group", "*"),))
    assert not list(inline_unexpected.check(compare(ignoring, snapshot(live_group(inline=["s3-write"])))))
