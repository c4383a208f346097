"""The command `scan`: audits an account or many, and repairs what is missing with `--fix`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from koding_audit.aws.sources import AccountSource
from koding_audit.cli.finish import run_and_deliver
from koding_audit.io.terminal import Terminal
from koding_audit.model.desired import Desired
from koding_audit.model.errors import InputError
from koding_audit.model.report import Report
from koding_audit.remediation.account import scan_and_fix
from koding_audit.scan.run import Run, prepare_run
from koding_audit.scan.session import check_writable, open_source, resolve_desired_state

_TARGET_OPTIONS = ("target", "shard", "keep_going", "resume", "engine", "scheduler", "workers")
"""Options about the accounts of targets."""


def scan(options: argparse.Namespace, terminal: Terminal) -> int:
    """Audit; with --fix also repair, and audit again. The report is written whatever happened."""
    for name in ("create", "replace", "yes", "dry_run", "journal", "allow_admin"):
        if getattr(options, name) and not options.fix:
            raise InputError(f"--{name.replace('_', '-')} says how to write, and nothing is to be written", "add --fix")

    def work() -> Report:
        desired = resolve_desired_state(options, writes=options.fix)
        run = prepare_run(options, terminal, desired)
        if options.fix:
            check_writable(options, desired)
        work_on = _target_scanner(options) if _has_target_accounts(options, desired) else scan_and_fix
        with open_source(options, terminal) as source:
            return work_on(run, source, desired)

    return run_and_deliver(work, options, terminal)


def _target_scanner(options: argparse.Namespace) -> Callable[[Run, AccountSource, Desired], Report]:
    """What audits the accounts of targets. Raises InputError."""
    from koding_audit.accounts import run  # noqa: PLC0415 - most runs are of one account

    run.check_target_options(options)
    return run.scan_targets


def _has_target_accounts(options: argparse.Namespace, desired: Desired) -> bool:
    """Whether the accounts of targets are audited, and not the one of the source. Raises InputError."""
    several = bool(desired.targets) and options.source == "live"
    named = [name for name in _TARGET_OPTIONS if getattr(options, name)]
    if named and not several:
        hint = (
            "write `targets:` into the desired state, or leave it out" if not desired.targets else "use --source live"
        )
        raise InputError(f"--{named[0].replace('_', '-')} is about the accounts of targets, and there are none", hint)
    return several
