"""Policies that match by path pass it by."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(is_known_by_evidence=True, fix_overwrites=True)
FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE})
STEP = "move a user or group with `aws iam update-...`; or correct the file"
HELP = Help(
    severity="error",
    looks_at="the path of groups, users and roles for which the file declares one.",
    by_hand="move the user or group, or correct the file. The ARN changes with the path, so look first for "
    "policies that name it. A role cannot be moved: it has to be made anew.",
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
    finds="group Developers is at path /, and is to be at /team/",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair in comparison.principals:
        wanted = pair.declared.path
        if pair.live is not None and wanted is not None and pair.live.path != wanted:
            yield Finding(
                rule="path-changed",
                severity="error",
                subject=pair.subject,
                message=f"{pair.label} is at path {pair.live.path}, and is to be at {wanted}",
                location=pair.declared.location,
                evidence={"wanted": wanted, "live": pair.live.path},
            )
