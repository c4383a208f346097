"""Every error that the tool raises on purpose, under one root, so that one place can catch them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from koding_audit.model import Source


class AuditError(Exception):
    """Something the user has to know: what is wrong, where it stands, and what to do next.

    message: one sentence without a full stop; hint: the next step, or "" where there is none;
    location: the place in a file, or None. Each ends the run with exit status 2.
    """

    def __init__(self, message: str, hint: str = "", location: Source | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.location = location


class InputError(AuditError):
    """A file or an option that cannot be used as it stands."""


class AccessError(AuditError):
    """AWS could not be asked at all: credentials, profile, region, endpoint, or the wrong account."""


class RefusedError(AuditError):
    """A write that will not be made: root, an account that is not pinned, a plan that is stale."""
