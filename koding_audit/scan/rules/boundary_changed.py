"""The permissions boundary differs from the file. The user or role may do more, or less, than declared."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.arn import policy_name
from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(is_known_by_evidence=True, fix_overwrites=True)
FACTS = frozenset({Fact.USER, Fact.ROLE})
STEP = "set the boundary by hand, or correct the file"
HELP = Help(
    severity="error",
    looks_at="the permissions boundary of users and roles that declare one, or declare `none`.",
    by_hand="set the declared boundary, or delete it if the file declares `none`; or correct the file.",
    commands=(
        "aws iam put-user-permissions-boundary --user-name USER --permissions-boundary ARN",
        "aws iam delete-user-permissions-boundary --user-name USER",
        "aws iam put-role-permissions-boundary --role-name ROLE --permissions-boundary ARN",
        "aws iam delete-role-permissions-boundary --role-name ROLE",
    ),
    with_fix="no: this tool never writes a boundary.",
    example="""\
version: 1
users:
  ada:
    boundary: customer:edge
""",
    finds="user ada has no boundary; the file declares boundary customer:edge",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair in comparison.principals:
        if pair.live is None or pair.boundary is None:
            continue
        wanted = pair.boundary.policy.arn if pair.boundary.policy else ""
        live = pair.live.boundary
        if live != wanted:
            yield Finding(
                rule="boundary-changed",
                severity="error",
                subject=pair.subject,
                message=f"{pair.label} has {_boundary_text(live)}; the file declares {_boundary_text(wanted)}",
                location=pair.boundary.location,
                evidence={"wanted": wanted or None, "live": live or None},
            )


def _boundary_text(arn: str) -> str:
    return f"boundary {policy_name(arn)}" if arn else "no boundary"
