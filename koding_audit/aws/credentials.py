"""Finds AWS credentials, assumes a role, and explains why credentials could not be obtained."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

from koding_audit.aws import profiles
from koding_audit.aws.call import ACCESS_DENIED, T, botocore_message, call_service, is_expired_refresh, take_field
from koding_audit.aws.config_files import check_token_files
from koding_audit.aws.deadline import Deadline
from koding_audit.aws.session import make_client
from koding_audit.aws.settings import CallerCredentials, Settings
from koding_audit.model.errors import AccessError, AuditError, CallError, EndpointError

_CREDENTIALS_HINT = "run `aws configure`, set AWS_PROFILE, or give --profile; `koding-audit demo` needs no credentials"

_SETTINGS_HINT = "check ~/.aws/config, ~/.aws/credentials and the AWS_* variables"

_MAX_PROGRAM_OUTPUT = 200  # characters of what credential_process writes to stderr


def find_credentials(session: Any, settings: Settings, can_prompt: bool) -> tuple[dict[str, Any], CallerCredentials]:
    """Returns the keys of the role in the settings, {} without a role, and a description of botocore's credentials.

    botocore's credentials are resolved here, so that a failing sign-in is reported now and not by the first call.
    Raises AccessError.
    """
    with _explain_credential_errors(session, settings):
        name = session.get_config_variable("profile") or "default"
        check_token_files(session.full_config.get("profiles", {}), name)
        _check_mfa_prompt(session, settings, can_prompt)
        credentials = session.get_credentials()
        found = credentials and credentials.get_frozen_credentials()
    if not found:
        raise AccessError("no AWS credentials were found", _CREDENTIALS_HINT)
    parts = (("key id", found.access_key), ("secret key", found.secret_key), ("session token", found.token or "x"))
    for what, text in parts:
        if not re.fullmatch(r"[!-~]+", text or ""):  # the error of an invalid header would quote the secret
            message = f"the {what} of the AWS credentials is empty or contains a space, a line break or a control code"
            raise AccessError(message, f"copy it again to its source ({credentials.method})")
    key_id = found.access_key
    in_use = CallerCredentials(
        credentials.method, key_id[:4], key_id[-4:], bool(found.token), _profile_in_use(settings), settings.role_arn
    )
    if not settings.role_arn:
        return {}, in_use
    keys, _ = assume_role(make_client(session, "sts", settings), settings.role_arn, settings.external_id)
    return keys, in_use


def _check_mfa_prompt(session: Any, settings: Settings, can_prompt: bool) -> None:
    """Raises AccessError if botocore would prompt for an MFA code and no person can type it.

    botocore would write the question to a job's log and wait until the run's time limit.
    """
    if os.environ.get("AWS_ACCESS_KEY_ID") and not settings.profile:
        return  # these have precedence over a profile
    name = session.get_config_variable("profile") or "default"
    code = profiles.find_mfa_prompt(session.full_config.get("profiles", {}), name)
    if code and not (can_prompt and _has_terminal()):
        hint = (
            f'sign in first with `eval "$(aws configure export-credentials --profile {name} --format env)"` and'
            " omit --profile; for a scheduled run, use a profile without mfa_serial"
        )
        device = f" of {code.device}" if code.device else ""
        why = "there is no terminal to type it" if can_prompt else "a scheduled run cannot prompt"
        raise AccessError(f"profile {code.profile} needs an MFA code{device}, and {why}", hint)


def _has_terminal() -> bool:
    """Whether this process has a terminal; botocore prompts there, even if standard input is redirected."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _explain_credential_errors(session: Any, settings: Settings) -> Iterator[None]:
    """Converts each error of botocore's credential providers into an AccessError that names the provider."""
    import botocore.exceptions as sdk  # noqa: PLC0415 - late, as in new_session

    try:
        yield
    except (AuditError, sdk.ProfileNotFound, sdk.ConfigParseError, sdk.ConfigNotFound):
        raise
    except EOFError:
        raise AccessError("no MFA code was typed", "type the six digits that the device shows") from None
    except sdk.PartialCredentialsError as error:
        hint = f"add the missing value, or remove the others; {_SETTINGS_HINT}"
        raise AccessError(f"the AWS credentials are incomplete: {error}", hint) from None
    except sdk.SSOError as error:
        profile = _profile_in_use(settings)
        hint = f"run `aws sso login{f' --profile {profile}' if profile else ''}`"
        raise AccessError(f"the SSO sign-in of the profile is missing or expired: {error}", hint) from None
    except (sdk.BotoCoreError, sdk.ClientError, LookupError, ValueError, TypeError, AttributeError, OSError) as error:
        raise _provider_error(error, session, settings) from None
    except RuntimeError as error:
        if not is_expired_refresh(error):
            raise
        raise _expired_error(session, settings) from None


