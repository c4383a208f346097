"""One call of AWS: sends it, retries what cannot be parsed, and turns each failure into an error of this package."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, TypeVar
from urllib.parse import urlsplit

from koding_audit.aws.deadline import skew_seconds
from koding_audit.io.text import mask_secrets, pluralize
from koding_audit.model.errors import CallError

T = TypeVar("T")

UNREADABLE_TRIES = 3  # botocore does not send again what it cannot parse

ACCESS_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})

NO_SUCH_ENTITY = "NoSuchEntity"

_ALREADY_DONE = frozenset({"EntityAlreadyExists", NO_SUCH_ENTITY})

MALFORMED = "MalformedReply"

_MAX_MESSAGE = 2000  # characters of what AWS says of an error

# What AWS says to a request whose time or signature it does not accept; which of the two it was, the clock tells.
_CLOCK_OR_KEY_ERRORS = frozenset({"RequestExpired", "SignatureDoesNotMatch", "InvalidSignatureException"})

MAX_SKEW = 240  # seconds; a signature is good for five minutes


def take_field(reply: Any, name: str, kind: type[T], call: str) -> T:
    """A member of a reply, of the type it has to have; CallError names what is wrong with the reply."""
    value = reply.get(name) if isinstance(reply, dict) else None
    if not isinstance(value, kind):
        raise CallError(call, MALFORMED, f"the reply has no usable {name}")
    return value


def take_time(reply: Any, name: str, call: str) -> datetime:
    """A time in UTC; one without a zone is UTC already, as IAM gives no other."""
    value = take_field(reply, name, datetime, call)
    try:
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)
    except OverflowError:  # the first or last day of the calendar, in another zone
        raise CallError(call, MALFORMED, f"the reply has no usable {name}") from None


class AccountTimeoutError(Exception):
    """The account's time is up, and nothing more is sent for it."""


class _RedirectError(Exception):
    """AWS redirects nobody: what answered is a proxy, or the sign-in page of a network."""


def refuse_redirect(response_dict: Mapping[str, Any], **_: Any) -> None:
    """Of a redirect botocore says no more than that it cannot read the reply; it never follows one."""
    if 300 <= response_dict["status_code"] < 400:
        host = urlsplit(response_dict["headers"].get("location", "")).hostname or "nowhere"
        raise _RedirectError(f"status {response_dict['status_code']}, to {host}; it was not followed")


def call_service(sdk_client: Any, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A call whose unreadable reply is asked for again, which botocore does not do; a write never is: whether it was
    applied is for its caller to read back.
    """
    tries = UNREADABLE_TRIES if operation.startswith(("Get", "List", "Describe")) else 1
    while True:
        tries -= 1
        try:
            return _call_service_once(sdk_client, service, operation, parameters)
        except CallError as error:
            if error.code != MALFORMED or not tries:
                raise


def _call_service_once(sdk_client: Any, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The one boundary with botocore: whatever it raises becomes a CallError that says which call and why."""
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
    # Of a 200 with the wrong body botocore's parsers raise whatever their own code trips over.
    unreadable = (ResponseParserError, LookupError, ValueError, TypeError, AttributeError, RecursionError)
    try:
        return take_field({"reply": getattr(sdk_client, xform_name(operation))(**parameters)}, "reply", dict, call)
    except sdk.ClientError as error:
        details, status = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
        code, message = str(details.get("Code", "Unknown")), str(details.get("Message", ""))[:_MAX_MESSAGE]
        # A server that failed may have failed after it acted; and what was sent twice may refuse what it did itself.
        own_doing = code in _ALREADY_DONE and status.get("RetryAttempts", 0) > 0
        refused = 400 <= status.get("HTTPStatusCode", 500) < 500 and not own_doing
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
    except OSError as error:  # a file that credentials are renewed from is gone, or a connection broke
        raise CallError(call, _error_name(error), str(error)) from error
    except unreadable as error:
        raise CallError(call, MALFORMED, f"the reply cannot be read ({_error_name(error)})") from error


def _clock_cause(code: str, date: str) -> str:
    """What the time of AWS's own reply says of a refusal for the time or the signature of a request, or ""."""
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
    """The status that a proxy refused with, such as 407, which botocore's own message leaves out."""
    inner = getattr(error.kwargs.get("error"), "original_error", None)
    return f" ({inner})" if isinstance(inner, OSError) else ""


def _error_name(error: BaseException) -> str:
    return type(error).__name__.removesuffix("Error")


def botocore_message(error: Exception) -> str:
    """What botocore says of a failure, but for what quotes a header, a proxy's password or a program's output."""
    import botocore.exceptions as sdk  # noqa: PLC0415 - late, as in new_session

    told = getattr(error, "kwargs", {})
    if type(error) is sdk.HTTPClientError:
        return f"the HTTP client failed: {type(told.get('error')).__name__}"
    if isinstance(error, sdk.CredentialRetrievalError) and told.get("provider") == "custom-process":
        return "the program that credential_process names gave no credentials; run it to see what it says"
    return mask_secrets(str(error))


def deadline_error(call: str) -> CallError:
    return CallError(call, "DeadlineExceeded", "the run's time was up", refused=True)
