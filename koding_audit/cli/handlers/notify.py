"""`notify`: tells of what changed since a report, from saved reports, in a process that holds no right in IAM."""

from __future__ import annotations

import argparse
import os
import re
import stat
from collections.abc import Mapping
from datetime import datetime, timezone

from koding_audit import plugins
from koding_audit.aws.settings import Settings
from koding_audit.cli.handlers.render import read_saved_report
from koding_audit.cli.output import emit
from koding_audit.io import files, https
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import mask_secrets
from koding_audit.model.errors import AuditError, InputError, RefusedError
from koding_audit.model.frozen import dataclass, replace
from koding_audit.report.change_text import Message
from koding_audit.report.changes import compare_reports

ADDRESS_VARIABLE = "KODING_AUDIT_NOTIFY_URL"
_ADDRESS_FILE = files.FileSpec("a file that holds the address", 1)
_TOPIC_ARN = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_-]{1,256}")
_SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@dataclass(frozen=True, slots=True)
class NotifyCommand:
    """What `notify` is asked for."""

    report: str
    """The saved report that is told of."""
    since: str
    """The report that was told of before, "" for none."""
    to: str
    """The kind of receiver."""
    url_file: str
    """The file that holds the address, "" for the environment variable."""
    heartbeat: bool
    """Whether it is told, too, that nothing changed."""
    dry_run: bool
    """Whether the message is printed, and not sent."""
    settings: Settings
    """How SNS is reached, and the time limit of each receiver."""


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0 when it was told, or there is nothing to tell. Raises AuditError, which never holds the address."""
    options = _read_options(namespace)
    _check_options(options, os.environ)
    # Also where there is nothing to tell: an address that is wrong is found before there is.
    address = "" if options.dry_run else _read_address(options, os.environ)
    told = compare_reports(
        read_saved_report(options.report), read_saved_report(options.since) if options.since else None
    )
    if not told.is_worth_sending and not options.heartbeat:
        terminal.note("Nothing changed: nothing was sent.")
        return 0
    message: Message = plugins.load_plugin("report.notify", options.to).message(told, datetime.now(timezone.utc))
    if options.dry_run:
        emit(message.body.removesuffix("\n") + "\n")
        return 0
    _send_message(options, address, message)
    terminal.note(f"Told {options.to}.")
    return 0


def _check_options(options: NotifyCommand, environ: Mapping[str, str]) -> None:
    """An address outside and rights in IAM are not for one process. Raises RefusedError, or InputError."""
    if options.to == "sns":
        return
    for flag, value in (("--profile", options.settings.profile), ("--endpoint-url", options.settings.endpoint_url)):
        if value:
            raise InputError(f"{flag} goes with --to sns", "leave it out")
    held = [name for name in _SECRET_VARIABLES if environ.get(name)]
    if held and not options.dry_run:
        without = " ".join(f"-u {name}" for name in held)
        hint = f"run it in a job of its own, or as `env {without} koding-audit notify ...`"
        raise RefusedError(f"{held[0]} is set: what tells the world outside is to hold no AWS credentials", hint)


def _read_address(options: NotifyCommand, environ: Mapping[str, str]) -> str:
    """From the file, else from the environment. Raises InputError, which does not quote it."""
    address = _read_address_file(options.url_file) if options.url_file else environ.get(ADDRESS_VARIABLE, "").strip()
    if not address:
        raise InputError(
            "there is no address to notify", f"set {ADDRESS_VARIABLE}, or name a file of mode 0600 by --url-file"
        )
    if options.to != "sns":
        https.check_address(address)
    elif not _TOPIC_ARN.fullmatch(address):
        raise InputError("the address is not the ARN of an SNS topic", "arn:aws:sns:REGION:ACCOUNT:TOPIC is needed")
    return address


def _read_address_file(path: str) -> str:
    """The address that a file holds which nobody else may read or change."""
    content = files.read_file(path, _ADDRESS_FILE)
    if content.mode & (stat.S_IRWXG | stat.S_IRWXO) or content.owner not in (0, os.geteuid()):
        raise InputError(f"{path} holds a secret, and is not yours alone", f"chown it, and `chmod 600 {path}`")
    return files.decode_utf8(content.data, path).strip()


def _send_message(options: NotifyCommand, address: str, message: Message) -> None:
    if options.to != "sns":
        https.post_message(address, message.body.encode("ascii"), message.content_type, options.settings.timeout)
        return
    from koding_audit.aws.connection import publish_message  # noqa: PLC0415 - the others are told without botocore and without credentials

    found = _TOPIC_ARN.fullmatch(address)
    region = found[1] if found else ""
    settings = replace(options.settings, region=region)
    try:
        publish_message(address, message.subject, message.body, settings)
    except AuditError as error:
        told = mask_secrets(error.message, [address, address.rpartition(":")[2]])
        hint = error.hint or "its credentials need sns:Publish on the topic, and nothing else"
        raise AuditError(told, mask_secrets(hint, [address])) from None


def _read_options(namespace: argparse.Namespace) -> NotifyCommand:
    """What the command line says."""
    return NotifyCommand(
        report=namespace.report,
        since=namespace.since,
        to=namespace.to,
        url_file=namespace.url_file,
        heartbeat=namespace.heartbeat,
        dry_run=namespace.dry_run,
        settings=Settings(namespace.profile, endpoint_url=namespace.endpoint_url, timeout=namespace.timeout),
    )
