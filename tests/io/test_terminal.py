"""What is printed where, and that a file is whole or not there."""

from __future__ import annotations

import errno
import io
import os
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from koding_audit.cli.output import Output, check_outputs, deliver_report, emit, emit_parts, parse_outputs
from koding_audit.io.output_files import check_new_file, create_file, replace_file
from koding_audit.io.terminal import Terminal, is_interactive
from koding_audit.model.errors import AuditError, InputError
from koding_audit.model.location import Location
from koding_audit.model.report import Problem, Report
from tests.report.formats.reports import REPORTS
from tests.terminal import AtTerminal, Tty

REPORT = Report((), errors=(Problem("no"),))


# --- standard error -----------------------------------------------------------------------------


def test_an_error_is_one_line_with_where_what_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().print_problem(Problem("unknown key `requird`", "did you mean `required`?", Location("a.yaml", 4, 5)))
    Terminal().print_problem(AuditError("no credentials"))
    printed = capsys.readouterr()
    assert printed.err == "a.yaml:4:5: error: unknown key `requird`; did you mean `required`?\nerror: no credentials\n"
    assert printed.out == ""


def test_names_in_an_error_cannot_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().print_problem(Problem("a\x1b[2Jb", "c\nd", Location("e\x9b1m", 1, 1)))
    assert capsys.readouterr().err == "e\\x9b1m:1:1: error: a\\x1b[2Jb; c\\x0ad\n"


