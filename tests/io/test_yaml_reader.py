"""YAML text: whatever is more than plain data is refused at its place."""
# ruff: noqa: E501 - a row of a table is one line

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
import yaml

from koding_audit.desired import load_desired
from koding_audit.model.errors import InputError
from tests.desired.files import check, refusal, write

HEAD = "version: 1\n"

Row = tuple[str, str | bytes, int, int, str, str]

REFUSED: list[Row] = [
    ("empty", "", 1, 1, "the file is empty", "start it with `version: 1`"),
    ("only comments", "# nothing\n# here\n", 1, 1, "the file is empty", "version: 1"),
    ("only a document mark", "---\n", 1, 1, "the file is empty", "version: 1"),
    ("list at top", "- a\n", 1, 1, "a list, not a mapping", "version: 1"),
    ("text at top", "hello\n", 1, 1, "a text, not a mapping", "version: 1"),
    ("null at top", "~\n", 1, 1, "a text, not a mapping", "version: 1"),
    ("quoted nothing at top", "''\n", 1, 1, "a text, not a mapping", "version: 1"),
    ("duplicate key", HEAD + "groups:\n  admins: {}\n  admins: {}\n", 4, 3, "desired.yaml:3:3", "merge the two"),
    ("duplicate key, one quoted", HEAD + "root: {}\n'root': {}\n", 3, 1, "duplicate key `root`", "merge the two"),
    ("alias", HEAD + "users: *all\n", 2, 8, "the alias `*all` is not allowed", "write out"),
    ("recursive alias", HEAD + "users: &a\n  b: *a\n", 2, 8, "the anchor `&a` is not allowed", "aliases"),
    ("anchor on a text", HEAD + "users: {a: {owner: &o web}}\n", 2, 20, "the anchor `&o`", "aliases"),
    ("anchor on a key", HEAD + "&k users: {}\n", 2, 1, "the anchor `&k`", "aliases"),
    ("alias as a key", HEAD + "*k : {}\n", 2, 1, "the alias `*k`", "write out"),
    ("merge key", HEAD + "<<: {users: {}}\n", 2, 1, "the merge key `<<` is not allowed", "write out"),
    ("tag of Python", HEAD + "root: !!python/object/apply:os.system [id]\n", 2, 7, "the tag `tag:yaml.org,2002:py", "remove"),
    ("custom tag", HEAD + "root: !secret {}\n", 2, 7, "the tag `!secret`", "remove it"),
    ("tag of a text", HEAD + "users: {a: {owner: !!str 5}}\n", 2, 20, "the tag `tag:yaml.org,2002:str`", "remove it"),
    ("tag that says nothing", HEAD + "users: {a: {owner: ! 5}}\n", 2, 20, "the tag `!`", "remove it"),
    ("YAML directive", "%YAML 1.1\n---\nversion: 1\n", 1, 1, "a YAML directive", "remove the line"),
    ("tag directive", "# hello\n%TAG ! tag:example.org,2026:\n---\nversion: 1\n", 2, 1, "a YAML directive", "remove"),
    ("two documents", HEAD + "---\nversion: 1\n", 2, 1, "a second YAML document", "a file of its own"),
    ("text after the end", HEAD + "...\nroot: {}\n", 3, 1, "<document start>", "the one before"),
    ("list as a key", HEAD + "? [a]\n: b\n", 2, 3, "a list or a mapping cannot be a key", "write the key as text"),
    ("mapping as a key", HEAD + "{a: b}: c\n", 2, 1, "a list or a mapping cannot be a key", "write the key as text"),
    ("nested lists", HEAD + "x: " + "[" * 500, 2, 23, "nested more than 20 levels deep", "reduce the nesting"),
    ("nested mappings", HEAD + "x: " + "{a: " * 2000, 2, 80, "nested more than 20 levels deep", "reduce the nesting"),
    ("nested keys", HEAD + "? " * 2000, 2, 41, "nested more than 20 levels deep", "reduce the nesting"),
    ("tab as indentation", HEAD + "groups:\n\tA: {}\n", 3, 1, "not YAML", "spaces, not with tabs"),
    ("tab in a text", HEAD + "users: {a: {owner: 'x\ty'}}\n", 2, 20, "`x\\x09y` contains a line break", "on one line"),
    ("bracket that is open", HEAD + "root: {\n", 3, 1, "not YAML", "brackets of this line"),
    ("bracket that is open at the end", HEAD + "root: {", 2, 8, "not YAML", "brackets of this line"),
    ("colon in a text", HEAD + "users: {}\nroot: a: b\n", 3, 8, "mapping values are not allowed", "quotes"),
    ("reserved character", HEAD + "root: @home\n", 2, 7, "not YAML", "quotes"),
    ("block of several lines", HEAD + "root:\n  mfa: |\n    a\n    b\n", 3, 8, "`a\\x0ab\\x0a` contains a line break", ">-"),
    ("paragraphs in quotes", HEAD + "root: {mfa: 'a\n\n  b'}\n", 2, 13, "`a\\x0ab` contains a line break", ">-"),
    ("C1 as an escape", HEAD + 'users: {"\\x9b31m": {}}\n', 2, 9, "`\\x9b31m` contains", "one line"),
    ("bidi as an escape", HEAD + 'root: {mfa: "a\\u202eb"}\n', 2, 13, "`a\\u202eb` contains", "one line"),
    ("NUL as an escape", HEAD + 'root: {mfa: "a\\0b"}\n', 2, 13, "`a\\x00b` contains", "one line"),
    ("escape that breaks lines", HEAD + 'root: {mfa: "a\\L"}\n', 2, 13, "`a\\u2028` contains", "one line"),
    ("raw C1", HEAD + "users: {\x9b31m: {}}\n", 2, 9, "the character U+009B", "remove it"),
    ("raw escape", HEAD + "root: {} # \x1b[31m\n", 2, 12, "the character U+001B", "remove it"),
    ("line separator", HEAD + "root: {mfa: a\u2028b}\n", 2, 14, "the character U+2028", "remove it"),
    ("bidi in a comment", HEAD + "root: {} # \u202e\n", 2, 12, "the character U+202E", "hide or reorder"),
    ("BOM in the middle", HEAD + "root: {\ufeff}\n", 2, 8, "the character U+FEFF", "remove it"),
    ("next line", HEAD + "root: {}\x85users: {}\n", 2, 9, "the character U+0085", "remove it"),
    ("after other line breaks", "version: 1\r\n# a\r# \x07\r\n", 3, 3, "the character U+0007", "remove it"),
    ("NUL", "version: 1\nro\0ot: {}\n", 2, 3, "the character U+0000", "save the file as UTF-8"),
    ("UTF-16", HEAD.encode("utf-16"), 1, 1, "UTF-16", "save it as UTF-8"),
    ("UTF-16 without a mark", HEAD.encode("utf-16-le"), 1, 2, "U+0000", "save the file as UTF-8"),
    ("Latin-1", HEAD.encode() + b"# a\xe9b\n", 2, 4, "the byte 0xe9 is not UTF-8", "save the file as UTF-8"),
    ("cut UTF-8", HEAD.encode() + b"\n\n# \xc3\xa4\xe2\x80", 4, 4, "the byte 0xe2 is not UTF-8", "save the file as UTF-8"),
    ("surrogate", HEAD.encode() + b"# \xed\xa0\x80", 2, 3, "the byte 0xed is not UTF-8", "save the file as UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize("in_c", [True, False], ids=["C parser", "Python parser"])
def test_nesting_beyond_the_parsers_own_limit_is_told_in_the_same_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_c: bool
) -> None:
    if not in_c:
        monkeypatch.delattr(yaml, "CSafeLoader")
    error = refusal(write(tmp_path, HEAD + "x: " + "[" * 2000))
    assert error.message == "this is nested more than 20 levels deep"
    assert error.hint == "reduce the nesting"
    assert error.location is not None
    assert error.location.line == 2


@pytest.mark.parametrize("in_c", [True, False], ids=["C parser", "Python parser"])
@pytest.mark.parametrize("row", REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_not_plain_yaml_is_refused_at_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_c: bool, row: Row
) -> None:
    _, content, *expected = row
    if not in_c:
        monkeypatch.delattr(yaml, "CSafeLoader")
    check(refusal(write(tmp_path, content)), *expected)


def test_a_utf8_mark_at_the_start_is_no_error_and_moves_no_column(tmp_path: Path) -> None:
    assert load_desired([write(tmp_path, b"\xef\xbb\xbfversion: 1\nroot: {}\n")]).root.location is not None
    error = refusal(write(tmp_path, b"\xef\xbb\xbfversoin: 1\n"))
    check(error, 1, 1, "unknown key `versoin`", "version")


def test_carriage_returns_are_line_breaks(tmp_path: Path) -> None:
    desired = load_desired([write(tmp_path, b"version: 1\r\nroot: {}\r\ngroups: {A: {}}\r\n")])
    assert desired.groups["A"].location.line == 3


def test_letters_of_any_language_may_stand_in_free_text(tmp_path: Path) -> None:
    desired = load_desired([write(tmp_path, "version: 1\ngroups: {A: {owner: Büro\u00a0東京}}\n")])
    assert desired.groups["A"].owner == "Büro\u00a0東京"


def test_a_document_mark_and_folded_text_are_plain_yaml(tmp_path: Path) -> None:
    content = "---\nversion: 1\ngroups:\n  A:\n    owner: >-\n      the team\n      upstairs\n...\n"
    assert load_desired([write(tmp_path, content)]).groups["A"].owner == "the team upstairs"


def test_twenty_levels_are_read_and_left_to_the_schema(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, HEAD + "x: " + "[" * 19 + "]" * 19))
    check(error, 2, 1, "unknown key `x`", "keys here")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "none.yaml")
    error = refusal(path)
    check(error, 1, 1, "cannot be read: No such file or directory", "path")
    assert error.location is not None
    assert error.location.path == path


