"""`validate [FILE...]`: checks files, as far as that is possible without an account."""

from __future__ import annotations

import argparse
import os

from koding_audit import desired
from koding_audit.cli.output import emit
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape, pluralize
from koding_audit.model.desired import Desired
from koding_audit.model.errors import InputError


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Read files as a scan does, with the guards beside them. A guards.yaml may be named too. Raises InputError."""
    guards = [each for each in namespace.files if desired.is_guards_file(each)]
    files = [each for each in namespace.files if each not in guards]
    if files or not guards:
        checked = desired.load_desired(files or [desired.default_desired_path(os.environ)])
        _print_unknown_actions(checked, terminal)
        emit(f"valid: {escape(', '.join(each.path for each in checked.files))}: {_declared_counts(checked)}\n")
    for each in guards:
        if not os.path.lexists(each):
            raise InputError(f"{each} does not exist", "name an existing file")
        desired.load_guards_beside([each])
        emit(f"valid: {escape(each)}\n")
    return 0


def _declared_counts(checked: Desired) -> str:
    """`2 policy sets, 1 group, 1 user`: what is declared, for a person to see that it is the right file."""
    counts = {
        "policy set": len(checked.policy_sets),
        "group": len(checked.groups),
        "user": len(checked.users),
        "role": len(checked.roles),
    }
    return ", ".join(pluralize(number, noun) for noun, number in counts.items() if number) or "nothing declared"


def _print_unknown_actions(checked: Desired, terminal: Terminal) -> None:
    """Print a note for each unknown action. AWS adds new ones, so it is not an error; `action-unknown` warns of it."""
    names = [(each.action, each.location) for one in checked.policy_sets.values() for each in one.actions]
    if not names:
        return
    from koding_audit.reference import actions  # noqa: PLC0415 - a file without actions does not load their list

    known = actions.load_actions()
    for name, source in dict(names).items():
        if name not in known:
            near = known.nearest_action(name)
            suggestion = f"; did you mean {near}?" if near else ""
            terminal.note(
                f"{escape(source.path)}:{source.line}:{source.column}: {escape(name)} is not among AWS's actions of"
                f" {known.origin.date}{suggestion}"
            )
