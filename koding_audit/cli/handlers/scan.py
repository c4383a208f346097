"""The command `scan`: audits an account or many, and repairs what is missing with `--fix`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial

from koding_audit.accounts.options import AccountsOptions, EngineOptions
from koding_audit.aws.sources import AccountSource
from koding_audit.cli.data_age import note_data_age
from koding_audit.cli.finish import ReportOptions, files_of_scan, make_report, run_and_deliver
from koding_audit.cli.option_values import report_options, selected_scan, write_options
from koding_audit.cli.skipped_rules import note_skipped_rules
from koding_audit.io.terminal import Terminal
from koding_audit.model.desired import Desired
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import dataclass, replace
from koding_audit.model.report import Report, RunIdentity, Shard
from koding_audit.remediation.account import scan_and_fix
from koding_audit.remediation.options import WriteOptions, check_writable
from koding_audit.scan.options import ScanOptions
from koding_audit.scan.run import Run, prepare_run
from koding_audit.scan.session import open_source, resolve_desired_state


@dataclass(frozen=True, slots=True)
class ScanCommand:
    """The options of `scan`."""

    scan: ScanOptions
    report: ReportOptions
    accounts: AccountsOptions
    writes: WriteOptions | None
    """What `--fix` may write; None without `--fix`."""

    @property
    def unattended(self) -> bool:
        """Whether the run writes without confirmation."""
        return self.writes is not None and self.writes.yes


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Audit; with --fix also repair, and audit again. The report is written even after an error."""
    command = read_scan_options(namespace)
    note_data_age(terminal)
    note_skipped_rules(namespace, terminal)

    def work() -> Report:
        desired = _resolve_desired(command)
        run = prepare_run(command.scan, terminal, desired, unattended=command.unattended)
        if command.writes:
            check_writable(command.writes, command.scan.source, desired)
        work_on = _target_scanner(command) if _has_target_accounts(command, desired) else scan_and_fix
        with open_source(command.scan.source, terminal) as source:
            report = work_on(run, source, desired, command.writes)
        return _name_run(report, run, desired, command.accounts)

    return run_and_deliver(work, command.report, terminal, command.scan.rules)


def scan_open_source(source: AccountSource, command: ScanCommand, terminal: Terminal) -> Report:
    """The report of a scan of a source that is already open."""

    def work() -> Report:
        desired = _resolve_desired(command)
        run = prepare_run(command.scan, terminal, desired, unattended=command.unattended)
        return scan_and_fix(run, source, desired, command.writes)

    return make_report(work, command.report.fail_on, terminal)


def _resolve_desired(command: ScanCommand) -> Desired:
    """The desired state. A run that writes to a real account must name its file."""
    named = command.writes is not None and not command.scan.source.traits.is_embedded
    return resolve_desired_state(command.scan.desired, must_be_named=named)


def _target_scanner(command: ScanCommand) -> Callable[[Run, AccountSource, Desired, WriteOptions | None], Report]:
    """The function that audits the accounts of targets. Raises InputError."""
    from koding_audit.accounts import run  # noqa: PLC0415 - most runs are of one account

    run.check_target_options(command.scan, command.writes, command.accounts)
    return partial(run.scan_targets, options=command.accounts)


def _has_target_accounts(command: ScanCommand, desired: Desired) -> bool:
    """Whether the accounts of targets are audited, instead of that of the source. Raises InputError."""
    several = bool(desired.targets) and command.scan.source.traits.reaches_aws
    flag = next(_target_flags(command.accounts), "")
    if flag and not several:
        hint = (
            "add `targets:` to the desired state, or remove the option" if not desired.targets else "use --source live"
        )
        raise InputError(f"{flag} needs the accounts of targets, and there are none", hint)
    return several


def _target_flags(accounts: AccountsOptions) -> Iterator[str]:
    """The options for the accounts of targets that are set."""
    engine = accounts.engine
    values = {
        "--target": accounts.targets,
        "--shard": accounts.shard,
        "--keep-going": accounts.keep_going,
        "--resume": accounts.resume,
        "--engine": engine.engine,
        "--scheduler": engine.scheduler,
        "--workers": engine.workers,
    }
    return (flag for flag, value in values.items() if value)


def read_scan_options(namespace: argparse.Namespace) -> ScanCommand:
    """The options, from argparse's namespace. Raises InputError if an option needs --fix, and it is missing."""
    writes = replace(write_options(namespace), create=namespace.create, replace=namespace.replace)
    if not namespace.fix:
        _refuse_write_options(writes)
    selected = selected_scan(namespace)
    desired = replace(selected.desired, without_waivers=tuple(namespace.no_waivers_in))
    scan = replace(selected, desired=desired, baseline=namespace.baseline)
    accounts = _read_accounts_options(namespace)
    engine = accounts.engine
    other_files = (accounts.resume, engine.tls_ca, engine.tls_cert, engine.tls_key, writes.journal)
    report = replace(
        report_options(namespace),
        history=namespace.history,
        run=_named_run(accounts),
        inputs=(*files_of_scan(scan), *other_files),
    )
    return ScanCommand(scan, report, accounts, writes if namespace.fix else None)


def _named_run(accounts: AccountsOptions) -> RunIdentity | None:
    """The run that `--run` and `--shard` name; None without them."""
    shard = Shard(*accounts.shard) if accounts.shard else None
    return RunIdentity(accounts.run, shard) if accounts.run or shard else None


def _name_run(report: Report, run: Run, desired: Desired, accounts: AccountsOptions) -> Report:
    """The report, with the id of `--run` and the hash of what the reports of that run have in common."""
    if not accounts.run or report.run:
        return report
    from koding_audit.accounts import identity  # noqa: PLC0415 - most runs have no id

    return replace(report, run=RunIdentity(accounts.run, inputs=identity.hash_run_inputs(run, accounts, desired)))


def _refuse_write_options(writes: WriteOptions) -> None:
    """Raises InputError if one of them is set."""
    values = {
        "--create": writes.create,
        "--replace": writes.replace,
        "--yes": writes.yes,
        "--dry-run": writes.dry_run,
        "--journal": writes.journal,
        "--allow-admin": writes.allow_admin,
    }
    for flag, value in values.items():
        if value:
            raise InputError(f"{flag} needs --fix")


def _read_accounts_options(namespace: argparse.Namespace) -> AccountsOptions:
    return AccountsOptions(
        targets=tuple(namespace.target),
        shard=namespace.shard,
        run=namespace.run_id or "",
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
