"""Real files for the loader, and what it says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from koding_audit.desired import load_desired
from koding_audit.model.desired import Desired
from koding_audit.model.errors import InputError


def write(folder: Path, content: str | bytes, name: str = "desired.yaml") -> str:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def loaded(folder: Path, *contents: str) -> Desired:
    """The desired state of files 0.yaml, 1.yaml, ... with these contents."""
    return load_desired([write(folder, content, f"{number}.yaml") for number, content in enumerate(contents)])


def refusal(*paths: str) -> InputError:
    with pytest.raises(InputError) as caught:
        load_desired(paths)
    return caught.value


def check(error: InputError, line: int, column: int, message: str, hint: str = "") -> None:
    """Holds the error against its place and parts of its message and hint."""
    assert error.location is not None
    assert (error.location.line, error.location.column) == (line, column), error.message
    assert message in error.message
    assert hint in error.hint
    assert error.hint
    for text in (error.message, error.hint):
        assert text.isprintable()
        assert not text.endswith(".")
