"""The lock: one holder at a time, who is named, and nothing left of it when the holder dies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from koding_audit import lock
from koding_audit.errors import AuditError, RefusedError
from tests.values import NOW

HOLDER = """
import sys, time
from datetime import datetime, timezone
from koding_audit import lock
with lock.held(sys.argv[1], datetime(2026, 11, 23, 20, tzinfo=timezone.utc)):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_holder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with lock.held(path, NOW), pytest.raises(RefusedError) as caught, lock.held(path, NOW):
        pass
    assert f"process {os.getpid()} since 2026-11-23T20:00:00Z" in caught.value.message
    assert path in caught.value.hint


def test_it_can_be_held_again_once_it_is_let_go(tmp_path: Path) -> None:
    path = str(tmp_path / "new" / "folder" / "lock")
    for _ in range(2):
        with lock.held(path, NOW):
            assert Path(path).stat().st_mode & 0o777 == 0o600


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with subprocess.Popen([sys.executable, "-c", HOLDER, path], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RefusedError, match=f"process {holder.pid} since"), lock.held(path, NOW):
            pass
        holder.kill()
        holder.wait()
    with lock.held(path, NOW):
        pass


def test_what_stands_in_the_lock_is_shown_inert(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock.held(str(path), NOW):
        path.write_bytes(b"\x1b[2Jhostile\xff")
        with pytest.raises(RefusedError) as caught, lock.held(str(path), NOW):
            pass
    assert caught.value.message.isprintable()


def test_a_lock_is_never_taken_through_a_link_or_where_there_is_no_room_for_it(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "link", tmp_path / "file" / "lock"):
        with pytest.raises(AuditError, match="cannot be made"), lock.held(str(path), NOW):
            pass
    assert not (tmp_path / "elsewhere").exists()
