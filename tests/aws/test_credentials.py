"""Credentials: where they come from, what is wrong with them, and the role that is assumed with them."""

from __future__ import annotations

import functools
import json
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from koding_audit.aws import credentials
from koding_audit.aws.connection import connect
from koding_audit.aws.settings import Settings
from koding_audit.cli import main
from tests.aws.replies import ARN, KEYS, ROLE, config_file, refused
from tests.servers.replay import Replay, identity, recorded


def test_no_credentials_are_an_access_error(aws_environment: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        aws_environment.delenv(name)
    error = refused(Settings())
    assert error.message == "no AWS credentials were found"
    assert "aws configure" in error.hint


@pytest.mark.parametrize("missing", ["AWS_SECRET_ACCESS_KEY", "file"])
def test_half_of_the_credentials_is_an_access_error(
    missing: str, aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    aws_environment.delenv("AWS_SECRET_ACCESS_KEY")
    if missing == "file":
        aws_environment.delenv("AWS_ACCESS_KEY_ID")
        (tmp_path / ".aws").mkdir()
        (tmp_path / ".aws" / "credentials").write_text("[default]\naws_access_key_id = AKIAEXAMPLE\n")
    error = refused(Settings())
    assert "incomplete: Partial credentials" in error.message
    assert "add the missing value" in error.hint


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("AWS_ACCESS_KEY_ID", "AKIA PLANTED", "key id"),
        ("AWS_ACCESS_KEY_ID", "AKIA-PLANTED-\u00e9", "key id"),
        ("AWS_SECRET_ACCESS_KEY", "PLANTED\n", "secret key"),
        ("AWS_SESSION_TOKEN", "PLANTED\r\nX-Header: y", "session token"),
        ("AWS_SESSION_TOKEN", "PLANTED ", "session token"),
    ],
)
def test_a_key_that_no_header_can_hold_is_refused_and_not_told(
    name: str, value: str, what: str, aws_environment: pytest.MonkeyPatch
) -> None:
    aws_environment.setenv(name, value)
    error = refused(Settings())
    assert error.message.startswith(f"the {what} of the AWS credentials")
    assert "(env)" in error.hint
    assert "PLANTED" not in error.message + error.hint


