"""boundary-changed: permissions boundaries that are others than declared."""

from __future__ import annotations

import pytest

from koding_audit.scan.rules import boundary_changed
from tests.values import boundary, compare, desired, ignore, live_role, live_user, own, role, snapshot, user

EDGE, OTHER = own("edge"), own("team/other")


@pytest.mark.parametrize(
    ("wanted", "live", "words"),
    [
        (EDGE, OTHER, "has boundary customer:team/other; the file declares boundary customer:edge"),
        (EDGE, "", "has no boundary; the file declares boundary customer:edge"),
        (None, OTHER, "has boundary customer:team/other; the file declares no boundary"),
    ],
)
def test_another_boundary_than_declared_is_an_error_that_nothing_fixes(
    wanted: str | None, live: str, words: str
) -> None:
    state = desired(user(boundary=boundary(wanted)))
    [found] = boundary_changed.check(compare(state, snapshot(live_user(boundary=live))))
    assert found.id == "boundary-changed/arn:aws:iam::123456789012:user/koding-user"
    assert (found.severity, found.fix, found.message) == ("error", None, f"user koding-user {words}")
    assert found.evidence == {"wanted": wanted, "live": live or None}
    assert found.location == state.users["koding-user"].boundary.location


@pytest.mark.parametrize(("wanted", "live"), [(EDGE, EDGE), (None, "")])
def test_the_declared_boundary_is_fine(wanted: str | None, live: str) -> None:
    state = desired(user(boundary=boundary(wanted)))
    assert not list(boundary_changed.check(compare(state, snapshot(live_user(boundary=live)))))


def test_a_boundary_is_not_looked_at_where_nothing_is_declared() -> None:
    assert not list(boundary_changed.check(compare(desired(user()), snapshot(live_user(boundary=OTHER)))))


def test_nothing_is_said_of_a_user_that_is_missing_not_read_or_ignored() -> None:
    state = desired(user(boundary=boundary(EDGE)))
    assert not list(boundary_changed.check(compare(state, snapshot(absent=[("user", "koding-user")]))))
    assert not list(boundary_changed.check(compare(state, snapshot())))
    ignoring = desired(user(boundary=boundary(EDGE)), ignore=(ignore("user", "*"),))
    assert not list(boundary_changed.check(compare(ignoring, snapshot(live_user()))))


def test_a_role_has_another_boundary_than_declared() -> None:
    wanted = desired(role(boundary=boundary(own("edge"))))
    (finding,) = boundary_changed.check(compare(wanted, snapshot(live_role())))
    assert finding.message == "role app has no boundary; the file declares boundary customer:edge"
