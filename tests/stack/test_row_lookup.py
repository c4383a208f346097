"""Whose row a type has: ours, the model's, or a hint's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from koding_audit.reference import actions
from koding_audit.stack import hints, model_rows
from koding_audit.stack.loader import read_script
from koding_audit.stack.needs import collect_needs
from koding_audit.stack.row_lookup import RowLookup
from koding_audit.stack.type_table import load_type_table
from tests.stack.made import ACCOUNT, asked


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


def test_tags_that_the_provider_adds_are_a_limit_of_the_models_row(tmp_path: Path) -> None:
    provider = {"aws": {"default_tags": {"tags": {"Team": "web"}}}}
    path = tmp_path / "stack.tf.json"
    resources = {"aws_xray_group": {"g": {"group_name": "web"}}, "aws_xray_encryption_config": {"c": {"type": "NONE"}}}
    for top, limited in (({}, False), ({"provider": provider}, True)):
        path.write_text(json.dumps({"resource": resources, **top}), encoding="utf-8")
        found = collect_needs(read_script(str(path)), ACCOUNT)
        assert [each.what for each in found.unknown] == ["aws_xray_group.g"] * limited
        assert ("xray:TagResource" in asked(found)) is limited


def test_a_resource_that_is_removed_has_no_limit(tmp_path: Path) -> None:
    path = tmp_path / "stack.tf.json"
    body = {"count": 0, "group_name": "web", "tags": {"a": "b"}}
    path.write_text(json.dumps({"resource": {"aws_xray_group": {"g": body}}}), encoding="utf-8")
    assert collect_needs(read_script(str(path)), ACCOUNT).unknown == ()
