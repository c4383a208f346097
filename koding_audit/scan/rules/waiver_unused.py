"""A waiver left behind would hide what comes next."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison
from koding_audit.scan.waivers import is_expired, waiver_key, waiver_label

TRAITS = RuleTraits(is_waivable=False, needs_waiver_use=True)
FACTS: frozenset[Fact] = frozenset()
STEP = "take the waiver out of the file, or correct what it names"
HELP = Help(
    severity="warning",
    looks_at="each [waiver](waivers.md) that still holds, against what the other rules found: one that fits nothing. "
    "Not where its rule did not run or could not answer, nor where its subject is an ARN of another account.",
    by_hand="take the waiver out of the file, or correct what it names.",
    with_fix="no.",
    example="""\
version: 1
users:
  koding-user:
    owner: web
waivers:
  - rule: policy-unexpected
    subject: user/koding-user
    reason: the backup job reads here until it moves
    owner: platform
    expires: "2027-01-31"
""",
    finds="nothing is waived by the waiver of policy-unexpected for user/koding-user",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for waiver in comparison.unused_waivers:
        if not is_expired(waiver, comparison.snapshot.taken_at):
            yield Finding(
                rule="waiver-unused",
                severity="warning",
                subject=comparison.account.root_arn,
                key=waiver_key(waiver),
                message=f"nothing is waived by the waiver of {waiver_label(waiver)}",
                location=waiver.location,
                evidence={"expires": waiver.expires.isoformat(), "owner": waiver.owner, "reason": waiver.reason},
            )
