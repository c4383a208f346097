"""How to reach AWS: profile, region, role, endpoint and time limits, as values."""

from __future__ import annotations

from koding_audit.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """How to reach AWS, as the command line says it. timeout: seconds for the whole run; "" means not said."""

    profile: str = ""
    region: str = ""
    role_arn: str = ""
    external_id: str = ""
    endpoint_url: str = ""
    allow_endpoint: str = ""
    timeout: float = 300.0


@dataclass(frozen=True, slots=True)
class CallerCredentials:
    """The credentials that are in use, without what is secret of them.

    method: where they came from, in botocore's word: `env`, `shared-credentials-file`, `assume-role`, `sso`; prefix: of
    the key's id, AKIA for a key that lasts and ASIA for a temporary one; suffix: its last four characters; token:
    whether a session token goes with it; profile: "" for the default one; role: what --role-arn names, or "".
    """

    method: str
    prefix: str
    suffix: str
    has_token: bool
    profile: str = ""
    role: str = ""
