"""Who asks for an MFA code on the way to a profile's keys, as botocore goes it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from koding_audit.aws.profiles import MfaPrompt, find_mfa_prompt

KEYS = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "example"}
ROLE = {"role_arn": "arn:aws:iam::123456789012:role/audit"}
DEVICE = "arn:aws:iam::123456789012:mfa/ada"
MFA = {"mfa_serial": DEVICE}

Profiles = Mapping[str, Mapping[str, str]]


@pytest.mark.parametrize(
    ("profiles", "code"),
    [
        pytest.param(
            {"p": {**ROLE, **MFA, "source_profile": "default"}}, MfaPrompt("p", DEVICE), id="the profile itself"
        ),
        pytest.param(
            {"p": {**ROLE, "source_profile": "q"}, "q": {**ROLE, **MFA, "source_profile": "default"}},
            MfaPrompt("q", DEVICE),
            id="the one that its role is assumed from",
        ),
        pytest.param(
            {"p": {**ROLE, **MFA, **KEYS, "source_profile": "p"}}, MfaPrompt("p", DEVICE), id="from its own keys"
        ),
        pytest.param(
            {"p": {**ROLE, "mfa_serial": "", "source_profile": "default"}}, MfaPrompt("p", ""), id="no device"
        ),
        pytest.param({"p": {**MFA, **KEYS}}, None, id="keys, and no role to assume"),
        pytest.param({"p": {**MFA, "sso_start_url": "https://x"}}, None, id="another way to sign in"),
        pytest.param({"p": {**ROLE, **MFA, "web_identity_token_file": "/t"}}, None, id="a token in place of keys"),
        pytest.param(
            {"p": {**ROLE, "source_profile": "q"}, "q": {**ROLE, **MFA, **KEYS}}, None, id="a source with keys"
        ),
        pytest.param({"p": {**ROLE, "credential_source": "Environment"}}, None, id="a role from the environment"),
        pytest.param({"p": {**ROLE, "source_profile": "q"}, "q": {**ROLE, "source_profile": "p"}}, None, id="a circle"),
        pytest.param({"p": {**ROLE, "source_profile": "q"}}, None, id="a source that is not there"),
        pytest.param({}, None, id="no such profile"),
    ],
)
def test_whoever_asks_first_on_the_way_to_the_keys_is_named(profiles: Profiles, code: MfaPrompt | None) -> None:
    assert find_mfa_prompt(profiles, "p") == code
