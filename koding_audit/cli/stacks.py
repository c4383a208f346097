"""`--stack SCRIPT`: what a stack script needs counts as wanted in a run, and its sets as required."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from koding_audit import buildable
from koding_audit.arns import policy_name
from koding_audit.cli.terminal import Terminal
from koding_audit.errors import InputError, RefusedError
from koding_audit.frozen import replace
from koding_audit.model import Account, Basis, Desired, Kind, Query, Snapshot
from koding_audit.stack.needs import needs
from koding_audit.stack.reading import read
from koding_audit.stack.values import Script
from koding_audit.text import inert


@dataclass(frozen=True)
class Scripts:
    """The scripts of a run, and who is to build them. unattended: nobody is asked, and none of them enables a set."""

    scripts: tuple[Script, ...]
    builder: tuple[Kind, str]
    unattended: bool = False


def said(options: argparse.Namespace, desired: Desired) -> Scripts | None:
    """What `--stack` and `--principal` say. Raises InputError."""
    if not options.stack:
        if options.principal:
            raise InputError("--principal says who is to build, and nothing is to be built", "add --stack SCRIPT")
        return None
    builder = buildable.builder(desired, options.principal)
    unattended = bool(getattr(options, "fix", False) and options.yes)
    return Scripts(tuple(read(path) for path in options.stack), builder, unattended)


def saved(basis: Basis, desired: Desired) -> Scripts | None:
    """The scripts that a plan was made with; they have to be the same. Raises RefusedError."""
    if not basis.stacks:
        return None
    scripts = tuple(read(each.path) for each in basis.stacks)
    changed = [each.path for each, now in zip(basis.stacks, scripts, strict=True) if each.files != now.files]
    if changed:
        raise RefusedError(f"{', '.join(changed)} has changed since the plan was made", "make the plan again")
    return Scripts(scripts, buildable.builder(desired, basis.builder))


def with_stacks(desired: Desired, account: Account, scripts: Scripts) -> Desired:
    """The desired state, bound to an account, with what the scripts need there."""
    as_role = scripts.builder[0] == "role"
    stacks = tuple(needs(each, account, as_role=as_role) for each in scripts.scripts)
    return replace(desired, stacks=stacks, builder=scripts.builder)


def whole(snapshot: Snapshot, query: Query, terminal: Terminal) -> Snapshot:
    """The snapshot with every document of a set that can be had; what was not read of the account is told."""
    found, packed, date = buildable.completed(snapshot, query.documents)
    for arn in packed:
        terminal.note(
            f"{inert(policy_name(arn))}: its document was not to be had here; taken is AWS's of {date}, which ships"
            " with the tool"
        )
    return found


def enabled(desired: Desired, snapshot: Snapshot, scripts: Scripts, terminal: Terminal) -> Desired:
    """With the sets required that the scripts need. Without a person only those that `--with` names are enabled."""
    answers = [buildable.answer(desired, snapshot, each) for each in desired.stacks]
    sets = _optional(answers)
    if scripts.unattended:
        for name in sets:
            terminal.note(
                f"set {inert(name)} would help the stack; nobody is asked, so it also needs --with {inert(name)}"
            )
        return desired
    return buildable.enabled(desired, answers)


def _optional(answers: Sequence[buildable.Answer]) -> list[str]:
    every = (each for answer in answers for each in buildable.helping(answer) if not each.candidate.required)
    return list(dict.fromkeys(each.candidate.name for each in every))
