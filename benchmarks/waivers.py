"""What waivers cost: 4,800 findings under ten waivers, and under two thousand, each of one finding."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measuring import Bench, Held, in_turn, milliseconds, ratio, table
from benchmarks.serving import served

FINDINGS, FEW, MANY = 4800, 10, 2000


def measured(bench: Bench) -> Iterator[str | Held]:
    cases = {}
    with served("benchmarks.server", FINDINGS, 1, certificates=bench.certificates, round_trips=()) as account:
        url = account.urls["https", 0]
        for waivers in (FEW, MANY):
            path = bench.home / f"waivers-{waivers}.yaml"
            path.write_text(desired_state(waivers))
            words = ("scan", str(path), "--endpoint-url", url, "--exit-zero", "--output", "json")
            cases[waivers] = [build.case(bench, *words) for build in bench.builds]
        in_turn([case for each in cases.values() for case in each], bench.runs, bench.home)
    rows = [
        (
            f"{waivers:,}",
            milliseconds(ours, "cpu"),
            ratio(ours, cases[FEW][0], "cpu"),
            *(ratio(ours, each, "cpu") for each in old),
        )
        for waivers, [ours, *old] in cases.items()
    ]
    old_heads = (f"CPU to {bench.old.name}",) if bench.old else ()
    heads = ("waivers", "CPU ms", f"to {FEW} waivers", *old_heads)
    yield f"{FINDINGS:,} findings, over TLS, --output json\n\n{table(rows, heads)}"
    what = f"{MANY:,} waivers by {FEW}, {FINDINGS:,} findings, CPU"
    yield Held(what, ratio(cases[MANY][0], cases[FEW][0], "cpu"), "1.3")


def desired_state(waivers: int) -> str:
    """An account that is closed, in which no user is declared but koding-user."""
    lines = ["version: 1", "closed: {users: true}", "groups: {Developers: {members: [koding-user]}}"]
    lines += ["waivers:"] if waivers else []
    for number in range(waivers):
        said = f"rule: user-unexpected, subject: user/user-{number:04}, reason: known, owner: platform"
        lines.append(f'  - {{{said}, expires: "2099-12-31"}}')
    return "\n".join(lines) + "\n"
