"""user-missing: declared users that do not exist."""

from __future__ import annotations

from koding_audit.model.finding import Action
from koding_audit.model.verb import Verb
from koding_audit.scan.rules import user_missing
from tests.values import ACCOUNT, boundary, compare, desired, ignore, live_user, own, snapshot, user

ABSENT = snapshot(absent=[("user", "koding-user")])


def test_a_missing_user_is_an_error_that_can_be_created() -> None:
    [found] = user_missing.check(compare(desired(user()), ABSENT))
    assert found.id == "user-missing/arn:aws:iam::123456789012:user/koding-user"
    assert (found.severity, found.message) == ("error", "user koding-user does not exist")
    assert found.fix == Action(Verb.CREATE_USER, {"UserName": "koding-user"})


def test_it_is_created_with_the_path_and_the_tags_that_are_declared() -> None:
    [found] = user_missing.check(compare(desired(user(path="/ci/", tags=(("team", "web"), ("env", "")))), ABSENT))
    assert found.subject == ACCOUNT.arn("user", "koding-user", "/ci/")
    assert found.fix is not None
    assert found.fix.parameters == {
        "UserName": "koding-user",
        "Path": "/ci/",
        "Tags": [{"Key": "team", "Value": "web"}, {"Key": "env", "Value": ""}],
    }


def test_the_path_is_left_to_iam_where_it_is_the_default() -> None:
    [found] = user_missing.check(compare(desired(user(path="/")), ABSENT))
    assert found.fix == Action(Verb.CREATE_USER, {"UserName": "koding-user"})


def test_a_name_that_is_taken_in_another_case_is_named_and_not_created() -> None:
    [found] = user_missing.check(compare(desired(user("koding-user")), snapshot(live_user("Koding-User"))))
    assert found.message == (
        "user koding-user does not exist, but Koding-User does: IAM's names are unique ignoring case, "
        "so write Koding-User in the file"
    )
    assert found.evidence == {"near": "arn:aws:iam::123456789012:user/Koding-User"}
    assert found.fix is None
    assert "no other case" in user_missing.STEP, "IAM would refuse to create it"


def test_a_user_that_is_to_have_a_boundary_is_not_created_without_it() -> None:
    [found] = user_missing.check(compare(desired(user(boundary=boundary(own("edge")))), ABSENT))
    assert found.fix is None
    assert "boundary" in found.message


def test_a_user_that_is_to_have_no_boundary_can_be_created() -> None:
    [found] = user_missing.check(compare(desired(user(boundary=boundary(None))), ABSENT))
    assert found.fix is not None


def test_a_user_that_is_in_no_full_list_is_missing() -> None:
    [found] = user_missing.check(compare(desired(user()), snapshot(listed=frozenset({"user"}))))
    assert found.rule == "user-missing"


def test_a_user_is_not_missing_because_it_was_not_read_nor_because_all_groups_were() -> None:
    assert not list(user_missing.check(compare(desired(user()), snapshot())))
    assert not list(user_missing.check(compare(desired(user()), snapshot(listed=frozenset({"group"})))))
    assert not list(user_missing.check(compare(desired(user()), snapshot(absent=[("group", "koding-user")]))))


def test_a_user_that_is_there_or_ignored_is_not_missing() -> None:
    assert not list(user_missing.check(compare(desired(user()), snapshot(live_user()))))
    assert not list(user_missing.check(compare(desired(user(), ignore=(ignore("user", "koding-*"),)), ABSENT)))
