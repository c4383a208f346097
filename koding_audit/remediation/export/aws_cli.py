"""Exports a plan as a shell script of AWS CLI commands, which checks the account first."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

from koding_audit.io.text import escape
from koding_audit.model.account import Account
from koding_audit.model.errors import InputError
from koding_audit.model.finding import Action
from koding_audit.model.plan import Plan, Step
from koding_audit.remediation.export import ExportedPlan, account_comment, finding_comment

# The CLI replaces a value with such a prefix by the content of the file or URL (AWS CLI user guide,
# cli-usage-parameters-file).
_FILE_PREFIXES = ("file://", "fileb://", "http://", "https://")


def export(plan: Plan) -> ExportedPlan:
    """A POSIX shell script that stops at the first failed call. Raises InputError if a value cannot be in a command."""
    lines = [*_header_lines(plan.basis.account), *(line for step in plan.steps for line in _step_lines(step))]
    return ExportedPlan("\n".join(lines) + "\n")


def _header_lines(account: Account) -> list[str]:
    wrong = shlex.quote(f"these credentials are not for account {account.id}")
    return [
        "#!/bin/sh",
        account_comment(account),
        "set -eu",
        "export AWS_PAGER=",
        "account=$(aws sts get-caller-identity --query=Account --output=text)",
        f'[ "$account" = {shlex.quote(account.id)} ] || {{ echo {wrong} >&2; exit 1; }}',
    ]


def _step_lines(step: Step) -> list[str]:
    return ["", finding_comment(step), aws_cli_command(step.action)]


def aws_cli_command(action: Action) -> str:
    """One call as one line. A value is written after `=`, because it may begin with a hyphen."""
    words = [word for name, value in action.parameters.items() for word in _option_words(name, value)]
    return shlex.join(["aws", "iam", _kebab_case(action.verb.value), *words])


def _option_words(name: str, value: Any) -> list[str]:
    option = f"--{_kebab_case(name)}"
    if isinstance(value, bool):
        return [option if value else f"--no-{_kebab_case(name)}"]
    return [f"{option}={_one_line_value(name, value)}"]


def _one_line_value(name: str, value: Any) -> str:
    """A value as one line of printable characters; JSON in ASCII. Raises InputError."""
    if not isinstance(value, str):
        return json.dumps(value)
    if name.endswith("Document"):
        return json.dumps(json.loads(value))
    if not value.isprintable() or value.casefold().startswith(_FILE_PREFIXES):
        raise InputError(f"{name} {escape(value)!r} cannot be passed to the AWS CLI", "use --out, and `apply`")
    return value


def _kebab_case(name: str) -> str:
    """`attach-group-policy` of `AttachGroupPolicy`."""
    return re.sub(r"(?<=.)(?=[A-Z])", "-", name).lower()
