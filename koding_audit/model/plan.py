"""Plans and journals: IAM writes in order, and their outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Literal

from koding_audit.model.account import Account, EntityKey
from koding_audit.model.finding import Action, Change
from koding_audit.model.frozen import dataclass
from koding_audit.model.location import SourceFile
from koding_audit.model.stack import StackFiles

Outcome = Literal["started", "done", "failed", "skipped", "pending", "unknown"]


@dataclass(frozen=True, slots=True)
class Step:
    """One action of a plan, the finding that it mends, and the unique ids that what it touches must still have.

    unique_ids: entity -> the id IAM gave it; one that the plan itself creates is not in it.
    """

    action: Action
    finding: str
    change: Change
    unique_ids: Mapping[EntityKey, str]


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What was asked for on the command line, as far as it decides what a plan holds."""

    with_sets: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    create: bool = False
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Basis:
    """What a plan was made from. state: SHA-256 over the live state of every principal that it touches.

    stacks: the scripts that were to be built, builder: by whom, `user/NAME`, "" where none was given.
    """

    account: Account
    made_at: datetime
    files: tuple[SourceFile, ...]
    with_sets: tuple[str, ...]
    only: tuple[str, ...]
    skip: tuple[str, ...]
    create: bool
    replace: bool
    state: str
    stacks: tuple[StackFiles, ...] = ()
    builder: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    basis: Basis
    steps: tuple[Step, ...]


ALREADY_DONE = ("already there", "already gone")
"""The details of a skipped entry that needed no write; every other skipped entry was kept from its write."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One step as it went.

    before: what it took away, where undo needs it: an inline policy's document, or the id of the version in force.
    absent: somebody looked just before the write, and what it was to bring about was not so: what is there now is ours.
    """

    action: Action
    outcome: Outcome
    detail: str = ""
    unique_ids: Mapping[EntityKey, str] = field(default_factory=dict)
    removed: str = ""
    absent_before: bool = False


@dataclass(frozen=True, slots=True)
class Journal:
    """What a run wrote, each step in its last state. ended: the run came to its end, and its last line is there.

    desired: the files that its plan was made from, as they were named.
    """

    path: str
    account: Account
    entries: tuple[Entry, ...]
    ended: bool = False
    desired: tuple[SourceFile, ...] = ()
