"""The only printer: reports to standard output or their files, everything else to standard error."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from koding_audit import registry
from koding_audit.errors import AuditError, InputError
from koding_audit.text import clipped, inert
from koding_audit.words import ERRORS_TOLD, counted

if TYPE_CHECKING:
    from koding_audit.model import Problem, Report


_STREAM = re.compile(r"/(?:dev|proc/self)/fd/([0-9]{1,6})|/dev/(stdout|stderr)")


class Terminal:
    """Standard error, seen from this run. quiet: errors only; verbose: the traceback of a crash too."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self._progress = False
        self._said: set[str] = set()

    def note(self, line: str) -> None:
        """A line that is worth knowing."""
        if not self.quiet:
            self.say(line)

    def problem(self, problem: Problem | AuditError) -> None:
        """An error in one line: where, what, and what to do."""
        place = problem.location
        where = f"{inert(clipped(place.path, 500))}:{place.line}:{place.column}: " if place else ""
        hint = f"; {inert(clipped(problem.hint, 2000))}" if problem.hint else ""
        self.say(f"{where}error: {inert(clipped(problem.message, 5000))}{hint}")

    def problems(self, problems: Sequence[Problem]) -> None:
        """The errors of a run, of which there may be one for each of thousands of accounts: the first, and a count."""
        for each in problems[:ERRORS_TOLD]:
            self.problem(each)
        rest = len(problems) - ERRORS_TOLD
        if rest > 0:
            self.say(f"and {counted(rest, 'more error')}: `--output jsonl`, json and csv have all of them")

    def trace(self, error: Exception) -> None:
        """Where an error that nobody foresaw came from."""
        if self.verbose:
            import traceback  # noqa: PLC0415 - for crashes only

            # Without messages: nobody knows what they quote; a reply of AWS's, say, with a key in it.
            for each in reversed(_chain(error)):
                self.say(f"Traceback of {type(each).__name__}:\n{''.join(traceback.format_tb(each.__traceback__))}")

    def progress(self, text: str) -> None:
        """What is going on, on one line that is overwritten; on a terminal only."""
        if self.quiet or not sys.stderr.isatty():
            return
        width = shutil.get_terminal_size().columns
        sys.stderr.write(f"\r\x1b[K{inert(text)[: width - 1]}")
        sys.stderr.flush()
        self._progress = True

    def ask(self, question: str) -> bool:
        """Whether the person at the terminal says `yes`, in full."""
        self._clear()
        sys.stderr.write(f"{inert(question)}\nOnly `yes` will do it: ")
        sys.stderr.flush()
        return sys.stdin.readline().strip() == "yes"

    def say(self, line: str) -> None:
        """Lines that nobody can do without: an error, or what a question is about. Inert, whatever is in them."""
        self._clear()
        sys.stderr.write("".join(f"{inert(each)}\n" for each in line.split("\n")))
        sys.stderr.flush()

    def say_once(self, lines: str) -> None:
        """The same, unless this run has said it already."""
        if lines not in self._said:
            self._said.add(lines)
            self.say(lines)

    def _clear(self) -> None:
        if self._progress:
            wipe()
            self._progress = False


def wipe() -> None:
    """Take a line of progress off the terminal: where there is none, that is an empty line's beginning."""
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def _chain(error: BaseException) -> list[BaseException]:
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


class Output(NamedTuple):
    """One format of the report and where it goes; path "" is standard output."""

    format: str
    path: str


def outputs(said: Iterable[str]) -> tuple[Output, ...]:
    """The --output options. Raises InputError, before anything is read."""
    found = tuple(_output(each) for each in said) or (Output("table", ""),)
    if sum(not each.path for each in found) > 1:
        raise InputError("--output: only one report can go to standard output", "give the others a path: FORMAT:PATH")
    return found


def _output(said: str) -> Output:
    name, colon, path = said.partition(":")
    known = registry.names("render")
    if name not in known:
        raise InputError(f"--output {said}: there is no format {name!r}", f"the formats are: {', '.join(known)}")
    if colon and path in ("", "-"):
        raise InputError(f"--output {said} names no file", f"write {name}:PATH, or {name} alone for standard output")
    return Output(name, path)


def deliver(report: Report, wanted: Iterable[Output]) -> None:
    """Each report to its place. A file is replaced as a whole or not at all. Raises AuditError, or BrokenPipeError."""
    wipe()
    for output in wanted:
        render = registry.load("render", output.format).render
        if output.path:
            replace_file(output.path, render(report))
        elif output.format == "table" and sys.stdout is not None and sys.stdout.isatty():
            columns = shutil.get_terminal_size().columns
            emit_parts(render(report, width=max(columns, 40), color="NO_COLOR" not in os.environ))
        else:
            emit_parts(render(report))


def emit(text: str) -> None:
    """To standard output, and out of its buffer, so that a full disk or a closed pipe is noticed here."""
    emit_parts((text,))


def emit_parts(parts: Iterable[str]) -> None:
    """The same for a text that is made while it is written: what was written stays where the rest cannot be made."""
    if sys.stdout is None:
        raise AuditError("standard output is closed", "give the report a file: --output FORMAT:PATH")
    wipe()
    for part in parts:
        with _to_standard_output() as stream:
            # As ASCII where the locale has no more: nothing that a report holds may be the reason that it is not shown.
            encoding = stream.encoding or "ascii"
            stream.write(part.encode(encoding, "backslashreplace").decode(encoding))
    with _to_standard_output() as stream:
        stream.flush()


