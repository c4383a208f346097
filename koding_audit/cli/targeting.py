"""`scan` of a desired state with `targets`: every account of them through its role, and one report of all."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial

from koding_audit import run_file, units
from koding_audit.aws import Connection
from koding_audit.cli.scanning import Run, scanned_and_fixed
from koding_audit.cli.sources import identified
from koding_audit.cli.terminal import Terminal
from koding_audit.collect import Opened
from koding_audit.collect.live import collect
from koding_audit.errors import AccessError, AuditError, CallError, InputError
from koding_audit.fanout import threads
from koding_audit.model import Desired, Problem, Report, Target
from koding_audit.spool import joined
from koding_audit.targets import Reached, TwoRolesError, reached, shard, within
from koding_audit.text import inert
from koding_audit.verdict import status_of
from koding_audit.words import counted

_ORGANIZATION_HINT = (
    "`ou` and `tag` need the credentials of the management account or a delegated administrator, and"
    " organizations:List*; or name the `accounts`"
)


@dataclass(frozen=True)
class _Way:
    """How accounts are reached: from whose credentials, and in which partition."""

    connection: Connection
    partition: str

    def role_arn(self, account: Reached) -> str:
        return f"arn:{self.partition}:iam::{account.account_id}:role/{account.role}"


def scan_targets(run: Run, source: Opened, desired: Desired) -> Report:
    """One report of all accounts that this run is about. One that could not be read is an error in it. Raises
    AuditError where it is not known which they are.
    """
    # Whose the credentials are is no account of the run: the pinned ones are those that they lead to.
    caller, _ = identified(source, argparse.Namespace(account=""), run.terminal)
    if source.connection is None:
        raise AssertionError("unreachable: targets are reached from a live source only")
    way = _Way(source.connection, caller.partition)
    accounts = _accounts(run, way.connection, desired)
    reports = (_one_by_one if run.options.fix else _side_by_side)(run, way, desired, accounts)
    return joined(_told(reports, len(accounts), run.terminal))


def _told(reports: Iterable[Report], number: int, terminal: Terminal) -> Iterator[Report]:
    """The same, with a word to who is waiting after each."""
    for done, report in enumerate(reports, 1):
        terminal.progress(f"{done} of {number} accounts ...")
        yield report


def _side_by_side(run: Run, way: _Way, desired: Desired, accounts: Sequence[Reached]) -> Iterator[Report]:
    """Several at once, and only read. With `--resume`, those that a run before this one was done with are not."""
    path, this = run.options.resume, _this(run, desired)
    begun = datetime.now(timezone.utc)
    done = run_file.done(path, this, begun) if path else frozenset()
    rest = [each for each in accounts if each.account_id not in done]
    if path:
        told = f"{len(accounts) - len(rest)} of {counted(len(accounts), 'account')} are in it already"
        run.terminal.note(f"{inert(path)}: {told}")
        yield from run_file.kept(path, this, begun, [each.account_id for each in accounts if each.account_id in done])
    work = partial(_of_account, replace(run, terminal=Terminal(quiet=True)), way, desired)
    for account, report in threads.each(work, rest, run.options.parallel):
        # What could not be read whole is asked for again.
        if path and status_of(report) != "incomplete":
            run_file.keep(path, this, account.account_id, report, datetime.now(timezone.utc))
        yield report


def _this(run: Run, desired: Desired) -> str:
    """What tells this run from others: with any of it said otherwise, an account's audit would be another one."""
    options, baseline, scripts = run.options, run.baseline, run.scripts.scripts if run.scripts else ()
    said = [options.with_sets, options.only, options.skip, options.strict, options.stack, options.principal]
    files = [each.sha256 for script in scripts for each in script.files]
    return run_file.run_of(desired, [said, options.endpoint_url, files, baseline.file.sha256 if baseline else None])


