"""The command `snapshot`: saves the live state of an account to a file."""

from __future__ import annotations

import argparse

from koding_audit.cli.option_values import named_source
from koding_audit.io.codec.snapshot import encode_snapshot
from koding_audit.io.output_files import check_new_file, create_file
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape
from koding_audit.model.query import Fact, Query
from koding_audit.model.report import Problem
from koding_audit.scan.session import identify_account, open_source


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Save every fact that a scan can need, of all users and groups."""
    account_options, path = named_source(namespace), str(namespace.out)
    check_new_file(path)
    with open_source(account_options, terminal) as source:
        account, _ = identify_account(source, account_options.account, terminal)
        terminal.show_progress(f"reading account {account.id} ...")
        account_facts = frozenset({Fact.CALLER, Fact.SUMMARY, Fact.CREDENTIAL_REPORT})
        every = Query(account=account_facts, listed=frozenset({"user", "group"}), facts_of_all=frozenset(Fact))
        saved = source.collect(every)
    create_file(path, encode_snapshot(saved))
    terminal.note(f"Saved account {account.id} to {escape(path)}: scan it with --source snapshot:{escape(path)}")
    for gap in saved.gaps:
        subject = f" of {gap.subject}" if gap.subject else ""
        terminal.print_problem(
            Problem(
                f"{gap.fact.value}{subject} could not be read: {gap.call}: {gap.reason}", "the file has a gap for it"
            )
        )
    return 2 if saved.gaps else 0
