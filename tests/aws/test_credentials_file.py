"""The AWS shared credentials file: read as botocore reads it, written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koding_audit.aws.credentials_file import CredentialsFile, default_credentials_file, is_profile_name
from koding_audit.model.errors import AuditError, InputError


def read(path: Path, profile: str) -> str | None:
    from botocore.configloader import raw_config_parse

    found = raw_config_parse(str(path)).get(profile)
    return found and found["aws_secret_access_key"]


def test_a_profile_is_added_as_botocore_reads_it(tmp_path: Path) -> None:
    file = CredentialsFile(tmp_path / "aws" / "credentials")
    file.check_writable()
    assert list((tmp_path / "aws").iterdir()) == []
    file.add_profile("web", "AKIAX", "se/cr+et")
    file.add_profile("web2", "AKIAY", "other")
    assert (read(file.path, "web"), read(file.path, "web2")) == ("se/cr+et", "other")
    assert (file.read_key_id("web"), file.read_key_id("nobody")) == ("AKIAX", None)


def test_a_file_of_others_becomes_the_owners_alone(tmp_path: Path) -> None:
    file = CredentialsFile(tmp_path / "credentials")
    file.path.write_text("[default]\naws_access_key_id = A\n")
    file.path.chmod(0o666)
    file.add_profile("web", "AKIAX", "secret")
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_a_profile_that_has_come_in_between_is_left_alone(tmp_path: Path) -> None:
    file = CredentialsFile(tmp_path / "credentials")
    file.add_profile("web", "AKIAX", "secret")
    before = file.path.read_bytes()
    with pytest.raises(InputError, match="by another program"):
        file.add_profile("web", "AKIAY", "other")
    assert file.path.read_bytes() == before


def test_a_section_that_is_called_default_is_a_profile_like_others(tmp_path: Path) -> None:
    file = CredentialsFile(tmp_path / "credentials")
    file.path.write_text("[DEFAULT]\nx = 1\n[default]\naws_access_key_id = A\n")
    assert (file.read_key_id("default"), file.read_key_id("DEFAULT"), file.read_key_id("web")) == ("A", "", None)


@pytest.mark.parametrize("text", ["no section", "[a]\n[a]\n", "[a]\nb = 1\nb = 2\n"])
def test_a_file_that_is_none_is_told_and_left_alone(tmp_path: Path, text: str) -> None:
    file = CredentialsFile(tmp_path / "credentials")
    file.path.write_text(text)
    with pytest.raises(InputError, match="not a credentials file"):
        file.add_profile("web", "AKIAX", "secret")
    assert file.path.read_text() == text


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        CredentialsFile(tmp_path).read_key_id("web")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not UTF-8"):
        CredentialsFile(tmp_path / "binary").read_key_id("web")


@pytest.mark.parametrize("kind", ["link", "dangling link", "folder", "pipe"])
def test_what_is_no_plain_file_is_not_written_to(tmp_path: Path, kind: str) -> None:
    path, target = tmp_path / "credentials", tmp_path / "target"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(target)
        if kind == "link":
            target.write_text("")
    with pytest.raises(AuditError, match="not a regular file"):
        CredentialsFile(path).check_writable()
    assert not target.exists() or target.read_text() == ""


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AuditError, match="cannot be written"):
        CredentialsFile(tmp_path / "file" / "credentials").check_writable()


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = CredentialsFile(tmp_path / "credentials")
    file.add_profile("web", "AKIAX", "secret")
    before = file.path.read_bytes()

    def fails(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(AuditError, match="Input/output error"):
        file.add_profile("other", "AKIAY", "secret")
    assert file.path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["credentials"]


@given(st.text(max_size=200))
def test_no_name_that_is_taken_means_something_else_in_the_file(name: str) -> None:
    if is_profile_name(name):
        assert not set(name) & set("[]\n\r#;\\\"' \t:/")


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"HOME": "/home/ada"}, "/home/ada/.aws/credentials"),
        ({"HOME": "/home/ada", "AWS_SHARED_CREDENTIALS_FILE": "/keys"}, "/keys"),
        ({"HOME": "/home/ada", "AWS_SHARED_CREDENTIALS_FILE": "~/keys"}, "/home/ada/keys"),
    ],
)
def test_the_file_is_the_one_that_the_environments_tools_read(environ: dict[str, str], path: str) -> None:
    assert default_credentials_file(environ).path == Path(path)


def test_without_a_home_there_is_no_file() -> None:
    with pytest.raises(InputError, match="HOME is not set"):
        default_credentials_file({})
