"""The errors that the tool raises on purpose, with one base class, so that one place can catch them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from koding_audit.model.location import Location


EXPIRED_CREDENTIALS = "ExpiredCredentials"
"""The code of a CallError: the credentials have expired, and what their source gives instead has expired too."""


class AuditError(Exception):
    """An error for the user: what is wrong, where, and what to do. It ends the run with exit status 2.

    message: one sentence without a full stop.
    hint: the next step, or "".
    location: the place in a file, or None.
    """

    def __init__(self, message: str, hint: str = "", location: Location | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.location = location


class InputError(AuditError):
    """A file or an option is invalid."""


class NoScriptError(InputError):
    """A folder has no stack script."""


class AccessError(AuditError):
    """AWS cannot be called: credentials, profile, region, endpoint, or the wrong account."""


class EndpointError(AccessError):
    """The connection to AWS is configured incorrectly: the region, or the certificates to trust."""


class RefusedError(AuditError):
    """A write is refused: root, an account that is not pinned, a stale plan."""


class CallError(AuditError):
    """One call to AWS failed.

    call: `iam:GetUser`.
    code: AWS's error code, or the kind of failure (`ReadTimeout`, `MalformedReply`).
    detail: more details, or "".
    refused: whether AWS cannot have acted on it: it refused the request, or did not receive it. Otherwise a write may
        have been applied.
    cause: the reason as far as this tool knows it, such as the error of the clock, or "".
    """

    def __init__(self, call: str, code: str, detail: str, *, refused: bool = False, cause: str = "") -> None:
        message = f"{call} failed: {code}: {detail}" if detail else f"{call} failed: {code}"
        super().__init__(f"{message} ({cause})" if cause else message)
        self.call = call
        self.code = code
        self.detail = detail
        self.refused = refused
        self.cause = cause
