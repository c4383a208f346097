"""A scan of one account over http and TLS, near and far, beside bare botocore with the same calls and the old build."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import Bench, Case, in_turn, measure, milliseconds, peak, ratio, table
from benchmarks.serving import served

Way = tuple[str, int]
"""A scheme, and the milliseconds of a round trip."""
WAYS: Sequence[Way] = (("http", 0), ("https", 0), ("https", 50), ("https", 90))
HEADS = ("over", "a round trip", "wall ms", "CPU ms", "peak MB", "calls", "CPU to bare", "wall to bare")


@dataclass(frozen=True)
class Scans:
    """One way to the account. bare: with the calls of ours; old: of the build to compare with."""

    ours: Case
    bare: Case
    old: Case | None


def scanned(
    bench: Bench,
    sizes: Sequence[int],
    path: Path,
    *options: str,
    ways: Sequence[Way] = WAYS,
    server: str = "benchmarks.server",
) -> Mapping[Way, Scans]:
    """Measure the scan of a file that an account of these sizes meets. sizes: as of benchmarks.server, or another."""
    far = sorted({distance for _, distance in ways if distance})
    with served(server, *sizes, certificates=bench.certificates, round_trips=far) as account:

        def words(url: str) -> list[str]:
            return ["scan", str(path), "--endpoint-url", url, *options]

        first = bench.ours.case(bench, *words(account.url), calls=account.calls)
        calls = json.dumps(measure(first, bench.home).calls)
        found: dict[Way, Scans] = {}
        for way in ways:
            url = account.urls[way]
            ours, *old = (build.case(bench, *words(url), calls=account.calls) for build in bench.builds)
            bare = bench.script("bare botocore", "benchmarks.bare", url, calls, calls=account.calls)
            found[way] = Scans(ours, bare, old[0] if old else None)
        all_of_it = [(each.ours, each.bare, *((each.old,) if each.old else ())) for each in found.values()]
        in_turn([case for cases in all_of_it for case in cases], bench.runs, bench.home)
    return found


def told(title: str, bench: Bench, found: Mapping[Way, Scans]) -> str:
    """A table with a line for each way."""
    rows = []
    for (scheme, distance), each in found.items():
        pairs = [each.bare, *([each.old] if each.old else [])]
        ratios = [ratio(each.ours, base, value) for base in pairs for value in ("cpu", "wall")]
        times = (milliseconds(each.ours, "wall"), milliseconds(each.ours, "cpu"), peak(each.ours))
        rows.append((scheme, f"{distance} ms", *times, str(len(each.ours.runs[-1].calls)), *ratios))
    old = (f"CPU to {bench.old.name}", f"wall to {bench.old.name}") if bench.old else ()
    return f"{title}\n\n{table(rows, (*HEADS, *old), 2)}"
