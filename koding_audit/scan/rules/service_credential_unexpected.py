"""A user has a service credential although its access keys are limited. It signs in without one."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits()
FACTS = frozenset({Fact.USER, Fact.SERVICE_CREDENTIALS})
STEP = "delete the credential under the user's Security credentials"
HELP = Help(
    severity="warning",
    looks_at="active service-specific credentials (CodeCommit, Bedrock API keys and others) and SSH keys of users that "
    "declare `access_keys`; one finding for each kind. Inactive and expired ones are not reported. "
    "The credential report does not contain them.",
    by_hand="delete the credential. Always name the user.",
    commands=(
        "aws iam list-service-specific-credentials --user-name USER",
        "aws iam delete-service-specific-credential --user-name USER --service-specific-credential-id ID",
        "aws iam list-ssh-public-keys --user-name USER",
        "aws iam delete-ssh-public-key --user-name USER --ssh-public-key-id ID",
    ),
    with_fix="never.",
    example="""\
version: 1
users:
  web-ci:
    access_keys:
      max_active: 2
""",
    finds="user web-ci has an SSH key; its access keys are limited",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair, user in comparison.users:
        if user.access_keys is None:
            continue
        for service in sorted(set(comparison.credentials_of(pair).services or ())):
            what = "an SSH key" if service == "ssh" else f"a credential for {service}"
            yield Finding(
                rule="service-credential-unexpected",
                severity="warning",
                subject=pair.subject,
                key=service,
                message=f"{pair.label} has {what}; its access keys are limited",
                location=user.access_keys.location,
                evidence={"service": service},
            )
