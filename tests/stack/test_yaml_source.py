"""A script in YAML that is none, or does too much, is refused at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stack.script_files import refused


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("resource:\n  a: &x {}\n  b: *x\n", "anchor"),
        ("resource:\n  aws_eip:\n    a: {}\n    a: {}\n", "duplicate key"),
        ("resource:\n  <<: {a: b}\n", "merge key"),
        ("resource: !!python/object:os.system {}\n", "tag"),
        ("resource: {}\n---\nresource: {}\n", "second YAML document"),
        ("resource:\n\taws_eip: {}\n", "not YAML"),
        ("resource: " + "[" * 60, "nested more than 50 levels deep"),
        ("resource: {aws_eip: text}\n", "expected a block"),
        ("resource: {'aws_eip web': {a: {}}}\n", "not a valid name"),
        ("resource: {aws_eip: {a: {}}}\nprovidr: {}\n", "unknown block `providr`"),
        ("apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n", "not a stack script"),
        ("", "the file is empty"),
        ("- a\n", "not a stack script"),
    ],
)
def test_yaml_that_is_no_script_or_does_too_much_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)[2]


def test_a_character_that_yaml_does_not_take_is_refused_at_its_place(tmp_path: Path) -> None:
    text = "resource:\n  aws_eip:\n    \u00e9: {x: '\U0001f600 \x1b'}\n"
    assert refused(tmp_path, text)[:2] == (3, 15)
