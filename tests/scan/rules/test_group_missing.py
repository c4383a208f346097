"""group-missing: declared groups that do not exist."""

from __future__ import annotations

from koding_audit.model.finding import Action
from koding_audit.model.verb import Verb
from koding_audit.scan.rules import group_missing
from tests.values import ACCOUNT, compare, desired, group, ignore, live_group, live_user, snapshot

ABSENT = snapshot(absent=[("group", "Developers")])


def test_a_missing_group_is_an_error_that_can_be_created() -> None:
    [found] = group_missing.check(compare(desired(group()), ABSENT))
    assert found.id == "group-missing/arn:aws:iam::123456789012:group/Developers"
    assert (found.severity, found.message) == ("error", "group Developers does not exist")
    assert found.fix == Action(Verb.CREATE_GROUP, {"GroupName": "Developers"})


def test_it_is_created_with_the_path_that_is_declared() -> None:
    [found] = group_missing.check(compare(desired(group(path="/team/")), ABSENT))
    assert found.subject == ACCOUNT.arn("group", "Developers", "/team/")
    assert found.fix == Action(Verb.CREATE_GROUP, {"GroupName": "Developers", "Path": "/team/"})


def test_a_name_that_is_taken_in_another_case_is_named_and_not_created() -> None:
    [found] = group_missing.check(compare(desired(group("Admins")), snapshot(live_group("admins"))))
    assert found.message == (
        "group Admins does not exist, but admins does: IAM's names are unique ignoring case, "
        "so write admins in the file"
    )
    assert found.fix is None
    assert "no other case" in group_missing.STEP, "IAM would refuse to create it"


def test_a_user_of_the_same_name_is_not_the_group() -> None:
    live = snapshot(live_user("Developers"), absent=[("group", "Developers")])
    [found] = group_missing.check(compare(desired(group()), live))
    assert found.fix is not None


def test_a_group_that_was_not_read_is_there_or_is_ignored_is_not_missing() -> None:
    assert not list(group_missing.check(compare(desired(group()), snapshot())))
    assert not list(group_missing.check(compare(desired(group()), snapshot(live_group()))))
    assert not list(group_missing.check(compare(desired(group(), ignore=(ignore("group", "Dev*"),)), ABSENT)))
