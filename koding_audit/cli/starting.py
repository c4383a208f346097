"""`init`: the first desired-state file, a starter or a description of the account that is there."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

from koding_audit import desired
from koding_audit.cli.terminal import Terminal, check_new, create_file
from koding_audit.errors import AccessError, AuditError, InputError
from koding_audit.model import Gap, Snapshot
from koding_audit.text import inert

FILE = "koding-audit.yaml"
SCHEMA = "koding-audit.schema.json"


def init(options: argparse.Namespace, terminal: Terminal) -> int:
    """Write ./koding-audit.yaml, never over one that is there, and beside it the schema that its first line names."""
    check_new(FILE)
    if options.adopt:
        return _adopt(options, terminal)
    said = [name for name in ("account", "profile", "region", "role_arn", "endpoint_url") if getattr(options, name)]
    said += ["source"] if options.source != "live" else []
    if said:
        raise InputError(f"--{said[0].replace('_', '-')} says which account to read, and none is read", "add --adopt")
    _write(desired.starter(), terminal)
    terminal.note(f"Wrote {FILE}: make it yours, then `koding-audit scan`; `koding-audit scan --source demo` shows it.")
    return 0


def _adopt(options: argparse.Namespace, terminal: Terminal) -> int:
    from koding_audit.cli.sources import identified, opened  # noqa: PLC0415 - a starter needs no account
    from koding_audit.desired import adopting  # noqa: PLC0415 - as above
    from koding_audit.words import counted  # noqa: PLC0415 - as above

    with opened(options, terminal) as source:
        account, _ = identified(source, options, terminal)
        terminal.progress(f"reading account {account.id} ...")
        snapshot = source.collect(adopting.query())
    _refuse_unread(adopting.unread(snapshot), terminal)
    made = adopting.describe(snapshot)
    left = _left(made.text, snapshot)
    _write(made.text, terminal)
    counts = ", ".join(counted(number, kind) for kind, number in made.counts.items())
    terminal.note(f"Wrote {FILE}: account {account.id} as it is, {counts}.")
    for each in made.left_out:
        terminal.note(f"Left out: {inert(each)}.")
    for each in left:
        terminal.note(f"A scan will find: {inert(each)}.")
    terminal.note("Next: read it, take out what nobody needs, and `koding-audit scan`.")
    return 0


def _refuse_unread(gaps: tuple[Gap, ...], terminal: Terminal) -> None:
    """Half an account, described as if it were whole, would be taken for what there is."""
    if not gaps:
        return
    for gap in gaps:
        subject = f" of {gap.subject}" if gap.subject else ""
        terminal.problem(AuditError(f"{gap.fact.value}{subject} could not be read: {gap.call}: {gap.reason}"))
    needed = sorted({gap.permission for gap in gaps if gap.permission})
    hint = f"the caller needs {', '.join(needed)}" if needed else "see to it, and run it again"
    raise AccessError(f"the account could not be read whole, so {FILE} was not written", hint)


def _left(text: str, snapshot: Snapshot) -> tuple[str, ...]:
    """What a scan with this description will find at or above a warning: what no file can make right.

    Raises AuditError where it is no desired state: one of more than a file may have.
    """
    from koding_audit.collect.snapshot import restricted  # noqa: PLC0415 - a starter needs no account
    from koding_audit.scan import audit, query, rules  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory(prefix="koding-audit-") as folder:
        path = Path(folder) / FILE
        path.write_text(text, encoding="utf-8")
        try:
            loaded = desired.load([str(path)])
        except InputError as error:
            raise AuditError(f"a file cannot describe this account: {error.message}", error.hint) from error
    bound, chosen = loaded.bind(snapshot.account), rules()
    found = audit(bound, restricted(snapshot, query(bound, snapshot.account, chosen)), chosen).findings
    return tuple(each.message for each in found if each.severity != "note")


def _write(text: str, terminal: Terminal) -> None:
    """The file, and its schema where none is there yet."""
    create_file(FILE, text)
    if os.path.lexists(SCHEMA):
        terminal.note(f"{SCHEMA} is there already, and was left alone.")
    else:
        create_file(SCHEMA, json.dumps(desired.schema(), indent=2) + "\n")
