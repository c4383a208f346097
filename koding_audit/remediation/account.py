"""Scans one account, and fixes it where `--fix` is given."""

from __future__ import annotations

from koding_audit.aws.sources import AccountSource
from koding_audit.model.desired import Desired
from koding_audit.model.report import Report
from koding_audit.remediation import recovery
from koding_audit.scan.account import apply_baseline, identify, scan_once
from koding_audit.scan.run import Run, ScanResult


def scan_account(run: Run, source: AccountSource, desired: Desired) -> ScanResult:
    """Scan one account; a run on it that was interrupted is reported before anything is read. Raises AuditError."""
    account = identify(run, source, desired)
    if source.connection is not None and not source.connection.is_embedded:
        recovery.print_unfinished_run(account, getattr(run.options, "journal", ""), run.terminal)
    return scan_once(run, source, desired, account)


def scan_and_fix(run: Run, source: AccountSource, desired: Desired) -> Report:
    """One account, audited, and repaired where `--fix` says so. Raises AuditError."""
    scanned = scan_account(run, source, desired)
    if not run.options.fix:
        return apply_baseline(run, scanned, Report((scanned.audit,)))
    from koding_audit.remediation.fix import fix_findings  # noqa: PLC0415 - most runs need no guards, a tenth of a second

    return apply_baseline(run, scanned, fix_findings(run, source, scanned))
