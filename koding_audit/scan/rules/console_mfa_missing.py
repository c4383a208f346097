"""A user signs in to the console without MFA. A stolen password is enough to sign in."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits()
FACTS = frozenset({Fact.USER, Fact.CONSOLE, Fact.MFA})
STEP = "assign an MFA device to the user, or delete its console password"
HELP = Help(
    severity="warning",
    looks_at="users with `console: mfa` that have a console password and no MFA device.",
    by_hand="let the user assign a device in the console, under Security credentials; or assign it with the device's "
    "serial number and two codes; or delete the password.",
    commands=(
        "aws iam enable-mfa-device --user-name USER --serial-number ARN --authentication-code1 CODE"
        " --authentication-code2 CODE",
        "aws iam delete-login-profile --user-name USER",
    ),
    with_fix="never.",
    example="""\
version: 1
users:
  ada:
    console: mfa
""",
    finds="user ada has a console password and no MFA device",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair, user in comparison.users:
        signs_in = comparison.credentials_of(pair)
        if user.console and user.console.name == "mfa" and signs_in.password and signs_in.mfa is False:
            yield Finding(
                rule="console-mfa-missing",
                severity="warning",
                subject=pair.subject,
                message=f"{pair.label} has a console password and no MFA device",
                location=user.console.location,
                evidence={"password": True, "mfa": False},
            )
