"""Whatever happens in a command, the status is 0, 1 or 2, and it is told in a line."""

from __future__ import annotations

import errno
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from koding_audit.cli import main
from koding_audit.cli.commands import snapshot
from koding_audit.model.errors import AuditError, InputError
from koding_audit.model.location import Location


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """A run takes these for itself; the test session gets them back."""
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


def ends_with(error: BaseException | int, monkeypatch: pytest.MonkeyPatch, *more: str) -> int:
    """The status of a run whose command ends like that."""

    def command(*_: Any) -> int:
        if isinstance(error, BaseException):
            raise error
        return error

    monkeypatch.setattr(snapshot, "run", command)
    return main(["snapshot", "--out", "x", *more])


@pytest.mark.parametrize("status", [0, 1, 2])
def test_a_commands_status_is_the_runs(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ends_with(status, monkeypatch) == status


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (AuditError("it is wrong", "do this"), "error: it is wrong; do this\n"),
        (InputError("bad", "", Location("a.yaml", 2, 3)), "a.yaml:2:3: error: bad\n"),
        (ZeroDivisionError("x\x1b"), "error: unexpected ZeroDivisionError: x\\x1b; this is a bug: report it"),
        (KeyboardInterrupt(), "error: interrupted; see the journal for what was written; nothing more was done"),
        (BrokenPipeError(), ""),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_status_2_and_a_line(
    error: BaseException, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends_with(error, monkeypatch) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(told)
    assert printed.count("\n") == (1 if told else 0)


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE])
def test_too_few_open_files_are_told_with_what_to_do_and_are_no_bug(
    code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends_with(OSError(code, "Too many open files"), monkeypatch) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: too many files are open; allow more, for example by `ulimit -n 256`")
    assert ends_with(OSError(errno.EIO, "Input/output error"), monkeypatch) == 2
    assert "error: unexpected OSError" in capsys.readouterr().err


def test_a_crash_shows_its_traceback_only_when_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends_with(ZeroDivisionError(), monkeypatch, "--verbose") == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGHUP])
def test_a_scheduler_or_a_terminal_that_goes_ends_a_run_as_ctrl_c_does(
    by: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(snapshot, "run", lambda *_: signal.raise_signal(by))
    assert main(["snapshot", "--out", "x"]) == 2
    assert "interrupted" in capsys.readouterr().err


def test_under_nohup_a_run_goes_on_when_its_terminal_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    monkeypatch.setattr(snapshot, "run", lambda *_: signal.raise_signal(signal.SIGHUP) or 0)  # type: ignore[func-returns-value]
    assert main(["snapshot", "--out", "x"]) == 0


def test_ctrl_c_before_anything_began_is_2(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("koding_audit.cli.build_parser", interrupted)
    assert main(["scan"]) == 2
