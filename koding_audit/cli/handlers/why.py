"""`why`: the denials that a text reports, answered on standard output."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from koding_audit.cli.data_age import note_data_age
from koding_audit.cli.exit_status import INCOMPLETE
from koding_audit.cli.output import emit
from koding_audit.denials.description import describe_reading
from koding_audit.denials.json_form import case_value, reading_value
from koding_audit.denials.knowledge import load_denial_tables
from koding_audit.denials.reader import read_denials, read_log
from koding_audit.io import files, json_text
from koding_audit.io.memory import limit_memory
from koding_audit.io.terminal import Terminal, read_standard_input
from koding_audit.io.text import escape, pluralize
from koding_audit.model.errors import InputError

if TYPE_CHECKING:
    from koding_audit.denials.values import Reading

_LOG = files.FileSpec("a log", 256, too_large="give the part with the error")
_CASES = files.FileSpec("a file of texts", 256)


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 1: each denial names the policy type that denies; 2: one does not, or there is no denial."""
    if (namespace.text is None) is not bool(namespace.cases):
        raise InputError(
            "give either TEXT or --cases FILE", "run `koding-audit why FILE`, or `... | koding-audit why -`"
        )
    note_data_age(terminal)
    if namespace.cases:
        return _answer_cases(namespace.cases, terminal)
    reading = _read(namespace.text)
    if namespace.output == "json":
        emit(json_text.write_json(reading_value(reading), indent=2) + "\n")
    else:
        emit("".join(f"{escape(line)}\n" for line in describe_reading(reading)))
    return _status_of(reading)


def _read(argument: str) -> Reading:
    tables = load_denial_tables()
    if argument == "-":
        return read_log(read_standard_input(_LOG.mebibytes << 20), tables)
    if _is_path(argument):
        with limit_memory(argument):
            return read_log(files.read_lines(argument, _LOG), tables)
    return read_denials(argument, tables)


def _is_path(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # too long for a name, or with a NUL
        return False


def _status_of(reading: Reading) -> int:
    known = [each.effect != "unknown" and each.layer != "unknown" for each in reading.denials]
    return 1 if known and all(known) else INCOMPLETE


def _answer_cases(path: str, terminal: Terminal) -> int:
    """Read each text of the file. Status 0: each line is valid; 2: one is not."""
    tables = load_denial_tables()
    number = 0
    with limit_memory(path):
        for name, text in _cases(path):
            emit(json_text.write_json(case_value(name, read_denials(text, tables))) + "\n")
            number += 1
    if not number:
        raise InputError(f"{path} has no texts", "write one JSON object per line, with `id` and `input`")
    terminal.note(pluralize(number, "text"))
    return 0


def _cases(path: str) -> Iterator[tuple[str, str]]:
    """Yield the id and the text of each line. Raises InputError at the first line that is not valid."""
    for number, line in enumerate(files.read_text(path, _CASES).split("\n"), start=1):
        if line.strip():
            case = json_text.Item(json_text.parse_json(line, f"{path}:{number}"), f"{path}:{number}").mapping()
            missing = json_text.Item(None, f"{path}:{number}")
            yield case.get("id", missing).text(), case.get("input", missing).text()
