"""Finds credentials, assumes the role of a target, and says why there are none."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

from koding_audit.aws import profiles
from koding_audit.aws.call import ACCESS_DENIED, T, botocore_message, call_service, take_field
from koding_audit.aws.deadline import Deadline
from koding_audit.aws.session import make_client
from koding_audit.aws.settings import CallerCredentials, Settings
from koding_audit.model.errors import AccessError, AuditError, CallError, EndpointError

_CREDENTIALS_HINT = "run `aws configure`, set AWS_PROFILE, or give --profile; `koding-audit demo` needs none"

_SETTINGS_HINT = "look at ~/.aws/config, ~/.aws/credentials and the AWS_* variables"

_MAX_PROGRAM_OUTPUT = 200  # characters of what a program of the user's says to its error stream


def find_credentials(session: Any, settings: Settings, asks: bool) -> tuple[dict[str, Any], CallerCredentials]:
    """Keys of the role that the settings name; none where botocore's own are the ones to use. Raises AccessError.

    And what botocore's own are.

    botocore's own are had here too: what signs a user in fails now, and not in the middle of the first call.
    """
    with _explain_credential_errors(session, settings):
        _check_mfa_prompt(session, settings, asks)
        credentials = session.get_credentials()
        found = credentials and credentials.get_frozen_credentials()
    if not found:
        raise AccessError("no AWS credentials were found", _CREDENTIALS_HINT)
    parts = (("key id", found.access_key), ("secret key", found.secret_key), ("session token", found.token or "x"))
    for what, text in parts:
        if not re.fullmatch(r"[!-~]+", text or ""):  # it would be told, token and all, when it does not fit a header
            message = f"the {what} of the AWS credentials is empty, or holds a space, a line break or the like"
            raise AccessError(message, f"look at where it comes from ({credentials.method}), and copy it again")
    known = found.access_key
    held = CallerCredentials(
        credentials.method, known[:4], known[-4:], bool(found.token), _profile_in_use(settings), settings.role_arn
    )
    if not settings.role_arn:
        return {}, held
    keys, _ = assume_role(make_client(session, "sts", settings), settings.role_arn, settings.external_id)
    return keys, held


def _check_mfa_prompt(session: Any, settings: Settings, asks: bool) -> None:
    """A code that nobody can type is not waited for: botocore would ask, in a job's log, until the run's time is up."""
    if os.environ.get("AWS_ACCESS_KEY_ID") and not settings.profile:
        return  # these come first
    name = session.get_config_variable("profile") or "default"
    code = profiles.find_mfa_prompt(session.full_config.get("profiles", {}), name)
    if code and not (asks and _has_terminal()):
        hint = (
            f'sign in first, `eval "$(aws configure export-credentials --profile {name} --format env)"`, and leave'
            " --profile out; a scheduled run needs a profile without mfa_serial"
        )
        device = f" of {code.device}" if code.device else ""
        nobody = "nobody is there to type it" if asks else "no scheduled run can answer"
        raise AccessError(f"profile {code.profile} asks for an MFA code{device}, and {nobody}", hint)


def _has_terminal() -> bool:
    """Whether the question would reach a person: it is put to the terminal, whatever standard input is."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _explain_credential_errors(session: Any, settings: Settings) -> Iterator[None]:
    """What gives credentials, and fails, is named: botocore raises whatever its own code trips over."""
    import botocore.exceptions as sdk  # noqa: PLC0415 - late, as in new_session

    try:
        yield
    except (AuditError, sdk.ProfileNotFound, sdk.ConfigParseError, sdk.ConfigNotFound):
        raise
    except EOFError:
        raise AccessError("no MFA code was typed", "type the six digits that the device shows") from None
    except sdk.PartialCredentialsError as error:
        hint = f"give what is missing too, or leave out what is there; {_SETTINGS_HINT}"
        raise AccessError(f"the AWS credentials are not whole: {error}", hint) from None
    except sdk.SSOError as error:
        profile = _profile_in_use(settings)
        hint = f"run `aws sso login{f' --profile {profile}' if profile else ''}`"
        raise AccessError(f"the sign-in of the profile is over, or never was: {error}", hint) from None
    except (sdk.BotoCoreError, sdk.ClientError, LookupError, ValueError, TypeError, AttributeError, OSError) as error:
        program = session.get_scoped_config().get("credential_process")
        if program:
            message = (
                f"credential_process of {_profile_in_use(settings) or 'the default profile'} gives no "
                f"usable credentials"
            )
            hint = "run the program by itself: it has to print the JSON that AWS documents, and end with 0"
            raise AccessError(f"{message}: {_program_failure(error)}", hint) from None
        raise AccessError(f"the AWS credentials cannot be had: {error}", _SETTINGS_HINT) from None


