"""Journal lines to JSON and back, each line with the hash of the one before it."""

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

# A line of a journal: what it says, and its chain at the end.
_CHAINED_LINE = re.compile(r'(\{.*),"chain":"[0-9a-f]{64}"\}')


# --- journal --------------------------------------------------------------------------------------


def journal_header(account: Account, started_at: datetime, desired: Iterable[SourceFile]) -> str:
    """What the first line of a journal says; `chained` makes the line of it."""
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
    """What a line says of the entry at that index (from 0) in one state; the last line of an index holds."""
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
    """What the last line says: the run came to its end, and no line after the one before this was taken away."""
    return write_json({"time": format_time(time), "ended": True})


def chain_line(said: str, before: str) -> tuple[str, str]:
    """The line of a journal that says this, with its newline, and its chain.

    `chain` is SHA-256 over the chain of the line before (of the first line: nothing), a newline, and the line as it is
    without its chain. So a line that was edited, removed, moved or put in does not follow from the one before it.
    """
    chain = hashlib.sha256(f"{before}\n{said}".encode()).hexdigest()
    return f'{said[:-1]},"chain":"{chain}"}}\n', chain


def decode_journal(text: str, path: str) -> tuple[Journal, Problem | None]:
    """The journal in its last state, and what is wrong with its last line if a crash tore that.

    A line is torn if it is the last, has no newline and is no JSON; all lines before it are used. An entry whose
    write was under way is `started` then: whether it happened is to be read from the account. Raises InputError, with
    the line that does not follow from the one before it.
    """
    lines = text.split("\n")
    torn = None
    if lines[-1] and not _is_json(lines[-1]):
        location = Location(path, len(lines), 1)
        torn = Problem("the journal's last line is torn", "the run was cut off; the lines before it are used", location)
    whole = lines[:-1] if torn or not lines[-1] else lines
    if not whole:
        raise InputError(f"{path}: the journal has no first line", "no write is made before it is there")
    _parse_line(whole[0], path, 1).check_kind(JOURNAL, VERSION)  # a newer one may be chained in another way
    first, *rest = (_parse_line(said, path, number) for number, said in enumerate(_verify_chain(whole, path), start=1))
    account, desired = _decode_header(first)
    ended = bool(rest) and _is_end_line(rest[-1])
    entries: dict[int, Entry] = {}
    for item in rest[:-1] if ended else rest:
        index, entry = _decode_entry(item)
        if index in entries and entries[index].action != entry.action:
            item.refuse(f"entry {index} was another action before")
        entries[index] = entry
    return Journal(path, account, tuple(entries[index] for index in sorted(entries)), ended, desired), torn


def _verify_chain(lines: Iterable[str], path: str) -> Iterator[str]:
    """What each line says, without its chain. Raises InputError at the first that does not follow."""
    before = ""
    for number, line in enumerate(lines, start=1):
        found = _CHAINED_LINE.fullmatch(line)
        said = f"{found[1]}}}" if found else "{}"
        again, before = chain_line(said, before)
        if again != f"{line}\n":
            raise InputError(
                "the journal is not as its run left it: this line does not follow from the one before it",
                "restore the journal; without it, what it says was added has to be taken back by hand",
                Location(path, number, 1),
            )
        yield said


def _is_end_line(item: Item) -> bool:
    """Whether this is the line that a run writes at its end."""
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
        fields["index"].refuse("it counts from 0")
    entry = Entry(
        action=decode_action(fields),
        outcome=fields["outcome"].choice(OUTCOMES),
        detail=fields["detail"].text(),
        unique_ids=decode_unique_ids(fields["unique_ids"]),
        removed=fields["before"].text(),
        absent_before=fields["absent_before"].boolean(),
    )
    return index, entry
