"""The file of a history: real SQLite files, real processes that write at once, full disks, and files of others."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from koding_audit.model.errors import AuditError, InputError
from koding_audit.model.location import SourceFile
from koding_audit.model.report import AuditScope, Problem, Report
from koding_audit.report import history_store
from tests.report.formats.reports import HOSTILE, NOW, REPORTS, audit, policy_missing
from tests.simulator.test_disk import can_mount

WRITERS, RUNS = 4, 10
LATER = NOW + timedelta(days=1000)


def keep(path: Path, report: Report = REPORTS["full"], rules: list[str] | None = None, *, wait: float = 15.0) -> None:
    history_store.append_run(str(path), report, rules, LATER, wait=wait)


def bytes_of(path: Path) -> bytes:
    return path.read_bytes()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


@contextlib.contextmanager
def database(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as opened:
        yield opened


# --- what is kept -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REPORTS)
def test_each_report_is_kept_and_read_again(name: str, path: Path) -> None:
    report = REPORTS[name]
    keep(path, report)
    failed, histories = history_store.read_history(str(path), LATER)
    assert sum(each.audits for each in histories) == len(report.audits)
    assert [each.errors for each in failed] == ([] if report.audits else [tuple(one.message for one in report.errors)])
    found = {each.finding.id for history in histories for each in history.tracked}
    assert found == {each.id for one in report.audits for each in one.findings if each.status != "fixed"}


def test_the_audits_are_in_the_order_in_which_the_account_was_read_and_not_in_that_of_their_writing(path: Path) -> None:
    late, early = (audit(taken_at=NOW + timedelta(microseconds=each)) for each in (500_000, 0))
    keep(path, Report((late,)))
    keep(path, Report((replace(early, findings=(policy_missing(),)),)))
    _, (history,) = history_store.read_history(str(path), LATER)
    assert [each.at for each in history.series] == [early.taken_at, late.taken_at]
    assert history.tracked == ()


def test_a_trend_is_the_last_audits_of_one_account_up_to_the_one_that_is_asked_about(path: Path) -> None:
    days = [audit(taken_at=NOW + timedelta(days=day), findings=(policy_missing(),) * (day == 1)) for day in range(4)]
    elsewhere = replace(days[1], endpoint="http://127.0.0.1:5000")
    for each in (*days[:3], elsewhere, REPORTS["several"].audits[1], REPORTS["gapped"].audits[0], days[3]):
        keep(path, Report((each,)), ["root-used"] if each is days[2] else None)
    found = history_store.read_trend(str(path), days[2])
    assert [(each.taken_at, each.status, each.partial, each.error) for each in found] == [
        (NOW, "clean", False, 0),
        (NOW, "incomplete", False, 1),
        (days[1].taken_at, "findings", False, 1),
        (days[2].taken_at, "clean", True, 0),
    ]
    assert [each.taken_at for each in history_store.read_trend(str(path), elsewhere)] == [elsewhere.taken_at]


def test_a_trend_is_bounded_and_keeps_the_last(path: Path) -> None:
    last = audit(taken_at=NOW + timedelta(days=history_store.TREND_LENGTH + 4))
    report = Report(
        tuple(replace(last, taken_at=NOW + timedelta(days=day)) for day in range(history_store.TREND_LENGTH + 5))
    )
    keep(path, report)
    found = history_store.read_trend(str(path), last)
    assert [each.taken_at for each in found] == [each.taken_at for each in report.audits[5:]]


def test_which_rules_ran_is_kept(path: Path) -> None:
    keep(path, Report((audit(findings=(policy_missing(),)),)))
    keep(path, Report((audit(),)), ["root-used"])
    _, (history,) = history_store.read_history(str(path), LATER)
    assert [each.is_confirmed for each in history.tracked] == [False]


def test_the_files_of_an_audit_are_kept_so_that_another_desired_state_resolves_nothing(path: Path) -> None:
    def about(day: int, *files: SourceFile, found: bool = False) -> Report:
        findings = (policy_missing(),) * found
        return Report((audit(taken_at=NOW + timedelta(days=day), desired=files, findings=findings),))

    ours, theirs = SourceFile("./ours.yaml", "0" * 64), SourceFile("theirs.yaml", "1" * 64)
    keep(path, about(0, ours, found=True))
    keep(path, about(1, theirs))
    _, (history,) = history_store.read_history(str(path), LATER)
    assert [each.is_confirmed for each in history.tracked] == [False]
    keep(path, about(2, theirs, SourceFile("ours.yaml", "2" * 64)))
    _, (history,) = history_store.read_history(str(path), LATER)
    assert (history.tracked, [each.kind for each in history.events]) == ((), ["came", "changed"])


def test_the_scope_of_an_audit_is_kept_so_that_an_audit_of_other_targets_resolves_nothing(path: Path) -> None:
    def about(day: int, *targets: str, found: bool = False) -> Report:
        findings, scope = (policy_missing(),) * found, AuditScope(targets)
        return Report((audit(taken_at=NOW + timedelta(days=day), scope=scope, findings=findings),))

    keep(path, about(0, "prod", found=True))
    keep(path, about(1, "test"))
    keep(path, Report((audit(taken_at=NOW + timedelta(days=2), scope=None),)))  # of a report that does not say it
    _, (history,) = history_store.read_history(str(path), LATER)
    assert history.tracked == ()
    assert [(each.at, each.kind) for each in history.events][1:] == [(NOW + timedelta(days=2), "went")]


def test_a_history_that_has_only_the_paths_of_files_is_read(path: Path) -> None:
    keep(path, Report((audit(desired=(SourceFile("a.yaml", "0" * 64),), findings=(policy_missing(),)),)))
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("""UPDATE audits SET files = '["a.yaml"]', scope = NULL""")
    keep(path, Report((audit(taken_at=NOW + timedelta(days=1), desired=(SourceFile("a.yaml", "1" * 64),)),)))
    _, (history,) = history_store.read_history(str(path), LATER)
    assert [each.kind for each in history.events] == ["came", "went"]


def test_an_account_that_a_resumed_run_took_from_the_run_before_is_one_audit(path: Path) -> None:
    for _ in range(2):
        keep(path, Report((audit(),)))
    _, (history,) = history_store.read_history(str(path), LATER)
    assert (history.audits, len(history_store.read_trend(str(path), audit()))) == (1, 1)


def test_an_audit_from_the_future_is_not_kept(path: Path) -> None:
    for day, found in ((0, True), (1, False)):
        report = Report((audit(taken_at=NOW + timedelta(days=day), findings=(policy_missing(),) * found),))
        if day:
            with pytest.raises(
                InputError, match="account 123456789012 was read in the future, at 2026-11-24T20:00:00Z"
            ):
                history_store.append_run(str(path), report, None, NOW)
        else:
            history_store.append_run(str(path), report, None, NOW)
    (history,) = history_store.read_history(str(path), LATER)[1]
    assert (history.audits, len(history.tracked)) == (1, 1)


def test_an_audit_from_the_future_that_is_kept_already_changes_nothing_also_when_its_time_has_come(path: Path) -> None:
    def once(day: int, *, recorded: int, found: bool) -> Report:
        report = Report((audit(taken_at=NOW + timedelta(days=day), findings=(policy_missing(),) * found),))
        history_store.append_run(str(path), report, None, NOW + timedelta(days=recorded))
        return report

    once(0, recorded=0, found=True)
    once(9, recorded=9, found=False)
    with database(path) as opened:
        opened.execute("UPDATE runs SET recorded_at = '2026-11-23T21:00:00Z' WHERE id = 2")
    last = once(20, recorded=20, found=True).audits[0]
    (history,) = history_store.read_history(str(path), LATER)[1]
    assert [each.since for each in history.tracked] == [NOW]
    assert [each.at for each in history.series] == [NOW, last.taken_at]
    assert [each.taken_at for each in history_store.read_trend(str(path), last)] == [NOW, last.taken_at]
    (left,) = history_store.read_future_audits(str(path), LATER)
    assert (left.account, left.taken_at) == ("123456789012", NOW + timedelta(days=9))


def test_an_audit_that_a_machine_with_a_wrong_clock_kept_is_left_out_until_its_time(path: Path) -> None:
    keep(path, Report((audit(taken_at=LATER),)))
    assert history_store.read_history(str(path), NOW) == ((), ())
    assert [each.taken_at for each in history_store.read_future_audits(str(path), NOW)] == [LATER]
    assert history_store.read_future_audits(str(path), LATER) == ()


def test_halves_of_characters_are_kept_written_out(path: Path) -> None:
    odd = policy_missing(key=f"{HOSTILE}\udcff", message="\ud800")
    keep(path, Report((audit(findings=(odd,)),), errors=(Problem("\udcff.yaml cannot be read"),)))
    _, (history,) = history_store.read_history(str(path), LATER)
    (standing,) = history.tracked
    assert standing.finding.message == "\\ud800"
    assert standing.finding.key == f"{HOSTILE}\\udcff"


# --- whose file it is ---------------------------------------------------------------------------


def test_it_is_for_its_owner_alone_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        keep(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(each.name for each in path.parent.iterdir()) == ["history.db"]


def test_it_is_never_written_through_a_link(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    for make in (path.symlink_to, path.hardlink_to):
        target.write_bytes(b"")
        make(target)
        with pytest.raises(AuditError, match="it is a link, or not a regular file"):
            keep(path)
        assert target.read_bytes() == b""
        path.unlink()


def test_a_link_to_nowhere_makes_nothing(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(AuditError, match="it is a link, or not a regular file"):
        keep(path)
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_is_exchanged_while_it_is_opened_is_not_written(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(path)
    other = tmp_path / "other.db"
    keep(other)
    kept, connect = bytes_of(other), sqlite3.connect

    def exchanging(*said: object, **more: object) -> sqlite3.Connection:
        path.unlink()
        path.symlink_to(other)
        return connect(*said, **more)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(sqlite3, "connect", exchanging)
    with pytest.raises(AuditError, match="it is a link, or not a regular file"):
        keep(path)
    assert bytes_of(other) == kept


# --- who else writes ----------------------------------------------------------------------------

WRITER = f"""\
import sys
from koding_audit.report import history_store
from tests.report.formats.reports import NOW, REPORTS
for _ in range({RUNS}):
    history_store.append_run(sys.argv[1], REPORTS["full"], None, NOW, wait=60)
