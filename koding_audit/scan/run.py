"""One run: its options, rules, scripts and baseline."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from koding_audit.io.terminal import Terminal
from koding_audit.model.desired import Desired
from koding_audit.model.frozen import dataclass
from koding_audit.model.report import Audit
from koding_audit.model.snapshot import Snapshot
from koding_audit.scan.catalog import AuditRule, load_rules

if TYPE_CHECKING:
    from koding_audit.scan.baseline import SavedBaseline
    from koding_audit.scan.stack_scripts import StackScripts


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command: what was said, who is told, the rules, what is to be built, what it is compared with."""

    options: argparse.Namespace
    terminal: Terminal
    rules: tuple[AuditRule, ...]
    scripts: StackScripts | None = None
    baseline: SavedBaseline | None = None


@dataclass(frozen=True, slots=True)
class ScanResult:
    """An audit and what it was made from."""

    audit: Audit
    desired: Desired
    snapshot: Snapshot


def prepare_run(options: argparse.Namespace, terminal: Terminal, desired: Desired) -> Run:
    """The rules, the scripts and the baseline that the command line names. Raises InputError."""
    chosen, baseline = load_rules(options.only, options.skip), read_requested_baseline(options)
    if not options.stack and not options.principal:
        return Run(options, terminal, chosen, baseline=baseline)
    from koding_audit.scan import stack_scripts  # noqa: PLC0415 - most runs build nothing

    return Run(options, terminal, chosen, stack_scripts.read_named_scripts(options, desired), baseline)


def read_requested_baseline(options: argparse.Namespace) -> SavedBaseline | None:
    """What --baseline names, of a command that has it. Raises InputError."""
    path = getattr(options, "baseline", None)
    if path is None:
        return None
    from koding_audit.scan import baseline  # noqa: PLC0415 - most runs have no baseline

    return baseline.read_baseline(path)