def _provider_error(error: BaseException, session: Any, settings: Settings) -> AccessError:
    """The error for a source that returned no credentials."""
    if not session.get_scoped_config().get("credential_process"):
        return AccessError(f"could not get the AWS credentials: {error}", _SETTINGS_HINT)
    profile = _profile_in_use(settings) or "the default profile"
    message = f"credential_process of {profile} returned no usable credentials"
    hint = "run the program itself: it must print the JSON that AWS documents and exit with status 0"
    return AccessError(f"{message}: {_program_failure(error)}", hint)


def _expired_error(session: Any, settings: Settings) -> AccessError:
    """The error for credentials that were expired when their source returned them."""
    profile = _profile_in_use(settings) or "the default profile"
    source = f"credential_process of {profile}" if session.get_scoped_config().get("credential_process") else profile
    hint = "sign in again where they come from; if they are new, check the clock of this machine (`date -u`)"
    return AccessError(f"the credentials have expired: {source} returned credentials past their expiration", hint)


def _profile_in_use(settings: Settings) -> str:
    """Returns the name of the profile in use, "" for the default one."""
    return settings.profile or os.environ.get("AWS_DEFAULT_PROFILE") or os.environ.get("AWS_PROFILE") or ""


def _program_failure(error: BaseException) -> str:
    """Returns why credential_process failed: at most its first line, without any word as long as a key or a token."""
    if isinstance(error, OSError):
        return str(error)
    text = str(error).removeprefix("Error when retrieving credentials from custom-process: ").strip().partition("\n")[0]
    return re.sub(r"[\w/+=.-]{20,}", "[...]", text)[:_MAX_PROGRAM_OUTPUT] if text else "it failed without a message"


def wait_for_credentials(future: Future[T], deadline: Deadline) -> T:
    """Returns the credentials of a search. Raises AccessError if credential_process or STS hangs past the deadline."""
    try:
        return future.result(timeout=max(0.0, deadline.remaining()))
    except FutureTimeout:
        hint = (
            "check the profile's credential_process, role or sign-in, and this machine's metadata service"
            " (AWS_EC2_METADATA_DISABLED=true skips it), or raise --timeout"
        )
        raise AccessError("could not get the AWS credentials within the time limit", hint) from None


def assume_role(sts: Any, role_arn: str, external_id: str) -> tuple[dict[str, str], str]:
    """Returns temporary keys of the role and the ARN of the session, "" if the reply has none. Raises AccessError.

    The keys are valid for fifteen minutes, AWS's minimum.
    """
    parameters: dict[str, Any] = {"RoleArn": role_arn, "RoleSessionName": "koding-audit", "DurationSeconds": 900}
    if external_id:
        parameters["ExternalId"] = external_id
    names = {
        "aws_access_key_id": "AccessKeyId",
        "aws_secret_access_key": "SecretAccessKey",
        "aws_session_token": "SessionToken",
    }
    call = "sts:AssumeRole"
    try:
        reply = call_service(sts, "sts", "AssumeRole", parameters)
        keys = take_field(reply, "Credentials", dict, call)
        arn = reply.get("AssumedRoleUser", {}).get("Arn", "")
        return {ours: take_field(keys, theirs, str, call) for ours, theirs in names.items()}, arn
    except CallError as error:
        trust = "allow this caller in the role's trust policy, and give --external-id if the policy requires one"
        others = "check the credentials that assume the role, the network and the clock"
        why = f"{error.code}: {error.cause}" if error.cause else error.code
        hint = trust if error.code in ACCESS_DENIED else others
        raise AccessError(f"role {role_arn} cannot be assumed: {why}", hint) from error


@contextlib.contextmanager
def explain_setup_errors(settings: Settings) -> Iterator[None]:
    """Converts botocore's errors before the first call into AccessError or EndpointError with a hint."""
    import botocore.exceptions as sdk  # noqa: PLC0415 - late, as in new_session

    try:
        yield
    except AuditError:
        raise
    except sdk.ProfileNotFound:
        name = _profile_in_use(settings)
        hint = "run `aws configure list-profiles` to list the profiles"
        raise AccessError(f"AWS profile {name!r} does not exist", hint) from None
    except (sdk.InvalidRegionError, sdk.UnknownRegionError) as error:
        hint = "give --region, such as us-east-1, or correct AWS_REGION, AWS_DEFAULT_REGION or the profile's region"
        raise EndpointError(f"the region is not valid: {error}", hint) from None
    except (LookupError, TypeError, AttributeError) as error:  # botocore does not check a program's output
        hint = "run the credential_process of ~/.aws/config: it must print one JSON object"
        raise AccessError("the AWS credentials cannot be read", hint) from error
    except (sdk.BotoCoreError, ValueError, OSError) as error:
        raise AccessError(f"the AWS settings are not valid: {botocore_message(error)}", _SETTINGS_HINT) from None
