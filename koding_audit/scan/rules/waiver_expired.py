"""What was accepted until a day is accepted no longer."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison
from koding_audit.scan.waivers import is_expired, waiver_key, waiver_label

TRAITS = RuleTraits(is_waivable=False)
FACTS: frozenset[Fact] = frozenset()
STEP = "mend what was accepted, or have its owner give the waiver another day"
HELP = Help(
    severity="warning",
    looks_at="the last day of each [waiver](waivers.md), against the time when the account was read. What it accepted "
    "is open again.",
    by_hand="mend what was accepted, and take the waiver out of the file; or have its owner give it another day.",
    with_fix="no: what it accepted is planned for again.",
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
    expires: "2026-10-31"
""",
    finds="the waiver of policy-unexpected for user/koding-user ended with 2026-10-31",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for waiver in comparison.desired.waivers:
        if is_expired(waiver, comparison.snapshot.taken_at):
            yield Finding(
                rule="waiver-expired",
                severity="warning",
                subject=comparison.account.root_arn,
                key=waiver_key(waiver),
                message=f"the waiver of {waiver_label(waiver)} ended with {waiver.expires.isoformat()}",
                location=waiver.location,
                evidence={"expires": waiver.expires.isoformat(), "owner": waiver.owner, "reason": waiver.reason},
            )
