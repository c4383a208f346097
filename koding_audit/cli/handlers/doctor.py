"""`doctor`: checks what a scan needs, in order, and names the next step for each failure."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from koding_audit.aws import permission_probes
from koding_audit.aws.connection import Connection, connect
from koding_audit.aws.deadline import SkewClock
from koding_audit.aws.permission_probes import ProbeResult, ProbeVerdict
from koding_audit.cli import diagnosis
from koding_audit.cli.data_age import note_data_age
from koding_audit.cli.diagnosis import Failure, HealthCheck, Observations
from koding_audit.cli.exit_status import INCOMPLETE
from koding_audit.cli.handlers.permissions import default_account, policy_for_mode, required_permissions
from koding_audit.cli.option_values import live_source
from koding_audit.cli.output import emit
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape, mask_secrets
from koding_audit.model.account import Account
from koding_audit.model.desired import Desired
from koding_audit.model.errors import AccessError, AuditError, CallError, EndpointError
from koding_audit.model.frozen import replace
from koding_audit.scan.catalog import load_rules
from koding_audit.scan.options import DesiredOptions, SourceOptions
from koding_audit.scan.read_plan import applicable_rules, scan_query
from koding_audit.scan.session import (
    UNREACHABLE_HINTS,
    check_account,
    identity_error,
    ignored_variable_notes,
    resolve_desired_state,
    unused_credential_notes,
)

_ATTEMPTS = 3  # of each call: a person waits, and a failure is reported anyway
_EXIT_STATUS: Mapping[diagnosis.HealthVerdict, int] = {"ok": 0, "not-ok": 1, "unknown": INCOMPLETE}
_VERDICT_WORDS: Mapping[diagnosis.HealthVerdict, str] = {"ok": "ok", "not-ok": "not ok", "unknown": "not known"}
_PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")


@dataclass(frozen=True)
class _DoctorInputs:
    """The options of `doctor`: the desired state, and how to reach the account."""

    desired: Desired
    source: SourceOptions


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0: a scan can run; 1: a check failed; 2: something could not be checked."""
    note_data_age(terminal)
    inputs = _DoctorInputs(resolve_desired_state(DesiredOptions(tuple(namespace.files))), live_source(namespace))
    terminal.show_progress("checking the credentials ...")
    clock = SkewClock()
    observed = replace(_observe(inputs, terminal, clock), skew=clock.skew)
    account = observed.account or default_account(inputs.source.account, inputs.desired)
    document = policy_for_mode("audit", inputs.desired.bind(account), account)
    found = diagnosis.health_checks(observed)
    render = _diagnosis_json if namespace.output == "json" else _diagnosis_text
    emit(mask_secrets(render(inputs.desired, observed, found, document)))
    return _EXIT_STATUS[diagnosis.health_verdict(found)]


def _observe(inputs: _DoctorInputs, terminal: Terminal, clock: SkewClock) -> Observations:
    """What can be observed; a failure is part of it. No prompt is shown."""
    notes = (*ignored_variable_notes(os.environ), *_proxy_notes(os.environ))
    base = Observations(
        credential_notes=tuple(unused_credential_notes(inputs.source.settings.profile, os.environ)),
        endpoint_notes=notes,
    )
    try:
        with connect(inputs.source.settings, attempts=_ATTEMPTS, can_prompt=False, watch=clock.watch) as connection:
            local = connection.endpoint is not None
            reached = replace(base, credentials=connection.credentials_in_use, custom_endpoint=local)
            return replace(_observe_account(connection, reached, inputs, terminal), hosts=connection.hosts())
    except AccessError as error:
        cause = error.__cause__
        code = cause.code if isinstance(cause, CallError) else ""
        unreached = code in UNREACHABLE_HINTS or isinstance(error, EndpointError)
        return replace(base, failure=Failure(error.message, error.hint, code, unreached))


