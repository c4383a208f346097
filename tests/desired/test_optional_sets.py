"""`--with SET`: an optional set that a run asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from koding_audit import desired
from koding_audit.model.errors import InputError
from tests.desired.files import loaded

CONTENT = """version: 1
policy_sets: {a: {}, b: {}, c: {}}
groups:
  G: {required: [a], optional: [b, c]}
  H: {required: [c]}
users:
  u: {optional: [b]}
"""


def test_a_set_that_the_run_asks_for_is_required_where_it_was_optional(tmp_path: Path) -> None:
    before = loaded(tmp_path, CONTENT)
    after = desired.require_sets(before, ["b"])
    assert [use.name for use in after.groups["G"].required] == ["a", "b"]
    assert after.groups["G"].required[1] == before.groups["G"].optional[0]
    assert [use.name for use in after.groups["G"].optional] == ["c"]
    assert ([use.name for use in after.users["u"].required], after.users["u"].optional) == (["b"], ())
    assert after.groups["H"] is before.groups["H"]


def test_no_set_asked_for_changes_nothing(tmp_path: Path) -> None:
    before = loaded(tmp_path, CONTENT)
    assert desired.require_sets(before, []) is before


def test_an_unknown_set_asked_for_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="policy set `d` is not declared") as caught:
        desired.require_sets(loaded(tmp_path, CONTENT), ["a", "d"])
    assert caught.value.hint == "the policy sets are: a, b, c"
    assert caught.value.location is None
