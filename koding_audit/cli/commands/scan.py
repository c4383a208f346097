"""The command `scan`: what it is for, and what may be typed."""

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

SUMMARY = "audit the live account; with --fix, repair it"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("scan koding-audit.yaml", "what is missing?"),
    ("scan koding-audit.yaml --fix", "attach and add what is missing; asks first"),
    ("scan koding-audit.yaml --fix --dry-run", "what would that do?"),
    ("scan koding-audit.yaml --source snapshot:account.json", "without credentials"),
    ("scan koding-audit.yaml --output table --output sarif:iam.sarif", "for a person and for GitHub"),
    ("scan koding-audit.yaml --only policy-missing --fail-on error", "one rule, errors only"),
    ("scan koding-audit.yaml --baseline known.json", "only what is new since that report fails"),
    ("scan koding-audit.yaml --shard 1/4 --output json:shard-1.json", "a quarter of the accounts of its targets"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed after `koding-audit scan`."""
    add_file_arguments(parser)
    add_source_option(parser)
    add_selection_options(parser)
    add_report_options(parser)
    add_aws_options(parser)
    _add_target_options(parser)
    parser.add_argument(
        "--history",
        default="",
        metavar="FILE",
        help="add what was found to this file, for `history` and the report's trend",
    )
    group = parser.add_argument_group("writing")
    group.add_argument("--fix", action="store_true", help="plan, show, ask, attach what is missing, audit again")
    add_change_options(group)
    add_write_options(group)


def _add_target_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("many accounts, where the desired state has `targets`")
    group.add_argument("--target", action="append", default=[], metavar="NAME", help="only these; repeatable")
    group.add_argument(
        "--parallel",
        type=_parse_concurrency,
        metavar="N",
        help="accounts at once in all (default: 16; of --scheduler, the threads of its workers)",
    )
    group.add_argument(
        "--shard",
        type=_parse_shard,
        metavar="I/N",
        help="only part I of N equal parts of the accounts; `merge` joins them",
    )
    group.add_argument(
        "--resume",
        default="",
        metavar="FILE",
        help="keep in this file what was found in each account; begun again with it, a run that died goes on",
    )
    group.add_argument(
        "--keep-going", action="store_true", help="of --fix: go on after an account that did not end as expected"
    )
    _add_engine_options(group)


def _add_engine_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--engine",
        default="",
        choices=plugins.plugin_names("accounts.engines"),
        metavar="NAME",
        help="threads: of this process (default); dask: worker processes, of this machine or of --scheduler",
    )
    group.add_argument(
        "--workers", type=_parse_concurrency, metavar="N", help="of --engine dask: processes (default: one a CPU)"
    )
    group.add_argument(
        "--scheduler", default="", metavar="ADDRESS", help="a dask cluster that is there, tls://HOST:PORT"
    )
    for name, what in (("ca", "whose certificates are trusted"), ("cert", "our certificate"), ("key", "its key")):
        group.add_argument(
            f"--tls-{name}", default="", metavar="FILE", help=f"of --scheduler: {what}, PEM (default: as dask is set)"
        )


def _parse_concurrency(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,2}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 999")
    return int(text)


def _parse_shard(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9][0-9]{0,4})/([1-9][0-9]{0,4})", text, re.ASCII)
    if found is None or int(found[1]) > int(found[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is no part of a run, as in 1/4, 2/4, 3/4 and 4/4")
    return int(found[1]), int(found[2])


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Audit; with --fix also repair, and audit again. The report is written whatever happened."""
    from koding_audit.cli.handlers import scan  # noqa: PLC0415 - `scan --help` is spared it

    return scan.run(namespace, terminal)
