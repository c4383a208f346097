"""Scans one account, and fixes it with `--fix`."""

from __future__ import annotations

from koding_audit.aws.sources import AccountSource
from koding_audit.model.desired import Desired
from koding_audit.model.report import Report
from koding_audit.remediation.options import WriteOptions
from koding_audit.scan.account import apply_baseline, begin_scan, identify, scan_once
from koding_audit.scan.run import Run, ScanResult


def scan_account(run: Run, source: AccountSource, desired: Desired, journal: str = "") -> ScanResult:
    """Scan one account; a run on it that was interrupted is reported before the scan. Raises AuditError.

    The first reads start before the account is known. If it is refused, nothing of them is used.

    journal: the path of `--journal`, or "": the lock of that run may be beside it.
    """
    reading = begin_scan(run, source, desired)
    account = identify(run, source, desired)
    if source.connection is not None and not source.connection.is_embedded:
        from koding_audit.remediation import recovery  # noqa: PLC0415 - a demo and a saved account have no such run

        recovery.print_unfinished_run(account, journal, run.terminal)
    return scan_once(run, reading, desired, account)


def scan_and_fix(run: Run, source: AccountSource, desired: Desired, writes: WriteOptions | None) -> Report:
    """Audit one account, and fix it. Raises AuditError.

    writes: what may be written; None to write nothing.
    """
    scanned = scan_account(run, source, desired, writes.journal if writes else "")
    if writes is None:
        return apply_baseline(run, scanned, Report((scanned.audit,)))
    from koding_audit.remediation.fix import fix_findings  # noqa: PLC0415 - most runs need no guards, which take 0.1 s to load

    return apply_baseline(run, scanned, fix_findings(run, source, scanned, writes))
