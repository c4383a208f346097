"""Made-up principals and messages, as AWS words them."""

from __future__ import annotations

USER = "arn:aws:iam::210987654321:user/kim"
SESSION = "arn:aws:sts::210987654321:assumed-role/build/ci-7"
ROLE = "arn:aws:iam::210987654321:role/web"
ENCODED = "aB3_-x" * 50


def sentence(action: str, resource: str = "", reason: str = "", principal: str = SESSION) -> str:
    """AWS's sentence. reason: `identity-based policy` for an implicit deny, or words as they are."""
    on = f" on resource: {resource}" if resource else ""
    plain = reason.startswith(("with ", "because "))
    because = f" {reason}" if plain else f" because no {reason} allows the {action} action" if reason else ""
    return f"User: {principal} is not authorized to perform: {action}{on}{because}"
