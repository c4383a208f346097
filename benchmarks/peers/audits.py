"""`python -m benchmarks.peers.audits [QUESTION ...]`: accounts audited over TLS by this tool and by peers.

- `gate`: what policies/koding.yaml asks for, that koding-user is in Developers, which has two policies, and that the
  root user has no access keys, of an account of ten users in three groups. `gate-1000`: of a thousand in a hundred.
- `state`: each of a thousand users is in its group and has no policy of its own, and each of a hundred groups has its
  policies and no inline one. Cloud Custodian is asked the same as we are in these three.
- `prowler`, `scoutsuite`: these read the same account, and hold it against rules of their own. That is another audit,
  and stands here for what an audit of such an account takes.

The accounts are benchmarks.server's, near and far. Each peer is installed on demand from PyPI into an environment of
its own under `.venv/peers`, and reaches nothing but that server. Both run in turn; a ratio is the peer's by ours.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import states
from benchmarks.accounts import GROUPS, USERS
from benchmarks.gate import FAR
from benchmarks.gate import GROUPS as FEW_GROUPS
from benchmarks.gate import USERS as FEW_USERS
from benchmarks.measuring import CHECKOUT, Bench, Case, Held, benchmark, held, in_turn, peak, ratio, table
from benchmarks.peers import auditors, custodian
from benchmarks.peers.peer import Peer, environment
from benchmarks.scans import Way
from benchmarks.serving import served

MANY: Mapping[Way, int] = {("http", 0): 7, ("https", 0): 7, ("https", 50): 7, ("https", FAR): 7}
"""Turns by the way to the account."""
SOME: Mapping[Way, int] = {("https", 0): 3, ("https", FAR): 3}
FEW: Mapping[Way, int] = {("https", 0): 3, ("https", FAR): 1}
ONE: Mapping[Way, int] = {("https", 0): 1, ("https", FAR): 1}  # some minutes for each peer
HEADS = ("question", "by", "over", "a round trip", "wall s", "CPU s", "peak MB", "calls", "CPU by ours", "wall by ours")


@dataclass(frozen=True)
class Question:
    """What is asked: of an account of so many users and groups, by our file, and of a peer.

    peer: writes its files into a folder; turns: by the way to the account.
    """

    name: str
    sizes: tuple[int, int]
    desired: str
    peer: Callable[[Path], Peer]
    turns: Mapping[Way, int]


ALL = (USERS, GROUPS)
GUIDE = (CHECKOUT / "policies" / "koding.yaml").read_text(encoding="utf-8")
GATE = f"the gate, {FEW_USERS} users"
STATE = f"the whole state, {USERS:,} users"
QUESTIONS: Mapping[str, Question] = {
    "gate": Question(GATE, (FEW_USERS, FEW_GROUPS), GUIDE, custodian.of_gate, MANY),
    "gate-1000": Question(f"the gate, {USERS:,} users", ALL, GUIDE, custodian.of_gate, SOME),
    "state": Question(STATE, ALL, states.members_only(*ALL), custodian.of_whole_state, FEW),
    "prowler": Question(f"{STATE}, by its own rules", ALL, states.members_only(*ALL), auditors.prowler, ONE),
    "scoutsuite": Question(f"{STATE}, by its own rules", ALL, states.members_only(*ALL), auditors.scoutsuite, ONE),
}


def main(names: Sequence[str]) -> int:
    if unknown := sorted(set(names) - QUESTIONS.keys()):
        print(f"no such question: {', '.join(unknown)}", file=sys.stderr)
        return 2
    lines: list[Held] = []
    with benchmark(None, 1) as bench:
        rows = [
            row
            for name in names or QUESTIONS
            for way, ours, theirs in compared(bench, QUESTIONS[name])
            for row in told(QUESTIONS[name], way, ours, theirs, lines)
        ]
    print(table(rows, HEADS, 4), held(lines), sep="\n\n")
    return 0


def compared(bench: Bench, question: Question) -> Iterator[tuple[Way, Case, Case]]:
    """Of each way to the account, our runs and the peer's."""
    path = bench.home / "desired.yaml"
    path.write_text(question.desired)
    peer = question.peer(bench.home)
    far = sorted({distance for _, distance in question.turns if distance})
    with served("benchmarks.server", *question.sizes, certificates=bench.certificates, round_trips=far) as account:
        for way, turns in question.turns.items():
            url = account.urls[way]
            ours = bench.ours.case(bench, "scan", str(path), "--endpoint-url", url, calls=account.calls)
            theirs = Case(peer.name, peer.command, environment(bench, url), calls=account.calls, check=peer.check)
            in_turn([ours, theirs], turns, bench.home, first=0 if turns == 1 else 1)
            yield way, ours, theirs


def told(question: Question, way: Way, ours: Case, theirs: Case, lines: list[Held]) -> Iterator[tuple[str, ...]]:
    """A row of each, and what has to hold, which is added to the lines."""
    scheme, distance = way
    by_ours = (ratio(theirs, ours, "cpu"), ratio(theirs, ours, "wall"))
    for case, ratios in ((ours, ("", "")), (theirs, by_ours)):
        numbers = (f"{case.median('wall'):.2f}", f"{case.median('cpu'):.2f}", peak(case))
        calls = f"{len(case.runs[-1].calls):,}"
        yield question.name, case.name, scheme, f"{distance} ms", *numbers, calls, *ratios
    if question.name == GATE and way == ("https", 0):
        lines.append(Held(f"{theirs.name} by ours, gate over TLS, CPU", by_ours[0], "at least 4.0"))
    if question.name == GATE and way == ("https", FAR):
        what = f"{theirs.name} by ours, gate over TLS at {FAR} ms, wall"
        lines.append(Held(what, by_ours[1], "at least 6.3, aim 7"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
