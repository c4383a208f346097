"""The way of a file: read, held against the schema, built, checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from koding_audit.desired.loader import load_desired_files
from koding_audit.desired.resources import desired_schema
from koding_audit.model.errors import InputError
from tests.desired.files import write

GROUP = "version: 1\ngroups: {%s: {}}\n"


def refusal(*paths: str) -> InputError:
    with pytest.raises(InputError) as caught:
        load_desired_files(paths, desired_schema())
    assert caught.value.hint
    return caught.value


def test_files_are_one_desired_state_in_the_order_in_which_they_are_named(tmp_path: Path) -> None:
    paths = [write(tmp_path, GROUP % name, f"{name}.yaml") for name in ("Web", "Ops")]
    loaded = load_desired_files(paths, desired_schema())
    assert list(loaded.groups) == ["Web", "Ops"]
    assert [each.path for each in loaded.files] == paths


def test_without_a_file_there_is_no_desired_state() -> None:
    assert refusal().location is None


def test_a_file_is_read_once_under_whatever_name(tmp_path: Path) -> None:
    path = write(tmp_path, GROUP % "Web")
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    location = refusal(path, str(link)).location
    assert location is not None
    assert location.path == str(link)


def test_the_first_step_that_refuses_a_file_is_the_one_that_is_told(tmp_path: Path) -> None:
    broken_yaml = "version: 1\ngroups: {G: [}\n"
    broken_schema = "version: 1\ngroups: {G: {requires: []}}\n"
    contradiction = "version: 1\ngroups: {G: {required: [nowhere]}}\n"
    for text, column in ((broken_yaml, 14), (broken_schema, 14), (contradiction, 25)):
        location = refusal(write(tmp_path, text)).location
        assert location is not None
        assert (location.line, location.column) == (2, column)
