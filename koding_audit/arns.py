"""Amazon Resource Names of IAM: taken apart once, here."""

from __future__ import annotations


def policy_name(arn: str) -> str:
    """The name of a managed policy with its path, as a desired-state file writes it.

    `IAMReadOnlyAccess`, `job-function/Billing`; an account's own: `customer:team/edge`. What is no ARN stays as it is.
    """
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return arn
    name = parts[5].removeprefix("policy/")
    return name if parts[4] == "aws" else f"customer:{name}"
