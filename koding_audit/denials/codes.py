"""The error codes with which AWS's services answer a denied request."""

from __future__ import annotations

DENIAL_CODES = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AccessDeniedFault",
        "AuthorizationError",
        "AuthorizationErrorException",
        "KMSAccessDeniedException",
        "NotAuthorized",
        "UnauthorizedAccess",
        "UnauthorizedOperation",
    }
)
"""Codes of denials; the same codes are used for other errors too, so that a code alone decides nothing.

Some services answer with HTTP's own words instead, `403` or `Forbidden`.
"""


def is_denial_code(code: str) -> bool:
    """Whether a code may be that of a denial; with the prefix that EC2 adds in CloudTrail."""
    return code.removeprefix("Client.") in DENIAL_CODES
