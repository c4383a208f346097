"""Whose row a type has: ours, the model's, or a hint's."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit.reference import actions
from koding_audit.stack import hints, model_rows
from koding_audit.stack.row_lookup import RowLookup
from koding_audit.stack.type_table import load_type_table


@pytest.fixture
def lookup() -> RowLookup:
    return RowLookup(load_type_table(), actions.load_actions())


@pytest.mark.parametrize(
    ("type_", "origin"),
    [("aws_instance", "own"), ("aws_xray_group", "model"), ("aws_simpledb_domain", "hint")],
)
def test_a_type_has_the_best_row_that_there_is(lookup: RowLookup, type_: str, origin: str) -> None:
    row = lookup.find("type", type_)
    assert row is not None
    assert row.origin == origin
    assert lookup.origins == {type_: origin}
    assert lookup.hinted == ((type_,) if origin == "hint" else ())


def test_every_own_row_and_every_type_of_the_model_says_whose_it_is(lookup: RowLookup) -> None:
    own = [name for kind, name in lookup.table.lines if kind == "type"]
    modelled = model_rows.load_model()[1].keys() - set(own)
    for name in (*own, *modelled):
        lookup.find("type", name)
    assert {name for name, origin in lookup.origins.items() if origin == "own"} == set(own)
    assert {name for name, origin in lookup.origins.items() if origin == "model"} == modelled


def test_nothing_is_found_of_an_unknown_type_and_of_a_data_source_without_a_row(lookup: RowLookup) -> None:
    assert lookup.find("type", "aws_of_tomorrow") is None
    assert lookup.find("data", "aws_xray_group") is None
    assert lookup.origins == {}


def test_a_script_with_own_rows_only_does_not_load_the_model_nor_the_hints(
    lookup: RowLookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> Any:
        raise AssertionError("loaded")

    monkeypatch.setattr(model_rows, "load_model", refused)
    monkeypatch.setattr(hints, "load_hints", refused)
    assert lookup.find("type", "aws_instance") is not None
    assert lookup.find("data", "aws_ami") is not None
    with pytest.raises(AssertionError, match="loaded"):
        lookup.find("type", "aws_xray_group")
