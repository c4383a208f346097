"""The command `scan`: audits an account or many, and repairs what is missing with `--fix`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial

from koding_audit.accounts.options import AccountsOptions, EngineOptions
from koding_audit.aws.sources import AccountSource
from koding_audit.cli.finish import ReportOptions, files_of_scan, make_report, run_and_deliver
from koding_audit.cli.option_values import report_options, selected_scan, write_options
from koding_audit.io.terminal import Terminal
from koding_audit.model.desired import Desired
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import dataclass, replace
from koding_audit.model.report import Report
from koding_audit.remediation.account import scan_and_fix
from koding_audit.remediation.options import WriteOptions, check_writable
from koding_audit.scan.options import ScanOptions
from koding_audit.scan.run import Run, prepare_run
from koding_audit.scan.session import open_source, resolve_desired_state


@dataclass(frozen=True, slots=True)
class ScanCommand:
    """What `scan` is asked for."""

    scan: ScanOptions
    report: ReportOptions
    accounts: AccountsOptions
    writes: WriteOptions | None
    """What `--fix` may write, None without it."""

    @property
    def unattended(self) -> bool:
        """Whether something is to be written, and nobody is asked."""
        return self.writes is not None and self.writes.yes


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Audit; with --fix also repair, and audit again. The report is written whatever happened."""
    asked = read_scan_options(namespace)

    def work() -> Report:
        desired = _resolve_desired(asked)
        run = prepare_run(asked.scan, terminal, desired, unattended=asked.unattended)
        if asked.writes:
            check_writable(asked.writes, asked.scan.source, desired)
        work_on = _target_scanner(asked) if _has_target_accounts(asked, desired) else scan_and_fix
        with open_source(asked.scan.source, terminal) as source:
            return work_on(run, source, desired, asked.writes)

    return run_and_deliver(work, asked.report, terminal, asked.scan.rules)


def scan_open_source(source: AccountSource, asked: ScanCommand, terminal: Terminal) -> Report:
    """What `scan` reports of a source that is open already."""

    def work() -> Report:
        desired = _resolve_desired(asked)
        run = prepare_run(asked.scan, terminal, desired, unattended=asked.unattended)
        return scan_and_fix(run, source, desired, asked.writes)

    return make_report(work, asked.report.fail_on, terminal)


def _resolve_desired(asked: ScanCommand) -> Desired:
    """What writes to a real account wants its file named."""
    named = asked.writes is not None and not asked.scan.source.traits.is_embedded
    return resolve_desired_state(asked.scan.desired, must_be_named=named)


def _target_scanner(asked: ScanCommand) -> Callable[[Run, AccountSource, Desired, WriteOptions | None], Report]:
    """What audits the accounts of targets. Raises InputError."""
    from koding_audit.accounts import run  # noqa: PLC0415 - most runs are of one account

    run.check_target_options(asked.scan, asked.writes, asked.accounts)
    return partial(run.scan_targets, options=asked.accounts)


def _has_target_accounts(asked: ScanCommand, desired: Desired) -> bool:
    """Whether the accounts of targets are audited, and not the one of the source. Raises InputError."""
    several = bool(desired.targets) and asked.scan.source.traits.reaches_aws
    named = next(_target_flags(asked.accounts), "")
    if named and not several:
        hint = (
            "write `targets:` into the desired state, or leave it out" if not desired.targets else "use --source live"
        )
        raise InputError(f"{named} is about the accounts of targets, and there are none", hint)
    return several


def _target_flags(accounts: AccountsOptions) -> Iterator[str]:
    """The options about the accounts of targets that are given."""
    engine = accounts.engine
    given = {
        "--target": accounts.targets,
        "--shard": accounts.shard,
        "--keep-going": accounts.keep_going,
        "--resume": accounts.resume,
        "--engine": engine.engine,
        "--scheduler": engine.scheduler,
        "--workers": engine.workers,
    }
    return (flag for flag, value in given.items() if value)


def read_scan_options(namespace: argparse.Namespace) -> ScanCommand:
    """What the command line says. Raises InputError where it says how to write, and not to write."""
    writes = replace(write_options(namespace), create=namespace.create, replace=namespace.replace)
    if not namespace.fix:
        _refuse_write_options(writes)
    scan = replace(selected_scan(namespace), baseline=namespace.baseline)
    accounts = _read_accounts_options(namespace)
    engine = accounts.engine
    kept = (accounts.resume, engine.tls_ca, engine.tls_cert, engine.tls_key, writes.journal)
    report = replace(report_options(namespace), history=namespace.history, inputs=(*files_of_scan(scan), *kept))
    return ScanCommand(scan, report, accounts, writes if namespace.fix else None)


def _refuse_write_options(writes: WriteOptions) -> None:
    """Raises InputError where one of them is given."""
    given = {
        "--create": writes.create,
        "--replace": writes.replace,
        "--yes": writes.yes,
        "--dry-run": writes.dry_run,
        "--journal": writes.journal,
        "--allow-admin": writes.allow_admin,
    }
    for flag, value in given.items():
        if value:
            raise InputError(f"{flag} says how to write, and nothing is to be written", "add --fix")


def _read_accounts_options(namespace: argparse.Namespace) -> AccountsOptions:
    return AccountsOptions(
        targets=tuple(namespace.target),
        shard=namespace.shard,
        resume=namespace.resume,
        keep_going=namespace.keep_going,
        engine=EngineOptions(
            engine=namespace.engine,
            parallel=namespace.parallel,
            workers=namespace.workers,
            scheduler=namespace.scheduler,
            tls_ca=namespace.tls_ca,
            tls_cert=namespace.tls_cert,
            tls_key=namespace.tls_key,
        ),
    )
