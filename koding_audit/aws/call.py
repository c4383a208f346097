"""Sends one AWS API call, retries a reply that cannot be parsed, and converts each failure into a CallError."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, TypeVar
from urllib.parse import urlsplit

from koding_audit.aws.deadline import skew_seconds
from koding_audit.aws.xml_reader import OddValueError
from koding_audit.io.text import mask_secrets, pluralize
from koding_audit.model.clock import MAX_SKEW, is_future
from koding_audit.model.errors import EXPIRED_CREDENTIALS, CallError

T = TypeVar("T")

UNREADABLE_TRIES = 3  # botocore does not retry a call whose reply it cannot parse

ACCESS_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})

NO_SUCH_ENTITY = "NoSuchEntity"

_ALREADY_DONE = frozenset({"EntityAlreadyExists", NO_SUCH_ENTITY})

MALFORMED = "MalformedReply"

_MAX_MESSAGE = 2000  # characters of AWS's error message

# AWS's codes for a request whose time or signature it rejects; comparing the clocks shows which of the two is wrong.
_CLOCK_OR_KEY_ERRORS = frozenset({"RequestExpired", "SignatureDoesNotMatch", "InvalidSignatureException"})


def take_field(reply: Any, name: str, kind: type[T], call: str) -> T:
    """Returns a member of a reply, checked to be of type `kind`. Raises CallError, which names the member."""
    value = reply.get(name) if isinstance(reply, dict) else None
    if not isinstance(value, kind):
        raise CallError(call, MALFORMED, f"the reply has no usable {name}")
    return value


def take_past_time(reply: Any, name: str, call: str) -> datetime:
    """Returns the time of something that has happened, in UTC; IAM's times without a zone are UTC. Raises CallError.

    A time after now is none: a key that is created tomorrow would never be old.
    """
    value = take_field(reply, name, datetime, call)
    try:
        found = value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)
        is_past = not is_future(found, datetime.now(timezone.utc))
    except OverflowError:  # the first or last day of the calendar, in another zone
        raise CallError(call, MALFORMED, f"the reply has no usable {name}") from None
    if not is_past:
        raise CallError(call, MALFORMED, f"the reply has a {name} in the future")
    return found


class AccountTimeoutError(Exception):
    """The time limit of an account has passed; no further call is sent for it."""


class _RedirectError(Exception):
    """The reply is a redirect. AWS never redirects: a proxy or a network's sign-in page answered."""


def refuse_redirect(response_dict: Mapping[str, Any], **_: Any) -> None:
    """Botocore's event before parsing: raises an error that names the redirect's host.

    botocore itself does not follow a redirect, and reports only that it cannot parse the reply.
    """
    if 300 <= response_dict["status_code"] < 400:
        host = urlsplit(response_dict["headers"].get("location", "")).hostname or "nowhere"
        raise _RedirectError(f"status {response_dict['status_code']}, to {host}; it was not followed")


