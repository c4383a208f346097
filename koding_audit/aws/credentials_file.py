"""Reads the AWS shared credentials file and adds a profile to it atomically, readable by its owner only."""

from __future__ import annotations

import configparser
import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from koding_audit.aws.config_files import refuse_special_file
from koding_audit.io.lock import create_private_folder
from koding_audit.model.errors import AuditError, InputError


@dataclass(frozen=True)
class CredentialsFile:
    """The file that botocore and the AWS CLI read profiles from; it may not exist yet."""

    path: Path

    def read_key_id(self, profile: str) -> str | None:
        """Returns the access key id of a profile, "" if it has none, None if the profile does not exist.

        Raises InputError if the file cannot be read or parsed.
        """
        parsed = configparser.RawConfigParser(default_section="")
        try:
            parsed.read_string(self._read_text(), str(self.path))
        except configparser.Error as error:
            line = getattr(error, "lineno", None)
            where = f" (line {line})" if line else ""
            hint = "correct the file, or move it away"
            raise InputError(f"{self.path} is not a credentials file{where}", hint) from None
        return parsed.get(profile, "aws_access_key_id", fallback="") if parsed.has_section(profile) else None

    def check_writable(self) -> None:
        """Checks that a profile can be added, by writing a temporary file beside it. Raises AuditError."""
        with self._explain_write_errors():
            if self.path.is_symlink() or (self.path.exists() and not self.path.is_file()):
                hint = "set AWS_SHARED_CREDENTIALS_FILE to the path of the file itself"
                raise AuditError(f"{self.path} is a link or not a regular file, and is not written", hint)
            create_private_folder(self.path.parent)
            self._write_temporary("").unlink()

    def add_profile(self, profile: str, key_id: str, secret: str) -> None:
        """Adds a profile with an access key and leaves the rest of the file unchanged. Raises AuditError."""
        before = self._read_text()
        if self.read_key_id(profile) is not None:
            raise InputError(f"profile {profile} was added to {self.path} by another program during this run")
        gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
        section = f"[{profile}]\naws_access_key_id = {key_id}\naws_secret_access_key = {secret}\n"
        with self._explain_write_errors():
            beside = self._write_temporary(before + gap + section)
            try:
                beside.replace(self.path)
            finally:
                beside.unlink(missing_ok=True)
            _sync_folder(self.path.parent)

    def _read_text(self) -> str:
        refuse_special_file(str(self.path), "set AWS_SHARED_CREDENTIALS_FILE to the path of a regular file")
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise InputError(f"{self.path} cannot be read: {reason}") from None

    def _write_temporary(self, text: str) -> Path:
        """Writes the text to a new file in the same folder, syncs it to disk and returns its path."""
        beside = self.path.with_name(f".{self.path.name}.{os.urandom(8).hex()}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError:
            beside.unlink(missing_ok=True)
            raise
        return beside

    @contextlib.contextmanager
    def _explain_write_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise AuditError(f"{self.path} cannot be written: {error.strerror}", "the file was not changed") from None


def default_credentials_file(environ: Mapping[str, str]) -> CredentialsFile:
    """Returns the file that AWS tools read in this environment. Raises InputError if HOME is needed and not set."""
    configured = environ.get("AWS_SHARED_CREDENTIALS_FILE") or ""
    home = environ.get("HOME") or ""
    if configured.startswith("~/") and home:
        configured = home + configured[1:]
    if not configured and not Path(home).is_absolute():
        hint = "set HOME or AWS_SHARED_CREDENTIALS_FILE"
        raise InputError("HOME is not set, so ~/.aws/credentials could not be found", hint)
    return CredentialsFile(Path(configured or Path(home) / ".aws" / "credentials"))


def is_profile_name(name: str) -> bool:
    """Whether every reader of the file takes `[NAME]` as this profile: letters, digits and _.@+=,- only."""
    return re.fullmatch(r"[A-Za-z0-9_.@+=,-]{1,128}", name, re.ASCII) is not None


def _sync_folder(folder: Path) -> None:
    """Syncs a folder to disk; only then is a file renamed in it there after a crash."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
