"""The interface for Python: what the commands `scan`, `plan`, `can` and `stack` find, as frozen values.

Every function reads one source and returns a value of this package. Nothing is printed, and nothing is written to IAM.
Errors are raised as AuditError. Only a profile with `mfa_serial` can request a code, where there is a terminal. The
examples are run by a test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from koding_audit.aws.settings import Settings
from koding_audit.model.errors import AuditError, InputError

if TYPE_CHECKING:
    from koding_audit.model.finding import Severity
    from koding_audit.model.plan import Plan
    from koding_audit.model.report import Report
    from koding_audit.scan.access import AccessAnswer
    from koding_audit.scan.options import ScanOptions, SourceOptions
    from koding_audit.scan.stack_build import BuildDecision

__all__ = ("AuditError", "Settings", "can", "plan", "scan", "stack")


def scan(
    *files: str,
    source: str = "live",
    account: str = "",
    settings: Settings | None = None,
    with_sets: Sequence[str] = (),
    strict: bool = False,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    stacks: Sequence[str] = (),
    principal: str = "",
    scps: Sequence[str] = (),
    rcps: Sequence[str] = (),
    vpce: str = "",
    baseline: str | None = None,
    fail_on: Severity = "warning",
) -> Report:
    """The report of an audit, as `koding-audit scan` makes it; of a desired state with `targets` that of all accounts.

    files: the desired state, the default file where none is given. Other parameters are named as the options are.
    Raises AuditError where no audit was possible.

    >>> report = scan("policies/koding.yaml", source="demo")
    >>> report.audits[0].account.id
    '123456789012'
    >>> sorted({finding.rule for finding in report.audits[0].findings if finding.severity == "error"})
    ['membership-missing', 'policy-missing']
    """
    from koding_audit.model.frozen import replace  # noqa: PLC0415 - nothing is loaded before a call
    from koding_audit.scan.catalog import advice_for_report  # noqa: PLC0415 - as above

    source_options = _source_options(source, account, settings, scps=scps, rcps=rcps, vpce=vpce)
    options = replace(
        _scan_options(source_options, files, with_sets, only, skip, strict=strict),
        stacks=tuple(stacks),
        principal=principal,
        baseline=baseline,
    )
    report = _scan_accounts(options)
    return replace(report, fail_on=fail_on, advice=advice_for_report(report))


def plan(
    *files: str,
    source: str = "live",
    account: str = "",
    settings: Settings | None = None,
    with_sets: Sequence[str] = (),
    strict: bool = False,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    create: bool = False,
    replace: bool = False,
) -> Plan:
    """The IAM writes that would fix what an audit finds, in order, as `koding-audit plan` saves them.

    It holds only what could be read. The guards are not checked: `koding-audit apply` reads everything again, and
    checks them. Raises AuditError.

    >>> fixes = plan("policies/koding.yaml", source="demo")
    >>> [step.action.verb.value for step in fixes.steps]
    ['AttachGroupPolicy', 'AddUserToGroup']
    """
    from koding_audit.io.terminal import SilentTerminal  # noqa: PLC0415 - as above
    from koding_audit.remediation.account import scan_account  # noqa: PLC0415 - as above
    from koding_audit.remediation.fix import scan_request  # noqa: PLC0415 - as above
    from koding_audit.remediation.options import WriteOptions  # noqa: PLC0415 - as above
    from koding_audit.remediation.plan import make_plan  # noqa: PLC0415 - as above
    from koding_audit.scan.run import prepare_run  # noqa: PLC0415 - as above
    from koding_audit.scan.session import open_source, resolve_desired_state  # noqa: PLC0415 - as above

    source_options = _source_options(source, account, settings)
    options = _scan_options(source_options, files, with_sets, only, skip, strict=strict)
    terminal, desired = SilentTerminal(), resolve_desired_state(options.desired)
    run = prepare_run(options, terminal, desired)
    with open_source(source_options, terminal) as opened:
        scanned = scan_account(run, opened, desired)
    request = scan_request(options, WriteOptions(create=create, replace=replace))
    now = datetime.now(timezone.utc).replace(microsecond=0)
    return make_plan(scanned.audit.findings, scanned.desired, scanned.snapshot, request, now)


def can(
    principal: str,
    action: str | Sequence[str],
    resource: str = "*",
    *,
    context: Mapping[str, Sequence[str]] | None = None,
    source: str = "live",
    account: str = "",
    settings: Settings | None = None,
    scps: Sequence[str] = (),
    rcps: Sequence[str] = (),
    vpce: str = "",
    strict: bool = False,
) -> AccessAnswer:
    """Whether the policies allow an action, and which statements decide, as `koding-audit can` prints.

    principal: `user/NAME`, `group/NAME`, `role/NAME` or an ARN; action: one or several, which may have wildcards: each
    matching action is decided; context: the values of condition keys. Raises AuditError.

    >>> answer = can("user/koding-user", "iam:CreateUser", source="demo")
    >>> answer.decisions["iam:CreateUser"].verdict
    'implicit-deny'
    """
    from koding_audit.io.terminal import SilentTerminal  # noqa: PLC0415 - as above
    from koding_audit.scan.access import decide_access, resolve_question  # noqa: PLC0415 - as above
    from koding_audit.scan.options import AccessQuestion  # noqa: PLC0415 - as above
    from koding_audit.scan.session import open_source  # noqa: PLC0415 - as above

    conditions = tuple(f"{key}={value}" for key, values in (context or {}).items() for value in values)
    terminal = SilentTerminal()
    actions = (action,) if isinstance(action, str) else tuple(action)
    question = resolve_question(AccessQuestion(actions, principal, resource, conditions, strict), terminal)
    with open_source(_source_options(source, account, settings, scps=scps, rcps=rcps, vpce=vpce), terminal) as opened:
        return decide_access(opened, question, account, terminal)


def stack(
    script: str,
    *files: str,
    principal: str = "",
    source: str = "live",
    account: str = "",
    settings: Settings | None = None,
    scps: Sequence[str] = (),
    rcps: Sequence[str] = (),
    vpce: str = "",
    strict: bool = False,
) -> BuildDecision:
    """Whether a principal may build a stack script, and which policy sets would help, as `koding-audit stack` prints.

    script: a file or a folder; principal: who builds it, the only declared user where none is given. A layer that could
    not be read makes a decision about an action unknown. Raises AuditError.

    >>> decision = stack("policies/stacks/web.yml", "policies/koding.yaml", source="demo")
    >>> decision.verdict
    'no'
    """
    from koding_audit.io.terminal import SilentTerminal  # noqa: PLC0415 - as above
    from koding_audit.scan import stack_scripts  # noqa: PLC0415 - as above
    from koding_audit.scan.options import DesiredOptions  # noqa: PLC0415 - as above
    from koding_audit.scan.session import open_source, resolve_desired_state  # noqa: PLC0415 - as above

    terminal, desired = SilentTerminal(), resolve_desired_state(DesiredOptions(files, strict=strict))
    scripts = stack_scripts.read_script_to_build(script, principal, desired)
    if len(scripts.scripts) > 1:
        paths = ", ".join(each.path for each in scripts.scripts)
        raise InputError(f"{script} has {len(scripts.scripts)} stacks", f"name one of them: {paths}")
    with open_source(_source_options(source, account, settings, scps=scps, rcps=rcps, vpce=vpce), terminal) as opened:
        (decision,), _ = stack_scripts.check_scripts(opened, desired, scripts, account, terminal)
        return decision


def _scan_accounts(options: ScanOptions) -> Report:
    """The report of one account, or of all accounts of targets."""
    from koding_audit.io.terminal import SilentTerminal  # noqa: PLC0415 - as above
    from koding_audit.remediation.account import scan_and_fix  # noqa: PLC0415 - as above
    from koding_audit.scan.run import prepare_run  # noqa: PLC0415 - as above
    from koding_audit.scan.session import open_source, resolve_desired_state  # noqa: PLC0415 - as above

    terminal, desired = SilentTerminal(), resolve_desired_state(options.desired)
    run = prepare_run(options, terminal, desired)
    if not desired.targets or not options.source.traits.reaches_aws:
        with open_source(options.source, terminal) as opened:
            return scan_and_fix(run, opened, desired, None)
    from koding_audit.accounts.options import AccountsOptions  # noqa: PLC0415 - as above
    from koding_audit.accounts.run import check_target_options, scan_targets  # noqa: PLC0415 - as above

    check_target_options(options, None, AccountsOptions())
    with open_source(options.source, terminal) as opened:
        return scan_targets(run, opened, desired, None, AccountsOptions())


def _source_options(
    source: str,
    account: str,
    settings: Settings | None,
    *,
    scps: Sequence[str] = (),
    rcps: Sequence[str] = (),
    vpce: str = "",
) -> SourceOptions:
    from koding_audit.scan.options import SourceOptions  # noqa: PLC0415 - as above

    return SourceOptions(source, account, settings or Settings(), tuple(scps), tuple(rcps), vpce)


def _scan_options(
    source: SourceOptions,
    files: Sequence[str],
    with_sets: Sequence[str],
    only: Sequence[str],
    skip: Sequence[str],
    *,
    strict: bool,
) -> ScanOptions:
    from koding_audit.scan.options import DesiredOptions, RuleSelection, ScanOptions  # noqa: PLC0415 - as above

    desired = DesiredOptions(tuple(files), tuple(with_sets), strict)
    return ScanOptions(source, desired, RuleSelection(tuple(only), tuple(skip)))
