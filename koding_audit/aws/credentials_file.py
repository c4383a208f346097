"""The AWS shared credentials file: its profiles, and a new one, added whole or not at all, for its owner alone."""

from __future__ import annotations

import configparser
import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from koding_audit.io.lock import create_private_folder
from koding_audit.model.errors import AuditError, InputError


@dataclass(frozen=True)
class CredentialsFile:
    """The file that botocore and the AWS CLI read for profiles; it need not be there yet."""

    path: Path

    def read_key_id(self, profile: str) -> str | None:
        """The access key id of a profile, "" where it has none, None where there is no such profile.

        Raises InputError where the file cannot be read.
        """
        parsed = configparser.RawConfigParser(default_section="")
        try:
            parsed.read_string(self._read_text(), str(self.path))
        except configparser.Error as error:
            line = getattr(error, "lineno", None)
            where = f" (line {line})" if line else ""
            raise InputError(f"{self.path} is not a credentials file{where}", "mend it, or move it away") from None
        return parsed.get(profile, "aws_access_key_id", fallback="") if parsed.has_section(profile) else None

    def check_writable(self) -> None:
        """Whether a profile could be added, found out by writing beside the file. Raises AuditError."""
        with self._explain_write_errors():
            if self.path.is_symlink() or (self.path.exists() and not self.path.is_file()):
                hint = "name the file itself in AWS_SHARED_CREDENTIALS_FILE"
                raise AuditError(f"{self.path} is not a plain file, and is not written through", hint)
            create_private_folder(self.path.parent)
            self._write_temporary("").unlink()

    def add_profile(self, profile: str, key_id: str, secret: str) -> None:
        """Add a profile with an access key; whatever else the file holds stays as it is. Raises AuditError."""
        before = self._read_text()
        if self.read_key_id(profile) is not None:
            raise InputError(f"profile {profile} has come into {self.path} since it was looked at")
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
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise InputError(f"{self.path} cannot be read: {reason}") from None

    def _write_temporary(self, text: str) -> Path:
        """A new file in the same folder with this text, on the disk."""
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
            raise AuditError(f"{self.path} cannot be written: {error.strerror}", "nothing of it was changed") from None


def default_credentials_file(environ: Mapping[str, str]) -> CredentialsFile:
    """The file that this environment's AWS tools read. Raises InputError where there is no HOME for it."""
    said = environ.get("AWS_SHARED_CREDENTIALS_FILE") or ""
    home = environ.get("HOME") or ""
    if said.startswith("~/") and home:
        said = home + said[1:]
    if not said and not Path(home).is_absolute():
        hint = "set HOME, or AWS_SHARED_CREDENTIALS_FILE"
        raise InputError("there is no HOME to find ~/.aws/credentials in", hint)
    return CredentialsFile(Path(said or Path(home) / ".aws" / "credentials"))


def is_profile_name(name: str) -> bool:
    """Whether a name can stand as `[NAME]` without meaning something else to those who read the file."""
    return re.fullmatch(r"[A-Za-z0-9_.@+=,-]{1,128}", name, re.ASCII) is not None


def _sync_folder(folder: Path) -> None:
    """A new name is on the disk only once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
