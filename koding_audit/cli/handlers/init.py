"""`init`: writes a first desired-state file: a starter, or a description of the account."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from koding_audit import desired
from koding_audit.cli.option_values import named_source
from koding_audit.io.output_files import check_new_file, create_file
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape
from koding_audit.model.errors import AccessError, AuditError, InputError
from koding_audit.model.query import Gap
from koding_audit.model.snapshot import Snapshot
from koding_audit.scan.options import SourceOptions

DESIRED_FILE = "koding-audit.yaml"
SCHEMA_FILE = "koding-audit.schema.json"


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Write ./koding-audit.yaml, if there is none yet, and beside it the schema that its first line names."""
    check_new_file(DESIRED_FILE)
    source = named_source(namespace)
    if namespace.adopt:
        return _adopt_account(source, terminal)
    flag = next(_account_flags(source), "")
    if flag:
        raise InputError(f"{flag} needs --adopt")
    _write_files(desired.starter_text(), terminal)
    terminal.note(
        f"Wrote {DESIRED_FILE}: edit it, then run `koding-audit scan`; try `koding-audit scan --source demo` first."
    )
    return 0


def _account_flags(source: SourceOptions) -> Iterator[str]:
    """The options for the account that are set."""
    settings = source.settings
    values = {
        "--account": source.account,
        "--profile": settings.profile,
        "--region": settings.region,
        "--role-arn": settings.role_arn,
        "--endpoint-url": settings.endpoint_url,
        "--source": source.source != SourceOptions().source,
    }
    return (flag for flag, value in values.items() if value)


def _adopt_account(options: SourceOptions, terminal: Terminal) -> int:
    from koding_audit.desired import adopt  # noqa: PLC0415 - as above
    from koding_audit.io.text import pluralize  # noqa: PLC0415 - as above
    from koding_audit.scan.session import identify_account, open_source  # noqa: PLC0415 - a starter needs no account

    with open_source(options, terminal) as source:
        account, _ = identify_account(source, options.account, terminal)
        terminal.show_progress(f"reading account {account.id} ...")
        snapshot = source.collect(adopt.adopt_query())
    _refuse_gaps(adopt.adoption_gaps(snapshot), terminal)
    made = adopt.describe_account(snapshot)
    left = _remaining_findings(made.text, snapshot)
    _write_files(made.text, terminal)
    counts = ", ".join(pluralize(number, kind) for kind, number in made.counts.items())
    terminal.note(f"Wrote {DESIRED_FILE}: account {account.id} as it is, {counts}.")
    for each in made.omissions:
        terminal.note(f"Left out: {escape(each)}.")
    for each in left:
        terminal.note(f"A scan will find: {escape(each)}.")
    terminal.note("Next: review it, remove what is not needed, and run `koding-audit scan`.")
    return 0


def _refuse_gaps(gaps: tuple[Gap, ...], terminal: Terminal) -> None:
    """Raises AccessError if something could not be read: a partial description would look complete."""
    if not gaps:
        return
    for gap in gaps:
        subject = f" of {gap.subject}" if gap.subject else ""
        terminal.print_problem(AuditError(f"{gap.fact.value}{subject} could not be read: {gap.call}: {gap.reason}"))
    needed = sorted({gap.permission for gap in gaps if gap.permission})
    hint = f"grant the caller {', '.join(needed)}" if needed else "correct the cause, and run it again"
    raise AccessError(f"{DESIRED_FILE} was not written, because the account could not be read completely", hint)


def _remaining_findings(text: str, snapshot: Snapshot) -> tuple[str, ...]:
    """The warnings and errors that a scan with this description will report, which no file can resolve.

    Raises AuditError if the description is not a valid desired state, for example because it is too large.
    """
    from koding_audit.aws.sources.snapshot import restrict_snapshot  # noqa: PLC0415 - a starter needs no account
    from koding_audit.scan.audit import audit_snapshot  # noqa: PLC0415 - as above
    from koding_audit.scan.catalog import load_rules  # noqa: PLC0415 - as above
    from koding_audit.scan.read_plan import scan_query  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory(prefix="koding-audit-") as folder:
        path = Path(folder) / DESIRED_FILE
        path.write_text(text, encoding="utf-8")
        try:
            loaded = desired.load_desired([str(path)])
        except InputError as error:
            raise AuditError(f"a file cannot describe this account: {error.message}", error.hint) from error
    bound, chosen = loaded.bind(snapshot.account), load_rules()
    found = audit_snapshot(
        bound, restrict_snapshot(snapshot, scan_query(bound, snapshot.account, chosen)), chosen
    ).findings
    return tuple(each.message for each in found if each.severity != "note")


def _write_files(text: str, terminal: Terminal) -> None:
    """Write the file, and its schema if it does not exist yet."""
    create_file(DESIRED_FILE, text)
    if os.path.lexists(SCHEMA_FILE):
        terminal.note(f"{SCHEMA_FILE} exists already, and was not changed.")
    else:
        create_file(SCHEMA_FILE, json.dumps(desired.desired_schema(), indent=2) + "\n")
