"""The command `permissions`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import DEPLOY_MODE, add_quiet_option, add_with_option, parse_account_id
from koding_audit.policy.oidc_trust import DEFAULT_AUDIENCE, GITHUB_PROVIDER

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "print the smallest IAM policy for a run, from the desired state"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("permissions audit koding-audit.yaml", "print what a scan needs"),
    ("permissions fix koding-audit.yaml", "print what `--fix` needs in addition"),
    (
        "permissions deploy web.yml --role --subject repo:acme@12/web@34:environment:production",
        "print a role for GitHub Actions that can build this stack",
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit permissions`."""
    parser.add_argument(
        "words",
        nargs="*",
        metavar="[MODE] [FILE ...]",
        help="audit (default), fix, create, replace (also undo) or setup: what it needs beyond audit; then files."
        " Or deploy SCRIPT: what it takes to build that stack",
    )
    parser.add_argument("--account", type=parse_account_id, metavar="ID", help="the account, if no file declares it")
    add_with_option(parser)
    _add_role_options(parser.add_argument_group("the role that deploys"))
    add_quiet_option(parser)


def _add_role_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--role",
        action="store_true",
        help="with deploy: print the role, which jobs of an OIDC provider assume, as properties of AWS::IAM::Role",
    )
    group.add_argument(
        "--subject",
        action="append",
        default=[],
        metavar="SUBJECT",
        help="a subject that may assume it, in full: repo:OWNER@ID/REPOSITORY@ID:environment:NAME; repeatable; none of"
        " a pull request",
    )
    _add_provider_options(group)


def _add_provider_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--audience", default=DEFAULT_AUDIENCE, metavar="TEXT", help="the audience of the token (default: %(default)s)"
    )
    group.add_argument(
        "--oidc-provider",
        default=GITHUB_PROVIDER,
        metavar="HOST",
        help="the OIDC provider of the account, without https:// (default: %(default)s)",
    )
    for option, what in (("--repository-id", "repository"), ("--owner-id", "repository's owner")):
        group.add_argument(
            option, default="", metavar="NUMBER", help=f"the {what} on GitHub, required if the subject has names alone"
        )


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Print the policy; AWS is not called. Raises InputError."""
    if namespace.words[:1] == [DEPLOY_MODE]:
        from koding_audit.cli.handlers import deploy_permissions  # noqa: PLC0415 - `permissions --help` does not need it

        return deploy_permissions.run(namespace, terminal)
    from koding_audit.cli.handlers import permissions  # noqa: PLC0415 - as above

    return permissions.run(namespace, terminal)
