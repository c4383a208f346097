"""The root user has no MFA device. A stolen password is enough to control the account."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(is_waivable=False, root_fact="mfa")
FACTS = frozenset({Fact.SUMMARY})
STEP = "sign in as root, open Security credentials, assign an MFA device"
HELP = Help(
    severity="error",
    looks_at="whether the root user has an MFA device (`AccountMFAEnabled`). An account without any root credentials "
    "(no password, access key or signing certificate, as in member accounts with centralized root access) passes. "
    "Disable it with `root: {mfa: any}`.",
    by_hand="sign in as root, open Security credentials and assign an MFA device, or better two. No user or role can "
    "do this for root.",
    with_fix="never.",
    example="""\
version: 1
root:
  mfa: required
""",
    finds="the root user has no MFA device",
)

# Source: the SummaryMap of GetAccountSummary. All of them are 0 in a member account whose root credentials its
# organization removed; one that is left out of the reply is unknown, not 0.
_ROOT_CREDENTIALS = ("AccountPasswordPresent", "AccountAccessKeysPresent", "AccountSigningCertificatesPresent")


def check(comparison: Comparison) -> Iterator[Finding]:
    root = comparison.desired.root
    summary = comparison.snapshot.summary or {}
    no_credentials = all(summary.get(name) == 0 for name in _ROOT_CREDENTIALS)
    if root.mfa == "required" and summary.get("AccountMFAEnabled") == 0 and not no_credentials:
        yield Finding(
            rule="root-mfa-missing",
            severity="error",
            subject=comparison.account.root_arn,
            message="the root user has no MFA device",
            location=root.location,
            evidence={"AccountMFAEnabled": 0},
        )
