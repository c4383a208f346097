"""Refuses the files of credentials and settings that are not regular: reading a named pipe waits for its writer."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from koding_audit.model.errors import InputError

# The files that botocore opens to find credentials and settings, by the variables that name them, and their defaults.
_FILES: Mapping[str, tuple[str, ...]] = {
    "AWS_SHARED_CREDENTIALS_FILE": ("~/.aws/credentials",),
    "AWS_CONFIG_FILE": ("~/.aws/config",),
    "AWS_CREDENTIAL_FILE": (),
    "BOTO_CONFIG": ("/etc/boto.cfg", "~/.boto"),
    "AWS_WEB_IDENTITY_TOKEN_FILE": (),
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": (),
}


def check_config_files(environ: Mapping[str, str]) -> None:
    """Raises InputError if a file that botocore would read is not a regular file."""
    for variable, defaults in _FILES.items():
        for path in [environ[variable]] if environ.get(variable) else defaults:
            refuse_special_file(path, f"name a regular file in {variable}, or unset it")


def check_token_files(profiles: Mapping[str, Mapping[str, Any]], name: str) -> None:
    """Raises InputError if a token file of a profile, or of one that it assumes a role with, is not a regular file.

    profiles: the sections of botocore's `full_config`
    """
    for each in _profile_chain(profiles, name):
        path = each.get("web_identity_token_file")
        if path:
            refuse_special_file(str(path), "name a regular file in web_identity_token_file")


def _profile_chain(profiles: Mapping[str, Mapping[str, Any]], name: str) -> Iterable[Mapping[str, Any]]:
    visited: set[str] = set()
    while name in profiles and name not in visited:
        visited.add(name)
        yield profiles[name]
        name = str(profiles[name].get("source_profile", ""))


def refuse_special_file(path: str, hint: str) -> None:
    """Raises InputError if there is something at the path that is not a regular file.

    /dev/null is allowed: it is how people switch a file off, and reading it ends at once.
    """
    try:
        status = Path(os.path.expanduser(path)).stat()  # noqa: PTH111 - Path.expanduser raises without a home
    except (OSError, ValueError):  # botocore and its callers say what is wrong with it
        return
    if stat.S_ISREG(status.st_mode) or status.st_rdev == _device_number(os.devnull) != 0:
        return
    kind = "a directory" if stat.S_ISDIR(status.st_mode) else "a device, a pipe or a socket"
    raise InputError(f"{path} cannot be read: it is {kind}", hint)


def _device_number(path: str) -> int:
    try:
        return Path(path).stat().st_rdev
    except OSError:
        return 0
