"""`python -m benchmarks.peers.custodian`: the same questions put to Cloud Custodian and to this tool, in one table.

The gate of a CI job is what policies/koding.yaml asks for: koding-user is in Developers, which has two policies. The
whole state is that each of a thousand users is in its group and has no policy of its own, and each of a hundred groups
has its policies and no inline one. The accounts are benchmarks.server's, at 0 and 50 ms a call. Custodian is installed
on demand into an environment of its own under `.venv/peers`, is told to keep no cache, and has one policy for all users
and one for all groups, which takes the fewest calls.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tabulate import tabulate

from benchmarks.bench import (
    CHECKOUT,
    GROUPS,
    USERS,
    Case,
    clean_environment,
    desired_state,
    measure,
    scan_of,
    server,
)
from benchmarks.peers.__main__ import installed

RUNS = {0: 3, 50: 1}  # by latency: a minute and more for Custodian at 50 ms
OURS = 3  # of ours to one of theirs, of which the median counts
GUIDE = CHECKOUT / "policies" / "koding.yaml"
ATTACHED = [
    {"type": "has-specific-managed-policy", "value": "AmazonEC2FullAccess"},
    {"type": "has-specific-managed-policy", "value": "IAMReadOnlyAccess"},
]
# The scan looks at what a user or group has beside that, too.
NOTHING_OF_ITS_OWN = [{"type": "has-inline-policy", "value": False}]
NOTHING_ATTACHED = [{"not": [{"type": "policy", "key": "PolicyName", "value": "present"}]}]


@dataclass(frozen=True)
class Question:
    """What is asked: of an account of so many users and groups, by our file, and by Custodian's policies.

    wanted: how many resources each of those has to find.
    """

    name: str
    sizes: tuple[int, int]
    desired: Path
    asked: Mapping[str, Any]
    wanted: Mapping[str, int]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        state = home / "state.yaml"
        state.write_text(desired_state())
        one, all_of_them = {"member": 1, "attached": 1}, {"member": USERS, "attached": GROUPS}
        questions = (
            Question("the gate, 1 user", (0, 1), GUIDE, gate(), one),
            Question(f"the gate, {USERS:,} users", (USERS, GROUPS), GUIDE, gate(), one),
            Question(f"the whole state, {USERS:,} users", (USERS, GROUPS), state, whole(), all_of_them),
        )
        rows = [row for question in questions for row in compared(home, question)]
    head = ("question", "by", "latency", "wall s", "CPU s", "peak MB", "calls", "times ours, wall")
    print(tabulate(rows, head, disable_numparse=True, colalign=("left", "left", *["right"] * 6)))
    return 0


def gate() -> dict[str, Any]:
    return policies([named("UserName", ["koding-user"]), in_group("Developers")], [named("GroupName", ["Developers"])])


def whole() -> dict[str, Any]:
    """One policy for all users: for each group, those who are to be in it."""
    groups = {
        f"group-{group:03}": [f"user-{number:04}" for number in range(group, USERS, GROUPS)] for group in range(GROUPS)
    }
    members = [{"and": [named("UserName", users), in_group(group)]} for group, users in groups.items()]
    users = [{"or": members}, *NOTHING_ATTACHED, *NOTHING_OF_ITS_OWN]
    return policies(users, [named("GroupName", list(groups)), *NOTHING_OF_ITS_OWN])


def policies(member: list[Any], groups: list[Any]) -> dict[str, Any]:
    return {
        "policies": [
            {"name": "member", "resource": "aws.iam-user", "filters": member},
            {"name": "attached", "resource": "aws.iam-group", "filters": [*groups, *ATTACHED]},
        ]
    }


def named(key: str, names: list[str]) -> dict[str, Any]:
    return {"type": "value", "key": key, "op": "in", "value": names}


def in_group(name: str) -> dict[str, Any]:
    return {"type": "group", "key": "GroupName", "value": name}


def compared(home: Path, question: Question) -> Iterator[tuple[str, ...]]:
    """Two lines for each latency: ours, and Custodian's."""
    (home / "asked.json").write_text(json.dumps(question.asked))
    said = ["run", "--output-dir", str(home / "out"), "--cache-period", "0", "--region", "us-east-1"]
    custodian = [str(installed("c7n").with_name("custodian")), *said, str(home / "asked.json")]
    with server(*question.sizes) as url:
        ours_only = clean_environment(home)
        environment = {**ours_only, "AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1"}
        for latency, runs in RUNS.items():
            ours = Case("koding-audit", scan_of(str(question.desired), url), url, latency)
            theirs = Case("Cloud Custodian", custodian, url, latency, ours)
            for _ in range(runs):
                ours.runs += [measure(ours, ours_only) for _ in range(OURS)]
                theirs.runs.append(measure(theirs, environment))
                check_found(home, question.wanted)
            yield from (line(question.name, case) for case in (ours, theirs))


def check_found(home: Path, wanted: Mapping[str, int]) -> None:
    """An answer that is wrong is not measured: everything is as desired, and each policy selects what is right."""
    for name, count in wanted.items():
        found = len(json.loads((home / "out" / name / "resources.json").read_text()))
        if found != count:
            sys.exit(f"Custodian's policy {name} found {found} resources, and not {count}")


def line(question: str, case: Case) -> tuple[str, ...]:
    numbers = (f"{case.median('wall'):.2f}", f"{case.median('cpu'):.2f}", f"{case.median('memory'):.0f}")
    return question, case.name, f"{case.latency} ms", *numbers, str(len(case.runs[-1].calls)), case.ratio("wall")


if __name__ == "__main__":
    sys.exit(main())
