"""The options of a run that writes, and the checks before anything is read."""

from __future__ import annotations

from koding_audit.io.output_files import check_new_name
from koding_audit.io.terminal import is_interactive
from koding_audit.model.desired import Desired
from koding_audit.model.errors import InputError, RefusedError
from koding_audit.model.frozen import dataclass
from koding_audit.scan.options import SourceOptions


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What a run may write to IAM, and how it is confirmed."""

    create: bool = False
    """Whether missing users and groups are created."""
    replace: bool = False
    """Whether something is removed or replaced if the desired state requires it."""
    allow_admin: bool = False
    """Whether a plan may make a principal an administrator."""
    yes: bool = False
    """Whether the plan is carried out without a question."""
    dry_run: bool = False
    """Whether the plan is only shown."""
    journal: str = ""
    """The new file for the journal; "" for the default path."""
    max_changes: int = 50
    """The highest number of changes; a plan with more is refused."""


def check_writable(options: WriteOptions, source: SourceOptions, desired: Desired | None = None) -> None:
    """Check that a write is possible and can be confirmed, before anything is read.

    Raises InputError or RefusedError.
    """
    if options.journal:
        check_new_name(options.journal)
    if not source.traits.is_writable:
        raise InputError("--fix: a snapshot is read-only", "use --source live, or omit --fix")
    if options.dry_run or source.traits.is_embedded:
        return
    if options.yes and not source.account and not (desired and _has_pinned_accounts(desired)):
        raise RefusedError(
            "--yes: an unattended write needs a pinned account", "add --account ID, or `account: {id: ...}` to the file"
        )
    if not options.yes and not is_interactive():
        raise InputError("cannot prompt: stdin or stderr is not a terminal", "add --yes and --account ID, or --dry-run")


def _has_pinned_accounts(desired: Desired) -> bool:
    """Whether the files name the accounts by their ids. A unit or a tag can match other accounts later."""
    named = [bool(each.accounts) for each in desired.targets.values()]
    return bool(desired.account_ids) or (bool(named) and all(named))
