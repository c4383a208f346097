"""`python -m benchmarks.stack`: what a stack script of many resources costs, beside the bare parsing of its YAML.

Medians of RUNS, in CPU seconds of one process. The first line is what no reader can do without.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml
from tabulate import tabulate

from benchmarks.decisions import warm
from koding_audit.evaluate import Request, audit_context
from koding_audit.model import Account, Stack, StackNeed
from koding_audit.stack.deciding import Judge
from koding_audit.stack.needs import needs
from koding_audit.stack.reading import read

RUNS = 3
RESOURCES = 10_000
ACCOUNT = Account("123456789012", "aws")
USER = "arn:aws:iam::123456789012:user/koding-user"


def main() -> None:
    gc.set_threshold(100_000, 50, 50)  # as the installed command does
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stack.yml"
        path.write_text(script(RESOURCES), encoding="utf-8")
        text = path.read_text(encoding="utf-8")
        bare = timed(lambda: sum(1 for _ in yaml.parse(text, Loader=yaml.CSafeLoader)))
        known = read(str(path))
        stack = needs(known, ACCOUNT)
        rows = [
            ("the YAML parser's events alone", bare),
            ("read: each resource with its line", timed(lambda: read(str(path)))),
            ("needs: each action, resource and reason", timed(lambda: needs(known, ACCOUNT))),
            (f"decided: {len(stack.needs):,} needs", timed(lambda: decided(stack))),
        ]
    total = sum(seconds for _, seconds in rows[1:])
    rows.append((f"in all, {RESOURCES:,} resources in {len(text):,} bytes", total))
    table = [(what, f"{seconds:.2f} s", f"{seconds / bare:.1f}") for what, seconds in rows]
    print(
        tabulate(
            table, ("stack", "CPU", "times the parser"), disable_numparse=True, colalign=("left",) + ("right",) * 2
        )
    )


def script(count: int) -> str:
    """Instances, addresses and buckets in turn, each with a name of its own."""
    kinds = {
        "aws_instance": "      ami: ami-1\n      instance_type: t2.micro\n      user_data: |-\n        #!/bin/sh\n",
        "aws_eip": "      instance: '${{aws_instance.n{n}.id}}'\n",
        "aws_s3_bucket": "      bucket: acme-{n}\n      tags: {{Name: 'n{n}'}}\n",
    }
    parts = ["provider: {aws: {region: us-east-1}}\nresource:\n"]
    for kind, body in kinds.items():
        parts.append(f"  {kind}:\n")
        parts += [f"    n{number}:\n{body.format(n=number)}" for number in range(count // len(kinds) + 1)]
    return "".join(parts)


def decided(stack: Stack) -> list[str]:
    """By the guide's user with all of the guide's policies, a boundary and a guard."""
    judge = Judge(warm(), asks)
    return [judge.decide(need).verdict for need in stack.needs]


def asks(need: StackNeed, resource: str) -> Request:
    extra = {"aws:RequestedRegion": need.region} if need.region else {}
    context = audit_context(
        arn=USER, name="koding-user", unique_id="AIDA", account=ACCOUNT.id, tags={}, organization="", extra=extra
    )
    return Request(need.action, resource, USER, context)


def timed(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(RUNS):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
