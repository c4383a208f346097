"""`python -m benchmarks.peers.audits`: an account audited by this tool and by peers, in one table.

The gate of a CI job is what policies/koding.yaml asks for: koding-user is in Developers, which has two policies. The
whole state is that each of a thousand users is in its group and has no policy of its own, and each of a hundred groups
has its policies and no inline one. Cloud Custodian is asked the same. Prowler and ScoutSuite read the same account, and
hold it against rules of their own: that is another audit, and stands here for what an audit of such an account takes.
Beside each peer stands what ours took in the same minutes: before it and after it.

The accounts are benchmarks.server's, at 0 and 50 ms a call. Each peer is installed on demand from PyPI into an
environment of its own under `.venv/peers`, and reaches nothing but that server.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

from benchmarks.bench import CHECKOUT, GROUPS, USERS, Case, clean_environment, desired_state, measure, scan_of, server
from benchmarks.peers import auditors, custodian
from benchmarks.peers.peer import Peer, environment

GATES = {0: 7, 50: 3}  # runs by latency
WHOLE = {0: 5, 50: 1}
OTHERS = {0: 1, 50: 1}  # some minutes for each peer
OURS = 3  # of ours before and after one of theirs, of which the median counts
GUIDE = CHECKOUT / "policies" / "koding.yaml"


@dataclass(frozen=True)
class Question:
    """What is asked: of an account of so many users and groups, by our file, and of a peer."""

    name: str
    sizes: tuple[int, int]
    desired: Path
    runs: Mapping[int, int]
    peer: Peer


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        rows = [row for question in questions(home) for row in compared(home, question)]
    head = ("question", "by", "latency", "wall s", "CPU s", "peak MB", "calls", "times ours, wall")
    print(tabulate(rows, head, disable_numparse=True, colalign=("left", "left", *["right"] * 6)))
    return 0


def questions(home: Path) -> Iterator[Question]:
    """One after another: a peer's files are written when its question is next."""
    yield Question("the gate, 1 user", (0, 1), GUIDE, GATES, custodian.of_gate(home))
    yield Question(f"the gate, {USERS:,} users", (USERS, GROUPS), GUIDE, GATES, custodian.of_gate(home))
    state = home / "state.yaml"
    state.write_text(desired_state())
    sizes, title = (USERS, GROUPS), f"the whole state, {USERS:,} users"
    yield Question(title, sizes, state, WHOLE, custodian.of_whole_state(home))
    for peer in (auditors.prowler(home), auditors.scoutsuite(home)):
        yield Question(f"{title}, by its own rules", sizes, state, OTHERS, peer)


def compared(home: Path, question: Question) -> Iterator[tuple[str, ...]]:
    """For each latency a line of ours, and the peer's."""
    with server(*question.sizes) as url:
        for latency, runs in question.runs.items():
            ours = Case("koding-audit", scan_of(str(question.desired), url), url, latency)
            theirs = Case(question.peer.name, question.peer.command, url, latency, ours)
            own = clean_environment(home)
            for _ in range(runs):
                ours.runs += [measure(ours, own) for _ in range(OURS)]
                theirs.runs.append(measure(theirs, environment(home, url)))
                question.peer.check()
                ours.runs += [measure(ours, own) for _ in range(OURS)]
            yield from (line(question.name, case) for case in (ours, theirs))


def line(question: str, case: Case) -> tuple[str, ...]:
    numbers = (f"{case.median('wall'):.2f}", f"{case.median('cpu'):.2f}", f"{case.median('memory'):.0f}")
    return question, case.name, f"{case.latency} ms", *numbers, f"{len(case.runs[-1].calls):,}", case.ratio("wall")


if __name__ == "__main__":
    sys.exit(main())
