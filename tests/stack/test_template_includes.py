"""Files that `AWS::Include` names are put in their place, or are left to be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from koding_audit.stack.template_includes import include_files, local_path
from koding_audit.stack.template_values import python_value
from tests.stack.template_files import mapping, node


def include(location: str) -> dict[str, Any]:
    return {"Name": "AWS::Include", "Parameters": {"Location": location}}


def included(value: Any) -> Any:
    files = {"a.json": node({"A": 1, "Resources": {"X": 2}}), "list.json": node(["x"])}
    return python_value(include_files(mapping(value), files.get))


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"P": {"Fn::Transform": include("a.json")}}, {"P": {"A": 1, "Resources": {"X": 2}}}),
        ({"P": {"B": 3, "Fn::Transform": include("a.json")}}, {"P": {"B": 3, "A": 1, "Resources": {"X": 2}}}),
        ({"P": [{"Fn::Transform": include("list.json")}]}, {"P": [["x"]]}),
        (
            {"Transform": include("a.json"), "Resources": {"Y": 1}},
            {"Transform": include("a.json"), "Resources": {"Y": 1, "X": 2}, "A": 1},
        ),
        ({"P": {"Fn::Transform": include("gone.json")}}, {"P": {"Fn::Transform": include("gone.json")}}),
        ({"P": {"Fn::Transform": {"Name": "Acme"}}}, {"P": {"Fn::Transform": {"Name": "Acme"}}}),
    ],
)
def test_an_included_file_stands_in_its_place(value: Any, found: Any) -> None:
    assert included(value) == found


@pytest.mark.parametrize("text", ["s3://b/a.yaml", "https://x/a.yaml", "/etc/passwd", "gone.yaml", "", "a\0b", "."])
def test_a_url_an_absolute_path_or_a_missing_file_is_not_local(tmp_path: Path, text: str) -> None:
    assert local_path(text, str(tmp_path / "web.yaml")) is None


def test_a_file_beside_the_template_is_local(tmp_path: Path) -> None:
    (tmp_path / "child.yaml").write_text("", encoding="utf-8")
    assert local_path("./child.yaml", str(tmp_path / "web.yaml")) == str(tmp_path / "child.yaml")
    assert local_path("../child.yaml", str(tmp_path / "sub" / "web.yaml")) == str(tmp_path / "child.yaml")