"""


def test_processes_that_write_at_once_lose_nothing(path: Path) -> None:
    """The file is not there yet: they also all make it at once."""
    line = [sys.executable, "-c", WRITER, str(path)]
    top = Path(__file__).parents[2]
    writers = [subprocess.Popen(line, cwd=top) for _ in range(WRITERS)]
    assert [each.wait(timeout=120) for each in writers] == [0] * WRITERS
    with database(path) as opened:
        assert opened.execute("SELECT count(*) FROM audits").fetchone() == (WRITERS * RUNS,)
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)


DYING = """\
import os, signal, sqlite3, sys
opened = sqlite3.connect(sys.argv[1], isolation_level=None)
opened.execute("PRAGMA cache_size = 1")
opened.execute("BEGIN IMMEDIATE")
opened.executemany("INSERT INTO runs VALUES (?, 'now', 'x', 'clean', NULL, ?)", [(n, 'x' * 5000) for n in range(9, 99)])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_run_that_is_killed_while_it_writes_leaves_what_was_there(path: Path) -> None:
    keep(path)
    done = subprocess.run([sys.executable, "-c", DYING, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.with_name("history.db-journal").exists()
    keep(path, Report((audit(taken_at=NOW + timedelta(days=1)),)))
    failed, (history,) = history_store.read_history(str(path), LATER)
    assert (failed, history.audits) == ((), 2)
    assert not path.with_name("history.db-journal").exists()


def test_reading_writes_nothing_beside_the_file_or_into_it(path: Path) -> None:
    keep(path)
    before, times = path.read_bytes(), path.stat()
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        _, (history,) = history_store.read_history(str(path), LATER)
        assert history.audits == 1
        assert [each.name for each in path.parent.iterdir()] == [path.name]
        assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, times.st_mtime_ns)
    finally:
        path.parent.chmod(0o700)


@pytest.mark.parametrize("is_open", [False, True], ids=["closed", "with a -wal file"])
def test_a_file_in_wal_mode_is_refused_and_nothing_is_written_beside_it(path: Path, is_open: bool) -> None:
    keep(path)
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE more (name)")
        if not is_open:
            other.close()
        known = {each.name: each.read_bytes() for each in path.parent.iterdir()}
        assert (len(known) > 1) is is_open
        for refused in (
            lambda: history_store.read_history(str(path), LATER),
            lambda: history_store.check_history_path(str(path)),
        ):
            with pytest.raises(AuditError, match="another program has put it into WAL mode") as caught:
                refused()
            assert f"sqlite3 {path} 'PRAGMA journal_mode=DELETE'" in caught.value.hint
        assert {each.name: each.read_bytes() for each in path.parent.iterdir()} == known
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = DELETE")  # as the hint says
    assert history_store.read_history(str(path), LATER)[1][0].audits == 1


def test_an_empty_history_is_read_as_one_without_runs_and_stays_empty(path: Path) -> None:
    path.write_bytes(b"")
    assert history_store.read_history(str(path), LATER) == ((), ())
    assert path.read_bytes() == b""


def test_what_a_killed_run_left_is_not_repaired_by_reading(path: Path) -> None:
    keep(path)
    subprocess.run([sys.executable, "-c", DYING, str(path)], check=False)
    known = {each.name: each.read_bytes() for each in path.parent.iterdir()}
    assert path.name + "-journal" in known
    with pytest.raises(AuditError) as caught:
        history_store.read_history(str(path), LATER)
    assert "the next run that writes repairs it" in caught.value.hint
    assert {each.name: each.read_bytes() for each in path.parent.iterdir()} == known


def test_a_file_that_another_program_holds_is_given_up_after_a_time(path: Path) -> None:
    keep(path)
    with database(path) as opened:
        opened.execute("BEGIN EXCLUSIVE")
        with pytest.raises(AuditError, match="cannot be used: database is locked") as caught:
            keep(path, wait=0.05)
    assert caught.value.hint == "another run is using it: wait until it ends, and run again"
    keep(path)


# --- what is no history, or no whole one --------------------------------------------------------


def test_a_file_of_another_kind_is_refused_and_stays_as_it_is(path: Path) -> None:
    path.write_text("version: 1\n" * 200, encoding="utf-8")
    before = bytes_of(path)
    with pytest.raises(AuditError, match="file is not a database") as caught:
        keep(path)
    assert caught.value.hint == "this is not a history: name another file"
    assert bytes_of(path) == before


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE other (x)", "PRAGMA user_version = 1", "PRAGMA application_id = 7"]
)
def test_a_database_of_something_else_is_refused_and_stays_as_it_is(path: Path, statement: str) -> None:
    with database(path) as opened:
        opened.execute(statement)
    before = bytes_of(path)
    for use in (keep, lambda where: history_store.read_history(str(where), LATER)):
        with pytest.raises(AuditError, match="it is a database of another program"):
            use(path)
    assert bytes_of(path) == before


