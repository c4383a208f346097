"""Shows a plan, asks for confirmation, and carries it out with a journal."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from koding_audit.model.verb import Verb, WriteEffect
from koding_audit.remediation import journal, recovery
from koding_audit.remediation.checked_plan import CheckedPlan
from koding_audit.remediation.executor import PlanExecutor
from koding_audit.remediation.guards import Judgement
from koding_audit.remediation.options import WriteOptions
from koding_audit.remediation.plan import state_of_snapshot
from koding_audit.report.status import unsettled_entries

_EFFECT_SYMBOLS: Mapping[WriteEffect, str] = {
    "create": "+",
    "add": "+",
    "put": "~",
    "set": "~",
    "remove": "-",
    "delete": "-",
}

_CHANGE_MARKS: Mapping[Change, str] = {"add": "", "create": "  (create)", "replace": "  (replace)"}


def _default_journal_path(account: Account, connection: Connection, now: datetime) -> str:
    """In the state folder; for the embedded account, which exists only during the run, in a temporary folder."""
    if connection.is_embedded:
        return str(Path(tempfile.mkdtemp(prefix="koding-audit-demo-")) / "journal.jsonl")
    return journal.default_journal_path(os.environ, account, now)


def plan_lines(plan: Plan, marks: Mapping[int, str]) -> list[str]:
    """A plan as lines: one per step, with Terraform's symbols, and the counts in the last line.

    marks: a warning for a step, by its index: that it grants administration.
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
    """`+`, `~` or `-`: Terraform's symbols for add, change and remove."""
    return _EFFECT_SYMBOLS[action.spec.effect]


def describe_action(action: Action) -> str:
    """`AttachGroupPolicy  IAMReadOnlyAccess to group Developers`, escaped."""
    parameters, kind, part = action.parameters, action.spec.entity, action.spec.part
    if kind == "policy":
        return escape(f"{action.verb.value:<19} {_describe_policy(action)}")
    principal = f"{kind} {parameters[NAME_PARAMETERS[kind]]}"
    word = "from" if action_symbol(action) == "-" else "to"
    if part == "attachment":
        what = f"{policy_name(parameters['PolicyArn'])} {word} {principal}"
    elif part == "inline":
        what = f"inline policy {parameters['PolicyName']} {word} {principal}"
    elif part == "member":
        what = f"user {parameters['UserName']} {word} {principal}"
    else:
        what = principal + (f" in path {parameters['Path']}" if "Path" in parameters else "")
        boundary = parameters.get("PermissionsBoundary")
        what += f" with boundary {policy_name(boundary)}" if boundary else ""
    return escape(f"{action.verb.value:<19} {what}")


def _describe_policy(action: Action) -> str:
    parameters = action.parameters
    if action.verb is Verb.CREATE_POLICY:
        return f"customer:{parameters.get('Path', '/').removeprefix('/')}{parameters['PolicyName']}"
    name = policy_name(parameters["PolicyArn"])
    if action.verb is Verb.CREATE_POLICY_VERSION:
        return f"{name}, as its new default version; the old version is kept"
    return f"{name}, version {parameters['VersionId']}" if "VersionId" in parameters else name


def carry_out_plan(
    checked: CheckedPlan,
    connection: Connection,
    options: WriteOptions,
    terminal: Terminal,
    check_again: Callable[[], Judgement],
) -> tuple[Journal | None, tuple[Problem, ...]]:
    """Show the plan, ask for confirmation, and carry it out; returns the journal and the problems.

    check_again: reads the account and checks the guards again; it is called after a person has confirmed.

    The journal is None if nothing was written: the plan is empty, a guard refuses it, the user declined, or it is only
    shown (the problems are then why it would be refused). A problem ended the run early; the writes before it are in
    the journal. Raises RefusedError if another run is writing, or if the credentials are now those of another
    principal.
    """
    plan, judgement = checked.plan, checked.judgement
    asks = not options.yes and (is_interactive() or not connection.is_embedded)
    _show_plan(plan, judgement, options, terminal, asks=asks)
    if not plan.steps and not options.dry_run and not connection.is_embedded:
        recovery.clear_stale_lock(plan.basis.account, options.journal, datetime.now(timezone.utc))
    refusals = _refusal_problems(judgement)
    if not plan.steps or options.dry_run:
        return None, refusals
    if asks and not refusals:
        if not terminal.ask(_confirm_question(plan, connection)):
            terminal.note("Declined: nothing was written.")
            return None, ()
        connection.renew()
        refusals = _later_refusals(judgement, check_again())
    if refusals:
        return None, refusals
    with open_locked_journal(plan.basis.account, plan.basis.files, connection, options.journal, terminal) as file:
        return _execute_plan(checked, connection, file, terminal)


def _later_refusals(before: Judgement, after: Judgement) -> tuple[Problem, ...]:
    """Why a plan may not be carried out any more: the account was changed while its question was open."""
    if after.refusals or after == before:
        return _refusal_problems(after)
    hint = "nothing was written; run the command again to see what it grants now"
    return (Problem("the plan now grants other permissions than when it was shown", hint),)


def _refusal_problems(judgement: Judgement) -> tuple[Problem, ...]:
    return tuple(Problem(each.message, each.hint) for each in judgement.refusals)


def _show_plan(plan: Plan, judgement: Judgement, options: WriteOptions, terminal: Terminal, *, asks: bool) -> None:
    """Print the plan; with --dry-run also the refusals."""
    for line in plan_lines(plan, judgement.grants_by_step):
        # Also with --quiet: a question needs the plan, and --dry-run is there to show it.
        (terminal.say if asks or options.dry_run else terminal.note)(line)
    if options.dry_run:
        for each in judgement.refusals:
            terminal.say(escape(f"Would be refused ({each.guard}): {each.message}; {each.hint}"))


@contextlib.contextmanager
def open_locked_journal(
    account: Account, files: Sequence[SourceFile], connection: Connection, path: str, terminal: Terminal
) -> Iterator[journal.JournalFile]:
    """A new journal for an account, with the account locked while the block runs.

    files: the files of the desired state.
    path: the file of the journal; "" for the default path.

    An interrupted run is reported first. Raises RefusedError if another run is writing, or if the credentials are not
    those of the account any more; AuditError if the journal cannot be created.
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
    checked: CheckedPlan, connection: Connection, file: journal.JournalFile, terminal: Terminal
) -> tuple[Journal, tuple[Problem, ...]]:
    plan, audited = checked.plan, state_of_snapshot(checked.audited)
    remediation = PlanExecutor(plan, connection, checked.known, file, terminal.show_progress, audited_state=audited)
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
    """Check the caller again, just before the first write. Raises RefusedError; CallError if STS does not answer."""
    account, caller = connection.read_identity_again()
    if (account.id, account.partition, caller.root) != (audited.id, audited.partition, False):
        now = f"{'root of ' if caller.root else ''}account {account.id} (partition {account.partition})"
        raise RefusedError(
            f"account {audited.id} was audited, but the credentials are now those of {now}",
            "nothing was written; find out what changes the credentials of this profile, then run the command again",
        )


def outcome_lines(entries: Sequence[Entry], planned: int) -> list[str]:
    """How many of the planned steps are done, and a line for each step that did not reach its result."""
    done = sum(entry.outcome == "done" for entry in entries)
    return [
        f"{pluralize(done, 'change')} made and read back, of {planned}.",
        *(
            f"  {entry.outcome}: {' '.join(describe_action(entry.action).split())}: {escape(entry.detail)}"
            for entry in unsettled_entries(entries)
        ),
    ]
