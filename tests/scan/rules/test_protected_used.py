"""protected-used: each use of a protected user's credentials, whether a file declares the user or not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from koding_audit.model.account import PrincipalKind, principal_key
from koding_audit.model.desired import Desired, Guards
from koding_audit.model.finding import Finding
from koding_audit.model.location import Reference
from koding_audit.model.query import Fact
from koding_audit.model.snapshot import Credentials, Snapshot
from koding_audit.scan.catalog import load_rules
from koding_audit.scan.read_plan import scan_query
from koding_audit.scan.rules.protected_used import check
from tests.values import ACCOUNT, access_key, ago, compare, desired, ignore, line, live_role, live_user, snapshot, user

GUARDS = Guards(
    protected={
        principal_key("user", "break-glass"): Reference("user/break-glass", line(2, 13)),
        principal_key("role", "break-glass"): Reference("role/break-glass", line(2, 40)),
    }
)
USED = Credentials(
    keys=(access_key("WXYZ", used=3), access_key("OLDX", active=False, used=90), access_key("NEVR")),
    password_used=(ago(days=1),),
)


def wanted(*parts: Any, **more: Any) -> Desired:
    return desired(user("ada"), *parts, guards=GUARDS, **more)


def live(credentials: Credentials) -> Snapshot:
    there = snapshot(live_user("Break-Glass", path="/emergency/"), live_role("break-glass"), live_user("ada"))
    return replace(there, credentials={"break-glass": credentials, "ada": USED})


def found(state: Desired, credentials: Credentials) -> list[Finding]:
    return list(check(compare(state, live(credentials))))


def test_every_key_and_the_password_that_were_ever_used_are_told_with_when() -> None:
    told = found(wanted(), USED)
    assert [(each.key, each.evidence["credential"], each.evidence["last_used"]) for each in told] == [
        ("OLDX", "access-key", "2026-08-25T20:00:00Z"),
        ("WXYZ", "access-key", "2026-11-20T20:00:00Z"),
        ("password", "password", "2026-11-22T20:00:00Z"),
    ]
    assert told[1].message == ("access key ...WXYZ of protected user Break-Glass was last used on 2026-11-20T20:00:00Z")
    assert {(each.subject, each.location) for each in told} == {
        (ACCOUNT.arn("user", "Break-Glass", "/emergency/"), line(2, 13))
    }


def test_what_was_never_used_and_what_was_not_read_is_no_finding() -> None:
    for nothing in (Credentials(keys=(access_key(),), password_used=()), Credentials()):
        assert found(wanted(), nothing) == []
    assert list(check(compare(wanted(), snapshot(absent=[("user", "break-glass")])))) == []


def test_neither_declaring_nor_ignoring_the_user_makes_a_difference() -> None:
    expected = found(wanted(), USED)
    kinds: tuple[PrincipalKind, ...] = ("user",)
    assert found(wanted(user("Break-Glass")), USED) == expected
    assert found(wanted(ignore=tuple(ignore(kind, "*lass") for kind in kinds)), USED) == expected


def test_what_it_needs_is_read_of_the_protected_users_alone() -> None:
    facts = {Fact.USER, Fact.ACCESS_KEYS, Fact.PASSWORD_USED}
    asked = scan_query(wanted(), ACCOUNT, load_rules())
    assert asked.users["break-glass"] == facts
    assert Fact.ACCESS_KEYS not in asked.users["ada"]
    assert "break-glass" in asked.key_required
    declared = scan_query(wanted(user("Break-Glass")), ACCOUNT, load_rules())
    assert "break-glass" not in declared.users
    assert declared.users["Break-Glass"] >= facts
    assert "break-glass" not in scan_query(wanted(), ACCOUNT, load_rules(skip=["protected-used"])).users
    assert Fact.PASSWORD_USED not in scan_query(desired(user("ada")), ACCOUNT, load_rules()).users["ada"]
