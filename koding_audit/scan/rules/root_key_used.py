"""A root access key was used. No policy limits what runs with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from koding_audit.io.json_text import format_time
from koding_audit.io.text import format_age
from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(is_waivable=False, root_fact="key-use")
FACTS = frozenset({Fact.CREDENTIAL_REPORT})
STEP = "find the program that uses the root key, give it a role, delete the key"
HELP = Help(
    severity="error",
    looks_at="when each access key of the root user was last used; more recently than `unused_days` (default 30) is "
    "a finding, for each of the two key slots. The credential report may be four hours old, and does not show a later "
    "use; the message shows its age, and the table, HTML and JSON do in each audit.",
    by_hand="find the program that uses the key (CloudTrail, in each region that may be in use), give it a role, "
    "then sign in as root and delete the key.",
    commands=(
        "aws cloudtrail lookup-events --lookup-attributes AttributeKey=Username,AttributeValue=root --region us-east-1",
    ),
    with_fix="never.",
    example="""\
version: 1
root:
  unused_days: 30
""",
    finds="access key 1 of the root user was used 2 days ago, on 2026-11-21T20:00:00Z (credential report of "
    "2026-11-23T18:00:00Z, 2 hours old)",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    use, now = comparison.snapshot.root_use, comparison.snapshot.taken_at
    root = comparison.desired.root
    if use is None:
        return
    for slot, last in enumerate(use.keys_last_used, start=1):
        if last is not None and now - last < timedelta(days=root.unused_days):
            yield Finding(
                rule="root-key-used",
                severity="error",
                subject=comparison.account.root_arn,
                key=str(slot),
                message=(
                    f"access key {slot} of the root user was used {format_age(last, now)} ago, on "
                    f"{format_time(last)}"
                    f" (credential report of {format_time(use.generated)}, {format_age(use.generated, now)} old)"
                ),
                location=root.location,
                evidence={
                    "last_used": format_time(last),
                    "generated": format_time(use.generated),
                    "unused_days": root.unused_days,
                },
            )
