"""The terminal: notes, errors, progress and questions on standard error."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.io.text import MAX_ERRORS_SHOWN, clip_text, escape, pluralize
from koding_audit.model.errors import AuditError

if TYPE_CHECKING:
    from koding_audit.model.report import Problem


class Terminal:
    """Standard error, seen from this run. quiet: errors only; verbose: the traceback of a crash too."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self._has_progress = False
        self._said_lines: set[str] = set()

    def note(self, line: str) -> None:
        """A line that is worth knowing."""
        if not self.quiet:
            self.say(line)

    def print_problem(self, problem: Problem | AuditError) -> None:
        """An error in one line: where, what, and what to do."""
        place = problem.location
        where = f"{escape(clip_text(place.path, 500))}:{place.line}:{place.column}: " if place else ""
        hint = f"; {escape(clip_text(problem.hint, 2000))}" if problem.hint else ""
        self.say(f"{where}error: {escape(clip_text(problem.message, 5000))}{hint}")

    def print_problems(self, problems: Sequence[Problem]) -> None:
        """The errors of a run, of which there may be one for each of thousands of accounts: the first, and a count."""
        for each in problems[:MAX_ERRORS_SHOWN]:
            self.print_problem(each)
        rest = len(problems) - MAX_ERRORS_SHOWN
        if rest > 0:
            self.say(f"and {pluralize(rest, 'more error')}: `--output jsonl`, json and csv have all of them")

    def print_traceback(self, error: Exception) -> None:
        """Where an error that nobody foresaw came from."""
        if self.verbose:
            import traceback  # noqa: PLC0415 - for crashes only

            # Without messages: nobody knows what they quote; a reply of AWS's, say, with a key in it.
            for each in reversed(_error_chain(error)):
                self.say(f"Traceback of {type(each).__name__}:\n{''.join(traceback.format_tb(each.__traceback__))}")

    def show_progress(self, text: str) -> None:
        """What is going on, on one line that is overwritten; on a terminal only."""
        if self.quiet or not sys.stderr.isatty():
            return
        width = shutil.get_terminal_size().columns
        sys.stderr.write(f"\r\x1b[K{escape(text)[: width - 1]}")
        sys.stderr.flush()
        self._has_progress = True

    def ask(self, question: str) -> bool:
        """Whether the person at the terminal says `yes`, in full."""
        self._clear_progress()
        sys.stderr.write(f"{escape(question)}\nOnly `yes` will do it: ")
        sys.stderr.flush()
        return sys.stdin.readline().strip() == "yes"

    def say(self, line: str) -> None:
        """Lines that nobody can do without: an error, or what a question is about. Inert, whatever is in them."""
        self._clear_progress()
        sys.stderr.write("".join(f"{escape(each)}\n" for each in line.split("\n")))
        sys.stderr.flush()

    def say_once(self, lines: str) -> None:
        """The same, unless this run has said it already."""
        if lines not in self._said_lines:
            self._said_lines.add(lines)
            self.say(lines)

    def _clear_progress(self) -> None:
        if self._has_progress:
            clear_progress_line()
            self._has_progress = False


def clear_progress_line() -> None:
    """Take a line of progress off the terminal: where there is none, that is an empty line's beginning."""
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def _error_chain(error: BaseException) -> list[BaseException]:
    """The error, what it came from, and so on."""
    found: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in found:
        found.append(each)
        each = each.__cause__ or each.__context__
    return found


def is_interactive() -> bool:
    """Whether somebody is there who sees a question and can answer it."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
