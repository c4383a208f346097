"""The command `scan`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit import plugins
from koding_audit.cli.options import (
    add_aws_options,
    add_change_options,
    add_file_arguments,
    add_report_options,
    add_selection_options,
    add_source_option,
    add_write_options,
)

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "compare an account with its desired state; with --fix, repair it"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("scan koding-audit.yaml", "list what is missing"),
    ("scan koding-audit.yaml --fix", "add what is missing; asks for confirmation"),
    ("scan koding-audit.yaml --fix --dry-run", "show what that would do"),
    ("scan koding-audit.yaml --source snapshot:account.json", "audit a snapshot, without credentials"),
    ("scan koding-audit.yaml --output table --output sarif:iam.sarif", "print a table, and write a file for GitHub"),
    ("scan koding-audit.yaml --only policy-missing --fail-on error", "run one rule; fail on errors only"),
    ("scan koding-audit.yaml --baseline known.json", "fail only on what is new since that report"),
    ("scan koding-audit.yaml --shard 1/2 --output json:shard-1.json", "audit half of the accounts"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit scan`."""
    add_file_arguments(parser)
    parser.add_argument(
        "--no-waivers-in",
        action="append",
        default=[],
        metavar="FILE",
        help="refuse waivers in this desired-state file, such as one that a pull request changes; repeatable",
    )
    add_source_option(parser)
    add_selection_options(parser)
    add_report_options(parser)
    add_aws_options(parser)
    _add_target_options(parser)
    parser.add_argument(
        "--history",
        default="",
        metavar="FILE",
        help="add the findings to this file, for `history` and the report's trend",
    )
    group = parser.add_argument_group("writing")
    group.add_argument(
        "--fix", action="store_true", help="plan, show, ask for confirmation, add what is missing, audit again"
    )
    add_change_options(group)
    add_write_options(group)


def _add_target_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("many accounts, if the desired state has `targets`")
    group.add_argument("--target", action="append", default=[], metavar="NAME", help="audit this target; repeatable")
    group.add_argument(
        "--parallel",
        type=_parse_concurrency,
        metavar="N",
        help="accounts in parallel (default: 16; with --scheduler, the threads of its workers)",
    )
    _add_shard_options(group)
    group.add_argument(
        "--resume",
        default="",
        metavar="FILE",
        help="save each account's findings in this file; run again with it to continue an interrupted run",
    )
    group.add_argument(
        "--keep-going", action="store_true", help="with --fix: continue after an account that did not end as expected"
    )
    _add_engine_options(group)


def _add_shard_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--shard",
        type=_parse_shard,
        metavar="I/N",
        help="audit only part I of N equal parts of the accounts; `merge` joins their reports",
    )
    group.add_argument(
        "--run",
        dest="run_id",
        type=_parse_run_id,
        metavar="ID",
        help="id of the run in the report: `merge` takes reports of one run only (default with --shard: a hash of the"
        " files, targets, options and N)",
    )


def _add_engine_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--engine",
        default="",
        choices=plugins.plugin_names("accounts.engines"),
        metavar="NAME",
        help="threads: in this process; processes: on this machine; dask: on this machine, or in a cluster with"
        " --scheduler (default: threads; processes for more than 200 accounts on more than one CPU)",
    )
    group.add_argument(
        "--workers",
        type=_parse_concurrency,
        metavar="N",
        help="with --engine processes or dask: number of processes (default: one per CPU)",
    )
    group.add_argument("--scheduler", default="", metavar="ADDRESS", help="an existing dask cluster, tls://HOST:PORT")
    for name, what in (("ca", "the CA that is trusted"), ("cert", "the client certificate"), ("key", "its key")):
        group.add_argument(
            f"--tls-{name}",
            default="",
            metavar="FILE",
            help=f"with --scheduler: {what}, PEM (default: dask's configuration)",
        )


def _parse_concurrency(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,2}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 999")
    return int(text)


def _parse_run_id(text: str) -> str:
    if not re.fullmatch(r"[!-~]{1,200}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an id of 1 to 200 printable characters without spaces")
    return text


def _parse_shard(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9][0-9]{0,4})/([1-9][0-9]{0,4})", text, re.ASCII)
    if found is None or int(found[1]) > int(found[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is not a part of a run, such as 1/4, 2/4, 3/4 and 4/4")
    return int(found[1]), int(found[2])


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Audit; with --fix also repair, and audit again. The report is written even after an error."""
    from koding_audit.cli.handlers import scan  # noqa: PLC0415 - `scan --help` does not need it

    return scan.run(namespace, terminal)
