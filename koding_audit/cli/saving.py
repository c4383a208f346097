"""`snapshot` and `schema`: a live state or a format, written down."""

from __future__ import annotations

import argparse
import json

from koding_audit.cli.terminal import Terminal, check_new, create_file, emit
from koding_audit.text import inert


def schema(options: argparse.Namespace, terminal: Terminal) -> int:  # noqa: ARG001 - the commands' signature
    """The JSON Schema of the desired-state file, or of another of ours, for an editor or a program."""
    from koding_audit import desired, render  # noqa: PLC0415 - `snapshot` has no use for them

    formats = {"desired": desired.schema, "guards": desired.guards_schema, "report": render.schema}
    emit(json.dumps(formats[options.format](), indent=2) + "\n")
    return 0


def snapshot(options: argparse.Namespace, terminal: Terminal) -> int:
    """Everything that a scan could ask for, of every user and group there is."""
    from koding_audit import codec  # noqa: PLC0415 - `schema` has no use for these
    from koding_audit.cli.sources import identified, opened  # noqa: PLC0415
    from koding_audit.model import Fact, Problem, Query  # noqa: PLC0415

    check_new(options.out)
    with opened(options, terminal) as source:
        account, _ = identified(source, options, terminal)
        terminal.progress(f"reading account {account.id} ...")
        account_facts = frozenset({Fact.CALLER, Fact.SUMMARY, Fact.CREDENTIAL_REPORT})
        every = Query(account=account_facts, listed=frozenset({"user", "group"}), everything=frozenset(Fact))
        saved = source.collect(every)
    create_file(options.out, codec.encode_snapshot(saved))
    terminal.note(
        f"Saved account {account.id} to {inert(options.out)}: scan it with --source snapshot:{inert(options.out)}"
    )
    for gap in saved.gaps:
        subject = f" of {gap.subject}" if gap.subject else ""
        terminal.problem(
            Problem(f"{gap.fact.value}{subject} could not be read: {gap.call}: {gap.reason}", "it is a gap in the file")
        )
    return 2 if saved.gaps else 0
