"""The path differs from the file. Policies that match by path do not apply."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(is_known_by_evidence=True, fix_overwrites=True)
FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE})
STEP = "move the user or group with `aws iam update-...`, or correct the file"
HELP = Help(
    severity="error",
    looks_at="the path of each group, user and role that declares one.",
    by_hand="move the user or group, or correct the file. The ARN changes with the path, so first search for "
    "policies that name it. A role cannot be moved: delete it and create it again.",
    commands=(
        "aws iam update-user --user-name USER --new-path /PATH/",
        "aws iam update-group --group-name GROUP --new-path /PATH/",
    ),
    with_fix="no.",
    example="""\
version: 1
groups:
  Developers:
    path: /team/
""",
    finds="group Developers has path /; the file declares path /team/",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair in comparison.principals:
        wanted = pair.declared.path
        if pair.live is not None and wanted is not None and pair.live.path != wanted:
            yield Finding(
                rule="path-changed",
                severity="error",
                subject=pair.subject,
                message=f"{pair.label} has path {pair.live.path}; the file declares path {wanted}",
                location=pair.declared.location,
                evidence={"wanted": wanted, "live": pair.live.path},
            )
