"""`validate [FILE...]`: are the files right, as far as that can be told without an account."""

from __future__ import annotations

import argparse
import os

from koding_audit import desired
from koding_audit.cli.terminal import Terminal, emit
from koding_audit.errors import InputError
from koding_audit.model import Desired
from koding_audit.text import inert
from koding_audit.words import counted


def validate(options: argparse.Namespace, terminal: Terminal) -> int:
    """Read them as a scan would, with the guards beside them. A guards.yaml may be named too. Raises InputError."""
    guards = [each for each in options.files if desired.is_guards(each)]
    files = [each for each in options.files if each not in guards]
    if files or not guards:
        checked = desired.load(files or [desired.default_path(os.environ)])
        _tell_unknown_actions(checked, terminal)
        emit(f"valid: {inert(', '.join(each.path for each in checked.files))}: {_counts(checked)}\n")
    for each in guards:
        if not os.path.lexists(each):
            raise InputError(f"{each} is not there", "name a file that is")
        desired.guards_beside([each])
        emit(f"valid: {inert(each)}\n")
    return 0


def _counts(checked: Desired) -> str:
    """`2 policy sets, 1 group, 1 user`: what is declared, for a person to see that it is the right file."""
    counts = {
        "policy set": len(checked.policy_sets),
        "group": len(checked.groups),
        "user": len(checked.users),
        "role": len(checked.roles),
    }
    return ", ".join(counted(number, noun) for noun, number in counts.items() if number) or "nothing declared"


def _tell_unknown_actions(checked: Desired, terminal: Terminal) -> None:
    """A misspelt action is no error: AWS makes new ones. `action-unknown` warns of it in a scan."""
    names = [(each.action, each.source) for one in checked.policy_sets.values() for each in one.actions]
    if not names:
        return
    from koding_audit import actions  # noqa: PLC0415 - a file without actions does not load their list

    known = actions.load()
    for name, source in dict(names).items():
        if name not in known:
            near = known.nearest(name)
            meant = f"; did you mean {near}?" if near else ""
            terminal.note(
                f"{inert(source.path)}:{source.line}:{source.column}: {inert(name)} is not among AWS's actions of"
                f" {known.origin.date}{meant}"
            )
