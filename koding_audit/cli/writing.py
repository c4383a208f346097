"""From a plan to what became of it: shown, agreed to, journalled, carried out."""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from koding_audit import journal, lock
from koding_audit.arns import policy_name
from koding_audit.aws import Connection
from koding_audit.cli import unfinished
from koding_audit.cli.terminal import Terminal, is_interactive
from koding_audit.errors import AuditError, RefusedError
from koding_audit.guards import Judgement
from koding_audit.model import Account, Action, Change, Entry, Journal, Plan, Problem, SourceFile, State, Verb
from koding_audit.remediate import Remediation
from koding_audit.text import inert
from koding_audit.verdict import unsettled
from koding_audit.words import counted

_MARKS: Mapping[Change, str] = {"add": "", "create": "  (create)", "replace": "  (replace)"}


def _journal_path(account: Account, connection: Connection, now: datetime) -> str:
    """In the state folder; of the embedded account, which is gone after the run, among the temporary files."""
    if connection.source == "demo":
        return str(Path(tempfile.mkdtemp(prefix="koding-audit-demo-")) / "journal.jsonl")
    return journal.default_path(os.environ, account, now)


def shown(plan: Plan, marks: Mapping[int, str]) -> list[str]:
    """A plan as lines: Terraform's symbols, a line for each step, and a last one that counts.

    marks: what has to be said of a step, by its index: that it grants administration.
    """
    account = plan.basis.account
    if not plan.steps:
        return [f"Plan for account {account.id}: nothing to do."]
    lines = [f"  {symbol(step.action)} {described(step.action)}{_MARKS[step.change]}" for step in plan.steps]
    lines = [line + (f"  ! {inert(marks[index])}" if index in marks else "") for index, line in enumerate(lines)]
    symbols = [symbol(step.action) for step in plan.steps]
    counts = f"{symbols.count('+')} to add, {symbols.count('~')} to change, {symbols.count('-')} to remove"
    return [f"Plan for account {account.id} (partition {account.partition}):", *lines, f"Plan: {counts}."]


def symbol(action: Action) -> str:
    if action.verb.value.startswith(("Detach", "Remove", "Delete")):
        return "-"
    changes = action.verb.value.startswith("Put") or action.verb.value.endswith("PolicyVersion")
    return "~" if changes else "+"


def described(action: Action) -> str:
    """`AttachGroupPolicy  IAMReadOnlyAccess to group Developers`, inert."""
    given = action.parameters
    kind, _ = action.entity
    if kind == "policy":
        return inert(f"{action.verb.value:<19} {_policy(action)}")
    whom = f"{kind} {given[f'{kind.title()}Name']}"
    word = "from" if symbol(action) == "-" else "to"
    if "PolicyArn" in given:
        what = f"{policy_name(given['PolicyArn'])} {word} {whom}"
    elif "PolicyName" in given:
        what = f"inline policy {given['PolicyName']} {word} {whom}"
    elif action.verb in (Verb.ADD_USER_TO_GROUP, Verb.REMOVE_USER_FROM_GROUP):
        what = f"user {given['UserName']} {word} {whom}"
    else:
        what = whom + (f" in path {given['Path']}" if "Path" in given else "")
    return inert(f"{action.verb.value:<19} {what}")


def _policy(action: Action) -> str:
    given = action.parameters
    if action.verb is Verb.CREATE_POLICY:
        return f"customer:{given.get('Path', '/').removeprefix('/')}{given['PolicyName']}"
    name = policy_name(given["PolicyArn"])
    if action.verb is Verb.CREATE_POLICY_VERSION:
        return f"{name}, as its default version; the one in force stays beside it"
    return f"{name}, version {given['VersionId']}" if "VersionId" in given else name


