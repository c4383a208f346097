"""`scan` of a desired state with `targets`: every account of them through its role, and one report of all."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timezone

from koding_audit.accounts import checkpoint, parallel
from koding_audit.accounts.options import AccountsOptions
from koding_audit.accounts.worker import AccountJobs, AccountWork, ProcessCredentials
from koding_audit.aws import organization_accounts
from koding_audit.aws.connection import Connection
from koding_audit.aws.sources import AccountSource
from koding_audit.desired.targets import ConflictingRolesError, TargetAccount, shard_accounts, target_accounts
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape, pluralize
from koding_audit.model.desired import Desired, Target
from koding_audit.model.errors import AccessError, CallError, InputError
from koding_audit.model.frozen import replace
from koding_audit.model.report import Problem, Report
from koding_audit.remediation.options import WriteOptions
from koding_audit.report.spool import join_reports
from koding_audit.report.status import report_status
from koding_audit.scan.options import ScanOptions
from koding_audit.scan.run import Run
from koding_audit.scan.session import identify_account

_ORGANIZATION_HINT = (
    "`ou` and `tag` need the credentials of the management account or a delegated administrator, and"
    " organizations:List*; or name the `accounts`"
)


def scan_targets(
    run: Run, source: AccountSource, desired: Desired, writes: WriteOptions | None, options: AccountsOptions
) -> Report:
    """One report of all accounts that this run is about. One that could not be read is an error in it. Raises
    AuditError where it is not known which they are.

    writes: None where nothing is to be written.
    """
    # Whose the credentials are is no account of the run: the pinned ones are those that they lead to.
    caller, _ = identify_account(source, "", run.terminal)
    if source.connection is None:
        raise AssertionError("unreachable: targets are reached from a live source only")
    accounts = _find_accounts(run, source.connection, desired, options)
    credentials = ProcessCredentials(run.options.source.settings, source.connection)
    work = AccountWork(replace(run, baseline=None), desired, credentials, caller.partition, writes)
    reports = (_scan_in_turn if writes else _scan_concurrently)(run, work, accounts, options)
    return join_reports(_show_progress(reports, len(accounts), run.terminal))


def _show_progress(reports: Iterable[Report], number: int, terminal: Terminal) -> Iterator[Report]:
    """The same, with a word to who is waiting after each."""
    for done, report in enumerate(reports, 1):
        terminal.show_progress(f"{done} of {number} accounts ...")
        yield report


def _scan_concurrently(
    run: Run, work: AccountWork, accounts: Sequence[TargetAccount], options: AccountsOptions
) -> Iterator[Report]:
    """Several at once, and only read. With `--resume`, those that a run before this one was done with are not."""
    path, this = options.resume, _fingerprint_run(run, work.desired)
    begun = datetime.now(timezone.utc)
    done = checkpoint.read_completed_accounts(path, this, begun) if path else frozenset()
    rest = [each for each in accounts if each.account_id not in done]
    if path:
        told = f"{len(accounts) - len(rest)} of {pluralize(len(accounts), 'account')} are in it already"
        run.terminal.note(f"{escape(path)}: {told}")
        yield from checkpoint.read_completed_reports(
            path, this, begun, [each.account_id for each in accounts if each.account_id in done]
        )
    work = replace(work, run=replace(work.run, terminal=Terminal(quiet=True)))
    members = AccountJobs(rest, run.baseline, work.partition)
    with contextlib.closing(parallel.run_concurrently(work, members, options.engine)) as pairs:
        for account_id, report in pairs:
            # What could not be read whole is asked for again.
            if path and report_status(report) != "incomplete":
                checkpoint.save_account_report(path, this, account_id, report, datetime.now(timezone.utc))
            yield report


def _fingerprint_run(run: Run, desired: Desired) -> str:
    """What tells this run from others: with any of it said otherwise, an account's audit would be another one."""
    options, baseline, scripts = run.options, run.baseline, run.scripts.scripts if run.scripts else ()
    wanted, rules = options.desired, options.rules
    said = [wanted.with_sets, rules.only, rules.skip, wanted.strict, options.stacks, options.principal]
    files = [each.sha256 for script in scripts for each in script.files]
    return checkpoint.run_fingerprint(
        desired, [said, options.source.settings.endpoint_url, files, baseline.file.sha256 if baseline else None]
    )


