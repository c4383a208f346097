"""The command `stack`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import (
    add_answer_option,
    add_aws_options,
    add_file_arguments,
    add_parameter_option,
    add_policy_options,
    add_principal_option,
    add_source_option,
)

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "check whether a stack script can be built, and what it needs"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("stack web.yml koding-audit.yaml", "check whether its user may build it"),
    ("stack web.yml --principal role/deploy --policy", "print a policy for this stack only"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit stack`."""
    add_source_option(parser)
    add_aws_options(parser)
    parser.add_argument(
        "script",
        metavar="SCRIPT",
        help="a stack script, or a folder of them: Terraform in YAML, JSON or HCL, `terraform show -json` of a plan,"
        " a template of CloudFormation or SAM, or the CDK's cdk.out",
    )
    add_file_arguments(parser)
    _add_value_options(parser)
    group = parser.add_argument_group("the question")
    add_principal_option(group)
    add_parameter_option(group)
    _add_deployment_options(group)
    add_policy_options(group)
    add_answer_option(group)
    group.add_argument(
        "--policy",
        action="store_true",
        help="print a policy for this stack only, as JSON; the answer goes to stderr",
    )


def _add_deployment_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--service-role",
        default="",
        metavar="ROLE",
        help="the role that CloudFormation assumes to make a template's resources: role/NAME, or its ARN",
    )
    group.add_argument("--stack-name", default="", metavar="NAME", help="the name of the template's stack")


def _add_value_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the script's values")
    group.add_argument(
        "--var",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="the value of a Terraform variable, as for terraform; repeatable",
    )
    group.add_argument(
        "--var-file",
        action="append",
        default=[],
        metavar="FILE",
        help="a file of such values, beside terraform.tfvars and *.auto.tfvars; repeatable",
    )
    group.add_argument(
        "--no-state",
        action="store_true",
        help="leave out what the state in S3 needs: the backend and terraform_remote_state",
    )


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0: it can be built; 1: it cannot; 2: unknown."""
    from koding_audit.cli.handlers import stack  # noqa: PLC0415 - `stack --help` does not need it

    return stack.run(namespace, terminal)
