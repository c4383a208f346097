"""The journal on a disk: who may read it, when a line is safe, and what happens when the disk does not take it."""

from __future__ import annotations

import errno
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from koding_audit.model.account import principal_key
from koding_audit.model.errors import AuditError, InputError
from koding_audit.model.finding import Action
from koding_audit.model.plan import Entry
from koding_audit.model.verb import Verb
from koding_audit.remediation import journal
from koding_audit.remediation.journal import JournalFile, default_journal_path
from tests.values import ACCOUNT, FILE, NOW, aws

ATTACH = Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Developers", "PolicyArn": aws("IAMReadOnlyAccess")})
STARTED = Entry(ATTACH, "started", unique_ids={principal_key("group", "Developers"): "AGPA1"})
DONE = Entry(ATTACH, "done", "seen", {principal_key("group", "Developers"): "AGPA1"})


def opened(path: Path) -> JournalFile:
    return JournalFile(str(path), ACCOUNT, NOW, [FILE])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def umask(value: int) -> Iterator[None]:
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


def test_what_was_written_is_read_again_in_its_last_state(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    file = opened(path)
    for index, entry in ((0, STARTED), (0, DONE), (1, STARTED)):
        file.append(index, entry)
    assert not journal.read_journal(str(path))[0].ended
    file.end()
    file.close()
    read, torn = journal.read_journal(str(path))
    assert torn is None
    assert (read.path, read.account, read.entries, read.ended) == (str(path), ACCOUNT, (DONE, STARTED), True)
    assert path.read_bytes().isascii()
    assert path.read_text().count("\n") == 5


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_nobody_else_can_read_it_or_come_into_its_folders(mask: int, tmp_path: Path) -> None:
    path = tmp_path / "state" / "koding-audit" / "123456789012" / "journal.jsonl"
    with umask(mask):
        opened(path).close()
    assert mode(path) == 0o600
    assert {mode(folder) for folder in list(path.parents)[:3]} == {0o700}


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    opened(tmp_path / "journal.jsonl").close()
    assert mode(tmp_path) == 0o755


def test_a_path_without_a_folder_is_of_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    JournalFile("journal.jsonl", ACCOUNT, NOW, []).close()
    assert (tmp_path / "journal.jsonl").exists()


@pytest.mark.parametrize("kind", ["file", "link", "dangling link", "folder", "fifo"])
def test_whatever_is_at_its_path_is_left_alone(kind: str, tmp_path: Path) -> None:
    path, other = tmp_path / "journal.jsonl", tmp_path / "other"
    other.write_text("precious")
    if kind == "file":
        path.write_text("an older journal")
    elif kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(other if kind == "link" else tmp_path / "nowhere")
    with pytest.raises(AuditError, match="cannot be created") as caught:
        opened(path)
    assert "nothing was written to IAM" in caught.value.hint
    assert other.read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()
    assert kind != "file" or path.read_text() == "an older journal"


@pytest.mark.parametrize("parent", ["a file", "a dangling link", "/proc/nothing"])
def test_a_folder_that_cannot_be_made_is_an_error(parent: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    if parent == "a file":
        folder.write_text("")
    elif parent == "a dangling link":
        folder.symlink_to(tmp_path / "nowhere")
    else:
        folder = Path(parent)
    with pytest.raises(AuditError, match="cannot be created"):
        opened(folder / "journal.jsonl")


def test_each_line_is_on_the_disk_before_it_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.jsonl"
    synced: list[tuple[bool, int]] = []
    fsync = os.fsync

    def counted(descriptor: int) -> None:
        fsync(descriptor)
        synced.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), path.stat().st_size))

    monkeypatch.setattr(os, "fsync", counted)
    file = opened(path)
    # The header, and the folder that holds the file's name.
    assert synced == [(False, path.stat().st_size), (True, path.stat().st_size)]
    for index in range(3):
        file.append(index, STARTED)
        assert synced[-1] == (False, path.stat().st_size)
        assert len(synced) == 3 + index
    file.close()