def test_a_file_that_is_torn_is_told_with_the_way_out(path: Path) -> None:
    for _ in range(20):
        keep(path)
    data = bytearray(bytes_of(path))
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(AuditError, match="database disk image is malformed") as caught:
        keep(path)
    assert "move it away" in caught.value.hint


def test_what_somebody_wrote_into_it_is_refused_with_its_place(path: Path) -> None:
    for change, told in (
        ("UPDATE audits SET taken_at = 'yesterday'", "audits[4]: must be a UTC time such as"),
        ("UPDATE audits SET taken_at = '2026-11-23T20:00:00Z', status = x'00'", "audits[5]: must be one of clean"),
        ("UPDATE audits SET status = 'clean'; UPDATE sightings SET severity = 'fatal'", "one of error, warning, n"),
        ("UPDATE sightings SET severity = 'error'; DELETE FROM findings", "findings[0]: must be text"),
        ("DELETE FROM sightings; UPDATE runs SET rules = '['", "not JSON"),
    ):
        if not path.exists():
            keep(path)
        with database(path) as opened:
            opened.executescript(change)
        with pytest.raises(InputError) as caught:
            history_store.read_history(str(path), LATER)
        assert told in str(caught.value), change


def test_a_full_disk_is_an_error_and_leaves_what_was_there(path: Path) -> None:
    keep(path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, before[1]))
    many = Report((audit(findings=tuple(policy_missing(key=f"{n}" * 500) for n in range(50))),))
    try:
        with pytest.raises(AuditError, match=r"cannot be used: (disk I/O error|database or disk is full)") as caught:
            keep(path, many)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "free space on its disk" in caught.value.hint
    _, (history,) = history_store.read_history(str(path), LATER)
    assert history.audits == 1


