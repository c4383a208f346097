"""`doctor`: what keeps a scan from its work, looked at in order, with the next step of each."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from koding_audit import doctor as judge
from koding_audit import probes
from koding_audit.aws import Clock, Connection, connect
from koding_audit.cli import INCOMPLETE
from koding_audit.cli.permitting import needed, policy, usual_account
from koding_audit.cli.sources import (
    UNREACHED,
    check_account,
    desired_state,
    not_obeyed,
    not_used,
    settings_of,
    unidentified,
)
from koding_audit.cli.terminal import Terminal, emit
from koding_audit.doctor import Check, Failure, Seen
from koding_audit.errors import AccessError, AuditError, CallError, EndpointError
from koding_audit.frozen import replace
from koding_audit.model import Account, Desired, Settings
from koding_audit.probes import Read, Told
from koding_audit.scan import query, rules, with_something_to_see
from koding_audit.text import inert, masked

_ATTEMPTS = 3  # of each call: a person is waiting, and what fails is told anyway
_STATUS: Mapping[judge.Verdict, int] = {"ok": 0, "not-ok": 1, "unknown": INCOMPLETE}
_WORDS: Mapping[judge.Verdict, str] = {"ok": "ok", "not-ok": "not ok", "unknown": "not known"}
_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")


@dataclass(frozen=True)
class _Asked:
    """What a doctor is asked about: the desired state, and how to come to the account."""

    desired: Desired
    options: argparse.Namespace
    settings: Settings


def doctor(options: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0: a scan can do its work; 1: something is in its way; 2: something could not be looked at."""
    named = argparse.Namespace(files=options.files, with_sets=[], strict=False, source="live")
    asked = _Asked(desired_state(named, writes=False), options, settings_of(options))
    terminal.progress("looking at the credentials ...")
    clock = Clock()
    seen = replace(_looked(asked, terminal, clock), skew=clock.skew)
    account = seen.account or usual_account(options.account, asked.desired)
    document = policy("audit", asked.desired.bind(account), account)
    found = judge.checks(seen)
    shown = _as_json if options.output == "json" else _as_text
    emit(masked(shown(asked.desired, seen, found, document)))
    return _STATUS[judge.verdict(found)]


def _looked(asked: _Asked, terminal: Terminal, clock: Clock) -> Seen:
    """All that can be seen; what cannot is told by what is missing. Nothing is asked of a person."""
    way = (*not_obeyed(os.environ), *_proxies(os.environ))
    base = Seen(keys=tuple(not_used(asked.settings.profile, os.environ)), way=way)
    try:
        with connect(asked.settings, attempts=_ATTEMPTS, asks=False, clock=clock) as connection:
            local = connection.endpoint is not None
            held = replace(base, held=connection.held, hosts=connection.hosts, local=local)
            return _identified(connection, held, asked, terminal)
    except AccessError as error:
        cause = error.__cause__
        code = cause.code if isinstance(cause, CallError) else ""
        unreached = code in UNREACHED or isinstance(error, EndpointError)
        return replace(base, failure=Failure(error.message, error.hint, code, unreached))


def _identified(connection: Connection, base: Seen, asked: _Asked, terminal: Terminal) -> Seen:
    """The same, once there are credentials: who AWS says that they are, and what may be read with them."""
    try:
        account, caller = connection.identity()
    except CallError as error:
        told = unidentified(error)
        failure = Failure(told.message, told.hint, error.code, error.code in UNREACHED)
        return replace(base, failure=failure)
    except AccessError as error:
        return replace(base, failure=Failure(error.message, error.hint))
    known = replace(base, account=account, caller=caller)
    try:
        check_account(account, asked.options, asked.desired)
    except AuditError as error:
        return replace(known, refusal=Failure(error.message, error.hint))
    terminal.progress("trying each read ...")
    reads = tuple(tried(connection, asked.desired, account))
    return replace(known, reads=reads)


def tried(connection: Connection, desired: Desired, account: Account) -> Iterator[Read]:
    """Each permission of the policy, by one call, all under way at once."""
    bound = desired.bind(account)
    chosen = with_something_to_see(bound, rules())
    wanted = query(bound, account, chosen)
    names, facts = probes.names_of(wanted, account), needed(wanted)
    started = {each: connection.submit(probes.ask, connection, each, names) for each in sorted(facts)}
    for permission, future in started.items():
        try:
            told = connection.result(future, permission)
        except CallError as error:
            told = Told("unknown", error.code)
        blocked = tuple(rule.id for rule in chosen if rule.facts & facts[permission])
        yield Read(permission, probes.subject(permission, names), told, blocked, optional=not facts[permission])


def _proxies(environ: Mapping[str, str]) -> Iterator[str]:
    """The proxies that requests go through, without the names and passwords in their addresses."""
    for name in _PROXIES:
        if environ.get(name):
            try:
                parts = urlsplit(environ[name])
                place = f"{parts.hostname or 'nowhere'}{f':{parts.port}' if parts.port else ''}"
            except ValueError:
                place = "what is no address"
            yield f"{name} leads through {place}"


def _as_text(desired: Desired, seen: Seen, found: Iterable[Check], document: Mapping[str, Any]) -> str:
    lines = [f"Desired    {', '.join(each.path for each in desired.files)}", ""]
    for each in found:
        lines.append(f"{_WORDS[each.verdict]:<11}{each.name:<13}{each.message}")
        lines += [f"{'':<24}do: {each.hint}"] if each.hint else []
    lines += ["", *map(_line, seen.reads)] if seen.reads else []
    lacking = judge.missing(seen.reads)
    said = f"; missing of it: {', '.join(lacking)}" if lacking else ""
    lines += ["", f"The smallest IAM policy that lacks nothing{said}", json.dumps(document, indent=2)]
    return "".join(f"{inert(line)}\n" for text in lines for line in text.split("\n"))


def _line(read: Read) -> str:
    """What became of one read; of one that is denied, what it is needed for."""
    told, on = read.told, f" of {read.on}" if read.on else ""
    line = f"  {told.answer:<11}{read.permission}{on}{f': {told.reason}' if told.reason else ''}"
    if told.answer in ("permitted", "untried"):
        return line
    if read.optional:
        return f"{line}; an audit goes on without it, and says what it did not see"
    return f"{line}; without it not checked: {', '.join(read.rules)}"


def _as_json(desired: Desired, seen: Seen, found: Iterable[Check], document: Mapping[str, Any]) -> str:
    checks = tuple(found)
    told = {
        "version": 1,
        "status": judge.verdict(checks),
        "desired": [{"path": each.path, "sha256": each.sha256} for each in desired.files],
        "account": {"id": seen.account.id, "partition": seen.account.partition} if seen.account else None,
        "caller": {"arn": seen.caller.arn, "root": seen.caller.root} if seen.caller else None,
        "clock_skew_seconds": seen.skew,
        "checks": [each._asdict() for each in checks],
        "reads": [
            {
                "permission": each.permission,
                "on": each.on,
                "answer": each.told.answer,
                "reason": each.told.reason,
                "optional": each.optional,
                "rules": each.rules,
            }
            for each in seen.reads
        ],
        "missing": judge.missing(seen.reads),
        "policy": document,
    }
    return json.dumps(told, indent=2) + "\n"
