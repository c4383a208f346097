"""The schemas and the starter file that ship with the package."""

from __future__ import annotations

from pathlib import Path

from koding_audit.desired import load_desired
from koding_audit.desired.resources import desired_schema, guards_schema, starter_text
from tests.desired.files import write


def test_the_starter_file_loads_and_its_comments_say_more_than_its_values(tmp_path: Path) -> None:
    text = starter_text()
    loaded = load_desired([write(tmp_path, text)])
    assert loaded.groups
    assert text.count("#") > 10


def test_a_guards_file_writes_a_policy_as_a_desired_state_does() -> None:
    assert guards_schema()["definitions"]["policy"] == desired_schema()["definitions"]["policy"]


def test_a_schema_that_is_changed_by_its_reader_is_read_anew() -> None:
    desired_schema().clear()
    assert desired_schema()["$schema"].startswith("http://json-schema.org/draft-07")