def full(*_: Any) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_is_an_error_at_the_first_line_and_at_each_later_one(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = opened(tmp_path / "journal.jsonl")
    file.append(0, DONE)
    with monkeypatch.context() as broken:
        broken.setattr(os, call, full)
        with pytest.raises(AuditError, match="No space left on device") as caught:
            file.append(1, STARTED)
        assert "stops here" in caught.value.hint
        with pytest.raises(AuditError, match="No space left on device") as caught:
            opened(tmp_path / "second.jsonl")
        assert "nothing was written to IAM" in caught.value.hint
    assert not (tmp_path / "second.jsonl").exists()
    # What it holds of the line that failed is not known, so no other may follow, and the run has no end.
    for more in (lambda: file.append(2, STARTED), file.end):
        with pytest.raises(AuditError, match="No space left on device"):
            more()
    file.close()
    read, _ = journal.read_journal(str(tmp_path / "journal.jsonl"))
    assert (read.entries[0], read.ended) == (DONE, False)


def test_a_journal_over_the_limit_of_a_files_size_is_an_error_and_not_a_death(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    file = opened(tmp_path / "journal.jsonl")
    limit = (tmp_path / "journal.jsonl").stat().st_size + 20
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(AuditError, match="File too large"):
            file.append(0, STARTED)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        file.close()
    read, torn = journal.read_journal(str(tmp_path / "journal.jsonl"))
    assert read.entries == ()
    assert torn is not None


def test_a_folder_that_cannot_be_synced_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def only_files(descriptor: int) -> None:
        full() if stat.S_ISDIR(os.fstat(descriptor).st_mode) else fsync(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    with pytest.raises(AuditError, match="No space left on device"):
        opened(tmp_path / "journal.jsonl")


def test_a_line_that_the_disk_takes_in_pieces_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.jsonl"
    write = os.write
    with monkeypatch.context() as slow:
        slow.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
        file = opened(path)
        file.append(0, STARTED)
        file.close()
    assert journal.read_journal(str(path))[0].entries == (STARTED,)


def test_the_default_path_is_in_the_users_state() -> None:
    now = datetime(2026, 11, 23, 20, 0, 0, 42, tzinfo=timezone.utc)
    name = "koding-audit/123456789012/20261123T200000.000042Z.jsonl"
    for environ, state in (
        ({"XDG_STATE_HOME": "/state", "HOME": "/home/me"}, "/state"),
        ({"HOME": "/home/me"}, "/home/me/.local/state"),
        ({"XDG_STATE_HOME": "", "HOME": "/home/me"}, "/home/me/.local/state"),
        # The XDG specification: a path that is not absolute is to be ignored.
        ({"XDG_STATE_HOME": "state", "HOME": "/home/me"}, "/home/me/.local/state"),
    ):
        assert default_journal_path(environ, ACCOUNT, now) == f"{state}/{name}"


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}, {"HOME": "me"}, {"XDG_STATE_HOME": "state"}])
def test_without_a_home_the_journals_place_is_asked_for(environ: dict[str, str]) -> None:
    with pytest.raises(InputError) as caught:
        default_journal_path(environ, ACCOUNT, NOW)
    assert "--journal FILE" in caught.value.hint


def test_a_torn_last_line_is_told_and_the_lines_before_it_are_used(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    file = opened(path)
    file.append(0, DONE)
    file.append(1, STARTED)
    file.close()
    path.write_bytes(path.read_bytes()[:-40])
    read, torn = journal.read_journal(str(path))
    assert read.entries == (DONE,)
    assert torn is not None
    assert torn.location is not None
    assert (torn.location.path, torn.location.line) == (str(path), 3)


def test_whatever_a_power_loss_left_of_the_last_line_is_torn(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    file = opened(path)
    file.append(0, DONE)
    file.close()
    whole = path.read_bytes()
    for rest in (b"\0" * 4096, b"\xff\xfe\x80", b'{"time":"\xc3'):
        path.write_bytes(whole + rest)
        read, torn = journal.read_journal(str(path))
        assert read.entries == (DONE,)
        assert torn is not None
    path.write_bytes(whole.replace(b"seen", b"s\xff\xffn"))
    with pytest.raises(InputError, match="not UTF-8"):
        journal.read_journal(str(path))


@pytest.mark.parametrize("kind", ["fifo", "device", "folder", "too large"])
def test_what_is_no_file_is_no_journal_and_nothing_is_waited_for(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path = Path("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        path.touch()
        os.truncate(path, 2**40)
    with pytest.raises(InputError, match=r"not a file|larger than"):
        journal.read_journal(str(path))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read: No such file"),
        (b"\xff", "not UTF-8"),
        (b"", "the journal has no complete first line"),
        (b"{}\n", "this is not a koding-audit-journal"),
    ],
)
def test_what_is_no_journal_is_refused(content: bytes | None, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=problem) as caught:
        journal.read_journal(str(path))
    place = caught.value.location
    assert str(path) in str(caught.value) or (place and place.path == str(path))
