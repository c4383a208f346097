"""The terminal: notes, errors, progress and questions on standard error."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from koding_audit.io.text import MAX_ERRORS_SHOWN, clip_text, escape, pluralize
from koding_audit.model.errors import AuditError, InputError

if TYPE_CHECKING:
    from koding_audit.model.report import Problem


class Terminal:
    """Writes to standard error.

    quiet: whether to show errors only.
    verbose: whether to show details, and the traceback of a crash.
    """

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self._has_progress = False
        self._printed_lines: set[str] = set()

    def note(self, line: str) -> None:
        """Print a line of information, unless quiet."""
        if not self.quiet:
            self.say(line)

    def detail(self, line: str) -> None:
        """Print a line of information, if verbose."""
        if self.verbose:
            self.note(line)

    def print_problem(self, problem: Problem | AuditError) -> None:
        """Print an error on one line: where, what, and what to do."""
        place = problem.location
        where = f"{escape(clip_text(place.path, 500))}:{place.line}:{place.column}: " if place else ""
        hint = f"; {escape(clip_text(problem.hint, 2000))}" if problem.hint else ""
        self.say(f"{where}error: {escape(clip_text(problem.message, 5000))}{hint}")

    def print_problems(self, problems: Sequence[Problem]) -> None:
        """Print the first errors of a run and the number of the others: each of thousands of accounts may have one."""
        for each in problems[:MAX_ERRORS_SHOWN]:
            self.print_problem(each)
        rest = len(problems) - MAX_ERRORS_SHOWN
        if rest > 0:
            self.say(f"and {pluralize(rest, 'more error')}: use `--output jsonl`, json or csv to see all of them")

    def print_traceback(self, error: Exception) -> None:
        """Print the traceback of an unexpected error, if verbose."""
        if self.verbose:
            import traceback  # noqa: PLC0415 - for crashes only

            # Without messages: they may quote anything, such as a reply of AWS with a key in it.
            for each in reversed(_error_chain(error)):
                self.say(f"Traceback of {type(each).__name__}:\n{''.join(traceback.format_tb(each.__traceback__))}")

    def show_progress(self, text: str) -> None:
        """Show the progress on one line that is overwritten; on a terminal only."""
        if self.quiet or not sys.stderr.isatty():
            return
        width = shutil.get_terminal_size().columns
        sys.stderr.write(f"\r\x1b[K{escape(text)[: width - 1]}")
        sys.stderr.flush()
        self._has_progress = True

    def ask(self, question: str) -> bool:
        """Ask a question; whether the answer is `yes`, in full."""
        self._clear_progress()
        sys.stderr.write(f"{escape(question)}\nType `yes` to continue: ")
        sys.stderr.flush()
        return sys.stdin.readline().strip() == "yes"

    def say(self, line: str) -> None:
        """Print lines, also if quiet: an error, or the subject of a question. All text is escaped."""
        self._clear_progress()
        sys.stderr.write("".join(f"{escape(each)}\n" for each in line.split("\n")))
        sys.stderr.flush()

    def say_once(self, lines: str) -> None:
        """Print lines, unless this run has printed them already."""
        if lines not in self._printed_lines:
            self._printed_lines.add(lines)
            self.say(lines)

    def say_audit_note(self, line: str) -> None:
        """Print how an account was read, once, also if quiet."""
        self.say_once(line)

    def _clear_progress(self) -> None:
        if self._has_progress:
            clear_progress_line()
            self._has_progress = False


class SilentTerminal(Terminal):
    """A terminal for callers in Python: nothing is printed, and no question is agreed to."""

    def __init__(self) -> None:
        super().__init__(quiet=True)

    def say(self, line: str) -> None:
        """Print nothing."""

    def ask(self, question: str) -> bool:  # noqa: ARG002 - as Terminal.ask
        """Agree to nothing."""
        return False


def standard_error() -> int | None:
    """The file descriptor of standard error, for a process that this one starts; None if it is closed or not a file."""
    try:
        return sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):
        return None


def read_standard_input(most: int) -> Iterator[str]:
    """Yield the lines of standard input with their ends; a byte that is not UTF-8 is replaced. Raises InputError.

    most: the characters that are read; more are an error.
    """
    if sys.stdin is None:
        raise InputError("standard input is closed", "name a file, or give the text as an argument")
    stream = getattr(sys.stdin, "buffer", None)
    left = most
    for line in sys.stdin if stream is None else stream:
        text = line if isinstance(line, str) else line.decode("utf-8", "replace")
        left -= len(text)
        if left < 0:
            raise InputError(f"standard input has more than {most:,} characters", "give the part with the error")
        yield text


def clear_progress_line() -> None:
    """Clear the progress line of the terminal; without one, this has no visible effect."""
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def _error_chain(error: BaseException) -> list[BaseException]:
    """The error, its cause, the cause of that, and so on."""
    found: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in found:
        found.append(each)
        each = each.__cause__ or each.__context__
    return found


def is_interactive() -> bool:
    """Whether a question can be shown and answered: standard input and standard error are terminals."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
