"""From a plan to what became of it: shown, agreed to, journalled, carried out."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from koding_audit.aws.connection import Connection
from koding_audit.io import lock
from koding_audit.io.terminal import Terminal, is_interactive
from koding_audit.io.text import escape, pluralize
from koding_audit.model.account import NAME_PARAMETERS, Account
from koding_audit.model.arn import policy_name
from koding_audit.model.errors import AuditError, RefusedError
from koding_audit.model.finding import Action, Change
from koding_audit.model.location import SourceFile
from koding_audit.model.plan import Entry, Journal, Plan
from koding_audit.model.report import Problem
from koding_audit.model.snapshot import LiveState
from koding_audit.model.verb import Effect, Verb
from koding_audit.remediation import journal, recovery
from koding_audit.remediation.executor import PlanExecutor
from koding_audit.remediation.guards import Judgement
from koding_audit.remediation.options import WriteOptions
from koding_audit.report.status import unsettled_entries

_EFFECT_SYMBOLS: Mapping[Effect, str] = {
    "create": "+",
    "add": "+",
    "put": "~",
    "set": "~",
    "remove": "-",
    "delete": "-",
}

_CHANGE_MARKS: Mapping[Change, str] = {"add": "", "create": "  (create)", "replace": "  (replace)"}


def _default_journal_path(account: Account, connection: Connection, now: datetime) -> str:
    """In the state folder; of the embedded account, which is gone after the run, among the temporary files."""
    if connection.is_embedded:
        return str(Path(tempfile.mkdtemp(prefix="koding-audit-demo-")) / "journal.jsonl")
    return journal.default_journal_path(os.environ, account, now)


def plan_lines(plan: Plan, marks: Mapping[int, str]) -> list[str]:
    """A plan as lines: Terraform's symbols, a line for each step, and a last one that counts.

    marks: what has to be said of a step, by its index: that it grants administration.
    """
    account = plan.basis.account
    if not plan.steps:
        return [f"Plan for account {account.id}: nothing to do."]
    lines = [
        f"  {action_symbol(step.action)} {describe_action(step.action)}{_CHANGE_MARKS[step.change]}"
        for step in plan.steps
    ]
    lines = [line + (f"  ! {escape(marks[index])}" if index in marks else "") for index, line in enumerate(lines)]
    symbols = [action_symbol(step.action) for step in plan.steps]
    counts = f"{symbols.count('+')} to add, {symbols.count('~')} to change, {symbols.count('-')} to remove"
    return [f"Plan for account {account.id} (partition {account.partition}):", *lines, f"Plan: {counts}."]


def action_symbol(action: Action) -> str:
    """`+`, `~` or `-`, as Terraform shows what is added, changed and removed."""
    return _EFFECT_SYMBOLS[action.spec.effect]


def describe_action(action: Action) -> str:
    """`AttachGroupPolicy  IAMReadOnlyAccess to group Developers`, inert."""
    given, kind, part = action.parameters, action.spec.entity, action.spec.part
    if kind == "policy":
        return escape(f"{action.verb.value:<19} {_describe_policy(action)}")
    whom = f"{kind} {given[NAME_PARAMETERS[kind]]}"
    word = "from" if action_symbol(action) == "-" else "to"
    if part == "attachment":
        what = f"{policy_name(given['PolicyArn'])} {word} {whom}"
    elif part == "inline":
        what = f"inline policy {given['PolicyName']} {word} {whom}"
    elif part == "member":
        what = f"user {given['UserName']} {word} {whom}"
    else:
        what = whom + (f" in path {given['Path']}" if "Path" in given else "")
    return escape(f"{action.verb.value:<19} {what}")


def _describe_policy(action: Action) -> str:
    given = action.parameters
    if action.verb is Verb.CREATE_POLICY:
        return f"customer:{given.get('Path', '/').removeprefix('/')}{given['PolicyName']}"
    name = policy_name(given["PolicyArn"])
    if action.verb is Verb.CREATE_POLICY_VERSION:
        return f"{name}, as its default version; the one in force stays beside it"
    return f"{name}, version {given['VersionId']}" if "VersionId" in given else name


def carry_out_plan(
    plan: Plan,
    connection: Connection,
    options: WriteOptions,
    terminal: Terminal,
    judgement: Judgement,
    *,
    audited: LiveState | None = None,
) -> tuple[Journal | None, tuple[Problem, ...]]:
    """Show the plan, ask, and do it. No journal: nothing was written, because there was nothing to do, a guard refuses
    or nobody agreed.

    The problems are those that ended it early; what was written until then is in the journal all the same. Raises
    RefusedError where another run is writing, or the credentials are somebody else's now.
    audited: what the plan was made from.
    """
    asks = not options.yes and (is_interactive() or not connection.is_embedded)
    _show_plan(plan, judgement, options, terminal, asks=asks)
    if not plan.steps and not options.dry_run and not connection.is_embedded:
        recovery.clear_stale_lock(plan.basis.account, options.journal, datetime.now(timezone.utc))
    if not plan.steps or options.dry_run:
        return None, ()
    if judgement.refusals:
        return None, tuple(Problem(each.message, each.hint) for each in judgement.refusals)
    if asks and not terminal.ask(_confirm_question(plan, connection)):
        terminal.note("Declined: nothing was written.")
        return None, ()
    with open_locked_journal(plan.basis.account, plan.basis.files, connection, options.journal, terminal) as file:
        return _execute_plan(plan, connection, file, terminal, audited)


def _show_plan(plan: Plan, judgement: Judgement, options: WriteOptions, terminal: Terminal, *, asks: bool) -> None:
    """The plan; of a dry run also what would be refused."""
    for line in plan_lines(plan, judgement.grants_by_step):
        # Nobody agrees to a plan unseen, and --dry-run is there to show it: not even --quiet hides these.
        (terminal.say if asks or options.dry_run else terminal.note)(line)
    if options.dry_run:
        for each in judgement.refusals:
            terminal.say(escape(f"Would be refused ({each.guard}): {each.message}; {each.hint}"))


@contextlib.contextmanager
def open_locked_journal(
    account: Account, files: Sequence[SourceFile], connection: Connection, path: str, terminal: Terminal
) -> Iterator[journal.JournalFile]:
    """A new journal for an account, made from these files, while no other run writes to it; path "": the usual one.

    What is known of a run that ended before its end is told first. Raises RefusedError where another run is writing, or
    the credentials are not those of the account any more; AuditError where there can be no journal.
    """
    now = datetime.now(timezone.utc)
    path = path or _default_journal_path(account, connection, now)
    with contextlib.ExitStack() as stack:
        if not connection.is_embedded:
            place = recovery.lock_path(account, path)
            recovery.print_lock_note(stack.enter_context(lock.lock_account(place, now, path)), place, account, terminal)
        connection.renew()
        _refuse_another_identity(account, connection)
        file = journal.JournalFile(path, account, now, files)
        stack.callback(file.close)
        terminal.note(f"Journal: {escape(path)}")
        yield file


def _confirm_question(plan: Plan, connection: Connection) -> str:
    account, (_, caller) = plan.basis.account, connection.identity()
    return f"Make these changes to account {account.id}, as {escape(caller.arn)}?"


def _execute_plan(
    plan: Plan, connection: Connection, file: journal.JournalFile, terminal: Terminal, audited: LiveState | None
) -> tuple[Journal, tuple[Problem, ...]]:
    remediation = PlanExecutor(plan, connection, file, terminal.show_progress, audited_state=audited or LiveState({}))
    problems: tuple[Problem, ...] = ()
    try:
        remediation.run()
        file.end()
    except AuditError as error:
        problems = (Problem.from_error(error),)
    entries = tuple(remediation.entries[index] for index in sorted(remediation.entries))
    for line in outcome_lines(entries, len(plan.steps)):
        terminal.note(line)
    return Journal(file.path, plan.basis.account, entries), problems


def _refuse_another_identity(audited: Account, connection: Connection) -> None:
    """Just before the first write. Raises RefusedError, or CallError where STS gives no answer."""
    account, caller = connection.read_identity_again()
    if (account.id, account.partition, caller.root) != (audited.id, audited.partition, False):
        now = f"{'root of ' if caller.root else ''}account {account.id} (partition {account.partition})"
        raise RefusedError(
            f"account {audited.id} was audited, and the credentials are now those of {now}",
            "nothing was written; see what rotates the credentials of this profile, and run it again",
        )


def outcome_lines(entries: Sequence[Entry], planned: int) -> list[str]:
    """How many of the planned steps are done, and a line for each that did not come to what the plan wanted."""
    done = sum(entry.outcome == "done" for entry in entries)
    return [
        f"{pluralize(done, 'change')} made and read back, of {planned}.",
        *(
            f"  {entry.outcome}: {' '.join(describe_action(entry.action).split())}: {escape(entry.detail)}"
            for entry in unsettled_entries(entries)
        ),
    ]