@contextlib.contextmanager
def _to_standard_output() -> Iterator[TextIO]:
    try:
        yield sys.stdout
    except BrokenPipeError:
        raise
    except OSError as error:
        raise AuditError(f"the report cannot be written to standard output: {error.strerror}") from error


def replace_file(path: str, parts: Iterable[str]) -> None:
    """A report to its file, which is replaced as a whole: a reader never meets half of one. Raises AuditError.

    parts: the text, which may be made while it is written. Of a link the link itself is replaced, and not what it leads
    to. Pipes and character devices are written to.
    """
    data = (part.encode("utf-8") for part in parts)
    try:
        number = _stream(path)
        if number is not None:
            _put(number, data, close=False)
        elif _kind(path) in (stat.S_IFCHR, stat.S_IFIFO):
            # Without O_NONBLOCK, a pipe that nobody reads would hold the run for ever.
            device = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC)
            os.set_blocking(device, True)
            _put(device, data)
        else:
            with _beside(path, data, 0o644) as written:
                if _kind(path) == stat.S_IFREG:
                    written.chmod(stat.S_IMODE(os.lstat(path).st_mode) & 0o777)
                written.replace(path)
    except OSError as error:
        nobody = " (nobody reads this pipe)" if error.errno == errno.ENXIO else ""
        reason = f"{error.strerror}{nobody}"
        raise AuditError(f"the report {path} cannot be written: {reason}", "nothing of it was left") from error


def check_outputs(wanted: Iterable[Output], inputs: Iterable[str]) -> None:
    """Whether the reports could be written there, as far as can be told before anything is read.

    inputs: the files of this run that a report must not be laid over. Raises InputError.
    """
    taken = {os.path.realpath(each): "a file that this run reads or keeps" for each in inputs if each}
    for path in (each.path for each in wanted if each.path and _stream(each.path) is None):
        kind, folder = _kind(path), Path(path).parent
        if kind in (stat.S_IFCHR, stat.S_IFIFO):
            continue
        if _is_folder(path) or kind in (stat.S_IFBLK, stat.S_IFSOCK):
            raise InputError(f"--output: {path} is no place for a report", "name a file")
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise InputError(
                f"--output: {path} cannot be made: {folder} is no folder that can be written", "see to it first"
            )
        real = os.path.realpath(path)
        if real in taken:
            raise InputError(f"--output: {path} is {taken[real]}", "name another file")
        taken[real] = "the place of another report"


def check_named(path: str) -> None:
    """Whether a new file can be called that. Raises InputError."""
    if os.path.lexists(path):
        raise InputError(f"{path} is there already", "name a new file, or remove that one")
    if path == "-":
        raise InputError("only a report can go to standard output", "name a file; one that is called - is given as ./-")
    if not path or _is_folder(path):
        raise InputError(f"{path or 'an empty name'} is no name of a file to write", "name the file, with its folder")


def check_new(path: str) -> None:
    """Whether create_file could make it, as far as can be told before there is anything to write. Raises InputError."""
    check_named(path)
    target = Path(path)
    if not os.path.isdir(target.parent):  # noqa: PTH112 - Path's own raises where a name is too long
        raise InputError(f"{path} cannot be made: {target.parent} is not a folder", "make the folder first")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise InputError(f"{path} cannot be made: {target.parent} cannot be written", "name a file in another folder")


def create_file(path: str, text: str) -> None:
    """A new file for its owner alone, whole or not at all; never over one that is there. Raises AuditError."""
    there = InputError(f"{path} is there already", "name a new file, or remove that one")
    if os.path.lexists(path):
        raise there
    try:
        with _beside(path, [text.encode("utf-8")], 0o600) as written:
            try:
                os.link(written, path)
            except FileExistsError:
                raise
            except OSError:  # a file system without hard links: the name is taken first, and is empty for a moment
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
                written.replace(path)
    except FileExistsError as error:
        raise there from error
    except OSError as error:
        raise AuditError(f"{path} cannot be written: {error.strerror}", "nothing of it was left") from error


@contextlib.contextmanager
def _beside(path: str, data: Iterable[bytes], mode: int) -> Iterator[Path]:
    """A file of another name in the same folder, on the disk; it is gone after the block, unless it was renamed."""
    written = Path(path).with_name(f".koding-audit-{os.urandom(8).hex()}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        _put(os.open(written, flags, mode), data, sync=True)
        yield written
    finally:
        written.unlink(missing_ok=True)


def _put(descriptor: int, data: Iterable[bytes], *, sync: bool = False, close: bool = True) -> None:
    with open(descriptor, "wb", closefd=close) as stream:
        stream.writelines(data)
        stream.flush()
        if sync:
            os.fsync(descriptor)


def _is_folder(path: str) -> bool:
    """Whether it is one, or said to be one. Raises InputError: longer than a name can be."""
    try:
        return path.endswith("/") or stat.S_ISDIR(Path(path).stat().st_mode)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InputError(f"{path} cannot be made: {error.strerror}", "name another file") from error
        return False


def _stream(path: str) -> int | None:
    """The number of the stream that a path stands for: opened by its name, a file would be written from its start."""
    found = _STREAM.fullmatch(path)
    return None if found is None else int(found[1] or {"stdout": 1, "stderr": 2}[found[2]])


def _kind(path: str) -> int:
    """What there is, as the bits of its mode that say so; 0 for nothing, and S_IFLNK for a link."""
    try:
        return stat.S_IFMT(os.lstat(path).st_mode)
    except OSError:
        return 0
