"""An access key is older than declared. The longer a key exists, the more likely it has leaked."""

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
STEP = "create a new key, switch to it, then delete this one"
HELP = Help(
    severity="warning",
    looks_at="when each active key was created, for users with `access_keys: {max_age_days: N}`; exactly N days is "
    "allowed. A key is named by its last four characters.",
    by_hand="create a second key, switch to it, deactivate the old one, and delete it when nothing fails without it. "
    "The first command prints the secret once.",
    commands=(
        "aws iam create-access-key --user-name USER",
        "aws iam update-access-key --user-name USER --access-key-id KEY_ID --status Inactive",
        "aws iam delete-access-key --user-name USER --access-key-id KEY_ID",
    ),
    with_fix="never.",
    example="""\
version: 1
users:
  web-ci:
    access_keys:
      max_age_days: 90
""",
    finds="access key ...WXYZ of user web-ci was created on 2025-10-19T20:00:00Z, more than 90 days ago",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    now = comparison.snapshot.taken_at
    for pair, user in comparison.users:
        limits = user.access_keys
        if limits is None or limits.max_age_days is None:
            continue
        for name, key in comparison.active_keys(pair) or ():
            if now - key.created > timedelta(days=limits.max_age_days):
                yield Finding(
                    rule="access-key-old",
                    severity="warning",
                    subject=pair.subject,
                    key=name,
                    message=f"access key ...{name} of {pair.label} was created on {format_time(key.created)},"
                    f" more than {pluralize(limits.max_age_days, 'day')} ago",
                    location=limits.location,
                    evidence={"created": format_time(key.created), "max_age_days": limits.max_age_days},
                )
