"""The rules that `--skip` and `--skip-not-in-details` leave out, and the note that names those of the second."""

from __future__ import annotations

import argparse

from koding_audit.io.terminal import Terminal


def skipped_rules(namespace: argparse.Namespace) -> tuple[str, ...]:
    """The rules that do not run, by both options."""
    return tuple(dict.fromkeys((*namespace.skip, *_rules_without_their_facts(namespace))))


def note_skipped_rules(namespace: argparse.Namespace, terminal: Terminal) -> None:
    """Print the rules that `--skip-not-in-details` leaves out."""
    names = _rules_without_their_facts(namespace)
    if names:
        terminal.note(f"not checked, because of --skip-not-in-details: {', '.join(names)}")


def _rules_without_their_facts(namespace: argparse.Namespace) -> tuple[str, ...]:
    if not namespace.skip_not_in_details:
        return ()
    from koding_audit.scan.catalog import rules_not_in_details  # noqa: PLC0415 - it loads every rule

    return rules_not_in_details()
