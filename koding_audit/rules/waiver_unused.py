"""A waiver left behind would hide what comes next."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding, Help
from koding_audit.waivers import is_expired, key_of, label

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
    for waiver in comparison.unused:
        if not is_expired(waiver, comparison.snapshot.taken_at):
            yield Finding(
                rule="waiver-unused",
                severity="warning",
                subject=comparison.account.root_arn,
                key=key_of(waiver),
                message=f"nothing is waived by the waiver of {label(waiver)}",
                source=waiver.source,
                evidence={"expires": waiver.expires.isoformat(), "owner": waiver.owner, "reason": waiver.reason},
            )
