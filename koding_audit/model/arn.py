"""Parses the ARNs of IAM."""

from __future__ import annotations


def policy_name(arn: str) -> str:
    """The name of a managed policy with its path, as a desired-state file writes it.

    `IAMReadOnlyAccess`, `job-function/Billing`; an account's own: `customer:team/edge`. Other text is not changed.
    """
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return arn
    name = parts[5].removeprefix("policy/")
    return name if parts[4] == "aws" else f"customer:{name}"


def is_same_policy(one: str, other: str) -> bool:
    """Whether two ARNs name the same managed policy, regardless of partition and of the account that owns it.

    IAM's names are unique ignoring case.
    """
    return policy_name(one).casefold() == policy_name(other).casefold()


def arn_partition(arn: str) -> str:
    """The partition of an ARN: `aws`, `aws-cn`, ...; "" if the text is not an ARN."""
    parts = arn.split(":", 5)
    return parts[1] if len(parts) == 6 else ""


def arn_account(arn: str) -> str:
    """The account id in an ARN, `aws` for AWS's own policies; "" if the text is not an ARN."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""


def subject_label(arn: str) -> str:
    """The name of a subject for people: `group Developers`, `user koding-user`, `account and root user`."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return arn
    kind, slash, path = parts[5].partition("/")
    if not slash:
        return "account and root user" if kind == "root" else parts[5]
    return f"policy {policy_name(arn)}" if kind == "policy" else f"{kind} {path.rpartition('/')[2]}"
