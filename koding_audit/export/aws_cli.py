"""A plan as a shell script of AWS CLI lines, which first makes sure of the account."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

from koding_audit.errors import InputError
from koding_audit.export import Exported, about, finding_of
from koding_audit.model import Account, Action, Plan, Step
from koding_audit.text import inert

# Of these the CLI takes what they name, not the text itself (AWS CLI user guide, cli-usage-parameters-file).
_NAMES_A_FILE = ("file://", "fileb://", "http://", "https://")


def exported(plan: Plan) -> Exported:
    """For a POSIX shell; it ends at the first call that fails. Raises InputError: a value that cannot be in a line."""
    lines = [*_head(plan.basis.account), *(line for step in plan.steps for line in _step(step))]
    return Exported("\n".join(lines) + "\n")


def _head(account: Account) -> list[str]:
    wrong = shlex.quote(f"these credentials are not for account {account.id}")
    return [
        "#!/bin/sh",
        about(account),
        "set -eu",
        "export AWS_PAGER=",
        "account=$(aws sts get-caller-identity --query=Account --output=text)",
        f'[ "$account" = {shlex.quote(account.id)} ] || {{ echo {wrong} >&2; exit 1; }}',
    ]


def _step(step: Step) -> list[str]:
    return ["", finding_of(step), line(step.action)]


def line(action: Action) -> str:
    """One call as one line. A value stands behind `=`, since a name may begin with a hyphen."""
    words = [word for name, value in action.parameters.items() for word in _option(name, value)]
    return shlex.join(["aws", "iam", _kebab(action.verb.value), *words])


def _option(name: str, value: Any) -> list[str]:
    option = f"--{_kebab(name)}"
    if isinstance(value, bool):
        return [option if value else f"--no-{_kebab(name)}"]
    return [f"{option}={_plain(name, value)}"]


def _plain(name: str, value: Any) -> str:
    """A value in one line of printable characters; JSON in its ASCII spelling."""
    if not isinstance(value, str):
        return json.dumps(value)
    if name.endswith("Document"):
        return json.dumps(json.loads(value))
    if not value.isprintable() or value.casefold().startswith(_NAMES_A_FILE):
        raise InputError(f"{name} {inert(value)!r} cannot be said to the AWS CLI", "use --out, and `apply`")
    return value


def _kebab(name: str) -> str:
    """`attach-group-policy` of `AttachGroupPolicy`."""
    return re.sub(r"(?<=.)(?=[A-Z])", "-", name).lower()
