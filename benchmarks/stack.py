"""`python -m benchmarks.stack`: what a stack script of many resources costs, beside the bare parsing of its YAML.

Medians of RUNS, in CPU seconds of one process. The first line is what no reader can do without.
"""

from __future__ import annotations

import gc
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path

import yaml
from tabulate import tabulate

from benchmarks.decisions import warm
from koding_audit.io.codec.snapshot import encode_snapshot
from koding_audit.model.account import Account, principal_key
from koding_audit.model.snapshot import Principal, Snapshot
from koding_audit.model.stack import Stack, StackNeed
from koding_audit.policy.evaluation import AccessRequest, user_context
from koding_audit.reference import managed_policies
from koding_audit.reference.aws_reference import load_reference
from koding_audit.stack.decision import NeedDecider
from koding_audit.stack.loader import read_script
from koding_audit.stack.needs import collect_needs

RUNS = 3
GUIDE = Path(__file__).parents[1] / "policies" / "koding.yaml"
ALLOWING = ("AmazonEC2FullAccess", "IAMReadOnlyAccess", "AmazonS3FullAccess")
RESOURCES = 10_000
ACCOUNT = Account("123456789012", "aws")
REFERENCE = load_reference()
USER = "arn:aws:iam::123456789012:user/koding-user"


def main() -> None:
    gc.set_threshold(1_000_000, 50, 50)  # as the installed command does
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stack.yml"
        path.write_text(script(RESOURCES), encoding="utf-8")
        text = path.read_text(encoding="utf-8")
        bare = timed(lambda: sum(1 for _ in yaml.parse(text, Loader=yaml.CSafeLoader)))
        known = read_script(str(path))
        stack = collect_needs(known, ACCOUNT)
        rows = [
            ("the YAML parser's events alone", bare),
            ("read: each resource with its line", timed(lambda: read_script(str(path)))),
            ("needs: each action, resource and reason", timed(lambda: collect_needs(known, ACCOUNT))),
            (f"decided: {len(stack.needs):,} needs", timed(lambda: decided(stack))),
            ("the whole command, all of it allowed", commanded(Path(folder), path, ALLOWING)),
            ("the whole command, all of it missing", commanded(Path(folder), path, ())),
        ]
    print(f"{RESOURCES:,} resources in {len(text):,} bytes")
    table = [(what, f"{seconds:.2f} s", f"{seconds / bare:.1f}") for what, seconds in rows]
    print(
        tabulate(
            table, ("stack", "CPU", "times the parser"), disable_numparse=True, colalign=("left",) + ("right",) * 2
        )
    )


def commanded(folder: Path, path: Path, attached: Sequence[str]) -> float:
    """`stack` as a process over a saved account whose group Developers has these policies, with the packaged guide."""
    arns = [f"arn:aws:iam::aws:policy/{name}" for name in attached]
    group = Principal(
        "group", "Developers", ACCOUNT.arn("group", "Developers"), "AGPA1", "/", frozenset(arns), frozenset()
    )
    user = Principal("user", "koding-user", USER, "AIDA1", "/", frozenset(), frozenset(), frozenset({"Developers"}))
    documents = {arn: json.dumps(dict(managed_policies.load_managed_policies()[arn].document)) for arn in arns}
    principals = {principal_key(each.kind, each.name): each for each in (group, user)}
    saved = Snapshot(ACCOUNT, None, datetime.now(timezone.utc), "live", principals=principals, documents=documents)
    (folder / "account.json").write_text(encode_snapshot(saved), encoding="utf-8")
    words = ["stack", str(path), str(GUIDE), "--source", f"snapshot:{folder / 'account.json'}"]

    def taken() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        done = subprocess.run(
            [sys.executable, "-m", "koding_audit", *words], capture_output=True, text=True, check=False
        )
        if ("Can be built" in done.stdout) is not bool(attached):
            raise SystemExit(f"not what was measured: {done.stdout[:500]}{done.stderr[:500]}")
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before

    return statistics.median(taken() for _ in range(RUNS))


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
    judge = NeedDecider(warm(), asks, REFERENCE)
    return [judge.decide(need).verdict for need in stack.needs]


def asks(need: StackNeed, resource: str) -> AccessRequest:
    extra = {"aws:RequestedRegion": need.region} if need.region else {}
    context = user_context(
        REFERENCE.condition_keys,
        arn=USER,
        name="koding-user",
        unique_id="AIDA",
        account=ACCOUNT.id,
        tags={},
        organization="",
        extra=extra,
    )
    return AccessRequest(need.action, resource, USER, context)


def timed(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(RUNS):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
