"""`scan` of a desired state with `targets`: every account of them through its role, and one report of all."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone

from koding_audit import run_file, units
from koding_audit.aws import Connection
from koding_audit.cli import engines
from koding_audit.cli.members import Credentials, Members, Work
from koding_audit.cli.scanning import Run
from koding_audit.cli.sources import identified, settings_of
from koding_audit.cli.terminal import Terminal
from koding_audit.collect import Opened
from koding_audit.errors import AccessError, CallError, InputError
from koding_audit.frozen import replace
from koding_audit.model import Desired, Problem, Report, Target
from koding_audit.spool import joined
from koding_audit.targets import Reached, TwoRolesError, reached, shard
from koding_audit.text import inert
from koding_audit.verdict import status_of
from koding_audit.words import counted

_ORGANIZATION_HINT = (
    "`ou` and `tag` need the credentials of the management account or a delegated administrator, and"
    " organizations:List*; or name the `accounts`"
)


def scan_targets(run: Run, source: Opened, desired: Desired) -> Report:
    """One report of all accounts that this run is about. One that could not be read is an error in it. Raises
    AuditError where it is not known which they are.
    """
    # Whose the credentials are is no account of the run: the pinned ones are those that they lead to.
    caller, _ = identified(source, argparse.Namespace(account=""), run.terminal)
    if source.connection is None:
        raise AssertionError("unreachable: targets are reached from a live source only")
    accounts = _accounts(run, source.connection, desired)
    credentials = Credentials(settings_of(run.options), source.connection)
    work = Work(replace(run, baseline=None), desired, credentials, caller.partition)
    reports = (_one_by_one if run.options.fix else _side_by_side)(run, work, accounts)
    return joined(_told(reports, len(accounts), run.terminal))


def _told(reports: Iterable[Report], number: int, terminal: Terminal) -> Iterator[Report]:
    """The same, with a word to who is waiting after each."""
    for done, report in enumerate(reports, 1):
        terminal.progress(f"{done} of {number} accounts ...")
        yield report


def _side_by_side(run: Run, work: Work, accounts: Sequence[Reached]) -> Iterator[Report]:
    """Several at once, and only read. With `--resume`, those that a run before this one was done with are not."""
    path, this = run.options.resume, _this(run, work.desired)
    begun = datetime.now(timezone.utc)
    done = run_file.done(path, this, begun) if path else frozenset()
    rest = [each for each in accounts if each.account_id not in done]
    if path:
        told = f"{len(accounts) - len(rest)} of {counted(len(accounts), 'account')} are in it already"
        run.terminal.note(f"{inert(path)}: {told}")
        yield from run_file.reports(
            path, this, begun, [each.account_id for each in accounts if each.account_id in done]
        )
    work = replace(work, run=replace(work.run, terminal=Terminal(quiet=True)))
    members = Members(rest, run.baseline, work.partition)
    with contextlib.closing(engines.side_by_side(work, members, run.options)) as pairs:
        for account_id, report in pairs:
            # What could not be read whole is asked for again.
            if path and status_of(report) != "incomplete":
                run_file.keep(path, this, account_id, report, datetime.now(timezone.utc))
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


def _one_by_one(run: Run, work: Work, accounts: Sequence[Reached]) -> Iterator[Report]:
    """Read and written in turn. After one that ends other than expected no other is touched."""
    for number, member in enumerate(Members(accounts, run.baseline, work.partition)):
        account = member.account
        run.terminal.note(f"Account {account.account_id}:")
        report = work(member)
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
    engines.check(options)
    if options.journal and not options.account:
        raise InputError("--journal is of one account", "add --account ID: by default each account has its own")
