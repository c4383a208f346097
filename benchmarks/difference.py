"""How long the comparison of policy documents takes: AWS managed policies, and many statements of one kind.

The large managed policies are compared with changed versions of themselves.

`python -m benchmarks.difference` prints a table; the documents are those that moto bundles.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from tabulate import tabulate

from koding_audit.policy.diff import compare_documents
from koding_audit.policy.document import parse_document

LARGEST = 100
SHOWN = 8
SIZES = (40, 80, 160)
RUNS = 3
Json = dict[str, Any]


def main() -> None:
    print(table())
    print(many_statements())


def many_statements() -> str:
    """Statements of one kind, with one of them left out, and with half of them exchanged."""
    rows = []
    for kind, statement in kinds().items():
        every = [statement(number) for number in range(SIZES[-1] * 2)]
        for change in ("one less", "half exchanged"):
            row = [kind, change]
            for size in SIZES:
                start = size // 2 if change == "half exchanged" else 1
                end = size + start if change == "half exchanged" else size
                took, verdict = measure_cpu({"Statement": every[:size]}, {"Statement": every[start:end]})
                row.append(f"{took * 1000:.0f}{' undecided' if verdict == 'undecided' else ''}")
            rows.append(row)
    heads = ("each statement has", "change", *(f"{size}, ms" for size in SIZES))
    return f"Statements of one kind, medians of {RUNS}, CPU:\n{tabulate(rows, heads, disable_numparse=True)}"


def measure_cpu(old: Json, new: Json) -> tuple[float, str]:
    one, other = parse_document(old), parse_document(new)
    times, verdict = [], ""
    for _ in range(RUNS):
        begun = time.process_time()
        verdict = compare_documents(one, other).verdict
        times.append(time.process_time() - begun)
    return statistics.median(times), verdict


def kinds() -> dict[str, Callable[[int], Json]]:
    def statement(action: str, resource: str, **more: Any) -> Json:
        return {"Effect": "Allow", "Action": action, "Resource": resource, **more}

    def tagged(number: int) -> Json:
        return {"StringEquals": {"aws:PrincipalTag/team": f"team{number}"}}

    return {
        "a bucket": lambda n: statement("s3:GetObject", f"arn:aws:s3:::bucket-{n}/*"),
        "an action and a bucket": lambda n: statement(f"s3:Get{n}*", f"arn:aws:s3:::bucket-{n}/*"),
        "a star before a bucket's end": lambda n: statement("s3:GetObject", f"arn:aws:s3:::*-{n:03}/*"),
        "a star for the account": lambda n: statement("iam:PassRole", f"arn:aws:iam::*:role/app-{n}-*"),
        "the same, and a tag": lambda n: statement(
            "iam:PassRole", f"arn:aws:iam::*:role/app-{n}-*", Condition=tagged(n)
        ),
        "a star before the action's end": lambda n: statement(f"s3:*Obj{n:03}*", f"arn:aws:s3:::bucket-{n}/*"),
        "a NotAction": lambda n: {
            "Effect": "Deny",
            "NotAction": f"s3:Get{n}",
            "Resource": f"arn:aws:s3:::bucket-{n}/*",
        },
    }


def table() -> str:
    """Each policy without one action, without one statement, and with one action more."""
    rows = [
        (name, change.__name__.replace("_", " "), *measure(document, change(document, random.Random(name))))
        for name, document in largest()
        for change in (without_an_action, without_a_statement, with_an_action)
    ]
    times = sorted(took * 1000 for _, _, took, _ in rows)
    undecided = sum(verdict == "undecided" for *_, verdict in rows)
    slowest = sorted(rows, key=lambda row: -row[2])[:SHOWN]
    shown = [(name, change, f"{took * 1000:.0f}", verdict) for name, change, took, verdict in slowest]
    return "\n".join(
        (
            f"Comparing by meaning: the {LARGEST} largest AWS managed policies, {len(rows)} pairs, parsed before.",
            f"Median {statistics.median(times):.1f} ms (the aim: under 300 ms), "
            f"95 % within {times[len(times) * 95 // 100]:.0f} ms, longest {times[-1]:.0f} ms; {undecided} undecided.",
            tabulate(shown, ("slowest", "change", "ms", "verdict"), disable_numparse=True),
        )
    )


def largest() -> list[tuple[str, Json]]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    documents = {name: each["Document"] for name, each in json.loads(aws_managed_policies_data).items()}
    names = sorted(documents, key=lambda name: (-len(json.dumps(documents[name])), name))
    return [(name, documents[name]) for name in names[:LARGEST]]


def measure(old: Json, new: Json) -> tuple[float, str]:
    one, other = parse_document(old), parse_document(new)
    begun = time.perf_counter()
    verdict = compare_documents(one, other).verdict
    return time.perf_counter() - begun, verdict


def copied(document: Json) -> list[Json]:
    found: Any = json.loads(json.dumps(document["Statement"]))
    return found if isinstance(found, list) else [found]


def without_an_action(document: Json, dice: random.Random) -> Json:
    statements = copied(document)
    several = [each for each in statements if isinstance(each.get("Action"), list) and len(each["Action"]) > 1]
    actions = dice.choice(several)["Action"] if several else [""]
    del actions[dice.randrange(len(actions))]
    return {**document, "Statement": statements}


def without_a_statement(document: Json, dice: random.Random) -> Json:
    statements = copied(document)
    del statements[dice.randrange(len(statements))]
    return {**document, "Statement": statements}


def with_an_action(document: Json, dice: random.Random) -> Json:
    statements = copied(document)
    one = dice.choice(statements)
    name = "Action" if "Action" in one else "NotAction"
    more = dice.choice(["iam:PassRole", "s3:*", "ec2:Describe*", "*:List*"])
    one[name] = [*(one[name] if isinstance(one[name], list) else [one[name]]), more]
    return {**document, "Statement": statements}


if __name__ == "__main__":
    main()
