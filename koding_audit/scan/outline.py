"""What a desired state asks of whom, in short: as much of it as a report carries, for a picture of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from koding_audit.model.account import PrincipalKind, principal_key
from koding_audit.model.finding import Finding
from koding_audit.model.report import Outline, OutlinePrincipal, RootState
from koding_audit.model.snapshot import Snapshot
from koding_audit.scan.comparison import Comparison, DesiredPrincipal

MAX_PRINCIPALS = 200
"""Principals of an outline: a report of thousands of users does not grow by each of them."""


def build_outline(comparison: Comparison, findings: Iterable[Finding]) -> Outline:
    """The first MOST declared principals, those that a finding is about before the others."""
    subjects = {finding.subject for finding in findings}
    every = [(comparison.principal_arn(kind, each.name), kind, each) for kind, each in comparison.declared_principals]
    first = sorted(every, key=lambda one: one[0] not in subjects)[:MAX_PRINCIPALS]
    sets = {use.name for _, _, each in first for use in (*each.required, *each.optional)}
    counts = Counter(kind for _, kind, _ in every)
    return Outline(
        declared={"group": counts["group"], "user": counts["user"], "role": counts["role"]},
        principals=tuple(_outline_principal(comparison, arn, kind, each) for arn, kind, each in first),
        policy_sets={
            name: tuple(dict.fromkeys(ref.arn for ref in each.policies))
            for name, each in comparison.desired.policy_sets.items()
            if name in sets
        },
    )


def root_state(snapshot: Snapshot) -> RootState:
    """What was read of root; a number that AWS did not give is not read."""
    summary = snapshot.summary or {}
    keys, mfa = (summary.get(name) for name in ("AccountAccessKeysPresent", "AccountMFAEnabled"))
    return RootState(None if keys is None else keys > 0, None if mfa is None else mfa > 0, snapshot.root_use)


def _outline_principal(
    comparison: Comparison, arn: str, kind: PrincipalKind, declared: DesiredPrincipal
) -> OutlinePrincipal:
    live = comparison.snapshot.principals.get(principal_key(kind, declared.name))
    attached = live.attached if live else None
    return OutlinePrincipal(
        kind=kind,
        name=declared.name,
        arn=arn,
        groups=tuple(each.name for each in getattr(declared, "groups", ())),
        members=len(comparison.declared_members(declared.name)) if kind == "group" else 0,
        required=tuple(each.name for each in declared.required),
        optional=tuple(
            (use.name, None if attached is None else attached.issuperset(arns))
            for use, arns in comparison.optional_sets(declared)
        ),
    )
