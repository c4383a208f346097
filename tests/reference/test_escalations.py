"""The actions with which a principal can make itself an administrator."""

from __future__ import annotations

from pathlib import Path

from koding_audit.reference.actions import load_actions
from koding_audit.reference.escalations import load_escalation_actions

GUIDE = (Path(__file__).parents[2] / "docs" / "guards.md").read_text(encoding="utf-8")
WAYS = load_escalation_actions()


def test_each_is_an_action_of_iam_on_a_resource_of_its_kind() -> None:
    known = load_actions()
    for way in WAYS:
        assert known.canonical_name(way.action) == way.action
        assert way.action.startswith("iam:")
        assert way.kind in {each.name for each in known.resource_types(way.action)}


def test_credentials_count_only_on_others_and_passing_a_role_only_if_it_is_not_limited() -> None:
    assert {way.action for way in WAYS if way.others_only} == {
        "iam:CreateAccessKey",
        "iam:CreateLoginProfile",
        "iam:UpdateLoginProfile",
    }
    assert [way.action for way in WAYS if way.unrestricted_only] == ["iam:PassRole"]


def test_the_guide_shows_as_many_as_there_are() -> None:
    assert f"{', '.join(way.action for way in WAYS[:3])} and {len(WAYS) - 3} more" in GUIDE