def _find_accounts(
    run: Run, connection: Connection, desired: Desired, options: AccountsOptions
) -> tuple[TargetAccount, ...]:
    """The accounts of the run, by their ids. Raises AuditError."""
    pinned = run.options.source.account
    targets = _select_targets(options.targets, desired)
    run.terminal.show_progress("looking for the accounts ...")
    try:
        accounts = target_accounts(targets, {each.name: _target_account_ids(connection, each) for each in targets})
    except ConflictingRolesError as error:
        message = f"account {error.account_id} is in targets {error.one} and {error.other}, which name different roles"
        raise InputError(message, "give both the same `role` and `external_id`, or exclude it from one") from error
    if pinned:
        accounts = tuple(each for each in accounts if each.account_id == pinned)
        if not accounts:
            raise AccessError(f"account {pinned} is in none of the targets", "leave --account out, or add it")
    outside = [each for each in accounts if desired.account_ids and each.account_id not in desired.account_ids]
    if outside:
        message = f"account {outside[0].account_id} is in the targets, and not one of those that `account` says"
        raise AccessError(message, "exclude it from the target, or add it there", desired.account_source)
    number, count = options.shard or (1, 1)
    mine = shard_accounts(accounts, number, count)
    if not mine:
        of = f"shard {number}/{count}" if count > 1 else "the targets"
        hint = "use no more shards than there are accounts" if count > 1 else "look at `ou`, `tag` and `exclude`"
        raise InputError(f"there is no account in {of}", hint)
    return mine


def _select_targets(names: Collection[str], desired: Desired) -> list[Target]:
    """The targets that `--target` names, all where it names none. Raises InputError."""
    unknown = [name for name in names if name not in desired.targets]
    if unknown:
        raise InputError(f"--target {unknown[0]}: there is no such target", f"there are: {', '.join(desired.targets)}")
    return [each for name, each in desired.targets.items() if not names or name in names]


def _target_account_ids(connection: Connection, target: Target) -> frozenset[str]:
    if target.accounts:
        return frozenset(target.accounts)
    try:
        return organization_accounts.read_target_accounts(connection, target)
    except CallError as error:
        message = f"the accounts of target {target.name} are not known: {error.call}: {error.code}"
        raise AccessError(message, _ORGANIZATION_HINT, target.location) from error


def _scan_in_turn(
    run: Run, work: AccountWork, accounts: Sequence[TargetAccount], options: AccountsOptions
) -> Iterator[Report]:
    """Read and written in turn. After one that ends other than expected no other is touched."""
    for number, member in enumerate(AccountJobs(accounts, run.baseline, work.partition)):
        account = member.account
        run.terminal.note(f"Account {account.account_id}:")
        report = work(member)
        yield report
        if report_status(report) == "incomplete" and not options.keep_going:
            yield from (_skipped_report(each, account) for each in accounts[number + 1 :])
            return


def _skipped_report(account: TargetAccount, after: TargetAccount) -> Report:
    message = f"account {account.account_id}: it was not looked at: account {after.account_id} did not end as expected"
    return Report((), errors=(Problem(message, "mend that one first; --keep-going goes on all the same"),))


def check_target_options(scan: ScanOptions, writes: WriteOptions | None, options: AccountsOptions) -> None:
    """Refuse what is about one account where a run is about several, before anything is asked of AWS. Raises
    InputError.
    """
    for name, paths in (("scp", scan.source.scps), ("rcp", scan.source.rcps)):
        if paths:
            hint = "leave it out: where the role may, they are read from Organizations"
            raise InputError(f"--{name} is about one account, and the desired state has targets", hint)
    if options.resume and writes:
        hint = "leave --resume out: of a fix that died the next one mends what is left, and no more"
        raise InputError("--resume is about accounts that are only read", hint)
    if options.resume:
        checkpoint.check_checkpoint_path(options.resume)
    parallel.check_engine_options(options.engine, writes=writes is not None)
    if writes and writes.journal and not scan.source.account:
        raise InputError("--journal is of one account", "add --account ID: by default each account has its own")
