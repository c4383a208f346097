"""A waiver matches no finding. It would hide a future one."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison
from koding_audit.scan.waivers import is_expired, waiver_key, waiver_label

TRAITS = RuleTraits(is_waivable=False, needs_waiver_use=True)
FACTS: frozenset[Fact] = frozenset()
STEP = "remove the waiver from the file, or correct its rule, subject or policy"
HELP = Help(
    severity="warning",
    looks_at="whether each unexpired [waiver](waivers.md) matches a finding of the other rules, in a run over several "
    "accounts in any of them, and after `merge` in any of the reports; a shard alone does not report it. A waiver is "
    "not checked if its rule did not run or could not be evaluated, or if its subject is an ARN of another account.",
    by_hand="remove the waiver from the file, or correct its rule, subject or policy.",
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
    finds="unused waiver: policy-unexpected for user/koding-user",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for waiver in comparison.unused_waivers:
        if not is_expired(waiver, comparison.snapshot.taken_at):
            yield Finding(
                rule="waiver-unused",
                severity="warning",
                subject=comparison.account.root_arn,
                key=waiver_key(waiver),
                message=f"unused waiver: {waiver_label(waiver)}",
                location=waiver.location,
                evidence={"expires": waiver.expires.isoformat(), "owner": waiver.owner, "reason": waiver.reason},
            )