@pytest.mark.parametrize("by", ["option", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_an_unknown_profile_is_an_access_error_that_names_it(by: str, aws_environment: pytest.MonkeyPatch) -> None:
    if by != "option":
        aws_environment.setenv(by, "nobody")
    error = refused(Settings(profile="nobody" if by == "option" else ""))
    assert error.message == "AWS profile 'nobody' does not exist"
    assert "list-profiles" in error.hint


@pytest.mark.parametrize("region", ["nonsense", "us-east-1 ", "us_east_1", "xx-nowhere-9", "../x"])
@pytest.mark.parametrize("by", ["option", "AWS_REGION", "AWS_DEFAULT_REGION"])
def test_a_nonsense_region_is_an_access_error(region: str, by: str, aws_environment: pytest.MonkeyPatch) -> None:
    if by != "option":
        aws_environment.setenv(by, region)
    error = refused(Settings(region=region if by == "option" else ""))
    assert error.message.startswith("the region is not valid")
    assert repr(region) in error.message or region in error.message
    assert "us-east-1" in error.hint


PROGRAM = "credential_process of p returned no usable credentials"
BROKEN = {
    "no ini": ("[profile p\nregion", "Unable to parse config file"),
    "a section twice": ("[profile p]\n[profile p]\n", "Unable to parse config file"),
    "a process that prints junk": ("[profile p]\ncredential_process = echo PLANTED", f"{PROGRAM}: Expecting value"),
    "a process that prints a list": ("[profile p]\ncredential_process = echo []", PROGRAM),
    "a process that prints half": (
        '[profile p]\ncredential_process = echo \'{"Version": 1, "AccessKeyId": "PLANTED"}\'',
        f"{PROGRAM}: Missing required key in response: 'SecretAccessKey'",
    ),
    "a process that is not there": (
        "[profile p]\ncredential_process = /nonexistent/program",
        f"{PROGRAM}: [Errno 2] No such file or directory: '/nonexistent/program'",
    ),
    "a process that fails": ("[profile p]\ncredential_process = false", f"{PROGRAM}: it failed without a message"),
    "a process that fails and says why": (
        "[profile p]\ncredential_process = sh -c 'echo no session for FwoGZXIvYXdzEPLANTEDtokentoken >&2; exit 3'",
        f"{PROGRAM}: no session for [...]",
    ),
    "a process that cannot be started": (
        "[profile p]\ncredential_process = echo 'x",
        f"{PROGRAM}: No closing quotation",
    ),
    "a role without a source": (
        "[profile p]\nrole_arn = arn:aws:iam::123456789012:role/audit",
        "missing: source_profile",
    ),
    "a circle of roles": (
        "[profile p]\nrole_arn = arn:aws:iam::123456789012:role/a\nsource_profile = q\n"
        "[profile q]\nrole_arn = arn:aws:iam::123456789012:role/b\nsource_profile = p",
        "Infinite loop in credential configuration",
    ),
    "a source that is not there": (
        "[profile p]\nrole_arn = arn:aws:iam::123456789012:role/a\nsource_profile = q",
        'source_profile "q"',
    ),
    "a token file that is not there": (
        "[profile p]\nrole_arn = arn:aws:iam::123456789012:role/a\nweb_identity_token_file = /nonexistent/token",
        "'/nonexistent/token'",
    ),
}


@pytest.mark.parametrize(("text", "told"), BROKEN.values(), ids=BROKEN)
def test_a_broken_configuration_is_an_access_error_that_names_what_is_broken(
    text: str, told: str, aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config_file(aws_environment, tmp_path, text)
    error = refused(Settings(profile="p"))
    assert told in error.message
    assert "PLANTED" not in error.message
    assert "run the program itself" in error.hint if told.startswith(PROGRAM) else "~/.aws/config" in error.hint


ASKS = """[default]
aws_access_key_id = AKIAEXAMPLE
aws_secret_access_key = example
[profile p]
role_arn = arn:aws:iam::123456789012:role/audit
source_profile = default
mfa_serial = arn:aws:iam::123456789012:mfa/ada
"""


def test_a_code_that_nobody_can_type_is_not_waited_for(
    aws_environment: pytest.MonkeyPatch, tmp_path: Path, replay: Replay
) -> None:
    config_file(aws_environment, tmp_path, ASKS)
    aws_environment.setattr(credentials, "_has_terminal", lambda: False)
    error = refused(Settings(profile="p", endpoint_url=replay.url))
    assert "profile p needs an MFA code of arn:aws:iam::123456789012:mfa/ada, and there is no terminal" in error.message
    assert "aws configure export-credentials --profile p" in error.hint
    assert replay.calls == []
    # The keys of the environment come first, and need no code.
    aws_environment.setenv("AWS_PROFILE", "p")
    with connect(Settings(endpoint_url=replay.url)):
        pass


def test_a_code_is_asked_for_where_somebody_is_there_and_none_is_told(
    aws_environment: pytest.MonkeyPatch, tmp_path: Path, replay: Replay
) -> None:
    def nothing_typed(prompt: str) -> str:
        assert prompt == "Enter MFA code for arn:aws:iam::123456789012:mfa/ada: "
        raise EOFError

    from botocore.credentials import AssumeRoleProvider

    config_file(aws_environment, tmp_path, ASKS)
    aws_environment.setattr(credentials, "_has_terminal", lambda: True)
    asking = functools.partialmethod(AssumeRoleProvider.__init__, prompter=nothing_typed)
    aws_environment.setattr(AssumeRoleProvider, "__init__", asking)
    assert refused(Settings(profile="p", endpoint_url=replay.url)).message == "no MFA code was typed"


def test_a_configuration_that_is_no_text_is_an_access_error(
    aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_bytes(b"[default]\nregion = \xff\xfe\n")
    aws_environment.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert "the AWS settings are not valid" in refused(Settings()).message


def test_credentials_that_do_not_come_end_with_the_deadline(
    aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sleep = shutil.which("sleep")
    config_file(aws_environment, tmp_path, f"[profile p]\ncredential_process = {sleep} 3")
    start = time.monotonic()
    error = refused(Settings(profile="p", timeout=0.5))
    assert error.message == "could not get the AWS credentials within the time limit"
    assert time.monotonic() - start < 2


def test_a_profile_of_identity_center_whose_sign_in_is_over_says_so(
    aws_environment: pytest.MonkeyPatch, tmp_path: Path, replay: Replay
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        aws_environment.delenv(name)
    config_file(
        aws_environment,
        tmp_path,
        "[profile p]\nsso_start_url = https://example.com/start\nsso_region = us-east-1\n"
        "sso_account_id = 123456789012\nsso_role_name = audit\nregion = us-east-1\n",
    )
    error = refused(Settings(profile="p", endpoint_url=replay.url))
    assert "SSO" in error.message
    assert error.hint == "run `aws sso login --profile p`"
    assert replay.calls == []


@pytest.mark.parametrize("asked", ["scan", "doctor"])
def test_credentials_that_are_expired_when_they_come_are_named_so(
    asked: str, aws_environment: pytest.MonkeyPatch, tmp_path: Path, replay: Replay, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = {**KEYS, "Version": 1, "Expiration": "2020-01-01T00:00:00Z"}
    config_file(aws_environment, tmp_path, f"[profile p]\ncredential_process = echo '{json.dumps(keys)}'")
    error = refused(Settings(profile="p", endpoint_url=replay.url))
    said = "the credentials have expired: credential_process of p returned credentials past their expiration"
    assert (error.message, "date -u" in error.hint) == (said, True)
    (tmp_path / "wanted.yaml").write_text("version: 1\nusers: {ada: {}}\n", encoding="utf-8")
    assert main([asked, str(tmp_path / "wanted.yaml"), "--profile", "p", "--endpoint-url", replay.url]) == 2
    printed = capsys.readouterr()
    assert said in " ".join((printed.out + printed.err).split())
    assert "bug" not in printed.out + printed.err
    assert replay.calls == []


def test_another_error_of_a_source_of_credentials_is_not_said_to_be_an_expiration(
    aws_environment: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("something else")

    aws_environment.setattr("botocore.session.Session.get_credentials", broken)
    with pytest.raises(RuntimeError, match="something else"), connect(Settings()):
        pytest.fail("connected")


def test_a_metadata_service_that_never_answers_does_not_hold_a_run(aws_environment: pytest.MonkeyPatch) -> None:
    """As outside EC2, where packets to 169.254.169.254 may go nowhere; patient by botocore's own settings."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"):
        aws_environment.delenv(name)
    aws_environment.setenv("AWS_METADATA_SERVICE_TIMEOUT", "60")
    aws_environment.setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "9")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        aws_environment.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)
        start = time.monotonic()
        error = refused(Settings(timeout=0.5))
    assert error.message == "could not get the AWS credentials within the time limit"
    assert "AWS_EC2_METADATA_DISABLED" in error.hint
    assert time.monotonic() - start < 5


def test_a_role_is_assumed_with_its_external_id_and_its_keys_are_used(
    replay: Replay, aws_environment: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay.answer("AssumeRole", recorded({"Credentials": KEYS}))
    replay.answer("GetCallerIdentity", identity("123456789012", ARN))
    with connect(Settings(endpoint_url=replay.url, role_arn=ROLE, external_id="of-ours")) as connection:
        connection.identity()
        assert connection.iam._request_signer._credentials.access_key == "ASIAROLE"
    assume = replay.calls[0]
    assert str(assume) == "sts:AssumeRole"
    assert assume.parameters == {
        "RoleArn": ROLE,
        "RoleSessionName": "koding-audit",
        "DurationSeconds": "900",
        "ExternalId": "of-ours",
    }


def test_without_an_external_id_none_is_sent(replay: Replay, aws_environment: pytest.MonkeyPatch) -> None:
    replay.answer("AssumeRole", recorded({"Credentials": KEYS}))
    replay.answer("GetCallerIdentity", identity("123456789012", ARN))
    with connect(Settings(endpoint_url=replay.url, role_arn=ROLE)) as connection:
        connection.identity()
    assert "ExternalId" not in replay.calls[0].parameters


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (None, "trust policy"),
        (recorded({}), "the network"),
        (recorded({"Credentials": {"AccessKeyId": "ASIAROLE"}}), "the network"),
    ],
)
def test_a_role_that_is_not_to_be_had_is_an_access_error(
    answer: dict[str, Any] | None, hint: str, replay: Replay, aws_environment: pytest.MonkeyPatch
) -> None:
    if answer is not None:
        replay.answer("AssumeRole", answer)
    error = refused(Settings(endpoint_url=replay.url, role_arn=ROLE))
    assert ROLE in error.message
    assert hint in error.hint
    assert {call.action for call in replay.calls} == {"AssumeRole"}


def test_a_role_whose_sts_hangs_ends_with_the_deadline(
    hanging: Callable[[str], None], replay: Replay, aws_environment: pytest.MonkeyPatch
) -> None:
    hanging("AssumeRole")
    start = time.monotonic()
    error = refused(Settings(endpoint_url=replay.url, role_arn=ROLE, timeout=0.5))
    assert error.message == "could not get the AWS credentials within the time limit"
    assert time.monotonic() - start < 2
