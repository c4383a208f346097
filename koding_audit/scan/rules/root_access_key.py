"""The root user has an access key. Anyone who has the key controls the account."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(is_waivable=False, root_fact="access-keys")
FACTS = frozenset({Fact.SUMMARY})
STEP = "sign in as root, open Security credentials, delete the access keys"
HELP = Help(
    severity="error",
    looks_at="whether the root user has an access key, active or not (`AccountAccessKeysPresent`). Disable it with "
    "`root: {access_keys: allowed}`.",
    by_hand="find the program that uses the key and give it a role. Then sign in as root, open Security credentials, "
    "deactivate and delete the key. No user or role can do this for root.",
    with_fix="never.",
    example="""\
version: 1
root:
  access_keys: forbidden
""",
    finds="the root user has an access key",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    root = comparison.desired.root
    present = (comparison.snapshot.summary or {}).get("AccountAccessKeysPresent")
    if root.access_keys == "forbidden" and present:
        yield Finding(
            rule="root-access-key",
            severity="error",
            subject=comparison.account.root_arn,
            message="the root user has an access key",
            location=root.location,
            evidence={"AccountAccessKeysPresent": present},
        )
