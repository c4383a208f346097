"""What a run may write, as a value, and whether such a write could be agreed to at all."""

from __future__ import annotations

from koding_audit.io.output_files import check_new_name
from koding_audit.io.terminal import is_interactive
from koding_audit.model.desired import Desired
from koding_audit.model.errors import InputError, RefusedError
from koding_audit.model.frozen import dataclass
from koding_audit.scan.options import SourceOptions


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What a run may write to IAM, and how it is agreed to."""

    create: bool = False
    """Whether users and groups that are missing are created."""
    replace: bool = False
    """Whether something is taken away where the desired state says so."""
    allow_admin: bool = False
    """Whether a plan may make somebody an administrator."""
    yes: bool = False
    """Whether the plan is carried out without asking."""
    dry_run: bool = False
    """Whether the plan is only shown."""
    journal: str = ""
    """The new file for the journal; "" for the usual one."""
    max_changes: int = 50
    """A plan of more changes is refused."""


def check_writable(options: WriteOptions, source: SourceOptions, desired: Desired | None = None) -> None:
    """Whether a write could be agreed to at all; before anything is read. Raises InputError or RefusedError."""
    if options.journal:
        check_new_name(options.journal)
    if not source.traits.is_writable:
        raise InputError("--fix: a snapshot cannot be repaired", "use --source live, or leave --fix out")
    if options.dry_run or source.traits.is_embedded:
        return
    if options.yes and not source.account and not (desired and _has_pinned_accounts(desired)):
        raise RefusedError(
            "--yes: an unattended write needs a pinned account", "add --account ID, or `account: {id: ...}` to the file"
        )
    if not options.yes and not is_interactive():
        raise InputError(
            "nobody is there to confirm: this is not a terminal", "add --yes and --account ID, or --dry-run"
        )


def _has_pinned_accounts(desired: Desired) -> bool:
    """Whether the files say which accounts may be written to. A unit or a tag does not."""
    named = [bool(each.accounts) for each in desired.targets.values()]
    return bool(desired.account_ids) or (bool(named) and all(named))
