"""What profiles of ~/.aws/config ask of a person before they give credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class MfaPrompt(NamedTuple):
    """An MFA code that somebody has to type. profile: the one that asks; device: its mfa_serial."""

    profile: str
    device: str


def find_mfa_prompt(profiles: Mapping[str, Mapping[str, Any]], name: str) -> MfaPrompt | None:
    """The code that is asked for on the way from a profile to its keys, None where none is.

    profiles: the sections as botocore gives them in `full_config`, keys of the credentials file among them. The way is
    botocore's: a role without a token file is assumed from its source_profile, and so on to a profile that has keys of
    its own or no role. An mfa_serial that is empty asks, too.
    """
    passed: set[str] = set()
    while name in profiles and name not in passed:
        profile = profiles[name]
        ends = passed and not {"aws_access_key_id", "aws_secret_access_key"}.isdisjoint(profile)
        if ends or "role_arn" not in profile or "web_identity_token_file" in profile:
            return None
        if "mfa_serial" in profile:
            return MfaPrompt(name, str(profile["mfa_serial"]))
        passed.add(name)
        name = str(profile.get("source_profile", ""))
    return None