def carry_out(
    plan: Plan,
    connection: Connection,
    options: argparse.Namespace,
    terminal: Terminal,
    judgement: Judgement,
    *,
    audited: State | None = None,
) -> tuple[Journal | None, tuple[Problem, ...]]:
    """Show the plan, ask, and do it. No journal: nothing was written, because there was nothing to do, a guard refuses
    or nobody agreed.

    The problems are those that ended it early; what was written until then is in the journal all the same. Raises
    RefusedError where another run is writing, or the credentials are somebody else's now.
    audited: what the plan was made from.
    """
    asks = not options.yes and (is_interactive() or connection.source != "demo")
    _show(plan, judgement, options, terminal, asks=asks)
    if not plan.steps and not options.dry_run and connection.source != "demo":
        unfinished.settle(plan.basis.account, options.journal, datetime.now(timezone.utc))
    if not plan.steps or options.dry_run:
        return None, ()
    if judgement.refusals:
        return None, tuple(Problem(each.message, each.hint) for each in judgement.refusals)
    if asks and not terminal.ask(_question(plan, connection)):
        terminal.note("Declined: nothing was written.")
        return None, ()
    with journalled(plan.basis.account, plan.basis.files, connection, options.journal, terminal) as file:
        return _written(plan, connection, file, terminal, audited)


def _show(plan: Plan, judgement: Judgement, options: argparse.Namespace, terminal: Terminal, *, asks: bool) -> None:
    """The plan; of a dry run also what would be refused."""
    for line in shown(plan, judgement.marks):
        # Nobody agrees to a plan unseen, and --dry-run is there to show it: not even --quiet hides these.
        (terminal.say if asks or options.dry_run else terminal.note)(line)
    if options.dry_run:
        for each in judgement.refusals:
            terminal.say(inert(f"Would be refused ({each.guard}): {each.message}; {each.hint}"))


@contextlib.contextmanager
def journalled(
    account: Account, files: Sequence[SourceFile], connection: Connection, path: str, terminal: Terminal
) -> Iterator[journal.JournalFile]:
    """A new journal for an account, made from these files, while no other run writes to it; path "": the usual one.

    What is known of a run that ended before its end is told first. Raises RefusedError where another run is writing, or
    the credentials are not those of the account any more; AuditError where there can be no journal.
    """
    now = datetime.now(timezone.utc)
    path = path or _journal_path(account, connection, now)
    with contextlib.ExitStack() as stack:
        if connection.source != "demo":
            place = unfinished.lock_path(account, path)
            unfinished.tell_left(stack.enter_context(lock.held(place, now, path)), place, account, terminal)
        connection.renew()
        _refuse_another_identity(account, connection)
        file = journal.JournalFile(path, account, now, files)
        stack.callback(file.close)
        terminal.note(f"Journal: {inert(path)}")
        yield file


def _question(plan: Plan, connection: Connection) -> str:
    account, (_, caller) = plan.basis.account, connection.identity()
    return f"Make these changes to account {account.id}, as {inert(caller.arn)}?"


def _written(
    plan: Plan, connection: Connection, file: journal.JournalFile, terminal: Terminal, audited: State | None
) -> tuple[Journal, tuple[Problem, ...]]:
    remediation = Remediation(plan, connection, file, terminal.progress, audited=audited or State({}))
    problems: tuple[Problem, ...] = ()
    try:
        remediation.run()
        file.end()
    except AuditError as error:
        problems = (Problem.of(error),)
    entries = tuple(remediation.entries[index] for index in sorted(remediation.entries))
    for line in outcome(entries, len(plan.steps)):
        terminal.note(line)
    return Journal(file.path, plan.basis.account, entries), problems


def _refuse_another_identity(audited: Account, connection: Connection) -> None:
    """Just before the first write. Raises RefusedError, or CallError where STS gives no answer."""
    account, caller = connection.identity_now()
    if (account.id, account.partition, caller.root) != (audited.id, audited.partition, False):
        now = f"{'root of ' if caller.root else ''}account {account.id} (partition {account.partition})"
        raise RefusedError(
            f"account {audited.id} was audited, and the credentials are now those of {now}",
            "nothing was written; see what rotates the credentials of this profile, and run it again",
        )


def outcome(entries: Sequence[Entry], planned: int) -> list[str]:
    """How many of the planned steps are done, and a line for each that did not come to what the plan wanted."""
    done = sum(entry.outcome == "done" for entry in entries)
    return [
        f"{counted(done, 'change')} made and read back, of {planned}.",
        *(
            f"  {entry.outcome}: {' '.join(described(entry.action).split())}: {inert(entry.detail)}"
            for entry in unsettled(entries)
        ),
    ]
