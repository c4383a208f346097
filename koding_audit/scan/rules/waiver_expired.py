"""A waiver has expired. The findings that it accepted are open again."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison
from koding_audit.scan.waivers import is_expired, waiver_key, waiver_label

TRAITS = RuleTraits(is_waivable=False)
FACTS: frozenset[Fact] = frozenset()
STEP = "fix what was accepted, or have the owner extend the waiver"
HELP = Help(
    severity="warning",
    looks_at="the last day of each [waiver](waivers.md), compared with the time when the account was read. The "
    "findings that it accepted are open again.",
    by_hand="fix what was accepted and remove the waiver from the file, or have the owner extend it.",
    with_fix="no: the findings that it accepted are planned for again.",
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
    finds="the waiver of policy-unexpected for user/koding-user expired on 2026-10-31",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for waiver in comparison.desired.waivers:
        if is_expired(waiver, comparison.snapshot.taken_at):
            yield Finding(
                rule="waiver-expired",
                severity="warning",
                subject=comparison.account.root_arn,
                key=waiver_key(waiver),
                message=f"the waiver of {waiver_label(waiver)} expired on {waiver.expires.isoformat()}",
                location=waiver.location,
                evidence={"expires": waiver.expires.isoformat(), "owner": waiver.owner, "reason": waiver.reason},
            )
