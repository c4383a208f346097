"""Sizes that no network has part in: a large file, 20,000 findings in several formats, and a saved report of them."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import states
from benchmarks.accounts import MOST_GROUPS, MOST_USERS
from benchmarks.measuring import Bench, Held, in_turn, measure, milliseconds, peak, ratio, table
from benchmarks.serving import served
from benchmarks.waivers import desired_state

FINDINGS = 20_000
FORMATS = ("table", "json", "csv", "html")


def measured(bench: Bench) -> Iterator[str | Held]:
    file, closed, report = (bench.home / name for name in ("largest.yaml", "closed.yaml", "report.json"))
    file.write_text(states.written_down(MOST_USERS, MOST_GROUPS))
    closed.write_text(desired_state(waivers=0))
    with served("benchmarks.server", FINDINGS, 1, certificates=bench.certificates, round_trips=()) as account:
        scan = ("scan", str(closed), "--endpoint-url", account.urls["https", 0], "--exit-zero", "--output")
        # A report that both can read: an earlier revision takes none of a later one.
        measure(bench.builds[-1].case(bench, *scan, f"json:{report}"), bench.home)
        commands = {
            f"validate, {MOST_USERS:,} users written down": ("validate", str(file)),
            **{f"scan, {FINDINGS:,} findings, {form}": (*scan, form) for form in FORMATS},
            f"render a saved report of {FINDINGS:,} as csv": ("render", str(report), "--output", "csv"),
        }
        cases = {what: [build.case(bench, *words) for build in bench.builds] for what, words in commands.items()}
        in_turn([case for each in cases.values() for case in each], bench.runs, bench.home)
    rows = [
        (what, milliseconds(ours, "cpu"), peak(ours), *(ratio(ours, each, "cpu") for each in old))
        for what, [ours, *old] in cases.items()
    ]
    old_heads = (f"CPU to {bench.old.name}",) if bench.old else ()
    yield f"At size\n\n{table(rows, ('', 'CPU ms', 'peak MB', *old_heads))}"
