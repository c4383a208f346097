"""The root user signed in. No policy limits root, and its use cannot be attributed to a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from koding_audit.io.json_text import format_time
from koding_audit.io.text import format_age
from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(is_waivable=False, root_fact="password-use")
FACTS = frozenset({Fact.CREDENTIAL_REPORT})
STEP = "find out who signed in as root, and give that person a user or role"
HELP = Help(
    severity="error",
    looks_at="when the root user last signed in with its password; more recently than `unused_days` (default 30) is "
    "a finding. The credential report may be four hours old, and does not show a later sign-in; the message shows "
    "its age, and the table, HTML and JSON do in each audit.",
    by_hand="find out who signed in and why (CloudTrail keeps 90 days of events), and give that person a user or "
    "role with the permissions.",
    commands=(
        "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=ConsoleLogin"
        " --region us-east-1",
    ),
    with_fix="never.",
    example="""\
version: 1
root:
  unused_days: 30
""",
    finds="the root user signed in 1 day ago, on 2026-11-22T20:00:00Z (credential report of 2026-11-23T18:00:00Z, 2 "
    "hours old)",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    use, now = comparison.snapshot.root_use, comparison.snapshot.taken_at
    root = comparison.desired.root
    last = use.password_last_used if use else None
    if use is not None and last is not None and now - last < timedelta(days=root.unused_days):
        yield Finding(
            rule="root-used",
            severity="error",
            subject=comparison.account.root_arn,
            message=f"the root user signed in {format_age(last, now)} ago, on {format_time(last)}"
            f" (credential report of {format_time(use.generated)}, {format_age(use.generated, now)} old)",
            location=root.location,
            evidence={
                "last_used": format_time(last),
                "generated": format_time(use.generated),
                "unused_days": root.unused_days,
            },
        )
