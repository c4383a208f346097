"""One run: its options, rules, scripts and baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from koding_audit.io.terminal import Terminal
from koding_audit.model.desired import Desired
from koding_audit.model.frozen import dataclass
from koding_audit.model.report import Audit
from koding_audit.model.snapshot import Snapshot
from koding_audit.scan.catalog import AuditRule, load_rules
from koding_audit.scan.options import ScanOptions

if TYPE_CHECKING:
    from koding_audit.scan.baseline import SavedBaseline
    from koding_audit.scan.stack_scripts import StackScripts


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command.

    rules: the selected rules.
    scripts: the stack scripts that are checked; None without `--stack`.
    baseline: the report that the audit is compared with; None without `--baseline`.
    """

    options: ScanOptions
    terminal: Terminal
    rules: tuple[AuditRule, ...]
    scripts: StackScripts | None = None
    baseline: SavedBaseline | None = None


@dataclass(frozen=True, slots=True)
class ScanResult:
    """An audit, and the desired state and snapshot that it compares."""

    audit: Audit
    desired: Desired
    snapshot: Snapshot


def prepare_run(options: ScanOptions, terminal: Terminal, desired: Desired, *, unattended: bool = False) -> Run:
    """Load the rules, the scripts and the baseline that the options name. Raises InputError.

    unattended: whether the run does not ask for confirmation; then no script enables a policy set.
    """
    chosen, baseline = load_rules(options.rules.only, options.rules.skip), read_requested_baseline(options.baseline)
    if not options.stacks and not options.principal and not options.parameters:
        return Run(options, terminal, chosen, baseline=baseline)
    from koding_audit.scan import stack_scripts  # noqa: PLC0415 - most runs build nothing

    scripts = stack_scripts.read_named_scripts(
        options.stacks, options.principal, desired, options.parameters, unattended=unattended
    )
    return Run(options, terminal, chosen, scripts, baseline)


def read_requested_baseline(path: str | None) -> SavedBaseline | None:
    """The baseline that `--baseline` names; None without one. Raises InputError."""
    if path is None:
        return None
    from koding_audit.scan import baseline  # noqa: PLC0415 - most runs have no baseline

    return baseline.read_baseline(path)
