"""Finds the profile of ~/.aws/config that will prompt for an MFA code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class MfaPrompt(NamedTuple):
    """An MFA code that a person has to type.

    profile: the name of the profile that needs it
    device: the profile's mfa_serial
    """

    profile: str
    device: str


def find_mfa_prompt(profiles: Mapping[str, Mapping[str, Any]], name: str) -> MfaPrompt | None:
    """Returns the MFA code that botocore will prompt for to get a profile's credentials, None if it needs none.

    It follows botocore: a role without a token file is assumed with its source_profile, and so on, up to a profile
    that has its own keys or no role. botocore also asks if mfa_serial is empty.

    profiles: the sections of botocore's `full_config`, with the keys of the credentials file
    """
    visited: set[str] = set()
    while name in profiles and name not in visited:
        profile = profiles[name]
        has_keys = visited and not {"aws_access_key_id", "aws_secret_access_key"}.isdisjoint(profile)
        if has_keys or "role_arn" not in profile or "web_identity_token_file" in profile:
            return None
        if "mfa_serial" in profile:
            return MfaPrompt(name, str(profile["mfa_serial"]))
        visited.add(name)
        name = str(profile.get("source_profile", ""))
    return None
