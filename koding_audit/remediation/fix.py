"""Carries out a plan and audits again, for `scan --fix`, `apply` and `setup`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from koding_audit import plugins
from koding_audit.aws.sources import AccountSource
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape
from koding_audit.model.account import Caller, principal_key
from koding_audit.model.desired import managing_tools
from koding_audit.model.errors import AuditError, InputError, RefusedError
from koding_audit.model.finding import Finding
from koding_audit.model.frozen import replace
from koding_audit.model.plan import Journal, Plan, ScanRequest
from koding_audit.model.query import Fact
from koding_audit.model.report import Audit, Problem, Report
from koding_audit.model.snapshot import Snapshot
from koding_audit.model.verb import Verb
from koding_audit.remediation.guard_checks import check_guards, guard_limits, guards_again, print_protected_fixes
from koding_audit.remediation.guards import GuardLimits
from koding_audit.remediation.options import WriteOptions
from koding_audit.remediation.plan import make_plan
from koding_audit.remediation.write import carry_out_plan
from koding_audit.scan.account import add_allowed_calls, read_account
from koding_audit.scan.audit import audit_after_fix, audit_snapshot, findings_for_other_tools
from koding_audit.scan.options import ScanOptions
from koding_audit.scan.run import Run, ScanResult


def fix_findings(run: Run, source: AccountSource, scanned: ScanResult, writes: WriteOptions) -> Report:
    """Make a plan from the findings of an audit and carry it out."""
    findings, taken_at = scanned.audit.findings, scanned.audit.taken_at
    request = scan_request(run.options, writes)
    plan = make_plan(findings, scanned.desired, scanned.snapshot, request, taken_at)
    if managing_tools(scanned.desired):
        users = [name for kind, name in managing_tools(scanned.desired) if kind == "user"]
        findings = other_tool_findings(run, scanned, users)
        complete = make_plan(findings, scanned.desired, scanned.snapshot, request, taken_at, managed=True)
        managed = replace(complete, steps=tuple(each for each in complete.steps if each not in plan.steps))
        _print_managed_fixes(run, source, scanned, managed, guard_limits(writes))
    return fix_and_audit(run, source, scanned, plan, writes)


def other_tool_findings(run: Run, scanned: ScanResult, users: Iterable[str]) -> tuple[Finding, ...]:
    """The findings of an audit, for a plan that is shown and not applied: it can create these users with a boundary."""
    keys = {principal_key("user", name) for name in users}
    bounded = {principal_key("user", each.name) for each in scanned.desired.users.values() if each.boundary}
    if keys.isdisjoint(bounded):
        return scanned.audit.findings
    return findings_for_other_tools(scanned.desired, scanned.snapshot, run.rules, keys & bounded)


def _print_managed_fixes(
    run: Run, source: AccountSource, scanned: ScanResult, managed: Plan, limits: GuardLimits
) -> None:
    """Print the fixes of what other tools manage, in the language of each tool; this tool never makes these writes."""
    if not managed.steps:
        return
    refusals = check_guards(managed, source, scanned.snapshot, scanned.desired.guards, limits).judgement.refusals
    if refusals:
        run.terminal.note(escape(f"Fixes for other tools are not shown ({refusals[0].guard}): {refusals[0].message}"))
        return
    for form, name in (("terraform", "Terraform"), ("aws-cli", "the AWS CLI")):
        run.terminal.note(f"Other tools manage these, so they are not fixed here. For {name}:")
        try:
            text = plugins.load_plugin("remediation.export", form).export(managed).text
        except InputError as error:
            text = f"# {error.message}\n"
        run.terminal.note("\n".join(f"  {line}".rstrip() for line in text.splitlines()))


def fix_and_audit(
    run: Run,
    source: AccountSource,
    scanned: ScanResult,
    plan: Plan,
    writes: WriteOptions,
    *,
    is_goal: bool = False,
) -> Report:
    """Carry out a plan and audit again. A refusal or an error is in the report, beside the findings.

    is_goal: whether the writes are what the run is for; an error is then also why a plan that is only shown would be
        refused.
    """
    report = _fix_and_audit(run, source, scanned, plan, writes, is_goal=is_goal)
    return replace(report, audits=tuple(add_allowed_calls(each, source) for each in report.audits))


def _fix_and_audit(
    run: Run, source: AccountSource, scanned: ScanResult, plan: Plan, writes: WriteOptions, *, is_goal: bool
) -> Report:
    first = scanned.audit
    journal: Journal | None = None
    try:
        if source.connection is None:
            raise InputError("--fix: this source is read-only", "use --source live")
        refuse_root(first.caller)
        guards, connection = scanned.desired.guards, source.connection
        print_protected_fixes(first.findings, guards, run.terminal)
        _print_unread_names(first, plan, run.terminal)
        read_again = partial(_read_again, run, source, scanned)
        checked = check_guards(plan, source, scanned.snapshot, guards, guard_limits(writes))
        check_again = guards_again(checked, source, read_again, guards, guard_limits(writes))
        journal, problems = carry_out_plan(checked, connection, writes, run.terminal, check_again)
        if journal is None:
            return Report((first,), errors=problems if is_goal or not writes.dry_run else ())
        source.connection.renew()
        again = read_again()
    except AuditError as error:
        return Report((replace(first, journal=journal),), errors=(Problem.from_error(error),))
    return Report(
        (audit_after_fix(first, audit_snapshot(scanned.desired, again, run.rules), plan, journal),), errors=problems
    )


def _print_unread_names(first: Audit, plan: Plan, terminal: Terminal) -> None:
    """Print that names were not read which a policy that is created may have; IAM refuses to create it then."""
    gap = next((each for each in first.gaps if each.fact is Fact.POLICY_NAMES), None)
    if gap is not None and any(step.action.verb is Verb.CREATE_POLICY for step in plan.steps):
        why = escape(f"{gap.call}: {gap.reason}")
        terminal.note(f"The names of policies could not be read: {why}. IAM creates no policy whose name is taken.")


def _read_again(run: Run, source: AccountSource, scanned: ScanResult) -> Snapshot:
    """What the audit read, as it is now."""
    run.terminal.show_progress("reading the account again ...")
    return read_account(run, source, scanned.desired, scanned.audit.account)


def refuse_root(caller: Caller | None) -> None:
    """Refuse to write as the root user. Raises RefusedError."""
    if caller is not None and caller.root:
        hint = "sign in as root, create an administrator, and use its credentials"
        raise RefusedError("the root user's credentials are not used for writes", hint)


def scan_request(options: ScanOptions, writes: WriteOptions) -> ScanRequest:
    """The options that determine the content of a plan."""
    return ScanRequest(
        with_sets=options.desired.with_sets,
        only=options.rules.only,
        skip=options.rules.skip,
        create=writes.create,
        replace=writes.replace,
    )
