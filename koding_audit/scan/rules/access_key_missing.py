"""A user has fewer active access keys than declared. Without a key, its programs cannot sign in."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.io.text import pluralize
from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits()
FACTS = frozenset({Fact.USER, Fact.ACCESS_KEYS})
STEP = "create an access key for the user, or activate one that it has"
HELP = Help(
    severity="warning",
    looks_at="active access keys of users with `access_keys: {min_active: N}`. Fewer than N is a finding.",
    by_hand="create a key, or activate an inactive one. The first command prints the secret once: redirect it to a "
    "file that only you can read, or use `koding-audit setup FILE --save-key profile:NAME`.",
    commands=(
        "aws iam create-access-key --user-name USER",
        "aws iam update-access-key --user-name USER --access-key-id KEY_ID --status Active",
    ),
    with_fix="no: AWS shows a new key's secret once, to the caller that creates it.",
    example="""\
version: 1
users:
  koding-user:
    access_keys:
      min_active: 1
""",
    finds="user koding-user has 0 active access keys; the file requires 1",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair, user in comparison.users:
        limits, active = user.access_keys, comparison.active_keys(pair)
        if limits is None or limits.min_active is None or active is None or len(active) >= limits.min_active:
            continue
        yield Finding(
            rule="access-key-missing",
            severity="warning",
            subject=pair.subject,
            message=(
                f"{pair.label} has {pluralize(len(active), 'active access key')}; the file requires {limits.min_active}"
            ),
            location=limits.location,
            evidence={"active": len(active), "min_active": limits.min_active},
        )
