"""Scans one account once: identity, reads, audit."""

from __future__ import annotations

from koding_audit.aws.sources import AccountSource
from koding_audit.io.terminal import Terminal
from koding_audit.model.account import Account
from koding_audit.model.desired import Desired
from koding_audit.model.frozen import replace
from koding_audit.model.report import Audit, Report
from koding_audit.model.snapshot import Snapshot
from koding_audit.scan.audit import audit_snapshot
from koding_audit.scan.read_plan import account_independent_query, applicable_rules, scan_query
from koding_audit.scan.run import Run, ScanResult
from koding_audit.scan.session import bind_to_account, identify_account


def identify(run: Run, source: AccountSource, desired: Desired) -> Account:
    """The account that the source gives, which is one that the desired state and the baseline allow.

    Raises AuditError.
    """
    account, _ = identify_account(source, run.options.source.account, run.terminal, desired)
    if run.baseline is not None:
        from koding_audit.scan import baseline  # noqa: PLC0415 - as in baseline_of

        baseline.check_baseline(run.baseline, account, run.terminal)
    return account


def begin_scan(run: Run, source: AccountSource, desired: Desired) -> AccountSource:
    """The source, which has started to read what the scan needs of each account, if that is known before the account.

    Use what it returns for one scan only, and not before identify() has given the account: the credentials may be
    those of another one.
    """
    if source.start is None or run.scripts is not None or desired.stacks or desired.targets:
        return source
    chosen = applicable_rules(desired, run.rules)
    return replace(source, collect=source.start(account_independent_query(desired, chosen)))


def scan_once(run: Run, source: AccountSource, desired: Desired, account: Account) -> ScanResult:
    """Read an account that identify() has given, and evaluate the rules. Raises AuditError."""
    bound = bind_to_account(desired, account)
    if run.scripts is not None:
        found = _scan_with_stacks(run, source, bound, account)
    else:
        run.terminal.show_progress(f"reading account {account.id} ...")
        snapshot = read_account(run, source, bound, account)
        found = ScanResult(audit_snapshot(bound, snapshot, run.rules), bound, snapshot)
    print_audit_notes(found.audit, run.terminal)
    return replace(found, audit=add_allowed_calls(found.audit, source))


def add_allowed_calls(audit: Audit, source: AccountSource) -> Audit:
    """The audit with the calls of the run that AWS denied at first and allowed later."""
    calls = source.connection.denials.calls_allowed_later() if source.connection else ()
    return replace(audit, allowed_later=calls) if calls else audit


def print_audit_notes(audit: Audit, terminal: Terminal) -> None:
    """Print the notes of an audit on standard error, each once, also if quiet."""
    for each in audit.notes:
        hint = f"; {each.hint}" if each.hint else ""
        terminal.say_audit_note(f"Account {audit.account.id}: {each.message}{hint}")


def read_account(run: Run, source: AccountSource, desired: Desired, account: Account) -> Snapshot:
    """What the rules of a run need to know of an account; desired is bound to it. Raises CallError."""
    return _complete_versions(source, desired, source.collect(scan_query(desired, account, run.rules)))


def _complete_versions(source: AccountSource, desired: Desired, snapshot: Snapshot) -> Snapshot:
    """The snapshot with the versions of policies that are known to be needed only after the account was read."""
    if not any(policy and policy.versions for policy in snapshot.policies.values()):
        return snapshot
    from koding_audit.scan.policy_versions import read_other_versions  # noqa: PLC0415 - a file without documents does not need it

    return read_other_versions(source, desired, snapshot)


def _scan_with_stacks(run: Run, source: AccountSource, bound: Desired, account: Account) -> ScanResult:
    """The same, with the sets that the scripts need, which are known after the account was read."""
    from koding_audit.scan import stack_scripts  # noqa: PLC0415 - as in run_of

    if run.scripts is None:
        raise AssertionError("unreachable: checked by the caller")
    wanted = stack_scripts.add_stack_needs(bound, account, run.scripts)
    wanted_facts = scan_query(wanted, account, run.rules)
    run.terminal.show_progress(f"reading account {account.id} ...")
    found = _complete_versions(source, wanted, source.collect(wanted_facts))
    snapshot = stack_scripts.complete_documents(found, wanted_facts, run.terminal)
    wanted = stack_scripts.require_stack_sets(wanted, snapshot, run.scripts, run.terminal)
    return ScanResult(audit_snapshot(wanted, snapshot, run.rules), wanted, snapshot)


def apply_baseline(run: Run, scanned: ScanResult, report: Report) -> Report:
    """The report, compared with the baseline if there is one. Comes last: a plan does not depend on it."""
    if run.baseline is None:
        return report
    from koding_audit.scan import baseline  # noqa: PLC0415 - as in baseline_of

    return baseline.compare_report(run.baseline, report, scanned.desired, run.rules)
