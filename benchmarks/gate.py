"""The gate of a CI job, over http and TLS, near and far: three groups of ten users, and the guide's file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from benchmarks import states
from benchmarks.measuring import CHECKOUT, Bench, Held, ratio, spread
from benchmarks.scans import Scans, Way, scanned, told
from benchmarks.serving import ROUND_TRIPS

USERS, GROUPS = 10, 3
WAYS = [(scheme, distance) for scheme in ("http", "https") for distance in ROUND_TRIPS]
FAR = 90  # ms, at which the wall has to hold


def measured(bench: Bench) -> Iterator[str | Held]:
    path = bench.home / "gate.yaml"
    path.write_text(states.gate(GROUPS))
    found = scanned(bench, (USERS, GROUPS), path, ways=WAYS)
    yield told(f"the gate: {GROUPS} groups, {USERS} users", bench, found)
    yield from must_hold(bench, found)
    guide = CHECKOUT / "policies" / "koding.yaml"
    yield told("the guide's file: 1 group, 1 user", bench, scanned(bench, (0, 1), guide, ways=WAYS))


def must_hold(bench: Bench, found: Mapping[Way, Scans]) -> Iterator[Held]:
    near, far = found["https", 0], found["https", FAR]
    if bench.old and near.old and far.old:
        yield Held(f"gate over TLS, CPU, to {bench.old.name}", ratio(near.ours, near.old, "cpu"), "0.60")
        what = f"gate over TLS at {FAR} ms, wall, to {bench.old.name}"
        yield Held(what, ratio(far.ours, far.old, "wall"), "0.65, aim 0.60")
    yield Held("gate over TLS, CPU, to bare botocore", ratio(near.ours, near.bare, "cpu"), "0.65")
    yield Held("gate over TLS, peak memory in MB", spread(near.ours.values("memory"), 1), "53, aim 50")
