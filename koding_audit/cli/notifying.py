"""`notify`: tells of what changed since a report, from saved reports, in a process that holds no right in IAM."""

from __future__ import annotations

import argparse
import os
import re
import stat
from collections.abc import Mapping
from datetime import datetime, timezone

from koding_audit import https, inputs, registry
from koding_audit.cli.rendering import read_report
from koding_audit.cli.terminal import Terminal, emit
from koding_audit.errors import AuditError, InputError, RefusedError
from koding_audit.model import Settings
from koding_audit.news import news
from koding_audit.telling import Message
from koding_audit.text import masked

ADDRESS = "KODING_AUDIT_NOTIFY_URL"
_FILE = inputs.Wanted("a file that holds the address", 1)
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_-]{1,256}")
_SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def notify(options: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0 when it was told, or there is nothing to tell. Raises AuditError, which never holds the address."""
    _check(options, os.environ)
    # Also where there is nothing to tell: an address that is wrong is found before there is.
    address = "" if options.dry_run else _address(options, os.environ)
    told = news(read_report(options.report), read_report(options.since) if options.since else None)
    if not told.worth_telling and not options.heartbeat:
        terminal.note("Nothing changed: nothing was sent.")
        return 0
    message: Message = registry.load("notify", options.to).message(told, datetime.now(timezone.utc))
    if options.dry_run:
        emit(message.body.removesuffix("\n") + "\n")
        return 0
    _send(options, address, message)
    terminal.note(f"Told {options.to}.")
    return 0


def _check(options: argparse.Namespace, environ: Mapping[str, str]) -> None:
    """An address outside and rights in IAM are not for one process. Raises RefusedError, or InputError."""
    if options.to == "sns":
        return
    for name in ("profile", "endpoint_url"):
        if getattr(options, name):
            raise InputError(f"--{name.replace('_', '-')} goes with --to sns", "leave it out")
    held = [name for name in _SECRETS if environ.get(name)]
    if held and not options.dry_run:
        without = " ".join(f"-u {name}" for name in held)
        hint = f"run it in a job of its own, or as `env {without} koding-audit notify ...`"
        raise RefusedError(f"{held[0]} is set: what tells the world outside is to hold no AWS credentials", hint)


def _address(options: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """From the file, else from the environment. Raises InputError, which does not quote it."""
    address = _from_file(options.url_file) if options.url_file else environ.get(ADDRESS, "").strip()
    if not address:
        raise InputError("there is no address to notify", f"set {ADDRESS}, or name a file of mode 0600 by --url-file")
    if options.to != "sns":
        https.check_address(address)
    elif not _TOPIC.fullmatch(address):
        raise InputError("the address is not the ARN of an SNS topic", "arn:aws:sns:REGION:ACCOUNT:TOPIC is needed")
    return address


def _from_file(path: str) -> str:
    """The address that a file holds which nobody else may read or change."""
    content = inputs.read(path, _FILE)
    if content.mode & (stat.S_IRWXG | stat.S_IRWXO) or content.owner not in (0, os.geteuid()):
        raise InputError(f"{path} holds a secret, and is not yours alone", f"chown it, and `chmod 600 {path}`")
    return inputs.decoded(content.data, path).strip()


def _send(options: argparse.Namespace, address: str, message: Message) -> None:
    if options.to != "sns":
        https.post(address, message.body.encode("ascii"), message.content_type, options.timeout)
        return
    from koding_audit import aws  # noqa: PLC0415 - the others are told without botocore and without credentials

    found = _TOPIC.fullmatch(address)
    region = found[1] if found else ""
    settings = Settings(options.profile, region, endpoint_url=options.endpoint_url, timeout=options.timeout)
    try:
        aws.publish(address, message.subject, message.body, settings)
    except AuditError as error:
        told = masked(error.message, [address, address.rpartition(":")[2]])
        hint = error.hint or "its credentials need sns:Publish on the topic, and nothing else"
        raise AuditError(told, masked(hint, [address])) from None
