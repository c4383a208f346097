"""A user has an active signing certificate although its access keys are limited. It signs requests without one."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.io.text import pluralize
from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits()
FACTS = frozenset({Fact.USER, Fact.SIGNING_CERTIFICATES})
STEP = "deactivate the certificate, then delete it; always name the user"
HELP = Help(
    severity="warning",
    looks_at="active X.509 signing certificates of users that declare `access_keys`. Inactive ones are not reported. "
    "They are read live: the credential report can be four hours old.",
    by_hand="find the program that signs with the certificate and give it a role. Then deactivate the certificate and "
    "delete it. Always name the user.",
    commands=(
        "aws iam list-signing-certificates --user-name USER",
        "aws iam update-signing-certificate --user-name USER --certificate-id ID --status Inactive",
        "aws iam delete-signing-certificate --user-name USER --certificate-id ID",
    ),
    with_fix="never.",
    example="""\
version: 1
users:
  web-ci:
    access_keys:
      max_active: 2
""",
    finds="user web-ci has 1 active signing certificate; its access keys are limited",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair, user in comparison.users:
        active = comparison.credentials_of(pair).certificates
        if user.access_keys is not None and active:
            what = pluralize(active, "active signing certificate")
            yield Finding(
                rule="signing-certificate-unexpected",
                severity="warning",
                subject=pair.subject,
                message=f"{pair.label} has {what}; its access keys are limited",
                location=user.access_keys.location,
                evidence={"active": active},
            )
