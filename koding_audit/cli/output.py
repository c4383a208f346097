"""Parses `--output`, checks the files that it names, and writes the reports."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from koding_audit import plugins
from koding_audit.io.output_files import file_type, is_folder, replace_file, stream_number
from koding_audit.io.terminal import clear_progress_line
from koding_audit.model.errors import AuditError, InputError

if TYPE_CHECKING:
    from koding_audit.model.report import Report


_LEAST_WIDTH = 40


class Output(NamedTuple):
    """One format of the report and where it goes; path "" is standard output."""

    format: str
    path: str


def parse_outputs(options: Iterable[str]) -> tuple[Output, ...]:
    """The --output options. Raises InputError, before anything is read."""
    found = tuple(_parse_output(each) for each in options) or (Output("table", ""),)
    if sum(not each.path for each in found) > 1:
        raise InputError("--output: only one report can go to standard output", "give the others a path: FORMAT:PATH")
    return found


def _parse_output(option: str) -> Output:
    name, colon, path = option.partition(":")
    known = plugins.plugin_names("report.formats")
    if name not in known:
        raise InputError(f"--output {option}: there is no format {name!r}", f"use one of {', '.join(known)}")
    if colon and path in ("", "-"):
        raise InputError(
            f"--output {option} does not name a file", f"write {name}:PATH, or {name} alone for standard output"
        )
    return Output(name, path)


def output_width() -> int:
    """The width of lines on standard output: the terminal's; 120 if it is not one."""
    if sys.stdout is not None and sys.stdout.isatty():
        return max(shutil.get_terminal_size().columns, _LEAST_WIDTH)
    return 120


def deliver_report(report: Report, wanted: Iterable[Output]) -> None:
    """Write each report. A file is replaced as a whole or not at all. Raises AuditError, BrokenPipeError."""
    clear_progress_line()
    for output in wanted:
        render = plugins.load_plugin("report.formats", output.format).render
        if output.path:
            replace_file(output.path, render(report))
        elif output.format == "table" and sys.stdout is not None and sys.stdout.isatty():
            emit_parts(render(report, width=output_width(), color="NO_COLOR" not in os.environ))
        else:
            emit_parts(render(report))


def emit(text: str) -> None:
    """Write to standard output and flush it, so that a full disk or a closed pipe is noticed here."""
    emit_parts((text,))


def emit_parts(parts: Iterable[str]) -> None:
    """Write a text to standard output part by part, as it is made. If a part fails, those before it are written."""
    if sys.stdout is None:
        raise AuditError("standard output is closed", "give the report a file: --output FORMAT:PATH")
    clear_progress_line()
    for part in parts:
        with _standard_output() as stream:
            # A character that the locale cannot encode is escaped: it must not prevent the report.
            encoding = stream.encoding or "ascii"
            stream.write(part.encode(encoding, "backslashreplace").decode(encoding))
    with _standard_output() as stream:
        stream.flush()


@contextlib.contextmanager
def _standard_output() -> Iterator[TextIO]:
    try:
        yield sys.stdout
    except BrokenPipeError:
        raise
    except OSError as error:
        raise AuditError(f"could not write the report to standard output: {error.strerror}") from error


def check_outputs(wanted: Iterable[Output], inputs: Iterable[str]) -> None:
    """Check that the reports can be written, as far as that is known before anything is read.

    inputs: the files of this run that a report must not replace. Raises InputError.
    """
    taken = {os.path.realpath(each): "a file that this run reads or writes" for each in inputs if each}
    for path in (each.path for each in wanted if each.path and stream_number(each.path) is None):
        kind, folder = file_type(path), Path(path).parent
        if kind in (stat.S_IFCHR, stat.S_IFIFO):
            continue
        if is_folder(path) or kind in (stat.S_IFBLK, stat.S_IFSOCK):
            raise InputError(f"--output: {path} is not a regular file", "name a file")
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise InputError(
                f"--output: could not create {path}: {folder} is not a writable folder",
                "create the folder, or name another",
            )
        real = os.path.realpath(path)
        if real in taken:
            raise InputError(f"--output: {path} is {taken[real]}", "name another file")
        taken[real] = "the file of another report"
