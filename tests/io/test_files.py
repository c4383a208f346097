"""Whatever path is named, by whichever option: one error with its place, at once, and nothing else happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from koding_audit.aws.sources import snapshot
from koding_audit.cli import main
from koding_audit.io import files
from koding_audit.io.files import FileSpec, read_file, read_text
from koding_audit.model.errors import InputError

WANTED = FileSpec("a plan", 1, "make one", "make a smaller one")

# Each way to name a file that is read, as arguments after which nothing but the file matters.
WAYS: dict[str, Callable[[str], list[str]]] = {
    "desired": lambda path: ["scan", path, "--source", "demo"],
    "permissions": lambda path: ["permissions", path],
    "plan": lambda path: ["apply", path],
    "journal": lambda path: ["undo", path],
    "snapshot": lambda path: ["scan", "--source", f"snapshot:{path}"],
    "scp": lambda path: ["can", "user/a", "s3:GetObject", "--source", "demo", "--scp", path],
    "rcp": lambda path: ["scan", "--source", "demo", "--rcp", path],
    "cases": lambda path: ["can", "--cases", path],
    "diff": lambda path: ["diff", path, path],
    "diff of a snapshot": lambda path: ["diff", f"snapshot:{path}#user/a/b", f"snapshot:{path}#user/a/c"],
}
JSON = [way for way in WAYS if way not in ("desired", "permissions")]


def refused(way: str, path: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that the command says; its status is 2."""
    assert main(WAYS[way](path)) == 2
    (line,) = [each for each in capsys.readouterr().err.splitlines() if "error: " in each]
    assert path in line
    assert line.isprintable()
    assert "unexpected" not in line
    assert len(line) < 1000
    return line


@pytest.fixture(autouse=True)
def nothing_of_this_machine(aws_environment: pytest.MonkeyPatch) -> None:
    """No credentials or files but the test's own."""


@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_file_is_never_waited_for(way: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, kind in ((tmp_path / "pipe", "a pipe"), (tmp_path, "a directory"), (Path("/dev/zero"), "a device")):
        assert kind in refused(way, str(path), capsys)
    assert "standard input is not supported" in refused(way, "-", capsys)


@pytest.mark.parametrize("way", WAYS)
def test_two_gibibytes_are_refused_unread(way: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(2 << 30)
    assert "the file is larger than " in refused(way, str(path), capsys)


@pytest.mark.parametrize("way", WAYS)
def test_what_cannot_be_opened_is_named_with_the_reason(
    way: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    assert "Too many levels of symbolic links" in refused(way, str(tmp_path / "circle"), capsys)
    assert "No such file" in refused(way, str(tmp_path / "none"), capsys)
    assert "File name too long" in refused(way, str(tmp_path / ("x" * 300)), capsys)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_utf8_is_refused_at_its_place(way: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad"
    path.write_bytes(b'{"a": 1,\n "\xff": 2}\n')
    assert ":2:3: error: the byte 0xff is not UTF-8" in refused(way, str(path), capsys)
    path.write_bytes('{"a": 1}'.encode("utf-16"))
    assert ":1:1: error: the file is UTF-16" in refused(way, str(path), capsys)


@pytest.mark.parametrize("way", JSON)
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", ""),
        ("\0", ""),
        ('{"a": "\0"}', "JSON"),
        ("[" * 100_000, "deep"),
        ('{"a":' * 100_000, "deep"),
        ('{"a": 1, "a": 2}', "duplicate key"),
        ('{"Statement": NaN}', "NaN"),
        ('{"version": Infinity}', "Infinity"),
        ('{"version": 1e999}', "too large"),
        (f'{{"version": {"9" * 5000}}}', "digits"),
        ('{"version": "\\ud800"}', ""),
        ("7", ""),
        ("[]", ""),
        ("null", ""),
    ],
    ids=["empty", "nul", "nul inside", "deep", "deeper", "twice", "nan", "infinity", "large", "digits", "surrogate",
         "7", "list", "null"],
)  # fmt: skip
def test_json_that_is_not_what_it_has_to_be_is_one_error(
    way: str, content: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(f"{content}\n", encoding="utf-8")
    assert problem.casefold() in refused(way, str(path), capsys).casefold()


def test_a_time_that_no_calendar_has_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    data = json.dumps({"UserDetailList": []}).encode()
    for modified in (1e30, -1e17):  # not every file system keeps such a time
        monkeypatch.setattr(
            files, "read_file", lambda path, wanted, at=modified: files.FileContent(data, (1, 1), at, 0o600, 0)
        )
        with pytest.raises(InputError, match="not a valid date"):
            snapshot.read_snapshot("details.json")


def test_a_file_is_read_whole_and_known_again_by_another_name(tmp_path: Path) -> None:
    path = tmp_path / "plan"
    path.write_bytes(b"\xef\xbb\xbf{}")
    (tmp_path / "link").symlink_to(path)
    assert read_file(str(path), WANTED).data == b"\xef\xbb\xbf{}"
    assert read_file(str(path), WANTED).identity == read_file(str(tmp_path / "link"), WANTED).identity
    assert read_text(str(path), WANTED) == "{}"


def test_one_byte_too_many_is_refused_also_where_the_size_is_not_told(tmp_path: Path) -> None:
    path = tmp_path / "plan"
    path.write_bytes(b"x" * (1 << 20))
    assert len(read_file(str(path), WANTED).data) == 1 << 20
    path.write_bytes(b"x" * ((1 << 20) + 1))
    with pytest.raises(InputError, match="larger than 1 MiB") as caught:
        read_file(str(path), WANTED)
    assert caught.value.hint == "make a smaller one"


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="a file of no size with something in it, on Linux")
def test_a_file_that_tells_no_size_is_read_all_the_same() -> None:
    assert read_file("/proc/self/cmdline", WANTED).data


def test_hostile_names_are_inert_in_what_is_said(tmp_path: Path) -> None:
    """As a process: the name comes as bytes, some of which are no text at all."""
    name = os.fsencode(tmp_path) + b"/\x1b]8;;x\x07\xff\xe2\x80\xae\n.json"
    with open(name, "wb") as file:  # noqa: PTH123 - a name of bytes
        file.write(b"{")
    line = [os.fsencode(sys.executable), b"-m", b"koding_audit", b"diff", name, name]
    done = subprocess.run(line, capture_output=True, check=False, timeout=60)
    assert done.returncode == 2
    assert b"\\x1b]8;;x\\x07" in done.stderr
    assert done.stderr.decode("utf-8").removesuffix("\n").isprintable()
