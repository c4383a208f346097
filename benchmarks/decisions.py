"""`python -m benchmarks.decisions`: what deciding costs, one action and all of them, with the guide's policies.

The policies are the model case's own, a boundary and a deny of calls without MFA beside them. Medians of RUNS.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from tabulate import tabulate

from koding_audit import actions, managed
from koding_audit.evaluate import Policies, Policy, Request, audit_context, compiled, decide

RUNS = 7
MANAGED = ("AmazonEC2FullAccess", "IAMReadOnlyAccess", "AmazonRoute53FullAccess", "AmazonRoute53DomainsFullAccess")
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
    policies, known = warm(), actions.load().expand("*")
    rows = [
        (f"{action}: {verdict(action, policies)}", f"{timed(lambda name=action: verdict(name, policies)) * 1e6:.0f} µs")
        for action in ("ec2:RunInstances", "ec2:TerminateInstances", "s3:GetObject")
    ]
    every = timed(lambda: [verdict(action, policies) for action in known])
    rows.append((f"all {len(known):,} actions", f"{every:.2f} s, {every / len(known) * 1e6:.0f} µs each"))
    print(tabulate(rows, ("decided", "median"), disable_numparse=True, colalign=("left", "right")))


def warm() -> Policies:
    documents = managed.load()
    group = [
        Policy("group Developers", name, compiled(documents[f"arn:aws:iam::aws:policy/{name}"].document))
        for name in MANAGED
    ]
    guard = Policy("user koding-user", "guard", compiled(GUARD))
    return Policies(identity=(*group, guard), boundary=(Policy("permissions boundary", "edge", compiled(BOUNDARY)),))


def verdict(action: str, policies: Policies) -> str:
    context = audit_context(
        arn=USER, name="koding-user", unique_id="AIDAEXAMPLE", account="123456789012", tags={}, organization=""
    )
    return decide(Request(action, "*", USER, context), policies).verdict


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
