"""Claims about what a report says of the desired state, in short."""

from __future__ import annotations

import pytest

from koding_audit.model.report import OutlinePrincipal, RootState
from koding_audit.scan.outline import MAX_PRINCIPALS, build_outline, root_state
from tests.report.formats.reports import policy_missing
from tests.values import aws, compare, desired, group, ignore, live_group, policy_set, role, root_use, snapshot, user

SETS = (policy_set("build", aws("A"), aws("B")), policy_set("dns", aws("C"), aws("B")), policy_set("idle", aws("D")))
DEVELOPERS = group("Developers", required=["build"], optional=["dns"])


def test_it_says_who_is_to_have_what() -> None:
    wanted = desired(*SETS, DEVELOPERS, user("ada", groups=["Developers"]), role("app", required=["build"]))
    found = build_outline(compare(wanted, snapshot()), ())
    assert found.declared == {"group": 1, "user": 1, "role": 1}
    assert [(each.kind, each.name, each.groups, each.members, each.required) for each in found.principals] == [
        ("group", "Developers", (), 1, ("build",)),
        ("user", "ada", ("Developers",), 0, ()),
        ("role", "app", (), 0, ("build",)),
    ]
    assert found.policy_sets == {"build": (aws("A"), aws("B")), "dns": (aws("C"), aws("B"))}, "not those nobody names"


@pytest.mark.parametrize(
    ("attached", "said"),
    [(None, None), ([], False), ([aws("B")], False), ([aws("C")], True), ([aws("B"), aws("C")], True)],
)
def test_an_optional_set_is_in_use_where_all_that_no_required_set_brings_is_attached(
    attached: list[str] | None, said: bool | None
) -> None:
    live = snapshot(live_group("Developers", attached=attached))
    (found,) = build_outline(compare(desired(*SETS, DEVELOPERS), live), ()).principals
    assert found.optional == (("dns", said),)


def test_of_many_it_keeps_those_of_findings_and_counts_all() -> None:
    names = [f"user-{index:04}" for index in range(MAX_PRINCIPALS + 50)]
    wanted = desired(*(user(name) for name in names), ignore=(ignore("user", "user-0000"),))
    comparison = compare(wanted, snapshot())
    last = policy_missing(subject=comparison.principal_arn("user", names[-1]))
    found = build_outline(comparison, [last])
    assert found.declared["user"] == MAX_PRINCIPALS + 49, "without who is ignored"
    assert [each.name for each in found.principals] == [names[-1], *names[1:MAX_PRINCIPALS]]
    assert isinstance(found.principals[0], OutlinePrincipal)


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        (None, (None, None)),
        ({}, (None, None)),
        ({"AccountAccessKeysPresent": 0, "AccountMFAEnabled": 1}, (False, True)),
        ({"AccountAccessKeysPresent": 2, "AccountMFAEnabled": 0}, (True, False)),
    ],
)
def test_what_was_not_read_of_root_is_not_said(
    summary: dict[str, int] | None, said: tuple[bool | None, bool | None]
) -> None:
    assert root_state(snapshot(summary=summary)) == RootState(*said)
    assert root_state(snapshot(summary=summary, root_use=root_use())).use == root_use()
