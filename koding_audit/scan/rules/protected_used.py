"""A protected user's credential was used. It is for emergencies, or it was stolen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from koding_audit.io.json_text import format_time
from koding_audit.model.finding import Finding, Help
from koding_audit.model.location import Reference
from koding_audit.model.query import Fact
from koding_audit.model.snapshot import Principal
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(is_waivable=False)
FACTS = frozenset({Fact.USER, Fact.ACCESS_KEYS, Fact.PASSWORD_USED})
STEP = "find out who used it and why, then replace the credential"
HELP = Help(
    severity="warning",
    looks_at="the access keys and the password of each user that a [guards.yaml](guards.md#guardsyaml) beside the "
    "file protects, whether the file declares the user or not. Every use is a finding, however old, also of inactive "
    "keys. A key is named by its last four characters.",
    by_hand="find out who used it and why (CloudTrail), then replace the credential: store a new key in a safe place "
    "and deactivate the old one, or set a new password.",
    commands=(
        "aws cloudtrail lookup-events --lookup-attributes AttributeKey=Username,AttributeValue=USER --region us-east-1",
        "aws iam create-access-key --user-name USER",
        "aws iam update-access-key --user-name USER --access-key-id KEY_ID --status Inactive",
        "aws iam update-login-profile --user-name USER --password-reset-required",
    ),
    with_fix="never.",
    finds="access key ...EFGH of protected user eve was last used on 2026-11-22T20:00:00Z",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for key, guard in comparison.desired.guards.protected.items():
        live = comparison.snapshot.principals.get(key)
        if live is None or live.kind != "user":
            continue
        for name, access_key in comparison.named_keys(live.name) or ():
            if access_key.last_used:
                yield _use_finding(live, guard, name, f"access key ...{name}", access_key.last_used)
        credentials = comparison.snapshot.credentials.get(live.name.casefold())
        for used in (credentials and credentials.password_used) or ():
            yield _use_finding(live, guard, "password", "the password", used)


def _use_finding(live: Principal, guard: Reference, key: str, what: str, used: datetime) -> Finding:
    return Finding(
        rule="protected-used",
        severity="warning",
        subject=live.arn,
        key=key,
        message=f"{what} of protected user {live.name} was last used on {format_time(used)}",
        location=guard.location,
        evidence={"last_used": format_time(used), "credential": "password" if key == "password" else "access-key"},
    )
