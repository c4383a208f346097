"""`python -m benchmarks.decisions`: what deciding costs: one action, all of them, and who can take one.

The policies are the model case's own, a boundary and a deny of calls without MFA beside them. Medians of RUNS.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timezone

from tabulate import tabulate

from koding_audit.model.account import Account, PrincipalKind, principal_key
from koding_audit.model.desired import RequiredAction
from koding_audit.model.location import Location
from koding_audit.model.snapshot import Principal, Snapshot
from koding_audit.policy.evaluation import AccessRequest, Policies, Policy, compile_document, decide, user_context
from koding_audit.policy.permissions import Permissions
from koding_audit.reference import actions, managed_policies
from koding_audit.reference.aws_reference import load_reference

RUNS = 7
USERS, GROUPS = 5000, 300
MANAGED = ("AmazonEC2FullAccess", "IAMReadOnlyAccess", "AmazonRoute53FullAccess", "AmazonRoute53DomainsFullAccess")
REFERENCE = load_reference()
USER = "arn:aws:iam::123456789012:user/koding-user"
BOUNDARY = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "NotAction": "iam:*User*", "Resource": "*"}}
GUARD = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Deny",
        "Action": "ec2:Terminate*",
        "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    },
}


def main() -> None:
    policies, known = warm(), actions.load_actions().expand("*")
    rows = [
        (f"{action}: {verdict(action, policies)}", f"{timed(lambda name=action: verdict(name, policies)) * 1e6:.0f} µs")
        for action in ("ec2:RunInstances", "ec2:TerminateInstances", "s3:GetObject")
    ]
    every = timed(lambda: [verdict(action, policies) for action in known])
    rows.append((f"all {len(known):,} actions", f"{every:.2f} s, {every / len(known) * 1e6:.0f} µs each"))
    asked = RequiredAction("ec2:RunInstances", Location("", 1, 1))
    snapshot = crowd()
    who = timed(lambda: everybody(snapshot, asked))
    rows.append((f"who can: {USERS:,} users, {GROUPS} groups", f"{who:.2f} s"))
    print(tabulate(rows, ("decided", "median"), disable_numparse=True, colalign=("left", "right")))


def warm() -> Policies:
    documents = managed_policies.load_managed_policies()
    group = [
        Policy("group Developers", name, compile_document(documents[f"arn:aws:iam::aws:policy/{name}"].document))
        for name in MANAGED
    ]
    guard = Policy("user koding-user", "guard", compile_document(GUARD))
    return Policies(
        identity=(*group, guard), boundary=(Policy("permissions boundary", "edge", compile_document(BOUNDARY)),)
    )


def crowd() -> Snapshot:
    """An account of many users, each in three of the groups; the groups hold the guide's policies in turn."""
    documents = managed_policies.load_managed_policies()
    arns = [f"arn:aws:iam::aws:policy/{name}" for name in MANAGED]
    texts = {arn: json.dumps(dict(documents[arn].document)) for arn in arns}
    texts |= {f"user/user-{number}/guard": json.dumps(GUARD) for number in range(0, USERS, 10)}
    groups = [_principal("group", f"group-{number}", attached={arns[number % 4]}) for number in range(GROUPS)]
    users = [
        _principal(
            "user",
            f"user-{number}",
            groups={f"group-{(number + step) % GROUPS}" for step in (0, 7, 70)},
            inline={"guard"} if number % 10 == 0 else set(),
        )
        for number in range(USERS)
    ]
    principals = {principal_key(each.kind, each.name): each for each in (*groups, *users)}
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)
    return Snapshot(Account("123456789012", "aws"), None, now, "live", principals=principals, documents=texts)


def _principal(kind: PrincipalKind, name: str, **more: set[str]) -> Principal:
    own = {"attached": set[str](), "inline": set[str](), "groups": set[str](), **more}
    lists = {each: frozenset(values) for each, values in own.items()}
    return Principal(kind, name, f"arn:aws:iam::123456789012:{kind}/{name}", f"ID{name}", "/", **lists)


def everybody(snapshot: Snapshot, asked: RequiredAction) -> int:
    """How many can: read anew each time, as the command does."""
    permissions = Permissions(snapshot)
    decisions = (permissions.decide(each, asked) for each in snapshot.principals.values())
    return sum(decision.verdict == "allowed" for decision in decisions)


def verdict(action: str, policies: Policies) -> str:
    context = user_context(
        REFERENCE.condition_keys,
        arn=USER,
        name="koding-user",
        unique_id="AIDAEXAMPLE",
        account="123456789012",
        tags={},
        organization="",
    )
    return decide(AccessRequest(action, "*", USER, context), policies, REFERENCE).verdict


def timed(ask: Callable[[], object]) -> float:
    """Seconds for one call, the median of RUNS."""
    ask()
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        ask()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


if __name__ == "__main__":
    main()
