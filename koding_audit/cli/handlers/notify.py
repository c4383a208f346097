"""`notify`: sends what changed since a report, from saved reports, in a process without rights in IAM."""

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
    """The options of `notify`."""

    report: str
    """The saved report to send."""
    since: str
    """The last report that was sent, "" for none."""
    to: str
    """The kind of receiver."""
    url_file: str
    """The file with the address, "" for the environment variable."""
    heartbeat: bool
    """Whether a message is sent even if nothing changed."""
    dry_run: bool
    """Whether the message is printed instead of sent."""
    settings: Settings
    """How SNS is reached, and the time limit of each receiver."""


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Send the message. Status 0 if it was sent, or nothing changed. Raises AuditError, without the address."""
    options = _read_options(namespace)
    _check_options(options, os.environ)
    # Also if nothing changed: a wrong address is found before there is something to send.
    address = "" if options.dry_run else _read_address(options, os.environ)
    changes = compare_reports(
        read_saved_report(options.report), read_saved_report(options.since) if options.since else None
    )
    if not changes.is_worth_sending and not options.heartbeat:
        terminal.note("Nothing changed: nothing was sent.")
        return 0
    message: Message = plugins.load_plugin("report.notify", options.to).message(changes, datetime.now(timezone.utc))
    if options.dry_run:
        emit(message.body.removesuffix("\n") + "\n")
        return 0
    _send_message(options, address, message)
    terminal.note(f"Sent to {options.to}.")
    return 0


def _check_options(options: NotifyCommand, environ: Mapping[str, str]) -> None:
    """Check that this process has no AWS credentials, unless it sends to SNS. Raises RefusedError, or InputError."""
    if options.to == "sns":
        return
    for flag, value in (("--profile", options.settings.profile), ("--endpoint-url", options.settings.endpoint_url)):
        if value:
            raise InputError(f"{flag} needs --to sns", "remove it")
    secrets = [name for name in _SECRET_VARIABLES if environ.get(name)]
    if secrets and not options.dry_run:
        without = " ".join(f"-u {name}" for name in secrets)
        hint = f"run it in a separate job, or as `env {without} koding-audit notify ...`"
        raise RefusedError(
            f"{secrets[0]} is set: a process that sends messages outside must not have AWS credentials", hint
        )


def _read_address(options: NotifyCommand, environ: Mapping[str, str]) -> str:
    """The address, from the file or the environment. Raises InputError, which does not quote it."""
    address = _read_address_file(options.url_file) if options.url_file else environ.get(ADDRESS_VARIABLE, "").strip()
    if not address:
        raise InputError(
            "there is no address to notify", f"set {ADDRESS_VARIABLE}, or name a file of mode 0600 with --url-file"
        )
    if options.to != "sns":
        https.check_address(address)
    elif not _TOPIC_ARN.fullmatch(address):
        raise InputError("the address is not the ARN of an SNS topic", "write arn:aws:sns:REGION:ACCOUNT:TOPIC")
    return address


def _read_address_file(path: str) -> str:
    """The address in a file that only its owner can read or change. Raises InputError."""
    content = files.read_file(path, _ADDRESS_FILE)
    if content.mode & (stat.S_IRWXG | stat.S_IRWXO) or content.owner not in (0, os.geteuid()):
        raise InputError(
            f"{path} has a secret, and is not private",
            f"run `chown` for your own user, and `chmod 600 {path}`",
        )
    return files.decode_utf8(content.data, path).strip()


def _send_message(options: NotifyCommand, address: str, message: Message) -> None:
    if options.to != "sns":
        https.post_message(address, message.body.encode("ascii"), message.content_type, options.settings.timeout)
        return
    from koding_audit.aws.connection import publish_message  # noqa: PLC0415 - other receivers need no botocore and no credentials

    found = _TOPIC_ARN.fullmatch(address)
    region = found[1] if found else ""
    settings = replace(options.settings, region=region)
    try:
        publish_message(address, message.subject, message.body, settings)
    except AuditError as error:
        masked = mask_secrets(error.message, [address, address.rpartition(":")[2]])
        hint = error.hint or "grant its credentials sns:Publish on the topic, and nothing else"
        raise AuditError(masked, mask_secrets(hint, [address])) from None


def _read_options(namespace: argparse.Namespace) -> NotifyCommand:
    """The options, from argparse's namespace."""
    return NotifyCommand(
        report=namespace.report,
        since=namespace.since,
        to=namespace.to,
        url_file=namespace.url_file,
        heartbeat=namespace.heartbeat,
        dry_run=namespace.dry_run,
        settings=Settings(namespace.profile, endpoint_url=namespace.endpoint_url, timeout=namespace.timeout),
    )
