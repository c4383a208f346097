"""The root user has a signing certificate. Anyone who has its private key can sign requests as root."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(is_waivable=False)
FACTS = frozenset({Fact.SUMMARY})
STEP = "sign in as root, open Security credentials, delete the certificates"
HELP = Help(
    severity="error",
    looks_at="whether the root user has an X.509 signing certificate, active or not "
    "(`AccountSigningCertificatesPresent`). It is not an access key: `root: {access_keys: allowed}` does not allow it. "
    "Disable the rule with `--skip root-signing-certificate`.",
    by_hand="find the program that signs with the certificate and give it a role. Then sign in as root, open Security "
    "credentials, deactivate and delete the certificate. No user or role can do this for root.",
    with_fix="never.",
    example="""\
version: 1
root:
  access_keys: allowed
""",
    finds="the root user has a signing certificate",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    present = (comparison.snapshot.summary or {}).get("AccountSigningCertificatesPresent")
    if present:
        yield Finding(
            rule="root-signing-certificate",
            severity="error",
            subject=comparison.account.root_arn,
            message="the root user has a signing certificate",
            location=comparison.desired.root.location,
            evidence={"AccountSigningCertificatesPresent": present},
        )
