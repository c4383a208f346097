"""Scans the accounts of `targets`, each through its role, and joins the results in one report."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from itertools import chain

from koding_audit.accounts import checkpoint, identity, parallel
from koding_audit.accounts.options import AccountsOptions
from koding_audit.accounts.worker import AccountJobs, AccountWork, ProcessCredentials
from koding_audit.aws import organization_accounts
from koding_audit.aws.call import MALFORMED
from koding_audit.aws.connection import Connection
from koding_audit.aws.sources import AccountSource
from koding_audit.desired.targets import ConflictingRolesError, TargetAccount, shard_accounts, target_accounts
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import MAX_ERRORS_SHOWN, escape, pluralize
from koding_audit.model.desired import Desired, Target
from koding_audit.model.errors import AccessError, CallError, InputError
from koding_audit.model.frozen import dataclass, replace
from koding_audit.model.report import Problem, Report, RunIdentity, Shard, SkippedAccount
from koding_audit.reference.account_states import load_account_states
from koding_audit.remediation.options import WriteOptions
from koding_audit.report.spool import join_reports
from koding_audit.report.status import report_status
from koding_audit.report.wording import skipped_sentence
from koding_audit.scan.account import print_audit_notes
from koding_audit.scan.options import ScanOptions
from koding_audit.scan.run import Run
from koding_audit.scan.session import identify_account
from koding_audit.scan.waiver_use import defer_waiver_use, drop_used_waivers

_ORGANIZATION_HINT = (
    "for `ou` and `tag`, use credentials of the management account or a delegated administrator with"
    " organizations:List*, or list the `accounts`"
)


class _WorkerTerminal(Terminal):
    """The terminal of an account that is read beside others; the run itself prints the notes of its audit."""

    def say_audit_note(self, line: str) -> None:
        """Print nothing."""


def scan_targets(
    run: Run, source: AccountSource, desired: Desired, writes: WriteOptions | None, options: AccountsOptions
) -> Report:
    """One report of all accounts of a run. An account that could not be read is an error in the report.

    writes: what may be written; None to write nothing.

    Raises AuditError if the accounts of a target cannot be determined.
    """
    # The caller's own account is not checked against --account: that names an account that a role leads to.
    caller, _ = identify_account(source, "", run.terminal)
    if source.connection is None:
        raise AssertionError("unreachable: targets are reached from a live source only")
    every = _find_accounts(run, source.connection, desired, options)
    accounts = shard_accounts(every.usable, *(options.shard or (1, 1)))
    if not accounts:
        return every.report_of_none(options)
    credentials = ProcessCredentials(run.options.source.settings, source.connection)
    work = AccountWork(replace(run, baseline=None), desired, credentials, caller.partition, writes)
    reports = (_scan_in_turn if writes else _scan_concurrently)(run, work, accounts, options)
    report = join_reports(chain(_show_progress(reports, len(accounts), run.terminal), [every.report_of_others()]))
    if options.shard:
        report = replace(report, run=_shard_identity(run, desired, options, every.usable))
        return defer_waiver_use(report, desired) if desired.waivers else report
    return drop_used_waivers(report, desired) if desired.waivers else report


def _shard_identity(
    run: Run, desired: Desired, options: AccountsOptions, accounts: Sequence[TargetAccount]
) -> RunIdentity:
    """Which shard of which run this is. accounts: all those of the run."""
    number, count = options.shard or (1, 1)
    inputs = identity.hash_shard_inputs(run, options, desired, count)
    return RunIdentity(options.run or inputs, Shard(number, count, inputs, identity.hash_account_ids(accounts)))


@dataclass(frozen=True, slots=True)
class _FoundAccounts:
    """The accounts of a run.

    usable: those to audit, of all shards.
    skipped: those that cannot be used.
    unknown: those whose state the data do not have.
    """

    usable: tuple[TargetAccount, ...]
    skipped: tuple[SkippedAccount, ...] = ()
    unknown: tuple[SkippedAccount, ...] = ()

    def report_of_others(self) -> Report:
        """The accounts that are not audited; an unknown state is an error."""
        hint = "look it up in Organizations; a newer version of this tool may know the state"
        problems = (
            Problem(f"account {each.account_id} was not audited: its state {each.state} is not known", hint)
            for each in self.unknown
        )
        return Report((), errors=tuple(problems), skipped=self.skipped)

    def report_of_none(self, options: AccountsOptions) -> Report:
        """The report of a run without an account to audit, which is an error."""
        others, (number, count) = self.report_of_others(), options.shard or (1, 1)
        place, hint = "the targets", "check `ou`, `tag` and `exclude`"
        if self.usable:
            place, hint = f"shard {number}/{count}", "use at most as many shards as accounts"
        elif self.skipped or self.unknown:
            place, hint = "the targets that can be audited", "see their states in Organizations"
        return replace(others, errors=(Problem(f"there is no account in {place}", hint), *others.errors))


def _show_progress(reports: Iterable[Report], number: int, terminal: Terminal) -> Iterator[Report]:
    """The same reports; shows the progress after each account, and the notes of the first that have some."""
    noted = 0
    for done, report in enumerate(reports, 1):
        terminal.show_progress(f"{done} of {number} accounts ...")
        for audit in [each for each in report.audits if each.notes]:
            noted += 1
            if noted <= MAX_ERRORS_SHOWN:
                print_audit_notes(audit, terminal)
        yield report
    if noted > MAX_ERRORS_SHOWN:
        terminal.note(f"and {pluralize(noted - MAX_ERRORS_SHOWN, 'more account')} with notes: the report has them all")


def _scan_concurrently(
    run: Run, work: AccountWork, accounts: Sequence[TargetAccount], options: AccountsOptions
) -> Iterator[Report]:
    """The reports of accounts that are read at the same time; with `--resume`, those of finished accounts first."""
    path, fingerprint = options.resume, identity.fingerprint_run(run, options, work.desired, work.partition)
    runs = {each.account_id: identity.fingerprint_account(fingerprint, each) for each in accounts}
    started_at = datetime.now(timezone.utc)
    done = checkpoint.read_completed_accounts(path, runs, started_at) if path else frozenset()
    rest = [each for each in accounts if each.account_id not in done]
    if path:
        count = f"{len(accounts) - len(rest)} of {pluralize(len(accounts), 'account')} are in it already"
        run.terminal.note(f"{escape(path)}: {count}")
        finished = {name: each for name, each in runs.items() if name in done}
        yield from checkpoint.read_completed_reports(path, finished, started_at, work.desired.files)
    work = replace(work, run=replace(work.run, terminal=_WorkerTerminal(quiet=True)))
    jobs = AccountJobs(rest, run.baseline, work.partition)
    with contextlib.closing(parallel.run_concurrently(work, jobs, options.engine, run.terminal)) as pairs:
        for account_id, report in pairs:
            # An account with an incomplete report is audited again by the next run.
            if path and report_status(report) != "incomplete":
                checkpoint.save_account_report(path, runs[account_id], account_id, report)
            yield report


def _find_accounts(run: Run, connection: Connection, desired: Desired, options: AccountsOptions) -> _FoundAccounts:
    """The accounts of the run, in the order of their ids. Raises AuditError."""
    pinned = run.options.source.account
    targets = _select_targets(options.targets, desired)
    run.terminal.show_progress("listing the accounts ...")
    states = {each.name: _target_account_states(connection, each) for each in targets}
    found = _sort_by_state(states.values(), pinned)
    if found.skipped:
        run.terminal.say(skipped_sentence(found.skipped))
    others = {each.account_id for each in (*found.skipped, *found.unknown)}
    try:
        accounts = target_accounts(targets, {name: known.keys() - others for name, known in states.items()})
    except ConflictingRolesError as error:
        message = f"account {error.account_id} is in targets {error.one} and {error.other}, which name different roles"
        raise InputError(message, "give both the same `role` and `external_id`, or exclude it from one") from error
    if pinned:
        accounts = _take_pinned(accounts, pinned, found)
    outside = [each for each in accounts if desired.account_ids and each.account_id not in desired.account_ids]
    if outside:
        message = f"account {outside[0].account_id} is in the targets, but not in `account`"
        raise AccessError(message, "exclude it from the target, or add it to `account`", desired.account_source)
    return replace(found, usable=accounts)


def _sort_by_state(targets: Iterable[Mapping[str, str]], pinned: str) -> _FoundAccounts:
    """The accounts that cannot be used, and those whose state is not known. pinned: of no other account, if not ""."""
    usable = load_account_states()
    states = {(name, state) for known in targets for name, state in known.items() if state and pinned in ("", name)}
    accounts = [SkippedAccount(*each) for each in sorted(states)]
    skipped = tuple(each for each in accounts if not usable.get(each.state, True))
    return _FoundAccounts((), skipped, tuple(each for each in accounts if each.state not in usable))


def _take_pinned(accounts: Sequence[TargetAccount], pinned: str, found: _FoundAccounts) -> tuple[TargetAccount, ...]:
    """The account of --account. Raises AccessError."""
    for each in (*found.skipped, *found.unknown):
        message = f"account {pinned} cannot be audited: its state in Organizations is {each.state}"
        raise AccessError(message, "omit --account, or name another account")
    selected = tuple(each for each in accounts if each.account_id == pinned)
    if not selected:
        raise AccessError(f"account {pinned} is in none of the targets", "omit --account, or add it to a target")
    return selected


def _select_targets(names: Collection[str], desired: Desired) -> list[Target]:
    """The targets of these names; without names all targets. Raises InputError."""
    unknown = [name for name in names if name not in desired.targets]
    if unknown:
        raise InputError(
            f"--target {unknown[0]} is not in the desired state", f"use one of {', '.join(desired.targets)}"
        )
    return [each for name, each in desired.targets.items() if not names or name in names]


def _target_account_states(connection: Connection, target: Target) -> Mapping[str, str]:
    """The state of each account of a target; "" where accounts are named by their ids: it is not read."""
    if target.accounts:
        return dict.fromkeys(target.accounts, "")
    try:
        return organization_accounts.read_target_accounts(connection, target)
    except CallError as error:
        message = f"could not list the accounts of target {target.name}: {error.call}: {error.code}"
        message += f": {error.detail}" if error.code == MALFORMED else ""
        raise AccessError(message, _ORGANIZATION_HINT, target.location) from error


def _scan_in_turn(
    run: Run, work: AccountWork, accounts: Sequence[TargetAccount], options: AccountsOptions
) -> Iterator[Report]:
    """The reports of accounts that are read and written one after another; stops after an incomplete one.

    With `--keep-going` it continues.
    """
    for number, job in enumerate(AccountJobs(accounts, run.baseline, work.partition)):
        account = job.account
        run.terminal.note(f"Account {account.account_id}:")
        report = work(job)
        yield report
        if report_status(report) == "incomplete" and not options.keep_going:
            yield from (_skipped_report(each, account) for each in accounts[number + 1 :])
            return


def _skipped_report(account: TargetAccount, after: TargetAccount) -> Report:
    message = (
        f"account {account.account_id} was not audited, because account {after.account_id} did not end as expected"
    )
    return Report((), errors=(Problem(message, "fix that account first, or add --keep-going"),))


def check_target_options(scan: ScanOptions, writes: WriteOptions | None, options: AccountsOptions) -> None:
    """Refuse options that apply to one account only, before the first request. Raises InputError."""
    for name, paths in (("scp", scan.source.scps), ("rcp", scan.source.rcps)):
        if paths:
            hint = f"omit --{name}: if the role has the permission, they are read from Organizations"
            raise InputError(f"--{name} applies to one account, but the desired state has targets", hint)
    if scan.source.vpce:
        raise InputError("--vpce applies to one account, but the desired state has targets", "omit --vpce")
    if options.resume and writes:
        hint = "omit --resume: after an interrupted fix, the next run fixes only what is left"
        raise InputError("--resume cannot be used with --fix", hint)
    if options.resume:
        checkpoint.check_checkpoint_path(options.resume)
    parallel.check_engine_options(options.engine, writes=writes is not None)
    if writes and writes.journal and not scan.source.account:
        raise InputError(
            "--journal needs --account", "add --account ID, or omit --journal: each account has its own journal"
        )