def test_a_path_that_no_file_can_have_is_an_error_like_any_other() -> None:
    check(refusal("a\0b"), 1, 1, "cannot be read", "path")


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, HEAD)

    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)  # whoever runs the tests may be root, whom no file mode stops
    check(refusal(path), 1, 1, "cannot be read: Permission denied", "permissions")


def test_a_directory_is_refused(tmp_path: Path) -> None:
    check(refusal(str(tmp_path)), 1, 1, "a directory, not a file", "the desired-state file")


def test_a_pipe_without_a_writer_does_not_hold_the_run(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    check(refusal(str(path)), 1, 1, "a device, a pipe or a socket", "the desired-state file")


def test_a_device_is_refused() -> None:
    check(refusal("/dev/zero"), 1, 1, "a device, a pipe or a socket", "the desired-state file")


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket has to be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        check(refusal("socket"), 1, 1, "cannot be read", "path")


def test_standard_input_is_not_read() -> None:
    check(refusal("-"), 1, 1, "standard input is not supported", "./-")


def test_a_file_of_one_mebibyte_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    content = "version: 1\nroot: {}\n# "
    content += "x" * ((1 << 20) - len(content))
    assert load_desired([write(tmp_path, content)]).root.location is not None
    check(refusal(write(tmp_path, content + "x")), 1, 1, "larger than 1 MiB", "split it")


def test_no_file_at_all_is_an_error_without_a_place() -> None:
    with pytest.raises(InputError, match="no desired-state file is named") as caught:
        load_desired([])
    assert caught.value.location is None


def test_a_link_to_a_file_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "link.yaml").symlink_to(write(tmp_path, "version: 1\nroot: {}\n"))
    assert load_desired([str(tmp_path / "link.yaml")]).root.location is not None


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors as Linux shows them")
def test_a_refused_file_is_closed(tmp_path: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the numbers are all that is wanted
    for path in (str(tmp_path), "/dev/zero", write(tmp_path, "")):
        refusal(path)
    assert set(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
