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
    """One action of a plan.

    action: the write.
    finding: the id of the finding that it fixes.
    change: what it needs: nothing more (`add`), `--create` or `--replace`.
    unique_ids: the id that IAM gave to each entity, which it must still have; without entities that the plan creates.
    """

    action: Action
    finding: str
    change: Change
    unique_ids: Mapping[EntityKey, str]


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """The options of a scan that determine the content of a plan.

    with_sets: optional sets that count as required.
    only: the rules to run; () for all.
    skip: the rules not to run.
    create: whether users and groups may be created.
    replace: whether something may be removed or replaced.
    """

    with_sets: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    create: bool = False
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Basis:
    """What a plan was made from. The fields that it shares with ScanRequest have the same meaning.

    account: the account.
    made_at: when the plan was made.
    files: the files of the desired state and the guards.
    state: SHA-256 over the live state of every entity that it changes.
    stacks: the stack scripts.
    builder: who builds them, `user/NAME`, "" if there are none.
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
    """IAM writes in order, and what they are based on."""

    basis: Basis
    steps: tuple[Step, ...]


ALREADY_DONE = ("already there", "already gone")
"""The details of skipped entries that needed no write; other skipped entries were prevented. They are read back."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One step and its outcome.

    action: the write.
    outcome: its state.
    detail: more details, or "".
    unique_ids: as in Step.
    removed: what it replaced or removed, for undo: an inline policy's document, or the id of the default version.
    absent_before: whether a check just before the write found that its result did not exist yet, so that it is ours.
    """

    action: Action
    outcome: Outcome
    detail: str = ""
    unique_ids: Mapping[EntityKey, str] = field(default_factory=dict)
    removed: str = ""
    absent_before: bool = False


@dataclass(frozen=True, slots=True)
class Journal:
    """The writes of a run, each step in its last state.

    path: its file.
    account: the account.
    entries: the steps.
    ended: whether the run ended regularly, and the last line is there.
    desired: the files that its plan was made from, with absolute paths; earlier versions wrote them as named.
    """

    path: str
    account: Account
    entries: tuple[Entry, ...]
    ended: bool = False
    desired: tuple[SourceFile, ...] = ()
