"""The command `undo`: undoes the writes of a journal."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from koding_audit.aws.connection import Connection
from koding_audit.aws.sources import AccountSource
from koding_audit.cli.option_values import live_source, write_options
from koding_audit.io.terminal import Terminal
from koding_audit.model.account import Account
from koding_audit.model.desired import Desired, Guards
from koding_audit.model.errors import InputError, RefusedError
from koding_audit.model.plan import Journal, Plan
from koding_audit.model.query import Query
from koding_audit.model.report import Problem
from koding_audit.model.snapshot import Snapshot
from koding_audit.model.verb import Verb
from koding_audit.remediation import access_key, journal, recovery
from koding_audit.remediation.fix import refuse_root
from koding_audit.remediation.guard_checks import check_guards, guard_limits, guards_again
from koding_audit.remediation.guards import merge_snapshots
from koding_audit.remediation.journal_guards import (
    declared_roles_query,
    load_journal_guards,
    locate_desired_files,
    missing_file_lines,
)
from koding_audit.remediation.options import check_writable
from koding_audit.remediation.plan import make_undo_plan, undo_query
from koding_audit.remediation.write import carry_out_plan
from koding_audit.report.status import unsettled_entries
from koding_audit.report.wording import allowed_later_sentence
from koding_audit.scan.session import identify_account, open_source


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Undo the writes of a journal that are unchanged since."""
    account_options, writes = live_source(namespace), write_options(namespace)
    past = _read_journal_to_undo(namespace.journal_file, namespace.guards_from, terminal)
    check_writable(writes, account_options)
    with open_source(account_options, terminal) as source:
        account, caller = identify_account(source, account_options.account, terminal)
        _refuse_another_account(past, account)
        refuse_root(caller)
        recovery.print_unfinished_run(account, writes.journal, terminal)
        read = partial(_read_account, source, past, declared_roles_query(past))
        snapshot = read()
        made = _make_undo_plan(past, snapshot, terminal)
        if source.connection is None:
            raise InputError("undo: this source cannot be written")
        lost = _lost_key_problems(past, source.connection, terminal)
        guards, limits = _bound_guards(past, namespace.guards_from, snapshot), guard_limits(writes)
        checked = check_guards(made, source, snapshot, guards, limits)
        check_again = guards_again(checked, source, read, guards, limits)
        # With a key and nothing to do, the note of the interrupted run stays: `setup` needs it.
        is_waiting = bool(lost) and not made.steps
        undone = None if is_waiting else carry_out_plan(checked, source.connection, writes, terminal, check_again)
        result, problems = undone or (None, ())
        problems = (*problems, *lost)
        _print_problems(problems, source.connection, terminal)
    return 2 if problems or (result is not None and unsettled_entries(result.entries)) else 0


def _lost_key_problems(past: Journal, connection: Connection, terminal: Terminal) -> tuple[Problem, ...]:
    """The access keys that the journal's run may have created and whose secret is lost: undo deletes no key."""
    problems = []
    for user in recovery.users_of_unfinished_keys(past):
        access_key.await_unfinished_key(connection, user, Path(past.path).stat().st_mtime, terminal)
        owner = access_key.read_key_owner(connection, user)
        if owner is not None and owner.key_ids:
            ends = ", ".join(sorted(each[-4:] for each in owner.key_ids))
            message = f"not everything could be undone: user {user} may have a key of this run (its id ends in {ends})"
            hint = f"undo deletes no key; if its secret is lost, delete it: {access_key.key_deletion_text(user)}"
            problems.append(Problem(message, hint))
    return tuple(problems)


def _read_account(source: AccountSource, past: Journal, roles: Query) -> Snapshot:
    """What a journal is about, and these roles, which a principal may reach by the undo."""
    snapshot = source.collect(undo_query(past))
    return merge_snapshots(snapshot, source.collect(roles)) if roles.roles else snapshot


def _print_problems(problems: Iterable[Problem], connection: Connection, terminal: Terminal) -> None:
    """Print the problems of the run, and the calls that AWS denied at first and allowed later."""
    for problem in problems:
        terminal.print_problem(problem)
    changed = allowed_later_sentence(connection.denials.calls_allowed_later())
    if changed:
        terminal.say(changed)


def _make_undo_plan(past: Journal, snapshot: Snapshot, terminal: Terminal) -> Plan:
    """The plan that undoes a journal; what it leaves out is printed. Raises RefusedError if a read failed."""
    if snapshot.gaps:
        gap = snapshot.gaps[0]
        raise RefusedError(f"{gap.fact.value} of {gap.subject} could not be read: {gap.call}: {gap.reason}")
    made = make_undo_plan(past, snapshot, datetime.now(timezone.utc).replace(microsecond=0))
    for line in _skipped_writes_line(past, made):
        terminal.note(line)
    return made


def _read_journal_to_undo(path: str, guards_folder: str, terminal: Terminal) -> Journal:
    """The journal; its files have paths whose folders exist. Raises InputError and RefusedError."""
    past, torn = journal.read_journal(path)
    if torn is not None:
        terminal.print_problem(torn)
    elif not past.ended:
        terminal.note("The journal is incomplete: its run was interrupted, or lines were removed from its end.")
    located = locate_desired_files(past, guards_folder)
    for line in missing_file_lines(located):
        terminal.say(line)
    return located


def _refuse_another_account(past: Journal, account: Account) -> None:
    if (account.id, account.partition) != (past.account.id, past.account.partition):
        message = f"the journal is of account {past.account.id}, and these credentials are for {account.id}"
        raise RefusedError(message, "use the credentials of that account")


def _bound_guards(past: Journal, guards_folder: str, snapshot: Snapshot) -> Guards:
    """The guards for the undo of a journal, for this account."""
    guards = load_journal_guards(past, guards_folder)
    return Desired((), {}, {}, {}, guards=guards).bind(snapshot.account).guards


def _skipped_writes_line(past: Journal, made: Plan) -> Iterator[str]:
    # To restore a version takes two steps; this is the second.
    taken = sum(step.action.verb is not Verb.DELETE_POLICY_VERSION for step in made.steps)
    written = [
        entry
        for entry in past.entries
        if entry.outcome in ("done", "pending", "unknown", "started")
        and entry.action.verb is not Verb.CREATE_ACCESS_KEY  # reported on its own, or saved as a profile
    ]
    if len(written) > taken:
        count = len(written) - taken
        yield f"{count} of {len(written)} writes of this journal are not undone: what they wrote was changed since."
