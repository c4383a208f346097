"""Files of credentials and settings that are not regular are refused at once, and never waited for."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from koding_audit.aws.config_files import check_config_files, check_token_files, refuse_special_file
from koding_audit.aws.connection import connect
from koding_audit.aws.credentials_file import CredentialsFile
from koding_audit.aws.settings import Settings
from koding_audit.model.errors import InputError

VARIABLES = [
    *("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_CREDENTIAL_FILE", "BOTO_CONFIG"),
    *("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
]


def pipe(folder: Path) -> str:
    os.mkfifo(folder / "pipe")
    return str(folder / "pipe")


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_named_pipe_is_refused_before_anything_is_sent(
    variable: str, tmp_path: Path, aws_environment: pytest.MonkeyPatch
) -> None:
    path = pipe(tmp_path)
    aws_environment.setenv(variable, path)
    with (
        pytest.raises(InputError, match="cannot be read: it is a device, a pipe or a socket") as caught,
        connect(Settings(endpoint_url="http://127.0.0.1:9")),
    ):
        pass
    assert path in caught.value.message
    assert variable in caught.value.hint


@pytest.mark.parametrize("name", [".aws/credentials", ".aws/config", ".boto"])
def test_a_pipe_in_the_home_is_refused_too(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".aws").mkdir()
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match="a pipe"):
        check_config_files({})


def test_a_pipe_for_the_token_of_a_profile_is_refused_also_behind_a_source_profile(tmp_path: Path) -> None:
    profiles = {"a": {"source_profile": "b"}, "b": {"web_identity_token_file": pipe(tmp_path), "source_profile": "a"}}
    with pytest.raises(InputError, match="a pipe"):
        check_token_files(profiles, "a")
    check_token_files(profiles, "other")


@pytest.mark.parametrize("kind", ["socket", "device", "folder", "link to a pipe"])
def test_nothing_but_a_regular_file_is_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "special"
    if kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    elif kind == "folder":
        path.mkdir()
    elif kind == "link to a pipe":
        path.symlink_to(pipe(tmp_path))
    with pytest.raises(InputError, match="cannot be read: it is a"):
        refuse_special_file("/dev/zero" if kind == "device" else str(path), "hint")


def test_a_file_a_link_to_one_nothing_and_dev_null_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for path in (str(tmp_path / "file"), str(tmp_path / "link"), str(tmp_path / "none"), "/dev/null", "a\0b"):
        refuse_special_file(path, "hint")


def test_setup_waits_for_no_pipe(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a pipe"):
        CredentialsFile(Path(pipe(tmp_path))).read_key_id("koding")
