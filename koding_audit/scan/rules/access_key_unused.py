"""An access key has not been used for longer than declared. Misuse of an unused key is hard to notice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from koding_audit.io.json_text import format_time
from koding_audit.io.text import pluralize
from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits()
FACTS = frozenset({Fact.USER, Fact.ACCESS_KEYS})
STEP = "deactivate the key, check that nothing fails, then delete it"
HELP = Help(
    severity="warning",
    looks_at="when each active key was last used (or created, if it was never used), for users with `access_keys: "
    "{unused_days: N}`; exactly N days is allowed.",
    by_hand="deactivate the key; delete it when nothing fails without it.",
    commands=(
        "aws iam get-access-key-last-used --access-key-id KEY_ID",
        "aws iam update-access-key --user-name USER --access-key-id KEY_ID --status Inactive",
        "aws iam delete-access-key --user-name USER --access-key-id KEY_ID",
    ),
    with_fix="never.",
    example="""\
version: 1
users:
  web-ci:
    access_keys:
      unused_days: 45
""",
    finds="access key ...WXYZ of user web-ci was last used on 2026-08-15T20:00:00Z, more than 45 days ago",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    now = comparison.snapshot.taken_at
    for pair, user in comparison.users:
        limits = user.access_keys
        if limits is None or limits.unused_days is None:
            continue
        for name, key in comparison.active_keys(pair) or ():
            since = key.last_used or key.created
            if now - since > timedelta(days=limits.unused_days):
                how = "was last used" if key.last_used else "was never used, and created"
                yield Finding(
                    rule="access-key-unused",
                    severity="warning",
                    subject=pair.subject,
                    key=name,
                    message=f"access key ...{name} of {pair.label} {how} on {format_time(since)},"
                    f" more than {pluralize(limits.unused_days, 'day')} ago",
                    location=limits.location,
                    evidence={
                        "created": format_time(key.created),
                        "last_used": format_time(key.last_used) if key.last_used else None,
                        "unused_days": limits.unused_days,
                    },
                )