def test_of_thousands_of_errors_the_first_are_told_and_the_others_counted(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().print_problems([Problem(f"account {each}") for each in range(3000)])
    *told, rest = capsys.readouterr().err.splitlines()
    assert told == [f"error: account {each}" for each in range(20)]
    assert rest == "and 2,980 more errors: use `--output jsonl`, json or csv to see all of them"
    Terminal().print_problems([Problem("one")] * 20)
    assert capsys.readouterr().err == "error: one\n" * 20


def test_quiet_hides_notes_and_never_errors(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(quiet=True)
    terminal.note("by the way")
    terminal.print_problem(Problem("wrong"))
    terminal.say("mind this")
    assert capsys.readouterr().err == "error: wrong\nmind this\n"


def test_progress_is_for_terminals(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().show_progress("reading ...")
    assert capsys.readouterr().err == ""


def test_progress_is_one_line_that_gives_way_to_the_next(
    at_terminal: AtTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    shown = at_terminal()
    terminal = Terminal()
    terminal.show_progress("reading an account")
    terminal.note("done")
    terminal.note("really")
    assert shown.getvalue() == "\r\x1b[Kreading a\r\x1b[Kdone\nreally\n"


def test_progress_gives_way_to_a_report_on_the_same_terminal_and_to_nothing_where_that_goes_to_a_file(
    at_terminal: AtTerminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown = at_terminal()
    monkeypatch.setattr(sys, "stdout", shown)
    Terminal().show_progress("reading")
    deliver_report(REPORTS["clean"], parse_outputs([f"json:{tmp_path / 'report.json'}"]))
    assert shown.getvalue() == "\r\x1b[Kreading\r\x1b[K"
    Terminal().show_progress("reading")
    emit("a report\n")
    assert shown.getvalue().endswith("reading\r\x1b[Ka report\n")


def test_quiet_has_no_progress(at_terminal: AtTerminal) -> None:
    shown = at_terminal()
    Terminal(quiet=True).show_progress("reading")
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
    assert shown.getvalue() == "Do it?\nType `yes` to continue: "


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
    Terminal(verbose=verbose).print_traceback(caught.value)
    assert ("test_terminal.py" in capsys.readouterr().err) is verbose


# --- which report goes where --------------------------------------------------------------------


def test_the_table_on_standard_output_is_what_comes_of_saying_nothing() -> None:
    assert parse_outputs([]) == (Output("table", ""),)


def test_a_format_may_have_a_path_with_a_colon_in_it() -> None:
    assert parse_outputs(["json:C:report", "table"]) == (Output("json", "C:report"), Output("table", ""))


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
        parse_outputs(said)
    assert caught.value.hint


def test_each_report_goes_to_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.json"
    deliver_report(REPORT, parse_outputs([f"json:{path}", "table"]))
    assert '"status": "incomplete"' in path.read_text()
    printed = capsys.readouterr()
    assert "No audit was possible." in printed.out
    assert printed.err == ""


def test_the_table_fills_a_terminal_and_is_80_wide_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    long = Report((), errors=(Problem("no"),) * 3)
    monkeypatch.setenv("COLUMNS", "50")
    deliver_report(long, parse_outputs([]))
    piped = capsys.readouterr().out
    monkeypatch.setattr(sys, "stdout", Tty())
    deliver_report(long, parse_outputs([]))
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


def test_a_report_is_written_as_it_is_made_and_no_further_than_somebody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0

    def parts() -> Iterator[str]:
        nonlocal made
        while True:
            made += 1
            yield "x" * 1000

    reader, writer = os.pipe()
    os.close(reader)
    with suppress(BrokenPipeError), os.fdopen(writer, "w", encoding="utf-8") as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        with pytest.raises(BrokenPipeError):
            emit_parts(parts())
        monkeypatch.undo()
    assert made < 100


def test_what_goes_wrong_while_a_report_is_made_is_not_said_of_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    def parts() -> Iterator[str]:
        yield "begun "
        raise OSError(errno.EIO, "Input/output error")

    kept = io.StringIO()
    monkeypatch.setattr(sys, "stdout", kept)
    with pytest.raises(OSError, match="Input/output"):
        emit_parts(parts())
    assert kept.getvalue() == "begun "


def test_no_standard_output_at_all_is_an_error_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    for write in (lambda: emit("text"), lambda: deliver_report(REPORT, parse_outputs([]))):
        with pytest.raises(AuditError, match="closed") as caught:
            write()
        assert "--output" in caught.value.hint


# --- files --------------------------------------------------------------------------------------


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_report_replaces_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("old and longer")
    replace_file(str(path), ["new"])
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


@pytest.mark.parametrize("raised", [KeyboardInterrupt, AuditError("the rest cannot be read"), RuntimeError("a bug")])
def test_a_report_that_cannot_be_made_to_its_end_leaves_nothing_and_spoils_nothing(
    raised: BaseException | type[BaseException], tmp_path: Path
) -> None:
    path = tmp_path / "report"
    path.write_text("old")

    def parts() -> Iterator[str]:
        yield "new" * 100_000  # more than any buffer holds
        assert len(names(tmp_path)) == 2
        raise raised

    with pytest.raises(type(raised) if isinstance(raised, BaseException) else raised):
        replace_file(str(path), parts())
    assert names(tmp_path) == ["report"]
    assert path.read_text() == "old"


def test_a_device_is_written_to_and_not_replaced() -> None:
    replace_file("/dev/null", ["text"])
    assert not Path("/dev/null").is_file()
    with pytest.raises(AuditError, match="/dev/full"):
        replace_file("/dev/full", ["text"])


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "plan"
    create_file(str(path), "text")
    assert path.read_text() == "text"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("check", [lambda path: create_file(path, "new"), check_new_file], ids=["create", "check"])
def test_a_new_file_is_never_laid_over_another(check: Callable[[str], None], tmp_path: Path) -> None:
    there, link = tmp_path / "there", tmp_path / "link"
    there.write_text("old")
    link.symlink_to(tmp_path / "nowhere")
    for path in (there, link, tmp_path):
        with pytest.raises(InputError, match="already exists") as caught:
            check(str(path))
        assert caught.value.hint
    assert there.read_text() == "old"
    assert not (tmp_path / "nowhere").exists()


def test_a_new_file_needs_a_folder_and_that_is_told_before_anything_is_read(tmp_path: Path) -> None:
    path = str(tmp_path / "nowhere" / "plan")
    with pytest.raises(InputError, match="is not a folder"):
        check_new_file(path)
    with pytest.raises(AuditError, match="cannot be written"):
        create_file(path, "text")
    check_new_file(str(tmp_path / "plan"))
    assert names(tmp_path) == []


@contextmanager
def umask(value: int) -> Iterator[None]:
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize(("mask", "report"), [(0o000, 0o644), (0o022, 0o644), (0o077, 0o600)])
def test_nobody_else_may_write_a_report_or_read_a_plan_whatever_the_umask(
    mask: int, report: int, tmp_path: Path
) -> None:
    with umask(mask):
        replace_file(str(tmp_path / "report"), ["text"])
        create_file(str(tmp_path / "plan"), "text")
    assert stat.S_IMODE((tmp_path / "report").stat().st_mode) == report
    assert stat.S_IMODE((tmp_path / "plan").stat().st_mode) == 0o600


def test_a_report_keeps_the_mode_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.touch()
    path.chmod(0o640)
    replace_file(str(path), ["text"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_of_a_link_the_link_is_replaced_and_not_what_it_leads_to(tmp_path: Path) -> None:
    link, precious = tmp_path / "report", tmp_path / "precious"
    precious.write_text("precious")
    for target in (precious, tmp_path / "nowhere", Path("/dev/full")):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        replace_file(str(link), ["text"])
        assert not link.is_symlink()
        assert link.read_text() == "text"
    assert precious.read_text() == "precious"
    assert names(tmp_path) == ["precious", "report"]


def test_a_pipe_is_written_to_where_somebody_reads_it_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(AuditError, match="no process reads this pipe"):
        replace_file(str(path), ["text"])
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    replace_file(str(path), ["text"])
    assert os.read(reader, 100) == b"text"
    os.close(reader)
    assert stat.S_ISFIFO(path.stat().st_mode)


@pytest.mark.parametrize("name", ["/dev/fd/{}", "/proc/self/fd/{}"])
def test_a_stream_goes_on_where_it_is_and_stays_open(name: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb") as log:
        os.write(log.fileno(), b"before ")
        replace_file(name.format(log.fileno()), ["report"])
        os.write(log.fileno(), b" after")
    assert path.read_text() == "before report after"


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_standard_output_may_be_named_as_a_device(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    before = os.lstat(f"/dev/{name}")
    replace_file(f"/dev/{name}", ["report"])
    assert "report" in capfd.readouterr()
    assert os.lstat(f"/dev/{name}") == before


def test_a_new_file_is_whole_when_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plan"
    link = os.link

    def seen(source: Any, target: Any) -> None:
        assert not path.exists()
        assert Path(source).read_text() == "text"
        assert Path(source).parent == tmp_path
        link(source, target)

    monkeypatch.setattr(os, "link", seen)
    create_file(str(path), "text")
    assert names(tmp_path) == ["plan"]


def test_a_file_system_without_hard_links_takes_a_new_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", none)
    create_file(str(tmp_path / "plan"), "text")
    assert (tmp_path / "plan").read_text() == "text"
    with pytest.raises(InputError, match="already exists"):
        create_file(str(tmp_path / "plan"), "other")
    assert names(tmp_path) == ["plan"]


def test_whoever_makes_the_file_in_between_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "lexists", lambda _: False)
    (tmp_path / "plan").write_text("theirs")
    with pytest.raises(InputError, match="already exists"):
        create_file(str(tmp_path / "plan"), "text")
    assert (tmp_path / "plan").read_text() == "theirs"
    assert names(tmp_path) == ["plan"]


# --- before anything is read --------------------------------------------------------------------


def refusal(*paths: object, inputs: tuple[object, ...] = ()) -> str:
    with pytest.raises(InputError) as caught:
        check_outputs(parse_outputs([f"json:{path}" for path in paths]), map(str, inputs))
    assert caught.value.hint
    return caught.value.message


def test_a_folder_a_socket_and_a_place_without_a_folder_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
        for path in (tmp_path, tmp_path / "link", f"{tmp_path}/new/", "socket", "."):
            assert "is no place for a report" in refusal(path)
    assert "is no folder that can be written" in refusal(tmp_path / "nowhere" / "report")


@pytest.mark.parametrize("check", [check_new_file, lambda path: check_outputs([Output("json", path)], ())])
def test_a_folder_that_cannot_be_written_is_refused(
    check: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(InputError, match="is not writable|no folder that can be written"):
        check(str(tmp_path / "report"))


def test_a_report_is_never_laid_over_what_the_run_reads_or_over_another(tmp_path: Path) -> None:
    desired, link = tmp_path / "desired.yaml", tmp_path / "link"
    desired.write_text("")
    link.symlink_to(desired)
    for path, inputs in (
        (desired, (desired,)),
        (link, (desired,)),
        (desired, (link,)),
        (tmp_path / "new", ("", tmp_path / "new")),
    ):
        assert "a file that this run reads or keeps" in refusal(path, inputs=inputs)
    assert "the place of another report" in refusal(tmp_path / "a", tmp_path / "." / "a")


def test_what_is_fit_for_a_report_is_not_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "old").touch()
    fit = ("/dev/null", "/dev/stdout", "/dev/fd/7", tmp_path / "pipe", tmp_path / "old", tmp_path / "new")
    check_outputs(parse_outputs([f"json:{path}" for path in fit]), [str(tmp_path / "desired.yaml")])
