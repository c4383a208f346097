"""Whatever the bytes, they are a desired state or one error with a place in the file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from koding_audit.desired import load_desired
from koding_audit.model.desired import Desired
from koding_audit.model.errors import InputError
from tests.desired.files import write

pytestmark = pytest.mark.slow

GUIDE = (Path(__file__).parents[2] / "policies" / "koding.yaml").read_bytes()
BREAK = re.compile(rb"\r\n|\r|\n")

SLOWLY = settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example writes the same file anew
)

KEYS = ["version", "account", "id", "partition", "policy_sets", "policies", "groups", "required", "optional", "members",
        "users", "type", "path", "boundary", "access_keys", "max_active", "console", "tags", "root", "closed", "ignore",
        "reason", "waivers", "rule", "expires", "user_defaults", "exclusive", "roles", "inline",
        "trust", "document", "file", "Statement", "Effect", "Action"]  # fmt: skip
TEXTS = ["1", "true", "forbidden", "none", "a", "A", "/a/", "aws", "'123456789012'", "X", "customer:a/b", "~", "",
         "[]", "{}", "[a]", "[a, a]", "{a: {}}", "&x", "*x", "<<", "!!str", "'", '"\\e"', "|", ">", "\t",
         "# \u202e"]  # fmt: skip


def judge(folder: Path, content: bytes) -> None:
    path = write(folder, content)
    error = refused(path)
    if error is None:
        return
    lines = BREAK.split(content)
    assert error.location is not None
    assert error.location.path == path
    assert 1 <= error.location.line <= len(lines)
    assert 1 <= error.location.column <= len(lines[error.location.line - 1]) + 1
    assert error.message.isprintable()
    assert error.hint
    assert error.hint.isprintable()
    assert len(error.message) < 1000


def refused(path: str) -> InputError | None:
    """The refusal; None where the file is a desired state. Anything else that is raised ends the test."""
    try:
        assert isinstance(load_desired([path]), Desired)
    except InputError as error:
        return error
    return None


@SLOWLY
@given(st.binary(max_size=200))
@example(b"\xff")
@example(b"\r\n\r")
@example(b"a: [")
@example(b"? a")
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    judge(tmp_path, content)


@SLOWLY
@given(st.text(alphabet="abc:-?[]{},&*!|>'\"%@`#<~ \t\n\r\\x0\u00e9\u2028", max_size=120))
def test_any_text_of_yaml_signs(tmp_path: Path, content: str) -> None:
    judge(tmp_path, content.encode())


@SLOWLY
@given(
    st.integers(0, len(GUIDE)),
    st.integers(0, 12),
    st.one_of(st.binary(max_size=6), st.sampled_from([text.encode() for text in KEYS + TEXTS])),
)
def test_the_guide_with_a_hole_and_a_patch(tmp_path: Path, start: int, length: int, patch: bytes) -> None:
    judge(tmp_path, GUIDE[:start] + patch + GUIDE[start + length :])


LINES = st.tuples(st.integers(0, 3), st.sampled_from([*KEYS, "a", "- a", "- "]), st.sampled_from(TEXTS))


@SLOWLY
@given(st.lists(LINES, max_size=12))
def test_any_lines_of_known_words(tmp_path: Path, lines: list[tuple[int, str, str]]) -> None:
    body = "".join(f"{'  ' * depth}{key}: {text}\n" for depth, key, text in lines)
    judge(tmp_path, f"version: 1\nroot: {{}}\n{body}".encode())


@pytest.mark.parametrize("size", [10, 100, 1000, 30_000])
@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "&a [", "!a ", "'", "a: b: "])
def test_depth_never_ends_the_process(tmp_path: Path, opening: str, size: int) -> None:
    judge(tmp_path, b"version: 1\nx: " + opening.encode() * size)
    judge(tmp_path, opening.encode() * size)
