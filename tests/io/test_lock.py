"""The lock: one holder at a time, who is named, and nothing left of it when the holder dies."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from koding_audit.io import lock
from koding_audit.model.errors import AuditError, RefusedError
from tests.values import NOW

JOURNAL = "/state/journal.jsonl"
HOLDER = """
import sys, time
from datetime import datetime, timezone
from koding_audit.io import lock
with lock.lock_account(sys.argv[1], datetime(2026, 11, 23, 20, tzinfo=timezone.utc), sys.argv[2]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_holder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with (
        lock.lock_account(path, NOW, JOURNAL),
        pytest.raises(RefusedError) as caught,
        lock.lock_account(path, NOW, JOURNAL),
    ):
        pass
    assert f"process {os.getpid()} since 2026-11-23T20:00:00Z, journal {JOURNAL}" in caught.value.message
    assert path in caught.value.hint


def test_it_can_be_held_again_once_it_is_let_go(tmp_path: Path) -> None:
    path = str(tmp_path / "new" / "folder" / "lock")
    for _ in range(2):
        with lock.lock_account(path, NOW, JOURNAL):
            assert Path(path).stat().st_mode & 0o777 == 0o600


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with subprocess.Popen([sys.executable, "-c", HOLDER, path, JOURNAL], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RefusedError, match=f"process {holder.pid} since"), lock.lock_account(path, NOW, JOURNAL):
            pass
        holder.kill()
        holder.wait()
    assert lock.parse_lock_note(lock.read_leftover_note(path)) == (str(holder.pid), "2026-11-23T20:00:00Z", JOURNAL)
    with lock.lock_account(path, NOW, "next.jsonl") as left:
        assert lock.parse_lock_note(left) == (str(holder.pid), "2026-11-23T20:00:00Z", JOURNAL)
        # What it says now is of a run that is writing; nothing was left.
        assert lock.read_leftover_note(path) == ""
    assert Path(path).read_bytes() == b""


def test_it_says_where_the_journal_is_whatever_the_next_run_has_for_a_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("journal.jsonl", "a b\nc, journal \udcff.jsonl"):
        with lock.lock_account("lock", NOW, name):
            note = lock.parse_lock_note(os.fsdecode(Path("lock").read_bytes()))
        assert note is not None
        assert note.journal == str(tmp_path / name)


@pytest.mark.parametrize(
    ("error", "left"),
    [(AuditError("x"), False), (KeyboardInterrupt(), False), (ZeroDivisionError(), True), (SystemExit(), True)],
    ids=lambda value: type(value).__name__,
)
def test_a_run_empties_it_at_its_end_unless_it_crashed(error: BaseException, left: bool, tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with pytest.raises(type(error)), lock.lock_account(str(path), NOW, JOURNAL):
        raise error
    assert bool(lock.read_leftover_note(str(path))) is left


def test_whoever_only_looks_keeps_nobody_from_writing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text("left")
    looking = os.open(path, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    threading.Timer(0.03, os.close, [looking]).start()
    with lock.lock_account(str(path), NOW, JOURNAL) as left:
        assert left == "left"


@pytest.mark.parametrize("text", ["", "process 1", "process 1 since yesterday, journal /j\n", "\0" * 100, "j" * 5000])
def test_what_is_no_note_of_a_run_is_taken_for_none(text: str) -> None:
    assert lock.parse_lock_note(text) is None


def test_where_there_is_no_lock_nothing_was_left(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "fifo")
    for name in ("nothing", "link", "fifo", "."):
        assert lock.read_leftover_note(str(tmp_path / name)) == ""


def test_what_is_no_file_of_its_own_is_never_emptied(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    os.link(tmp_path / "precious", tmp_path / "hard")
    os.mkfifo(tmp_path / "fifo")
    for name in ("hard", "fifo"):
        with (
            pytest.raises(AuditError, match="not a regular file with one name"),
            lock.lock_account(str(tmp_path / name), NOW, JOURNAL),
        ):
            pass
    assert (tmp_path / "precious").read_text() == "precious"


@pytest.mark.parametrize("call", ["ftruncate", "pwrite", "fsync", "flock"])
def test_a_lock_that_the_disk_does_not_take_is_an_error_before_anything_is_written(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(fcntl if call == "flock" else os, call, full)
    with (
        pytest.raises(AuditError, match="No space left on device") as caught,
        lock.lock_account(str(tmp_path / "lock"), NOW, JOURNAL),
    ):
        pass
    assert caught.value.hint == "nothing was written to IAM"


def test_what_stands_in_the_lock_is_shown_inert(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock.lock_account(str(path), NOW, JOURNAL):
        path.write_bytes(b"\x1b[2Jhostile\xff")
        with pytest.raises(RefusedError) as caught, lock.lock_account(str(path), NOW, JOURNAL):
            pass
    assert caught.value.message.isprintable()


def test_a_lock_is_never_taken_through_a_link_or_where_there_is_no_room_for_it(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "link", tmp_path / "file" / "lock"):
        with pytest.raises(AuditError, match="cannot be created"), lock.lock_account(str(path), NOW, JOURNAL):
            pass
    assert not (tmp_path / "elsewhere").exists()