def _observe_account(
    connection: Connection, base: Observations, inputs: _DoctorInputs, terminal: Terminal
) -> Observations:
    """The observations with credentials: the caller and the account, and which reads are permitted."""
    try:
        account, caller = connection.identity()
    except CallError as error:
        problem = identity_error(error)
        failure = Failure(problem.message, problem.hint, error.code, error.code in UNREACHABLE_HINTS)
        return replace(base, failure=failure)
    except AccessError as error:
        return replace(base, failure=Failure(error.message, error.hint))
    known = replace(base, account=account, caller=caller)
    try:
        check_account(account, inputs.source.account, inputs.desired)
    except AuditError as error:
        return replace(known, refusal=Failure(error.message, error.hint))
    terminal.show_progress("trying each read ...")
    reads = tuple(probe_reads(connection, inputs.desired, account))
    return replace(known, reads=reads)


def probe_reads(connection: Connection, desired: Desired, account: Account) -> Iterator[ProbeResult]:
    """The result for each permission of the policy, by one call each, in parallel."""
    bound = desired.bind(account)
    chosen = applicable_rules(bound, load_rules())
    wanted = scan_query(bound, account, chosen)
    names, facts = permission_probes.probe_names(wanted, account), required_permissions(wanted, strict=bound.strict)
    started = {
        each: connection.submit(permission_probes.probe_permission, connection, each, names) for each in sorted(facts)
    }
    for permission, future in started.items():
        try:
            verdict = connection.result(future, permission)
        except CallError as error:
            verdict = ProbeVerdict("unknown", error.code)
        blocked = tuple(rule.id for rule in chosen if rule.facts & facts[permission])
        yield ProbeResult(
            permission,
            permission_probes.probe_subject(permission, names),
            verdict,
            blocked,
            optional=not facts[permission],
        )


def _proxy_notes(environ: Mapping[str, str]) -> Iterator[str]:
    """The proxies of requests, without the user names and passwords in their addresses."""
    for name in _PROXY_VARIABLES:
        if environ.get(name):
            try:
                parts = urlsplit(environ[name])
                place = f"{parts.hostname or 'nowhere'}{f':{parts.port}' if parts.port else ''}"
            except ValueError:
                place = "an invalid address"
            yield f"{name} leads through {place}"


def _diagnosis_text(
    desired: Desired, observed: Observations, found: Iterable[HealthCheck], document: Mapping[str, Any]
) -> str:
    lines = [f"Desired    {', '.join(each.path for each in desired.files)}", ""]
    for each in found:
        lines.append(f"{_VERDICT_WORDS[each.verdict]:<11}{each.name:<13}{each.message}")
        lines += [f"{'':<24}do: {each.hint}"] if each.hint else []
    lines += ["", *map(_probe_line, observed.reads)] if observed.reads else []
    lacking = diagnosis.missing_permissions(observed.reads)
    missing = f"; the caller lacks {', '.join(lacking)}" if lacking else ""
    lines += ["", f"The smallest IAM policy for this audit{missing}", json.dumps(document, indent=2)]
    return "".join(f"{escape(line)}\n" for text in lines for line in text.split("\n"))


def _probe_line(read: ProbeResult) -> str:
    """The result of one read; if it is denied, also what needs it."""
    verdict, on = read.verdict, f" of {read.subject}" if read.subject else ""
    line = f"  {verdict.answer:<11}{read.permission}{on}{f': {verdict.reason}' if verdict.reason else ''}"
    if verdict.answer in ("permitted", "untried"):
        return line
    if read.optional:
        return f"{line}; an audit continues without it, and reports what it did not read"
    return f"{line}; without it not checked: {', '.join(read.rules)}"


def _diagnosis_json(
    desired: Desired, observed: Observations, found: Iterable[HealthCheck], document: Mapping[str, Any]
) -> str:
    checks = tuple(found)
    value = {
        "version": 1,
        "status": diagnosis.health_verdict(checks),
        "desired": [{"path": each.path, "sha256": each.sha256} for each in desired.files],
        "account": {"id": observed.account.id, "partition": observed.account.partition} if observed.account else None,
        "caller": {"arn": observed.caller.arn, "root": observed.caller.root} if observed.caller else None,
        "clock_skew_seconds": observed.skew,
        "checks": [each._asdict() for each in checks],
        "reads": [
            {
                "permission": each.permission,
                "on": each.subject,
                "answer": each.verdict.answer,
                "reason": each.verdict.reason,
                "optional": each.optional,
                "rules": each.rules,
            }
            for each in observed.reads
        ],
        "missing": diagnosis.missing_permissions(observed.reads),
        "policy": document,
    }
    return json.dumps(value, indent=2) + "\n"
