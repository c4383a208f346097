"""A file of a script is read by its format."""

from __future__ import annotations

from pathlib import Path

import pytest

from koding_audit.io.yaml_nodes import MappingNode
from koding_audit.model.errors import InputError
from koding_audit.stack.source_file import read_script_file
from tests.stack.script_files import write


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.json", '{"A": 1}'), ("a.yaml", "A: 1"), ("a.template", '{"A": "\x7f"}'), ("a", "A: 1")],
)
def test_the_format_is_that_of_the_name_or_of_the_text(tmp_path: Path, name: str, text: str) -> None:
    file = read_script_file(write(tmp_path, text, name))
    root = file.parse()
    assert isinstance(root, MappingNode)
    assert list(root.entries) == ["A"]
    assert file.path == str(tmp_path / name)
    assert len(file.file.sha256) == 64


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_script_file(str(tmp_path / "gone.yaml"))
