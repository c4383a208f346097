"""The command `notify`: what it is for, and what may be typed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit import plugins
from koding_audit.cli.options import add_quiet_option, parse_seconds

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "tell of what changed since a report, from saved reports, without AWS credentials"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("notify report.json --since told.json --to slack", "only what changed"),
    ("notify report.json --to webhook --dry-run", "what would be sent?"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed after `koding-audit notify`."""
    parser.add_argument("report", metavar="REPORT", help="what `scan --output json:REPORT` saved")
    parser.add_argument("--since", default="", metavar="REPORT", help="the last that was told; else all is that stands")
    parser.add_argument("--to", required=True, choices=plugins.plugin_names("report.notify"), help="who is told")
    parser.add_argument(
        "--url-file",
        default="",
        metavar="FILE",
        help="a file of mode 0600 that holds the address (default: $KODING_AUDIT_NOTIFY_URL): https, or a topic's ARN",
    )
    parser.add_argument("--heartbeat", action="store_true", help="tell also that nothing changed")
    parser.add_argument("--dry-run", action="store_true", help="print the message; send nothing, and need no address")
    parser.add_argument("--profile", default="", metavar="NAME", help="of --to sns: a profile of ~/.aws/config")
    parser.add_argument("--endpoint-url", default="", metavar="URL", help="of --to sns: another endpoint")
    parser.add_argument(
        "--timeout", type=parse_seconds, default=30.0, metavar="SECONDS", help="for the sending (default: 30)"
    )
    add_quiet_option(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="the traceback of a crash, for a bug report")


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0 when it was told, or there is nothing to tell. Raises AuditError, which never holds the address."""
    from koding_audit.cli.handlers import notify  # noqa: PLC0415 - `notify --help` is spared it

    return notify.run(namespace, terminal)
