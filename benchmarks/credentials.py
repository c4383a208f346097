"""A part of `make bench`: what a scan costs where the file limits the keys and the sign-in of all users.

Up to 200 such users are read live; of more, the credential report and CloudTrail say who is read. What is a user's own
(credentials of single services, SSH keys, signing certificates) is read of each in both cases.
"""

from __future__ import annotations

from benchmarks.measuring import Bench, benchmark, measure, table
from benchmarks.serving import served
from koding_audit.model.query import LIVE_CREDENTIAL_USERS

LIMITS = {"sign-in": "console: forbidden", "sign-in and keys": "access_keys: forbidden, console: forbidden"}
FAR = 50  # ms a round trip
GROUPS = 100


def main() -> None:
    with benchmark(None, 1) as bench:
        rows = [
            (f"{users:,}", name, *measured(bench, users, limits))
            for users in (LIVE_CREDENTIAL_USERS, LIVE_CREDENTIAL_USERS + 1, 1000, 5000)
            for name, limits in LIMITS.items()
        ]
    print(f"A scan of users with limits, over TLS, {FAR} ms a round trip, one run of each\n")
    print(table(rows, ("users", "limits of", "calls", "of them for one user each", "wall", "CPU"), 2))


def measured(bench: Bench, users: int, limits: str) -> tuple[str, str, str, str]:
    """The number of calls, that of calls for single users, seconds and seconds of CPU of one scan."""
    path = bench.home / "users.yaml"
    path.write_text(desired_state(users, limits))
    with served("benchmarks.server", users, GROUPS, certificates=bench.certificates, round_trips=(FAR,)) as account:
        words = ("scan", str(path), "--endpoint-url", account.urls["https", FAR])
        run = measure(bench.ours.case(bench, *words, calls=account.calls), bench.home)
    own = sum("UserName" in parameters for _, _, parameters in run.calls)
    return f"{len(run.calls):,}", f"{own:,}", f"{run.wall:.1f} s", f"{run.cpu:.1f} s"


def desired_state(users: int, limits: str) -> str:
    named = (f"  user-{number:04}: {{{limits}}}" for number in range(users))
    return "\n".join(["version: 1", "users:", *named]) + "\n"


if __name__ == "__main__":
    main()
