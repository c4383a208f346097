"""Values that say how to reach AWS: profile, region, role, endpoint, time limit, and the credentials in use."""

from __future__ import annotations

from koding_audit.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """How to reach AWS, from the command line; "" where the option was not given.

    timeout: seconds for the whole run
    """

    profile: str = ""
    region: str = ""
    role_arn: str = ""
    external_id: str = ""
    endpoint_url: str = ""
    allow_endpoint: str = ""
    timeout: float = 300.0


@dataclass(frozen=True, slots=True)
class CallerCredentials:
    """The credentials in use, without their secrets.

    method: botocore's name of where they came from: `env`, `shared-credentials-file`, `assume-role`, `sso`
    prefix: first four characters of the key id: AKIA for a long-term key, ASIA for a temporary one
    suffix: last four characters of the key id
    has_token: whether they include a session token
    profile: the profile's name, "" for the default profile
    role: the ARN that --role-arn names, or ""
    """

    method: str
    prefix: str
    suffix: str
    has_token: bool
    profile: str = ""
    role: str = ""
