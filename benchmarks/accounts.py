"""Larger accounts over http and TLS: 1,000 users in 100 groups, and 5,000 in 300, each of them written down."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import states
from benchmarks.measuring import Bench, Held, ratio
from benchmarks.scans import scanned, told

USERS, GROUPS = 1000, 100
MOST_USERS, MOST_GROUPS = 5000, 300  # AWS's default quotas


def measured(bench: Bench) -> Iterator[str | Held]:
    path = bench.home / "members.yaml"
    path.write_text(states.members_only(USERS, GROUPS))
    yield told(f"{USERS:,} users x {GROUPS} groups", bench, scanned(bench, (USERS, GROUPS), path))
    path = bench.home / "written.yaml"
    path.write_text(states.written_down(MOST_USERS, MOST_GROUPS))
    title = f"{MOST_USERS:,} users x {MOST_GROUPS} groups, {path.stat().st_size // 1000} kB of YAML"
    sizes = (MOST_USERS, MOST_GROUPS)
    found = scanned(bench, sizes, path)
    yield told(title, bench, found)
    near = found["https", 0]
    yield Held(
        f"{MOST_USERS:,} x {MOST_GROUPS} over TLS, CPU, to bare botocore", ratio(near.ours, near.bare, "cpu"), "0.70"
    )
    ways = [("https", 0)]
    as_json = scanned(bench, sizes, path, "--output", "json", ways=ways)
    yield told(f"{title}, --output json", bench, as_json)
    found = scanned(bench, sizes, path, ways=ways, server="benchmarks.moto_times")
    yield told(f"{title}, times with fractions as moto writes them", bench, found)
    near = found["https", 0]
    if bench.old and near.old:
        what = f"the same, times with fractions, CPU, to {bench.old.name}"
        yield Held(what, ratio(near.ours, near.old, "cpu"), "0.60")
