"""`doctor`: what keeps a scan from its work, looked at in order, with the next step of each."""

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
from koding_audit.cli import diagnosis as judge
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

_ATTEMPTS = 3  # of each call: a person is waiting, and what fails is told anyway
_EXIT_STATUS: Mapping[judge.HealthVerdict, int] = {"ok": 0, "not-ok": 1, "unknown": INCOMPLETE}
_VERDICT_WORDS: Mapping[judge.HealthVerdict, str] = {"ok": "ok", "not-ok": "not ok", "unknown": "not known"}
_PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")


@dataclass(frozen=True)
class _DoctorInputs:
    """What a doctor is asked about: the desired state, and how to come to the account."""

    desired: Desired
    source: SourceOptions


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0: a scan can do its work; 1: something is in its way; 2: something could not be looked at."""
    asked = _DoctorInputs(resolve_desired_state(DesiredOptions(tuple(namespace.files))), live_source(namespace))
    terminal.show_progress("looking at the credentials ...")
    clock = SkewClock()
    seen = replace(_observe(asked, terminal, clock), skew=clock.skew)
    account = seen.account or default_account(asked.source.account, asked.desired)
    document = policy_for_mode("audit", asked.desired.bind(account), account)
    found = judge.health_checks(seen)
    shown = _diagnosis_json if namespace.output == "json" else _diagnosis_text
    emit(mask_secrets(shown(asked.desired, seen, found, document)))
    return _EXIT_STATUS[judge.health_verdict(found)]


def _observe(asked: _DoctorInputs, terminal: Terminal, clock: SkewClock) -> Observations:
    """All that can be seen; what cannot is told by what is missing. Nothing is asked of a person."""
    way = (*ignored_variable_notes(os.environ), *_proxy_notes(os.environ))
    base = Observations(
        credential_notes=tuple(unused_credential_notes(asked.source.settings.profile, os.environ)), endpoint_notes=way
    )
    try:
        with connect(asked.source.settings, attempts=_ATTEMPTS, can_prompt=False, clock=clock) as connection:
            local = connection.endpoint is not None
            held = replace(base, held=connection.credentials_in_use, hosts=connection.hosts, custom_endpoint=local)
            return _observe_account(connection, held, asked, terminal)
    except AccessError as error:
        cause = error.__cause__
        code = cause.code if isinstance(cause, CallError) else ""
        unreached = code in UNREACHABLE_HINTS or isinstance(error, EndpointError)
        return replace(base, failure=Failure(error.message, error.hint, code, unreached))


def _observe_account(
    connection: Connection, base: Observations, asked: _DoctorInputs, terminal: Terminal
) -> Observations:
    """The same, once there are credentials: who AWS says that they are, and what may be read with them."""
    try:
        account, caller = connection.identity()
    except CallError as error:
        told = identity_error(error)
        failure = Failure(told.message, told.hint, error.code, error.code in UNREACHABLE_HINTS)
        return replace(base, failure=failure)
    except AccessError as error:
        return replace(base, failure=Failure(error.message, error.hint))
    known = replace(base, account=account, caller=caller)
    try:
        check_account(account, asked.source.account, asked.desired)
    except AuditError as error:
        return replace(known, refusal=Failure(error.message, error.hint))
    terminal.show_progress("trying each read ...")
    reads = tuple(probe_reads(connection, asked.desired, account))
    return replace(known, reads=reads)


def probe_reads(connection: Connection, desired: Desired, account: Account) -> Iterator[ProbeResult]:
    """Each permission of the policy, by one call, all under way at once."""
    bound = desired.bind(account)
    chosen = applicable_rules(bound, load_rules())
    wanted = scan_query(bound, account, chosen)
    names, facts = permission_probes.probe_names(wanted, account), required_permissions(wanted)
    started = {
        each: connection.submit(permission_probes.probe_permission, connection, each, names) for each in sorted(facts)
    }
    for permission, future in started.items():
        try:
            told = connection.result(future, permission)
        except CallError as error:
            told = ProbeVerdict("unknown", error.code)
        blocked = tuple(rule.id for rule in chosen if rule.facts & facts[permission])
        yield ProbeResult(
            permission,
            permission_probes.probe_subject(permission, names),
            told,
            blocked,
            optional=not facts[permission],
        )


def _proxy_notes(environ: Mapping[str, str]) -> Iterator[str]:
    """The proxies that requests go through, without the names and passwords in their addresses."""
    for name in _PROXY_VARIABLES:
        if environ.get(name):
            try:
                parts = urlsplit(environ[name])
                place = f"{parts.hostname or 'nowhere'}{f':{parts.port}' if parts.port else ''}"
            except ValueError:
                place = "what is no address"
            yield f"{name} leads through {place}"


def _diagnosis_text(
    desired: Desired, seen: Observations, found: Iterable[HealthCheck], document: Mapping[str, Any]
) -> str:
    lines = [f"Desired    {', '.join(each.path for each in desired.files)}", ""]
    for each in found:
        lines.append(f"{_VERDICT_WORDS[each.verdict]:<11}{each.name:<13}{each.message}")
        lines += [f"{'':<24}do: {each.hint}"] if each.hint else []
    lines += ["", *map(_probe_line, seen.reads)] if seen.reads else []
    lacking = judge.missing_permissions(seen.reads)
    said = f"; missing of it: {', '.join(lacking)}" if lacking else ""
    lines += ["", f"The smallest IAM policy that lacks nothing{said}", json.dumps(document, indent=2)]
    return "".join(f"{escape(line)}\n" for text in lines for line in text.split("\n"))


def _probe_line(read: ProbeResult) -> str:
    """What became of one read; of one that is denied, what it is needed for."""
    told, on = read.verdict, f" of {read.subject}" if read.subject else ""
    line = f"  {told.answer:<11}{read.permission}{on}{f': {told.reason}' if told.reason else ''}"
    if told.answer in ("permitted", "untried"):
        return line
    if read.optional:
        return f"{line}; an audit goes on without it, and says what it did not see"
    return f"{line}; without it not checked: {', '.join(read.rules)}"


def _diagnosis_json(
    desired: Desired, seen: Observations, found: Iterable[HealthCheck], document: Mapping[str, Any]
) -> str:
    checks = tuple(found)
    told = {
        "version": 1,
        "status": judge.health_verdict(checks),
        "desired": [{"path": each.path, "sha256": each.sha256} for each in desired.files],
        "account": {"id": seen.account.id, "partition": seen.account.partition} if seen.account else None,
        "caller": {"arn": seen.caller.arn, "root": seen.caller.root} if seen.caller else None,
        "clock_skew_seconds": seen.skew,
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
            for each in seen.reads
        ],
        "missing": judge.missing_permissions(seen.reads),
        "policy": document,
    }
    return json.dumps(told, indent=2) + "\n"
