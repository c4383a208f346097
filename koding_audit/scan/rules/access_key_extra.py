"""A user has more active access keys than declared. Each key can leak."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.io.text import pluralize
from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(is_known_by_evidence=True)
FACTS = frozenset({Fact.USER, Fact.ACCESS_KEYS})
STEP = "deactivate the unused key, then delete it"
HELP = Help(
    severity="warning",
    looks_at="active access keys of users with `access_keys: {max_active: N}`, or with `forbidden`, which means 0. "
    "Inactive keys do not count.",
    by_hand="deactivate the key that has been unused for longest; delete it when nothing fails without it. Always "
    "name the user: otherwise IAM acts on the caller's own key.",
    commands=(
        "aws iam list-access-keys --user-name USER",
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
      max_active: 1
""",
    finds="user web-ci has 2 active access keys (...WXYZ, ...ABCD); the file allows at most 1",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair, user in comparison.users:
        limits, active = user.access_keys, comparison.active_keys(pair) or ()
        if limits is None or limits.max_active is None or len(active) <= limits.max_active:
            continue
        names = [f"...{name}" for name, _ in active]
        allowed = f"at most {limits.max_active}" if limits.max_active else "none"
        yield Finding(
            rule="access-key-extra",
            severity="warning",
            subject=pair.subject,
            message=f"{pair.label} has {pluralize(len(active), 'active access key')} ({', '.join(names)});"
            f" the file allows {allowed}",
            location=limits.location,
            evidence={"active": names, "max_active": limits.max_active},
        )