def _accounts(run: Run, connection: Connection, desired: Desired) -> tuple[Reached, ...]:
    """The accounts of the run, by their ids. Raises AuditError."""
    options = run.options
    targets = _chosen(options, desired)
    run.terminal.progress("looking for the accounts ...")
    try:
        accounts = reached(targets, {each.name: _ids(connection, each) for each in targets})
    except TwoRolesError as error:
        message = f"account {error.account_id} is in targets {error.one} and {error.other}, which name different roles"
        raise InputError(message, "give both the same `role` and `external_id`, or exclude it from one") from error
    if options.account:
        accounts = tuple(each for each in accounts if each.account_id == options.account)
        if not accounts:
            raise AccessError(f"account {options.account} is in none of the targets", "leave --account out, or add it")
    outside = [each for each in accounts if desired.account_ids and each.account_id not in desired.account_ids]
    if outside:
        message = f"account {outside[0].account_id} is in the targets, and not one of those that `account` says"
        raise AccessError(message, "exclude it from the target, or add it there", desired.account_source)
    number, count = options.shard or (1, 1)
    mine = shard(accounts, number, count)
    if not mine:
        of = f"shard {number}/{count}" if count > 1 else "the targets"
        hint = "use no more shards than there are accounts" if count > 1 else "look at `ou`, `tag` and `exclude`"
        raise InputError(f"there is no account in {of}", hint)
    return mine


def _chosen(options: argparse.Namespace, desired: Desired) -> list[Target]:
    """The targets that `--target` names, all where it names none. Raises InputError."""
    unknown = [name for name in options.target if name not in desired.targets]
    if unknown:
        raise InputError(f"--target {unknown[0]}: there is no such target", f"there are: {', '.join(desired.targets)}")
    return [each for name, each in desired.targets.items() if not options.target or name in options.target]


def _ids(connection: Connection, target: Target) -> frozenset[str]:
    if target.accounts:
        return frozenset(target.accounts)
    try:
        return units.accounts_of(connection, target)
    except CallError as error:
        message = f"the accounts of target {target.name} are not known: {error.call}: {error.code}"
        raise AccessError(message, _ORGANIZATION_HINT, target.source) from error


def _of_account(run: Run, way: _Way, desired: Desired, account: Reached) -> Report:
    """What is said of one account, whatever happened to it."""
    here = replace(within(desired, account.targets), targets={})
    if run.baseline is not None and account.account_id not in run.baseline.accounts:
        run = replace(run, baseline=None)  # an account that has joined since: all of it is new
    try:
        own = way.connection.assumed(way.role_arn(account), account.external_id)
        report = scanned_and_fixed(run, Opened(own.identity, partial(collect, connection=own), own), here)
    except AuditError as error:
        report = Report((), errors=(Problem.of(error),))
    errors = (replace(each, message=f"account {account.account_id}: {each.message}") for each in report.errors)
    return replace(report, errors=tuple(errors))


def _one_by_one(run: Run, way: _Way, desired: Desired, accounts: Sequence[Reached]) -> Iterator[Report]:
    """Read and written in turn. After one that ends other than expected no other is touched."""
    for number, account in enumerate(accounts):
        run.terminal.note(f"Account {account.account_id}:")
        report = _of_account(run, way, desired, account)
        yield report
        if status_of(report) == "incomplete" and not run.options.keep_going:
            yield from (_untouched(each, account) for each in accounts[number + 1 :])
            return


def _untouched(account: Reached, after: Reached) -> Report:
    message = f"account {account.account_id}: it was not looked at: account {after.account_id} did not end as expected"
    return Report((), errors=(Problem(message, "mend that one first; --keep-going goes on all the same"),))


def check(options: argparse.Namespace) -> None:
    """Refuse what is about one account where a run is about several, before anything is asked of AWS. Raises
    InputError.
    """
    for name in ("scp", "rcp"):
        if getattr(options, name):
            hint = "leave it out: where the role may, they are read from Organizations"
            raise InputError(f"--{name} is about one account, and the desired state has targets", hint)
    if options.resume and options.fix:
        hint = "leave --resume out: of a fix that died the next one mends what is left, and no more"
        raise InputError("--resume is about accounts that are only read", hint)
    if options.resume:
        run_file.check_named(options.resume)
    if options.journal and not options.account:
        raise InputError("--journal is of one account", "add --account ID: by default each account has its own")
