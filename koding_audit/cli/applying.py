"""`apply` and `undo`: carry out a saved plan, or take back what a journal says was written."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from koding_audit import codec, desired, inputs, journal, jsontext
from koding_audit.cli import unfinished
from koding_audit.cli.fixing import fixed, refuse_root
from koding_audit.cli.guarding import judged, limits_of
from koding_audit.cli.scanning import Run, baseline_of, compared, finished, scan_once
from koding_audit.cli.sources import check_writable, identified, opened
from koding_audit.cli.terminal import Terminal, check_outputs, outputs
from koding_audit.cli.writing import carry_out, described
from koding_audit.errors import InputError, RefusedError
from koding_audit.model import Desired, Guards, Journal, Plan, Report, Request, Snapshot, Step, Verb
from koding_audit.plan import plan as make_plan
from koding_audit.plan import state_of, undo_query
from koding_audit.plan import undo as make_undo
from koding_audit.scan import rules
from koding_audit.verdict import unsettled

if TYPE_CHECKING:
    from koding_audit.cli.stacks import Scripts

GOOD_FOR = timedelta(hours=24)


def apply(options: argparse.Namespace, terminal: Terminal) -> int:
    """Do exactly what a plan says; a plan that is stale, or not what its files give today, is refused."""

    def work() -> Report:
        saved = read_plan(options.plan)
        wanted = _same_files(saved)
        chosen = rules(saved.basis.only, saved.basis.skip)
        run = Run(options, terminal, chosen, _same_scripts(saved, wanted), baseline_of(options))
        return _apply(run, saved, wanted)

    return finished(work, options, terminal)


def undo(options: argparse.Namespace, terminal: Terminal) -> int:
    """Take back what a journal says was written, where it is still as it was left."""
    past = _past(options.journal_file, terminal)
    check_writable(options)
    with opened(options, terminal) as source:
        account, caller = identified(source, options, terminal)
        if (account.id, account.partition) != (past.account.id, past.account.partition):
            told = f"the journal is of account {past.account.id}, and these credentials are for {account.id}"
            raise RefusedError(told, "use the credentials of that account")
        refuse_root(caller)
        unfinished.tell(account, options.journal, terminal)
        snapshot = source.collect(undo_query(past))
        if snapshot.gaps:
            gap = snapshot.gaps[0]
            raise RefusedError(f"{gap.fact.value} of {gap.subject} could not be read: {gap.call}: {gap.reason}")
        made = make_undo(past, snapshot, datetime.now(timezone.utc).replace(microsecond=0))
        for line in _left_alone(past, made):
            terminal.note(line)
        if source.connection is None:
            raise InputError("undo: this source cannot be written")
        guards = bound_guards(past, snapshot)
        judgement = judged(made, source, snapshot, guards, limits_of(options))
        result, problems = carry_out(made, source.connection, options, terminal, judgement, audited=state_of(snapshot))
    for problem in problems:
        terminal.problem(problem)
    return 2 if problems or (result is not None and unsettled(result.entries)) else 0


def _past(path: str, terminal: Terminal) -> Journal:
    past, torn = journal.read(path)
    if torn is not None:
        terminal.problem(torn)
    elif not past.ended:
        terminal.note("The journal has no end: its run was cut off, or lines were taken away from its end.")
    return past


def bound_guards(past: Journal, snapshot: Snapshot) -> Guards:
    """The guards beside the files that a journal names, as far as they are still there."""
    guards = desired.guards_beside([file.path for file in past.desired])
    return Desired((), {}, {}, {}, guards=guards).bind(snapshot.account).guards


def read_plan(path: str) -> Plan:
    """A saved plan. Raises InputError."""
    text = inputs.read_text(path, inputs.Wanted("a plan", 64, "make one with `plan FILE --out PLAN`"))
    return codec.decode_plan(jsontext.read_json(text, path), path)


def _apply(run: Run, saved: Plan, wanted: Desired) -> Report:
    basis, options, terminal = saved.basis, run.options, run.terminal
    check_outputs(outputs(options.output), [file.path for file in basis.files])
    age = datetime.now(timezone.utc) - basis.made_at
    if not timedelta(minutes=-5) <= age <= GOOD_FOR:
        raise RefusedError("the plan is more than 24 hours old, or from the future", "make it again")
    check_writable(options, wanted)
    request = Request(basis.with_sets, basis.only, basis.skip, basis.create, basis.replace)
    with opened(options, terminal) as source:
        account, _ = identified(source, options, terminal, wanted)
        if (account.id, account.partition) != (basis.account.id, basis.account.partition):
            raise RefusedError(
                f"the plan is for account {basis.account.id}, and these credentials are for {account.id}",
                "use the credentials of that account, or make a plan for this one",
            )
        scanned = scan_once(run, source, wanted)
        again = make_plan(scanned.audit.findings, scanned.desired, scanned.snapshot, request, basis.made_at)
        moved = list(_moved(saved, again))
        if moved:
            raise RefusedError(
                f"the plan is not what its files and the account give now: {'; '.join(moved)}", "make it again"
            )
        return compared(run, scanned, fixed(run, source, scanned, saved))


def _same_files(saved: Plan) -> Desired:
    loaded = desired.load([file.path for file in saved.basis.files if not desired.is_guards(file.path)])
    # Guards that have appeared or gone since have changed, too.
    changed = sorted({file.path for file in {*saved.basis.files} ^ {*loaded.files}})
    if changed:
        raise RefusedError(f"{', '.join(changed)} has changed since the plan was made", "make the plan again")
    return desired.require(loaded, saved.basis.with_sets)


def _same_scripts(saved: Plan, wanted: Desired) -> Scripts | None:
    if not saved.basis.stacks:
        return None
    from koding_audit.cli import stacks  # noqa: PLC0415 - most plans build nothing

    return stacks.saved(saved.basis, wanted)


def _moved(saved: Plan, again: Plan) -> Iterator[str]:
    """What differs between a saved plan and the one that is made now."""
    yield from (f"no longer to be done as planned: {_line(step)}" for step in saved.steps if step not in again.steps)
    yield from (f"not in the plan: {_line(step)}" for step in again.steps if step not in saved.steps)
    if saved.steps == again.steps and saved.basis.state != again.basis.state:
        yield "what it touches has changed in the account"


def _line(step: Step) -> str:
    return " ".join(described(step.action).split())


def _left_alone(past: Journal, made: Plan) -> Iterator[str]:
    # Going back to a version takes two steps, of which this is the second.
    taken = sum(step.action.verb is not Verb.DELETE_POLICY_VERSION for step in made.steps)
    written = [entry for entry in past.entries if entry.outcome in ("done", "pending", "unknown", "started")]
    if len(written) > taken:
        count = len(written) - taken
        yield f"{count} of {len(written)} writes of this journal are left alone: they are not as this tool left them."
