"""Which lists of authorization details something else in them contradicts; test_snapshot.py has whole files."""

from __future__ import annotations

from koding_audit.aws.detail_filters import IncompleteLists, find_incomplete_lists
from koding_audit.model.snapshot import Principal
from tests.values import own

ADA = Principal("user", "ada", "a", "A", "/", frozenset(), frozenset(), frozenset({"Developers"}))
DEVELOPERS = Principal("group", "developers", "d", "D", "/", frozenset({own("edge")}), frozenset())
EDGE = {"Arn": own("edge"), "AttachmentCount": 1}


def test_lists_that_agree_are_complete_and_names_of_groups_have_no_case() -> None:
    lists = {"user": [ADA], "group": [DEVELOPERS], "role": []}
    assert find_incomplete_lists(lists, [EDGE], "123456789012") == IncompleteLists()  # type: ignore[arg-type]


def test_a_list_that_is_not_there_is_not_contradicted() -> None:
    assert find_incomplete_lists({"user": [ADA]}, [], "123456789012") == IncompleteLists()


def test_a_count_that_is_no_number_proves_nothing() -> None:
    odd = [{"Arn": own("edge"), "AttachmentCount": "9", "PermissionsBoundaryUsageCount": None}]
    assert find_incomplete_lists({"role": []}, odd, "123456789012") == IncompleteLists()
