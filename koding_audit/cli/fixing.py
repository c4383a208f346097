"""`plan`, and what `scan --fix`, `apply`, `undo` and `setup` share: what an audit found is mended, or would be."""

from __future__ import annotations

import argparse
from datetime import datetime, timezone

from koding_audit import codec, registry
from koding_audit.cli.guarding import judged, limits_of, tell_kept_back
from koding_audit.cli.scanning import Run, Scanned, run_of, scan_once
from koding_audit.cli.sources import desired_state, opened
from koding_audit.cli.terminal import Terminal, check_new, create_file, emit
from koding_audit.cli.writing import carry_out, described, shown
from koding_audit.collect import Opened
from koding_audit.errors import AuditError, InputError, RefusedError
from koding_audit.frozen import replace
from koding_audit.guards import Judgement, Limits
from koding_audit.model import Caller, Journal, Plan, Problem, Report, Request
from koding_audit.plan import managers, state_of
from koding_audit.plan import plan as make_plan
from koding_audit.scan import after_fix, audit, query
from koding_audit.text import inert
from koding_audit.verdict import NOT_CHECKED


def plan(options: argparse.Namespace, terminal: Terminal) -> int:
    """Save what `scan --fix` would do, or print it. Status 2 where not all could be seen or said; what could is in it.

    Raises RefusedError where it is printed for another tool and a guard refuses: nothing would hold it back later.
    """
    if not options.form:
        check_new(options.out)
    desired = desired_state(options, writes=True)
    run = run_of(options, terminal, desired)
    with opened(options, terminal) as source:
        scanned = scan_once(run, source, desired)
        now = datetime.now(timezone.utc).replace(microsecond=0)
        request, managed = request_of(options), bool(options.form)
        made = make_plan(scanned.audit.findings, scanned.desired, scanned.snapshot, request, now, managed=managed)
        guards = scanned.desired.guards
        # How many changes are too many, whoever applies it says, or the guards do.
        judgement = judged(made, source, scanned.snapshot, guards, Limits(len(made.steps), options.allow_admin))
    tell_kept_back(scanned.audit.findings, guards, terminal)
    for line in shown(made, judgement.marks):
        terminal.note(line)
    left_out = _handed_over(made, judgement, options, terminal)
    unread = [each.message for each in scanned.audit.findings if each.rule == NOT_CHECKED]
    for message in unread:
        terminal.problem(Problem(message, "the plan holds only what could be seen"))
    return 2 if unread or left_out else 0


def _handed_over(made: Plan, judgement: Judgement, options: argparse.Namespace, terminal: Terminal) -> int:
    """To its file, or to standard output in the form of another tool; how many steps that form cannot say."""
    if options.form:
        if judgement.refusals:
            first = judgement.refusals[0]
            raise RefusedError(f"{first.message} ({first.guard})", first.hint)
        return _printed(made, options.form, terminal)
    for each in judgement.refusals:
        terminal.note(inert(f"`apply` will refuse it ({each.guard}): {each.message}; {each.hint}"))
    create_file(options.out, codec.encode_plan(made))
    terminal.note(f"Saved to {inert(options.out)}: `koding-audit apply` does exactly this within 24 hours.")
    return 0


def _printed(made: Plan, form: str, terminal: Terminal) -> int:
    found = registry.load("export", form).exported(made)
    emit(found.text)
    for each in found.left_out:
        what = " ".join(described(each.step.action).split())
        terminal.problem(Problem(f"--as {form} leaves out {what}: {each.reason}", "--as aws-cli says it as a command"))
    return len(found.left_out)


def mended(run: Run, source: Opened, scanned: Scanned) -> Report:
    """What `scan --fix` does after its audit: plan, and carry it out."""
    findings, taken_at = scanned.audit.findings, scanned.audit.taken_at
    request = request_of(run.options)
    made = make_plan(findings, scanned.desired, scanned.snapshot, request, taken_at)
    if managers(scanned.desired):
        whole = make_plan(findings, scanned.desired, scanned.snapshot, request, taken_at, managed=True)
        left = replace(whole, steps=tuple(each for each in whole.steps if each not in made.steps))
        _tell_other_tools(run, source, scanned, left)
    return fixed(run, source, scanned, made)


def _tell_other_tools(run: Run, source: Opened, scanned: Scanned, left: Plan) -> None:
    """The fixes of what other tools manage, as lines for people: this tool never writes them."""
    if not left.steps:
        return
    refusals = judged(left, source, scanned.snapshot, scanned.desired.guards, limits_of(run.options)).refusals
    if refusals:
        run.terminal.note(inert(f"What other tools manage is not shown ({refusals[0].guard}): {refusals[0].message}"))
        return
    for form, name in (("terraform", "Terraform"), ("aws-cli", "the AWS CLI")):
        run.terminal.note(f"Other tools manage this, and it is not written here. For {name}:")
        try:
            text = registry.load("export", form).exported(left).text
        except InputError as error:
            text = f"# {error.message}\n"
        run.terminal.note("\n".join(f"  {line}".rstrip() for line in text.splitlines()))


def fixed(run: Run, source: Opened, scanned: Scanned, made: Plan) -> Report:
    """Carry out a plan and measure again. A refusal or an error is in the report, beside what was found."""
    first = scanned.audit
    journal: Journal | None = None
    try:
        if source.connection is None:
            raise InputError("--fix: this source cannot be written", "use --source live")
        refuse_root(first.caller)
        guards = scanned.desired.guards
        tell_kept_back(first.findings, guards, run.terminal)
        judgement = judged(made, source, scanned.snapshot, guards, limits_of(run.options))
        audited = state_of(scanned.snapshot)
        journal, problems = carry_out(made, source.connection, run.options, run.terminal, judgement, audited=audited)
        if journal is None:
            return Report((first,), errors=problems)
        source.connection.renew()
        run.terminal.progress("reading the account again ...")
        again = source.collect(query(scanned.desired, first.account, run.chosen))
    except AuditError as error:
        return Report((replace(first, journal=journal),), errors=(Problem.of(error),))
    return Report((after_fix(first, audit(scanned.desired, again, run.chosen), made, journal),), errors=problems)


def refuse_root(caller: Caller | None) -> None:
    if caller is not None and caller.root:
        hint = "sign in as root, make an administrator of your own, and use its credentials"
        raise RefusedError("nothing is written with the root user's keys", hint)


def request_of(options: argparse.Namespace) -> Request:
    return Request(
        with_sets=tuple(options.with_sets),
        only=tuple(options.only),
        skip=tuple(options.skip),
        create=options.create,
        replace=options.replace,
    )
