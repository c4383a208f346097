"""The groups of options that commands share."""

from __future__ import annotations

import argparse
import re

from koding_audit import plugins

MODES = ("audit", "fix", "create", "replace", "setup")
"""What `permissions` may be asked about."""


def add_file_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="desired-state files, taken together; default: $KODING_AUDIT_FILE, ./koding-audit.yaml,"
        " ./policies/koding.yaml, the packaged guide",
    )


def add_selection_options(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("what to look at")
    add_with_option(group)
    group.add_argument(
        "--stack",
        action="append",
        default=[],
        metavar="SCRIPT",
        help="the sets that this stack script needs count as required; a file or a folder; repeatable",
    )
    add_principal_option(group)
    add_organization_options(group)
    group.add_argument("--only", action="append", default=[], metavar="RULE", help="only this rule; repeatable")
    group.add_argument("--skip", action="append", default=[], metavar="RULE", help="not this rule; repeatable")


def add_with_option(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--with",
        dest="with_sets",
        action="append",
        default=[],
        metavar="SET",
        help="an optional set counts as required; repeatable",
    )


def add_principal_option(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--principal",
        default="",
        metavar="WHO",
        help="who builds the stack: user/NAME or role/NAME (default: the only user that is declared)",
    )


def add_organization_options(group: argparse._ArgumentGroup) -> None:
    for name, word in (("scp", "service"), ("rcp", "resource")):
        group.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="FILE",
            help=f"the {word} control policies of one level of the organization: a document or a list of them, JSON;"
            " repeatable, from the root down to the account",
        )
    group.add_argument(
        "--strict", action="store_true", help="a layer that could not be seen (scp, rcp, resource) makes it unknown"
    )


def add_source_option(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("what to read")
    group.add_argument(
        "--source",
        default="live",
        metavar="SOURCE",
        help="live (default), demo, or snapshot:PATH: a saved snapshot, or the output of"
        " `aws iam get-account-authorization-details`",
    )


def add_aws_options(command: argparse.ArgumentParser, timeout: float = 300.0) -> None:
    group = command.add_argument_group("the account")
    group.add_argument("--account", type=parse_account_id, metavar="ID", help="refuse any other account")
    group.add_argument("--profile", default="", metavar="NAME", help="a profile of ~/.aws/config")
    group.add_argument("--region", default="", metavar="NAME", help="decides the partition; IAM has no regions")
    group.add_argument("--role-arn", default="", metavar="ARN", help="assume this role first")
    group.add_argument("--external-id", default="", metavar="ID", help="for --role-arn")
    group.add_argument("--endpoint-url", default="", metavar="URL", help="another endpoint, such as a local one")
    group.add_argument("--allow-endpoint", default="", metavar="HOST", help="an endpoint that is not AWS's own")
    group.add_argument(
        "--timeout",
        type=parse_seconds,
        default=timeout,
        metavar="SECONDS",
        help=f"for the whole reading (default: {timeout:.0f})",
    )
    command.add_argument("-q", "--quiet", action="store_true", help="no progress and no notes, only errors")
    command.add_argument("-v", "--verbose", action="store_true", help="the traceback of a crash, for a bug report")


def add_report_options(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("the report")
    add_output_option(group)
    group.add_argument(
        "--fail-on",
        choices=("error", "warning", "note"),
        default="warning",
        metavar="SEVERITY",
        help="status 1 from this severity on: error, warning (default) or note",
    )
    group.add_argument(
        "--baseline",
        metavar="REPORT",
        help="status 1 only for what is new since this JSON report of the account; the rest is shown as known",
    )
    group.add_argument("--exit-zero", action="store_true", help="status 0 in place of 1; never in place of 2")


def add_output_option(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="FORMAT[:PATH]",
        help=(
            f"{', '.join(plugins.plugin_names('report.formats'))}; repeatable, one to standard output (default: table)"
        ),
    )


def add_write_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--yes", action="store_true", help="do not ask; the account must be pinned")
    group.add_argument("--dry-run", action="store_true", help="show the plan and write nothing")
    group.add_argument("--journal", default="", metavar="FILE", help="where to keep what was written (a new file)")
    group.add_argument(
        "--max-changes",
        type=_parse_change_limit,
        default=50,
        metavar="N",
        help="refuse a plan of more changes (default: 50)",
    )
    add_admin_option(group)


def add_change_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--create", action="store_true", help="also create users and groups that are missing")
    group.add_argument("--replace", action="store_true", help="also take away, where the desired state says so")


def add_admin_option(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--allow-admin", action="store_true", help="allow a plan that makes somebody an administrator")


def add_quiet_option(command: argparse.ArgumentParser) -> None:
    """Of a command that shows no progress."""
    command.add_argument("-q", "--quiet", action="store_true", help="no notes, only errors")


def add_answer_option(group: argparse._ActionsContainer) -> None:
    """Of a command whose answer is for people or for programs."""
    group.add_argument("--output", choices=("table", "json"), default="table", help="(default: table)")


def _parse_change_limit(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of changes from 0 to 999999")
    return int(text)


def parse_account_id(text: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no account id: it has 12 digits")
    return text


def parse_seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", text, re.ASCII) or not 1 <= float(text) <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 1 to 86400")
    return float(text)
