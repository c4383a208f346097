"""What is printed where, and that a file is whole or not there."""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from koding_audit.cli.terminal import (
    Output,
    Terminal,
    check_new,
    create_file,
    deliver,
    emit,
    is_interactive,
    outputs,
    replace_file,
)
from koding_audit.errors import AuditError, InputError
from koding_audit.model import Problem, Report, Source
from tests.cli.conftest import AtTerminal, Tty

REPORT = Report((), errors=(Problem("no"),))


# --- standard error -----------------------------------------------------------------------------


def test_an_error_is_one_line_with_where_what_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().problem(Problem("unknown key `requird`", "did you mean `required`?", Source("a.yaml", 4, 5)))
    Terminal().problem(AuditError("no credentials"))
    printed = capsys.readouterr()
    assert printed.err == "a.yaml:4:5: error: unknown key `requird`; did you mean `required`?\nerror: no credentials\n"
    assert printed.out == ""


def test_names_in_an_error_cannot_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().problem(Problem("a\x1b[2Jb", "c\nd", Source("e\x9b1m", 1, 1)))
    assert capsys.readouterr().err == "e\\x9b1m:1:1: error: a\\x1b[2Jb; c\\x0ad\n"


def test_quiet_hides_notes_and_never_errors(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(quiet=True)
    terminal.note("by the way")
    terminal.problem(Problem("wrong"))
    terminal.say("mind this")
    assert capsys.readouterr().err == "error: wrong\nmind this\n"


def test_progress_is_for_terminals(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().progress("reading ...")
    assert capsys.readouterr().err == ""


def test_progress_is_one_line_that_gives_way_to_the_next(
    at_terminal: AtTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    shown = at_terminal()
    terminal = Terminal()
    terminal.progress("reading an account")
    terminal.note("done")
    terminal.note("really")
    assert shown.getvalue() == "\r\x1b[Kreading a\r\x1b[Kdone\nreally\n"


def test_quiet_has_no_progress(at_terminal: AtTerminal) -> None:
    shown = at_terminal()
    Terminal(quiet=True).progress("reading")
    assert shown.getvalue() == ""


@pytest.mark.parametrize(
    ("typed", "agreed"),
    [
        ("yes\n", True),
        ("yes", True),
        ("y\n", False),
        ("YES\n", False),
        ("yes please\n", False),
        ("\n", False),
        ("", False),
    ],
)
def test_only_yes_is_yes(typed: str, agreed: bool, at_terminal: AtTerminal) -> None:
    shown = at_terminal(typed)
    assert Terminal().ask("Do it?") is agreed
    assert shown.getvalue() == "Do it?\nOnly `yes` will do it: "


def test_nobody_is_there_without_a_terminal(at_terminal: AtTerminal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_interactive()
    at_terminal()
    assert is_interactive()
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert not is_interactive()
    at_terminal()
    monkeypatch.setattr(sys, "stdin", None)
    assert not is_interactive()


@pytest.mark.parametrize("verbose", [True, False])
def test_a_crash_shows_where_it_came_from_when_asked(verbose: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        sum([1]) / sum([])
    Terminal(verbose=verbose).trace(caught.value)
    assert ("test_terminal.py" in capsys.readouterr().err) is verbose


# --- which report goes where --------------------------------------------------------------------


def test_the_table_on_standard_output_is_what_comes_of_saying_nothing() -> None:
    assert outputs([]) == (Output("table", ""),)


def test_a_format_may_have_a_path_with_a_colon_in_it() -> None:
    assert outputs(["json:C:report", "table"]) == (Output("json", "C:report"), Output("table", ""))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (["xml"], "no format 'xml'"),
        ([""], "no format ''"),
        (["json:"], "names no file"),
        (["json", "table"], "only one report"),
        (["table", "table"], "only one report"),
    ],
)
def test_a_report_that_has_no_place_is_refused_with_a_hint(said: list[str], told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        outputs(said)
    assert caught.value.hint


def test_each_report_goes_to_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.json"
    deliver(REPORT, outputs([f"json:{path}", "table"]))
    assert '"status": "incomplete"' in path.read_text()
    printed = capsys.readouterr()
    assert "No audit was possible." in printed.out
    assert printed.err == ""


def test_the_table_fills_a_terminal_and_is_80_wide_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    long = Report((), errors=(Problem("no"),) * 3)
    monkeypatch.setenv("COLUMNS", "50")
    deliver(long, outputs([]))
    piped = capsys.readouterr().out
    monkeypatch.setattr(sys, "stdout", Tty())
    deliver(long, outputs([]))
    assert isinstance(sys.stdout, Tty)
    assert len(sys.stdout.getvalue().splitlines()) > len(piped.splitlines())


def stdout(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


def test_a_locale_without_the_characters_is_no_reason_to_show_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ascii_only = stdout("ascii")
    monkeypatch.setattr(sys, "stdout", ascii_only)
    emit("gr\u00fc\u00df")
    assert ascii_only.buffer.getvalue() == b"gr\\xfc\\xdf"  # type: ignore[attr-defined]


class Failing(io.StringIO):
    """A standard output that takes nothing more."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error

    def flush(self) -> None:
        raise self.error


def test_a_full_disk_under_standard_output_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Failing(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(AuditError, match="standard output: No space left"):
        emit("text")


def test_a_closed_pipe_is_left_to_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Failing(BrokenPipeError(errno.EPIPE, "Broken pipe")))
    with pytest.raises(BrokenPipeError):
        emit("text")


def test_no_standard_output_at_all_is_an_error_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(AuditError, match="closed") as caught:
        emit("text")
    assert "--output" in caught.value.hint


# --- files --------------------------------------------------------------------------------------


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_report_replaces_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("old and longer")
    replace_file(str(path), "new")
    assert path.read_text() == "new"
    assert names(tmp_path) == ["report"]


def fail(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("write", [replace_file, create_file])
def test_a_full_disk_leaves_nothing_and_spoils_nothing(
    write: Callable[[str, str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    if write is replace_file:
        path.write_text("old")
    before = names(tmp_path)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(AuditError, match="No space left"):
        write(str(path), "new")
    assert names(tmp_path) == before
    assert write is create_file or path.read_text() == "old"


def test_a_device_is_written_to_and_not_replaced() -> None:
    replace_file("/dev/null", "text")
    assert not Path("/dev/null").is_file()
    with pytest.raises(AuditError, match="/dev/full"):
        replace_file("/dev/full", "text")


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "plan"
    create_file(str(path), "text")
    assert path.read_text() == "text"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("check", [lambda path: create_file(path, "new"), check_new], ids=["create", "check"])
def test_a_new_file_is_never_laid_over_another(check: Callable[[str], None], tmp_path: Path) -> None:
    there, link = tmp_path / "there", tmp_path / "link"
    there.write_text("old")
    link.symlink_to(tmp_path / "nowhere")
    for path in (there, link, tmp_path):
        with pytest.raises(InputError, match="is there already") as caught:
            check(str(path))
        assert caught.value.hint
    assert there.read_text() == "old"
    assert not (tmp_path / "nowhere").exists()


def test_a_new_file_needs_a_folder_and_that_is_told_before_anything_is_read(tmp_path: Path) -> None:
    path = str(tmp_path / "nowhere" / "plan")
    with pytest.raises(InputError, match="is not a folder"):
        check_new(path)
    with pytest.raises(AuditError, match="cannot be made"):
        create_file(path, "text")
    check_new(str(tmp_path / "plan"))
    assert names(tmp_path) == []
