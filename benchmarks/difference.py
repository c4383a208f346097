"""How long the comparison of policy documents takes: large AWS managed policies against changed versions of themselves.

`python -m benchmarks.difference` prints a table; the documents are those that moto bundles.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from typing import Any

from tabulate import tabulate

from koding_audit.policy.diff import compare_documents
from koding_audit.policy.document import parse_document

LARGEST = 100
SHOWN = 8
Json = dict[str, Any]


def main() -> None:
    print(table())


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