FILLING = """\
import sys
from dataclasses import replace
from datetime import timedelta
from koding_audit.report import history_store
from koding_audit.model.errors import AuditError
from tests.report.formats.reports import NOW, REPORTS
path, kept, report = sys.argv[1] + "/history.db", 0, REPORTS["full"]
try:
    while kept < 1000:
        (audit,) = report.audits
        report = replace(report, audits=(replace(audit, taken_at=audit.taken_at + timedelta(days=1)),))
        history_store.append_run(path, report, None, report.audits[0].taken_at)
        kept += 1
except AuditError as error:
    print(error)
(history,) = history_store.read_history(path, report.audits[0].taken_at)[1]
print(history.audits == kept > 0)
"""


@pytest.mark.skipif(not can_mount(), reason="this machine lets nobody mount a file system of their own")
def test_on_a_file_system_without_room_every_run_that_was_kept_stays(tmp_path: Path) -> None:
    script = f'mount -t tmpfs -o size=64k none "$1" && exec "{sys.executable}" -c "$2" "$1"'
    line = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", str(tmp_path), FILLING]
    done = subprocess.run(line, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    told, whole = done.stdout.splitlines()
    assert "cannot be used: database or disk is full" in told
    assert whole == "True"


def test_a_python_without_sqlite_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    with pytest.raises(AuditError, match="this Python has no sqlite3"):
        keep(path)


def test_reading_makes_no_file(path: Path) -> None:
    with pytest.raises(AuditError, match="No such file or directory"):
        history_store.read_history(str(path), LATER)
    assert not path.exists()


# --- versions -----------------------------------------------------------------------------------


def test_a_file_of_a_newer_version_is_refused_and_stays_as_it_is(path: Path) -> None:
    keep(path)
    with database(path) as opened:
        opened.execute(f"PRAGMA user_version = {len(history_store.STEPS) + 1}")
    before = bytes_of(path)
    with pytest.raises(AuditError, match="newer than this koding-audit supports") as caught:
        keep(path)
    assert "upgrade koding-audit" in caught.value.hint
    assert bytes_of(path) == before


def test_an_older_file_is_brought_to_the_version_of_today_with_what_it_holds(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(path)
    later = (*history_store.STEPS, ("ALTER TABLE runs ADD COLUMN host TEXT", "UPDATE runs SET host = 'here'"))
    monkeypatch.setattr(history_store, "STEPS", later)
    before = path.read_bytes()
    _, (history,) = history_store.read_history(str(path), LATER)
    assert history.audits == 1
    assert path.read_bytes() == before
    keep(path)
    with database(path) as opened:
        assert opened.execute("SELECT host FROM runs").fetchall() == [("here",), (None,)]
        assert opened.execute("PRAGMA user_version").fetchone() == (len(later),)


def test_a_step_that_fails_leaves_the_file_at_its_version(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(path)
    before = bytes_of(path)
    later = (*history_store.STEPS, ("ALTER TABLE runs ADD COLUMN host TEXT", "UPDATE nobody SET x = 1"))
    monkeypatch.setattr(history_store, "STEPS", later)
    with pytest.raises(AuditError, match="no such table: nobody"):
        keep(path)
    assert bytes_of(path) == before
