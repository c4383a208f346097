"""Desired states that benchmarks.server's accounts meet, as texts of YAML."""

from __future__ import annotations

HEAD = ["version: 1", "policy_sets:", "  base:", "    policies: [AmazonEC2FullAccess, IAMReadOnlyAccess]", "groups:"]


def members_only(users: int, groups: int) -> str:
    """Groups with all of their users as members. Nothing is said of keys, sign-in or the root user."""
    lines = list(HEAD)
    for group in range(groups):
        members = ", ".join(f"user-{number:04}" for number in range(group, users, groups))
        lines += [f"  group-{group:03}:", "    required: [base]", f"    members: [{members}]"]
    return "\n".join(lines) + "\n"


def written_down(users: int, groups: int) -> str:
    """The same of an account that is closed: each user is an entry of its own, with group, path and owner."""
    lines = [HEAD[0], "closed: {users: true, groups: true}", *HEAD[1:]]
    lines.append("  Developers: {required: [base], members: [koding-user]}")
    for group in range(groups):
        lines += [f"  group-{group:03}:", "    required: [base]"]
    lines.append("users:")
    for user in range(users):
        owner = f"Team {user % 40:02}, cost centre {user:04}"
        lines += [f"  user-{user:04}:", f"    groups: [group-{user % groups:03}]", "    path: /", f"    owner: {owner}"]
    return "\n".join(lines) + "\n"


def gate(groups: int) -> str:
    """What a CI job asks for of a few groups, as the guide does: a set that is required and one that is optional.

    Nothing is said of keys: a file with limits on them is read with more calls by a later revision than by an earlier.
    """
    lines = [
        *HEAD[:-1],
        "  route53:",
        "    policies: [AmazonRoute53FullAccess, AmazonRoute53DomainsFullAccess]",
        HEAD[-1],
    ]
    lines += [f"  group-{group:03}: {{required: [base], optional: [route53]}}" for group in range(groups)]
    return "\n".join(lines) + "\n"