def _profile_in_use(settings: Settings) -> str:
    """The profile that is in use, "" for the default one."""
    return settings.profile or os.environ.get("AWS_DEFAULT_PROFILE") or os.environ.get("AWS_PROFILE") or ""


def _program_failure(error: BaseException) -> str:
    """Why it gave nothing: of what it said a line at most, without anything as long as a key or a token."""
    if isinstance(error, OSError):
        return str(error)
    said = str(error).removeprefix("Error when retrieving credentials from custom-process: ").strip().partition("\n")[0]
    return re.sub(r"[\w/+=.-]{20,}", "[...]", said)[:_MAX_PROGRAM_OUTPUT] if said else "it failed, and said nothing"


def wait_for_credentials(future: Future[T], deadline: Deadline) -> T:
    """What gives credentials may hang: a program that a profile names, or a role's STS."""
    try:
        return future.result(timeout=max(0.0, deadline.remaining()))
    except FutureTimeout:
        hint = (
            "look at the profile's credential_process, role or sign-in, and at the metadata service of this machine"
            " (AWS_EC2_METADATA_DISABLED=true leaves that out); `--timeout` gives it more time"
        )
        raise AccessError("the AWS credentials did not come in time", hint) from None


def assume_role(sts: Any, role_arn: str, external_id: str) -> tuple[dict[str, str], str]:
    """Temporary keys of the role, for the fifteen minutes that AWS gives at the least, and the ARN of the session.

    AWS need not tell that: "" then. Raises AccessError.
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
        trust = "the role's trust policy must name this caller, and its ExternalId if it asks for one"
        others = "look at the keys that it is assumed with, at the network and at the clock"
        why = f"{error.code}: {error.cause}" if error.cause else error.code
        hint = trust if error.code in ACCESS_DENIED else others
        raise AccessError(f"role {role_arn} cannot be assumed: {why}", hint) from error


@contextlib.contextmanager
def explain_setup_errors(settings: Settings) -> Iterator[None]:
    """What can go wrong before the first call, in the user's words."""
    import botocore.exceptions as sdk  # noqa: PLC0415 - late, as in new_session

    try:
        yield
    except AuditError:
        raise
    except sdk.ProfileNotFound:
        name = _profile_in_use(settings)
        hint = "`aws configure list-profiles` lists those there are"
        raise AccessError(f"there is no AWS profile {name!r}", hint) from None
    except (sdk.InvalidRegionError, sdk.UnknownRegionError) as error:
        hint = "give --region, such as us-east-1; else it is from AWS_REGION, AWS_DEFAULT_REGION or the profile"
        raise EndpointError(f"the region cannot be used: {error}", hint) from None
    except (LookupError, TypeError, AttributeError) as error:  # of botocore, which takes a program's output as it comes
        hint = "look at credential_process in ~/.aws/config, and run it: it has to print one JSON object"
        raise AccessError("the AWS credentials cannot be read", hint) from error
    except (sdk.BotoCoreError, ValueError, OSError) as error:
        raise AccessError(f"the AWS settings cannot be used: {botocore_message(error)}", _SETTINGS_HINT) from None
