"""The command `notify`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit import plugins
from koding_audit.cli.options import add_quiet_option, parse_seconds

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "send what changed since a report, from saved reports, without AWS credentials"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("notify report.json --since last.json --to slack", "send only what changed"),
    ("notify report.json --to webhook --dry-run", "print what would be sent"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit notify`."""
    parser.add_argument("report", metavar="REPORT", help="a saved report, of `scan --output json:REPORT`")
    parser.add_argument(
        "--since",
        default="",
        metavar="REPORT",
        help="the last report that was sent; without it, send all open findings",
    )
    parser.add_argument(
        "--to", required=True, choices=plugins.plugin_names("report.notify"), help="the kind of receiver"
    )
    parser.add_argument(
        "--url-file",
        default="",
        metavar="FILE",
        help="a file of mode 0600 with the address (default: $KODING_AUDIT_NOTIFY_URL): https, or a topic's ARN",
    )
    parser.add_argument("--heartbeat", action="store_true", help="send a message even if nothing changed")
    parser.add_argument("--dry-run", action="store_true", help="print the message and send nothing; needs no address")
    parser.add_argument("--profile", default="", metavar="NAME", help="for --to sns: use this profile of ~/.aws/config")
    parser.add_argument("--endpoint-url", default="", metavar="URL", help="for --to sns: call this endpoint")
    parser.add_argument(
        "--timeout", type=parse_seconds, default=30.0, metavar="SECONDS", help="time limit for sending (default: 30)"
    )
    add_quiet_option(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="show the traceback of a crash, for a bug report")


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Send the message. Status 0 if it was sent, or nothing changed. Raises AuditError, without the address."""
    from koding_audit.cli.handlers import notify  # noqa: PLC0415 - `notify --help` does not need it

    return notify.run(namespace, terminal)
