"""Encodes and decodes journal lines as JSON, each with a hash over the line before it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from koding_audit import __version__
from koding_audit.io.codec.fields import (
    OUTCOMES,
    VERSION,
    account_value,
    action_value,
    decode_account,
    decode_action,
    decode_source_file,
    decode_unique_ids,
    source_file_value,
    unique_ids_value,
)
from koding_audit.io.json_text import Item, format_time, parse_json, write_json
from koding_audit.model.account import Account
from koding_audit.model.errors import InputError
from koding_audit.model.location import Location, SourceFile
from koding_audit.model.plan import Entry, Journal
from koding_audit.model.report import (
    Problem,
)

JOURNAL = "koding-audit-journal"

# A line of a journal: its content, and the chain hash at the end.
_CHAINED_LINE = re.compile(r'(\{.*),"chain":"[0-9a-f]{64}"\}')


def journal_header(account: Account, started_at: datetime, desired: Iterable[SourceFile]) -> str:
    """The content of a journal's first line; `chain_line` makes the line."""
    value = {
        "version": VERSION,
        "kind": JOURNAL,
        "tool": __version__,
        "account": account_value(account),
        "started_at": format_time(started_at),
        "desired": [source_file_value(each) for each in desired],
    }
    return write_json(value)


def journal_line(time: datetime, index: int, entry: Entry) -> str:
    """The content of a line about one state of the entry at an index, from 0; the last line of an index is valid."""
    value = {
        "time": format_time(time),
        "index": index,
        **action_value(entry.action),
        "unique_ids": unique_ids_value(entry.unique_ids),
        "outcome": entry.outcome,
        "detail": entry.detail,
        "before": entry.removed,
        "absent_before": entry.absent_before,
    }
    return write_json(value)


def journal_end(time: datetime) -> str:
    """The content of the last line: the run ended regularly, and no line before this one was removed."""
    return write_json({"time": format_time(time), "ended": True})


def chain_line(content: str, before: str) -> tuple[str, str]:
    """Return the line of a journal with this content and a newline, and its chain hash.

    The hash is SHA-256 over the hash of the line before ("" for the first line), a newline, and the content. So a line
    that was edited, removed, moved or inserted does not match the one before it.
    before: the hash of the line before.
    """
    chain = hashlib.sha256(f"{before}\n{content}".encode()).hexdigest()
    return f'{content[:-1]},"chain":"{chain}"}}\n', chain


def decode_journal(text: str, path: str) -> tuple[Journal, Problem | None]:
    """Decode the journal in its last state; also return a problem if a crash left its last line incomplete.

    The last line is incomplete if it has no newline and is not JSON; all lines before it are used. An entry whose write
    was in progress is then `started`: only the account shows whether the write happened. Raises InputError with the
    first line that does not match the one before it.
    """
    lines = text.split("\n")
    torn = None
    if lines[-1] and not _is_json(lines[-1]):
        location = Location(path, len(lines), 1)
        hint = "the run was interrupted; the lines before it are used"
        torn = Problem("the journal's last line is incomplete", hint, location)
    complete = lines[:-1] if torn or not lines[-1] else lines
    if not complete:
        hint = "its run wrote nothing to IAM: it writes this line first"
        raise InputError(f"{path}: the journal has no complete first line", hint)
    _parse_line(complete[0], path, 1).check_kind(JOURNAL, VERSION)  # a newer version may use another chain
    contents = enumerate(_verify_chain(complete, path), start=1)
    first, *rest = (_parse_line(content, path, number) for number, content in contents)
    account, desired = _decode_header(first)
    ended = bool(rest) and _is_end_line(rest[-1])
    entries: dict[int, Entry] = {}
    for item in rest[:-1] if ended else rest:
        index, entry = _decode_entry(item)
        if index in entries and entries[index].action != entry.action:
            item.refuse(f"entry {index} has another action than in a line before")
        entries[index] = entry
    return Journal(path, account, tuple(entries[index] for index in sorted(entries)), ended, desired), torn


def _verify_chain(lines: Iterable[str], path: str) -> Iterator[str]:
    """Yield the content of each line. Raises InputError at the first line that does not match the one before it."""
    before = ""
    for number, line in enumerate(lines, start=1):
        found = _CHAINED_LINE.fullmatch(line)
        content = f"{found[1]}}}" if found else "{}"
        expected, before = chain_line(content, before)
        if expected != f"{line}\n":
            raise InputError(
                "the journal was changed after its run: this line does not match the one before it",
                "restore the journal from a copy; without it, undo its changes by hand",
                Location(path, number, 1),
            )
        yield content


def _is_end_line(item: Item) -> bool:
    """Whether this is the line that a run writes when it ends."""
    if not isinstance(item.value, dict) or "ended" not in item.value:
        return False
    fields = item.fields("time", "ended")
    fields["time"].time()
    return fields["ended"].boolean()


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _parse_line(line: str, path: str, number: int) -> Item:
    try:
        return Item(parse_json(line, path), f"{path}:{number}")
    except InputError as error:
        column = error.location.column if error.location else 1
        raise InputError(error.message, "restore the journal", Location(path, number, column)) from error


def _decode_header(item: Item) -> tuple[Account, tuple[SourceFile, ...]]:
    fields = item.file_fields(JOURNAL, VERSION, "tool", "account", "started_at", "desired")
    fields["tool"].text()
    fields["started_at"].time()
    return decode_account(fields["account"]), fields["desired"].tuple_of(decode_source_file)


def _decode_entry(item: Item) -> tuple[int, Entry]:
    fields = item.fields(
        *("time", "index", "action", "parameters", "unique_ids", "outcome", "detail", "before", "absent_before")
    )
    fields["time"].time()
    index = fields["index"].integer()
    if index < 0:
        fields["index"].refuse("must be 0 or more")
    entry = Entry(
        action=decode_action(fields),
        outcome=fields["outcome"].choice(OUTCOMES),
        detail=fields["detail"].text(),
        unique_ids=decode_unique_ids(fields["unique_ids"]),
        removed=fields["before"].text(),
        absent_before=fields["absent_before"].boolean(),
    )
    return index, entry
