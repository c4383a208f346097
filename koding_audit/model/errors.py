"""Every error that the tool raises on purpose, under one root, so that one place can catch them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from koding_audit.model.location import Location


class AuditError(Exception):
    """Something the user has to know: what is wrong, where it stands, and what to do next.

    message: one sentence without a full stop; hint: the next step, or "" where there is none;
    location: the place in a file, or None. Each ends the run with exit status 2.
    """

    def __init__(self, message: str, hint: str = "", location: Location | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.location = location


class InputError(AuditError):
    """A file or an option that cannot be used as it stands."""


class AccessError(AuditError):
    """AWS could not be asked at all: credentials, profile, region, endpoint, or the wrong account."""


class EndpointError(AccessError):
    """The way to AWS is not set as it could be: the region, the certificates to trust."""


class RefusedError(AuditError):
    """A write that will not be made: root, an account that is not pinned, a plan that is stale."""


class CallError(AuditError):
    """One call to AWS that gave no usable answer.

    call: `iam:GetUser`; code: AWS's error code, or the kind of failure (`ReadTimeout`, `MalformedReply`);
    detail: more of it, or ""; refused: AWS cannot have acted on it: it said no, or never got the request. Else a write
    may have been applied. cause: what this tool itself knows of why, such as how wrong the clock is, or "".
    """

    def __init__(self, call: str, code: str, detail: str, *, refused: bool = False, cause: str = "") -> None:
        said = f"{call} failed: {code}: {detail}" if detail else f"{call} failed: {code}"
        super().__init__(f"{said} ({cause})" if cause else said)
        self.call = call
        self.code = code
        self.detail = detail
        self.refused = refused
        self.cause = cause
