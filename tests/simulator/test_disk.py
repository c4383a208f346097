"""Disks that are full, read-only or broken under a real process: what is told, what was written, what is left."""

from __future__ import annotations

import functools
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from koding_audit.remediation import journal
from tests.simulator.account import ACCOUNT
from tests.simulator.death import CHECKOUT, environment
from tests.simulator.scenario import FILE, drifted, run
from tests.simulator.server import Simulator, serving

pytestmark = pytest.mark.slow

TOOL = (sys.executable, "-m", "koding_audit")
FIX = ("--fix", "--create", "--yes")
WRITES = 13  # of a whole fix


class Desk:
    """An account that lacks much, and a home with the file that says what."""

    def __init__(self, simulator: Simulator, home: Path) -> None:
        self.simulator = simulator
        self.home = home
        self.desired = str(home / "desired.yaml")
        (home / "desired.yaml").write_text(FILE)

    def __call__(self, *arguments: str, before: str = "", tool: Sequence[str] = TOOL) -> tuple[int, str]:
        """The status and all that was printed; before: what a shell does first, `ulimit -f 8`."""
        line = ["sh", "-c", f'{before or ":"} && exec "$@"', "sh", *tool, *arguments]
        return self.shell([*line, "--endpoint-url", self.simulator.url])

    def shell(self, line: Sequence[str]) -> tuple[int, str]:
        surroundings = {**environment(self.home), "PYTHONPATH": str(CHECKOUT)}
        done = subprocess.run(
            line,
            cwd=self.home,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stdout
        assert "this is a bug" not in done.stdout, done.stdout
        return done.returncode, done.stdout

    def mounted(self, mounts: str, *arguments: str, after: str = ":") -> tuple[int, str]:
        """In a mount namespace of its own, where a shell has made these mounts."""
        said = [*TOOL, *arguments, "--endpoint-url", self.simulator.url]
        script = f'{mounts} && {{ "$@"; status=$?; {after}; exit $status; }}'
        return self.shell(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", *said])


@functools.cache
def can_mount() -> bool:
    """Whether this machine lets us mount a tmpfs in a namespace of our own."""
    if shutil.which("unshare") is None:
        return False
    line = ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(line, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def standing() -> Iterator[Simulator]:
    with serving(drifted()) as simulator:
        yield simulator


@pytest.fixture
def desk(standing: Simulator, tmp_path: Path) -> Desk:
    standing.account = drifted()
    standing.forget()
    return Desk(standing, tmp_path)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def converges(desk: Desk) -> None:
    """The next run, on a disk that is well, ends clean; so the account is as wanted."""
    desk.simulator.forget()
    assert run(desk.simulator, desk.home).status == 0
    desk.simulator.forget()
    assert run(desk.simulator, desk.home).writes == ()


# --- the journal --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "number", "code", "told"),
    [
        ("write", 12, "ENOSPC", "No space left on device"),
        ("fsync", 12, "EIO", "Input/output error"),
        ("fsync", 2, "EIO", "Input/output error"),  # of the folder, before there is a first line to go by
    ],
)
def test_a_journal_that_fails_stops_the_run_before_its_next_write(
    call: str, number: int, code: str, told: str, desk: Desk
) -> None:
    path = desk.home / "fix.jsonl"
    launcher = (sys.executable, "-m", "tests.simulator.dying", call, str(number), code)
    status, printed = desk("scan", desk.desired, *FIX, "--journal", str(path), tool=launcher)
    assert status == 2
    assert f"the journal {path} cannot be written: {told}" in printed
    if number < 3:
        assert desk.simulator.writes == []
        assert not path.exists()
    else:
        past, _ = journal.read_journal(str(path))
        assert 0 < len(desk.simulator.writes) <= len(past.entries) + (call == "write")
        assert not past.ended
        assert len(desk.simulator.writes) < WRITES
    assert (desk.home / ".local" / "state" / "koding-audit" / ACCOUNT / "lock").read_text() == ""
    converges(desk)


def test_a_journal_over_the_limit_of_a_files_size_stops_the_run(desk: Desk) -> None:
    path = desk.home / "fix.jsonl"
    status, printed = desk("scan", desk.desired, *FIX, "--journal", str(path), before="ulimit -f 4")
    assert status == 2
    assert f"the journal {path} cannot be written: File too large" in printed
    assert 0 < len(desk.simulator.writes) < WRITES
    converges(desk)


def test_a_full_file_system_stops_the_run_and_the_next_one_goes_on(desk: Desk) -> None:
    if not can_mount():
        pytest.skip("no tmpfs can be mounted here")
    (desk.home / "small").mkdir()
    status, printed = desk.mounted(
        "mount -t tmpfs -o size=8k none small",
        *("scan", desk.desired, *FIX, "--journal", "small/fix.jsonl", "--output", "json:small/report.json"),
        after="cp small/fix.jsonl kept.jsonl; ls -A small > listed",
    )
    assert status == 2
    assert "the journal small/fix.jsonl cannot be written: No space left on device" in printed
    assert "the report small/report.json cannot be written: No space left on device" in printed
    assert (desk.home / "listed").read_text() == "fix.jsonl\n"
    past, _ = journal.read_journal(str(desk.home / "kept.jsonl"))
    assert 0 < len(desk.simulator.writes) <= len(past.entries) < WRITES
    converges(desk)


def test_a_home_that_cannot_be_written_is_told_before_anything_is_written(desk: Desk) -> None:
    if not can_mount():
        pytest.skip("no tmpfs can be mounted here")
    (desk.home / ".local").mkdir()
    status, printed = desk.mounted("mount -t tmpfs -o ro none .local", "scan", desk.desired, *FIX)
    assert status == 2
    assert "cannot be created: Read-only file system; nothing was written to IAM" in printed
    assert desk.simulator.writes == []
    status, _ = desk.mounted(
        "mount -t tmpfs -o ro none .local", "scan", desk.desired, *FIX, "--journal", str(desk.home / "fix.jsonl")
    )
    assert (status, len(desk.simulator.writes)) == (0, WRITES)


def test_a_journal_is_a_new_file_or_there_is_no_fix(desk: Desk) -> None:
    status, printed = desk("scan", desk.desired, *FIX, "--journal", "/dev/full")
    assert status == 2
    assert "error: /dev/full already exists" in printed
    assert desk.simulator.writes == []


# --- reports, plans, snapshots ------------------------------------------------------------------


def test_what_does_not_fit_leaves_nothing_and_spoils_nothing(desk: Desk) -> None:
    (desk.home / "report.json").write_text("old")
    before = names(desk.home)
    for arguments in (
        ("plan", desk.desired, "--create", "--out", "fix.plan"),
        ("snapshot", "--out", "account.json"),
        ("scan", desk.desired, "--output", "json:report.json"),
    ):
        status, printed = desk(*arguments, before="ulimit -f 1")
        assert status == 2
        assert "cannot be written: File too large; no partial file was left" in printed
        assert names(desk.home) == before
    assert (desk.home / "report.json").read_text() == "old"


def test_where_nothing_can_be_written_nothing_is_read(desk: Desk) -> None:
    for arguments in (
        ("plan", desk.desired, "--out", "nowhere/fix.plan"),
        ("snapshot", "--out", "nowhere/account.json"),
        ("scan", desk.desired, "--output", "json:nowhere/report.json"),
        ("scan", desk.desired, "--output", "json:."),
        ("scan", desk.desired, "--output", "json:desired.yaml"),
        ("scan", desk.desired, *FIX, "--journal", "fix.jsonl", "--output", "json:fix.jsonl"),
    ):
        assert desk(*arguments)[0] == 2
    assert desk.simulator.calls == []
    assert (desk.home / "desired.yaml").read_text() == FILE


def test_whatever_the_umask_nobody_else_may_read_or_change_what_is_kept(desk: Desk) -> None:
    for arguments in (
        ("plan", desk.desired, "--create", "--out", "fix.plan"),
        ("snapshot", "--out", "account.json"),
        ("scan", desk.desired, *FIX, "--output", "json:report.json"),
    ):
        assert desk(*arguments, before="umask 000")[0] == 0
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in desk.home.rglob("*")}
    (kept,) = (name for name in modes if name.endswith(".jsonl"))
    assert {modes[name] for name in (kept, "lock", "fix.plan", "account.json")} == {0o600}
    assert {modes[name] for name in (".local", "state", "koding-audit", ACCOUNT)} == {0o700}
    assert modes["report.json"] == 0o644


def test_a_fix_whose_report_nobody_reads_is_whole_and_2(desk: Desk) -> None:
    for redirection in ("exec >&-", "exec 3<&0 >/dev/full"):
        desk.simulator.account = drifted()
        desk.simulator.forget()
        status, _ = desk("scan", desk.desired, *FIX, before=redirection)
        assert status == 2
        assert len(desk.simulator.writes) == WRITES
        lock = desk.home / ".local" / "state" / "koding-audit" / ACCOUNT / "lock"
        assert lock.read_text() == ""
        newest = max(lock.parent.glob("*.jsonl"))
        assert journal.read_journal(str(newest))[0].ended


@pytest.mark.parametrize("files", [8, 16])
def test_with_few_open_files_a_run_ends_or_says_so(files: int, desk: Desk) -> None:
    status, printed = desk("scan", desk.desired, *FIX, before=f"ulimit -n {files}")
    if files == 8:
        assert status == 2
        assert "too many files are open; allow more, for example by `ulimit -n 256`" in printed
    assert (status, len(desk.simulator.writes)) == (0, WRITES) or "open files" in printed or "files are open" in printed


def test_a_folder_of_somebody_else_is_refused(desk: Desk) -> None:
    # Root may write anywhere, but not from a user namespace in which it is nobody.
    powerless = ("unshare", "--user") if os.geteuid() == 0 else ()
    if powerless and not can_mount():
        pytest.skip("there are no user namespaces here")
    (desk.home / "theirs").mkdir(mode=0o500)
    tool = (*powerless, *TOOL)
    for arguments, told in (
        (("plan", desk.desired, "--out", "theirs/fix.plan"), "theirs is not writable"),
        (("scan", desk.desired, "--output", "json:theirs/report.json"), "theirs is not a writable folder"),
        (("scan", desk.desired, *FIX, "--journal", "theirs/fix.jsonl"), "cannot be created: Permission denied"),
    ):
        status, printed = desk(*arguments, tool=tool)
        assert status == 2
        assert told in printed
    assert desk.simulator.writes == []
    assert names(desk.home / "theirs") == []
