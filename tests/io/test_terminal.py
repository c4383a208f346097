"""What is said on standard error: errors, notes, progress and questions."""

from __future__ import annotations

import io
import sys

import pytest

from koding_audit.io.terminal import Terminal, is_interactive, standard_error
from koding_audit.model.errors import AuditError
from koding_audit.model.location import Location
from koding_audit.model.report import Problem
from tests.terminal import AtTerminal

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


def test_what_is_said_once_is_printed_once_also_if_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    for quiet in (False, True):
        terminal = Terminal(quiet=quiet)
        terminal.say_once("keys as of noon")
        terminal.say_once("keys as of noon")
        assert capsys.readouterr().err == "keys as of noon\n"


def test_standard_error_is_passed_on_where_it_is_a_file(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert standard_error() == sys.stderr.fileno()
    closed = io.StringIO()
    closed.close()
    for nowhere in (None, io.StringIO(), closed):
        monkeypatch.setattr(sys, "stderr", nowhere)
        assert standard_error() is None
