"""`make bench-size`: a scan of an account as full as AWS's default quotas let it be, every kind of it closed.

Limits are 60 seconds and 500 MB; status 1 where one of them is passed. The account is served on loopback over
TLS by benchmarks.server, whose own work, and that of whatever else the machine does, is in the wall time.
"""

from __future__ import annotations

import contextlib
import sys
import urllib.parse
import urllib.request

from tabulate import tabulate

from benchmarks.measuring import benchmark, in_turn
from benchmarks.serving import served

USERS, GROUPS, ROLES, POLICIES = 5000, 300, 1000, 1500
RUNS = 3
SECONDS, MEGABYTES = 60, 500


def main() -> int:
    with contextlib.ExitStack() as stack:
        bench = stack.enter_context(benchmark(None, RUNS))
        sizes = (USERS, GROUPS, ROLES, POLICIES)
        ways = served("benchmarks.server", *sizes, certificates=bench.certificates, round_trips=())
        account = stack.enter_context(ways)
        path, report = bench.home / "full.yaml", bench.home / "report.json"
        path.write_text(desired_state())
        words = ("scan", str(path), "--endpoint-url", account.urls["https", 0], "--output", f"json:{report}")
        case = bench.ours.case(bench, *words, calls=account.calls)
        in_turn([case], bench.runs, bench.home)
        page, written = page_of(account.url, "User"), report.stat().st_size
    rows = [
        ("wall", f"{case.median('wall'):.1f} s", f"{SECONDS} s"),
        ("CPU", f"{case.median('cpu'):.1f} s", ""),
        ("peak memory", f"{case.median('memory'):.0f} MB", f"{MEGABYTES} MB"),
        ("calls", f"{len(case.runs[-1].calls)}", ""),
        ("a page of a thousand users", f"{page / 1e6:.1f} MB", ""),
        ("the desired state", f"{len(desired_state()) / 1e3:.0f} kB", ""),
        ("the report", f"{written / 1e6:.1f} MB", ""),
    ]
    title = f"scan of {USERS:,} users, {GROUPS} groups, {ROLES:,} roles, {POLICIES:,} policies; median of {RUNS} runs"
    print(tabulate(rows, (title, "", "limit"), disable_numparse=True, colalign=("left", "right", "right")))
    return 1 if case.median("wall") > SECONDS or case.median("memory") > MEGABYTES else 0


def desired_state() -> str:
    """What the account holds, as a file that it meets: each role has a policy set of its own."""
    lines = ["version: 1", "closed: {users: true, groups: true, roles: true}", "policy_sets:"]
    lines += ["  base: {policies: [AmazonEC2FullAccess, IAMReadOnlyAccess]}"]
    for role in range(ROLES):
        held = ", ".join(f"customer:policy-{number:04}" for number in range(role, POLICIES, ROLES))
        lines.append(f"  set-{role:04}: {{policies: [{held}]}}")
    lines += ["groups:", "  Developers: {required: [base], members: [koding-user]}"]
    for group in range(GROUPS):
        members = ", ".join(f"user-{number:04}" for number in range(group, USERS, GROUPS))
        lines.append(f"  group-{group:03}: {{required: [base], members: [{members}]}}")
    lines.append("roles:")
    lines += [f"  role-{role:04}: {{required: [set-{role:04}]}}" for role in range(ROLES)]
    return "\n".join(lines) + "\n"


def page_of(url: str, kind: str) -> int:
    """The bytes of the first page of a kind."""
    asked = {"Action": "GetAccountAuthorizationDetails", "Filter.member.1": kind, "MaxItems": "1000"}
    request = urllib.request.Request(url, urllib.parse.urlencode(asked).encode(), {"Authorization": "////"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        return len(reply.read())


if __name__ == "__main__":
    sys.exit(main())
