"""Findings and actions: what each verb changes, and what it needs to be allowed."""

from __future__ import annotations

import pytest

from koding_audit.model.finding import Action
from koding_audit.model.verb import Verb
from tests.report.formats.reports import policy_missing


@pytest.mark.parametrize(
    ("rule", "verb", "change"),
    [
        ("policy-missing", Verb.ATTACH_GROUP_POLICY, "add"),
        ("inline-missing", Verb.PUT_GROUP_POLICY, "add"),
        ("inline-changed", Verb.PUT_GROUP_POLICY, "replace"),
        ("policy-unexpected", Verb.DETACH_GROUP_POLICY, "replace"),
        ("membership-unexpected", Verb.REMOVE_USER_FROM_GROUP, "replace"),
        ("inline-unexpected", Verb.DELETE_GROUP_POLICY, "replace"),
        ("group-missing", Verb.CREATE_GROUP, "create"),
    ],
)
def test_a_fix_needs_what_its_call_does(rule: str, verb: Verb, change: str) -> None:
    fix = Action(verb, {"GroupName": "Developers", "UserName": "ada"})
    assert policy_missing(rule=rule, fix=fix).change == change
