"""How a template is deployed, as the command line says it."""

from __future__ import annotations

import re

from koding_audit.model.errors import InputError
from koding_audit.model.frozen import dataclass

_ROLE = re.compile(r"(?:arn:[a-z-]+:iam::\d{12}:)?role/(?:[!-~]+/)?([A-Za-z0-9_+=,.@-]{1,64})")


@dataclass(frozen=True, slots=True)
class Deployment:
    """How a template is deployed.

    stack_name: the name of its stack, "" if it is not known
    service_role: the role that CloudFormation assumes, `role/NAME`; "" if it uses the caller's credentials
    """

    stack_name: str = ""
    service_role: str = ""


CALLER_ALONE = Deployment()
"""A stack without a name that is known, made with the caller's own credentials."""


def parse_deployment(stack_name: str, service_role: str) -> Deployment:
    """Returns a deployment from `NAME`, and `role/NAME` or the ARN of a role; "" for neither. Raises InputError."""
    found = _ROLE.fullmatch(service_role)
    if service_role and found is None:
        raise InputError(f"--service-role {service_role} is not a role", "write role/NAME, or the role's ARN")
    return Deployment(stack_name, f"role/{found[1]}" if found else "")