def call_service(sdk_client: Any, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Sends a call and returns its reply. Raises CallError.

    A read whose reply cannot be parsed is sent again, which botocore does not do. A write is never sent again: its
    caller reads back whether it was applied.
    """
    tries = UNREADABLE_TRIES if operation.startswith(("Get", "List", "Describe", "Lookup")) else 1
    while True:
        tries -= 1
        try:
            return _call_service_once(sdk_client, service, operation, parameters)
        except CallError as error:
            if error.code != MALFORMED or not tries:
                raise


def _call_service_once(sdk_client: Any, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The only place that calls botocore: converts each of its errors into a CallError with the call and the cause."""
    import botocore.exceptions as sdk  # noqa: PLC0415 - late, as in new_session
    from botocore import xform_name  # noqa: PLC0415 - as above
    from botocore.parsers import ResponseParserError  # noqa: PLC0415 - as above

    call = f"{service}:{operation}"
    unsent = (
        sdk.EndpointConnectionError,
        sdk.ConnectTimeoutError,
        sdk.ProxyConnectionError,
        sdk.SSLError,
        sdk.NoCredentialsError,
        sdk.CredentialRetrievalError,
        sdk.ParamValidationError,
    )
    # On a 200 with an unexpected body, botocore's parsers raise these built-in errors from their own code.
    unreadable = (ResponseParserError, LookupError, ValueError, TypeError, AttributeError, RecursionError)
    try:
        return take_field({"reply": getattr(sdk_client, xform_name(operation))(**parameters)}, "reply", dict, call)
    except sdk.ClientError as error:
        details, status = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
        code, message = str(details.get("Code", "Unknown")), str(details.get("Message", ""))[:_MAX_MESSAGE]
        # A 5xx may come after AWS applied the call. After a retry, "already exists" may be our own first attempt.
        own_effect = code in _ALREADY_DONE and status.get("RetryAttempts", 0) > 0
        refused = 400 <= status.get("HTTPStatusCode", 500) < 500 and not own_effect
        cause = _clock_cause(code, status.get("HTTPHeaders", {}).get("date", ""))
        raise CallError(call, code, message, refused=refused, cause=cause) from error
    except sdk.ProxyConnectionError as error:
        raise CallError(call, "ProxyConnection", f"{error}{_proxy_status(error)}", refused=True) from error
    except sdk.BotoCoreError as error:
        raise CallError(call, _error_name(error), botocore_message(error), refused=isinstance(error, unsent)) from error
    except AccountTimeoutError:
        raise deadline_error(call) from None
    except _RedirectError as error:
        raise CallError(call, "Redirect", str(error)) from error
    except OSError as error:  # a file that credentials are refreshed from is missing, or the connection broke
        raise CallError(call, _error_name(error), str(error)) from error
    except unreadable as error:
        problem = f"has {error}" if isinstance(error, OddValueError) else f"cannot be read ({_error_name(error)})"
        raise CallError(call, MALFORMED, f"the reply {problem}") from error
    except RuntimeError as error:
        if not is_expired_refresh(error):
            raise
        # botocore signs each attempt: an earlier one may have been sent, so a write may have been applied.
        raise CallError(call, EXPIRED_CREDENTIALS, "the new credentials of their source have expired too") from None


def is_expired_refresh(error: BaseException) -> bool:
    """Whether botocore refused refreshed credentials that are still expired; it has no class for this error."""
    return type(error) is RuntimeError and "credentials are still expired" in str(error)


def _clock_cause(code: str, date: str) -> str:
    """Returns why AWS rejected the time or signature of a request, from the Date of its reply; "" if unknown."""
    if code not in _CLOCK_OR_KEY_ERRORS:
        return ""
    skew = skew_seconds(date)
    if skew is None:
        return "this machine's clock may be wrong"
    if abs(skew) > MAX_SKEW:
        side = "ahead of" if skew > 0 else "behind"
        return f"this machine's clock is {pluralize(abs(skew) // 60, 'minute')} {side} AWS's"
    return "" if code == "RequestExpired" else "the clocks agree: the secret key is not that of the key id"


def _proxy_status(error: Any) -> str:
    """Returns the status with which a proxy refused, such as 407, in brackets; botocore's message omits it."""
    inner = getattr(error.kwargs.get("error"), "original_error", None)
    return f" ({inner})" if isinstance(inner, OSError) else ""


def _error_name(error: BaseException) -> str:
    return type(error).__name__.removesuffix("Error")


def botocore_message(error: Exception) -> str:
    """Returns botocore's message for a failure, without headers, a proxy's password or a program's output."""
    import botocore.exceptions as sdk  # noqa: PLC0415 - late, as in new_session

    details = getattr(error, "kwargs", {})
    if type(error) is sdk.HTTPClientError:
        return f"the HTTP client failed: {type(details.get('error')).__name__}"
    if isinstance(error, sdk.CredentialRetrievalError) and details.get("provider") == "custom-process":
        return "the program that credential_process names gave no credentials; run it to see what it says"
    return mask_secrets(str(error))


def deadline_error(call: str) -> CallError:
    """Returns the error of a call that was not sent because the run's time limit had passed."""
    return CallError(call, "DeadlineExceeded", "the run's time was up", refused=True)
