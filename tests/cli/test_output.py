"""Which report goes where: to standard output or to files, and what is refused before anything is read."""

from __future__ import annotations

import errno
import io
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from koding_audit.cli.output import Output, check_outputs, deliver_report, emit, emit_parts, parse_outputs
from koding_audit.io.output_files import check_new_file
from koding_audit.io.terminal import Terminal
from koding_audit.model.errors import AuditError, InputError
from koding_audit.model.report import Problem, Report
from tests.report.formats.reports import REPORTS
from tests.terminal import AtTerminal, Tty

REPORT = Report((), errors=(Problem("no"),))


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


def test_the_table_on_standard_output_is_what_comes_of_saying_nothing() -> None:
    assert parse_outputs([]) == (Output("table", ""),)


def test_a_format_may_have_a_path_with_a_colon_in_it() -> None:
    assert parse_outputs(["json:C:report", "table"]) == (Output("json", "C:report"), Output("table", ""))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (["xml"], "no format 'xml'"),
        ([""], "no format ''"),
        (["json:"], "does not name a file"),
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
    monkeypatch.setenv("COLUMNS", "30")
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
            assert "is not a regular file" in refusal(path)
    assert "is not a writable folder" in refusal(tmp_path / "nowhere" / "report")


@pytest.mark.parametrize("check", [check_new_file, lambda path: check_outputs([Output("json", path)], ())])
def test_a_folder_that_cannot_be_written_is_refused(
    check: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(InputError, match=r"is not writable|is not a writable folder"):
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
        assert "a file that this run reads or writes" in refusal(path, inputs=inputs)
    assert "the file of another report" in refusal(tmp_path / "a", tmp_path / "." / "a")


def test_what_is_fit_for_a_report_is_not_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "old").touch()
    fit = ("/dev/null", "/dev/stdout", "/dev/fd/7", tmp_path / "pipe", tmp_path / "old", tmp_path / "new")
    check_outputs(parse_outputs([f"json:{path}" for path in fit]), [str(tmp_path / "desired.yaml")])
