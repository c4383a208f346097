"""The groups of options that commands share."""

from __future__ import annotations

import argparse
import re

from koding_audit import plugins

MODES = ("audit", "fix", "create", "replace", "setup")
"""The modes of `permissions` for a desired state."""
DEPLOY_MODE = "deploy"
"""The mode of `permissions` for a stack script."""


def add_file_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="desired-state files, which form one desired state; default: $KODING_AUDIT_FILE, ./koding-audit.yaml,"
        " ./policies/koding.yaml, the packaged guide",
    )


def add_selection_options(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("what to audit")
    add_with_option(group)
    group.add_argument(
        "--stack",
        action="append",
        default=[],
        metavar="SCRIPT",
        help="require the optional sets that this stack script needs; a file or a folder; repeatable",
    )
    add_principal_option(group)
    add_parameter_option(group)
    add_policy_options(group)
    group.add_argument("--only", action="append", default=[], metavar="RULE", help="run only this rule; repeatable")
    group.add_argument("--skip", action="append", default=[], metavar="RULE", help="do not run this rule; repeatable")
    group.add_argument(
        "--skip-not-in-details",
        action="store_true",
        help="do not run the rules that need more than the output of `aws iam get-account-authorization-details`",
    )


def add_with_option(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--with",
        dest="with_sets",
        action="append",
        default=[],
        metavar="SET",
        help="treat this optional set as required; repeatable",
    )


def add_principal_option(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--principal",
        default="",
        metavar="WHO",
        help="the principal that builds the stack: user/NAME or role/NAME (default: the only declared user)",
    )


def add_parameter_option(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="the value of a template's parameter, instead of its default; repeatable",
    )


def add_policy_options(group: argparse._ArgumentGroup) -> None:
    for name, word in (("scp", "service"), ("rcp", "resource")):
        group.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="FILE",
            help=f"the {word} control policies of one level of the organization, a JSON document or a list of them;"
            " repeatable, from the root down to the account",
        )
    group.add_argument(
        "--vpce",
        action="append",
        default=[],
        metavar="FILE",
        help="the policy of the VPC endpoint through which calls go, a JSON document (default: no endpoint)",
    )
    group.add_argument(
        "--strict",
        action="store_true",
        help="make a decision unknown if a layer (scp, rcp, resource) was not read, and an audit incomplete if later"
        " changes of keys and sign-in are not known",
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
    group.add_argument("--profile", default="", metavar="NAME", help="use this profile of ~/.aws/config")
    group.add_argument(
        "--region", default="", metavar="NAME", help="use the partition of this region; IAM has no regions"
    )
    group.add_argument("--role-arn", default="", metavar="ARN", help="assume this role first")
    group.add_argument("--external-id", default="", metavar="ID", help="the external ID for --role-arn")
    group.add_argument("--endpoint-url", default="", metavar="URL", help="call this endpoint, such as a local one")
    group.add_argument("--allow-endpoint", default="", metavar="HOST", help="allow this host, which is not AWS's own")
    group.add_argument(
        "--timeout",
        type=parse_seconds,
        default=timeout,
        metavar="SECONDS",
        help=f"time limit of all reads together (default: {timeout:.0f})",
    )
    command.add_argument("-q", "--quiet", action="store_true", help="show errors only, no progress and no notes")
    command.add_argument(
        "-v", "--verbose", action="store_true", help="show details, and the traceback of a crash, for a bug report"
    )


def add_report_options(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("the report")
    add_output_option(group)
    group.add_argument(
        "--fail-on",
        choices=("error", "warning", "note"),
        default="warning",
        metavar="SEVERITY",
        help="the lowest severity that gives status 1: error, warning (default) or note",
    )
    group.add_argument(
        "--baseline",
        metavar="REPORT",
        help="give status 1 only for findings that are new since this JSON report; mark the others as known",
    )
    group.add_argument("--exit-zero", action="store_true", help="give status 0 instead of 1, never instead of 2")


def add_output_option(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="FORMAT[:PATH]",
        help=(
            f"{', '.join(plugins.plugin_names('report.formats'))}; repeatable, once to standard output (default: table)"
        ),
    )


def add_write_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--yes", action="store_true", help="do not ask for confirmation; the account must be pinned")
    group.add_argument("--dry-run", action="store_true", help="show the plan and write nothing")
    group.add_argument("--journal", default="", metavar="FILE", help="the new file for the journal of the writes")
    group.add_argument(
        "--max-changes",
        type=_parse_change_limit,
        default=50,
        metavar="N",
        help="refuse a plan with more changes (default: 50)",
    )
    add_admin_option(group)


def add_change_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--create", action="store_true", help="also create missing users and groups")
    group.add_argument(
        "--replace",
        action="store_true",
        help="also remove what is undeclared from `exclusive` principals, and replace documents",
    )


def add_admin_option(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--allow-admin", action="store_true", help="allow a plan that makes a principal an administrator"
    )


def add_quiet_option(command: argparse.ArgumentParser) -> None:
    """Add `--quiet` of a command that shows no progress."""
    command.add_argument("-q", "--quiet", action="store_true", help="show errors only, no notes")


def add_answer_option(group: argparse._ActionsContainer) -> None:
    """Add `--output` of a command whose answer is a table or JSON."""
    group.add_argument(
        "--output", choices=("table", "json"), default="table", help="the form of the answer (default: table)"
    )


def _parse_change_limit(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of changes from 0 to 999999")
    return int(text)


def parse_account_id(text: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an account id, which has 12 digits")
    return text


def parse_seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", text, re.ASCII) or not 1 <= float(text) <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 1 to 86400")
    return float(text)
