"""A part of `make bench`: what a scan costs where the file limits the keys and the sign-in of all users.

Up to 200 such users are read live; of more, the credential report and CloudTrail say who is read. What is a user's own
(credentials of single services, SSH keys, signing certificates) is read of each in both cases.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tabulate import tabulate

from benchmarks.bench import Case, clean_environment, measure, scan_of, server
from koding_audit.model.query import LIVE_CREDENTIAL_USERS

LIMITS = {"sign-in": "console: forbidden", "sign-in and keys": "access_keys: forbidden, console: forbidden"}
LATENCY = 50  # ms a call
GROUPS = 100


def main() -> None:
    rows = [
        (f"{users:,}", name, *measured(users, limits))
        for users in (LIVE_CREDENTIAL_USERS, LIVE_CREDENTIAL_USERS + 1, 1000, 5000)
        for name, limits in LIMITS.items()
    ]
    print(f"A scan of users with limits, {LATENCY} ms a call\n")
    columns = ("users", "limits of", "calls", "of them for one user each", "wall", "CPU")
    print(tabulate(rows, columns, tablefmt="github", disable_numparse=True))


def measured(users: int, limits: str) -> tuple[str, str, str, str]:
    """The number of calls, that of calls for single users, seconds and seconds of CPU of one scan."""
    with tempfile.TemporaryDirectory() as folder, server(users, GROUPS) as url:
        path = Path(folder) / "users.yaml"
        path.write_text(desired_state(users, limits))
        case = Case("", scan_of(str(path), url), url, LATENCY)
        run = measure(case, clean_environment(Path(folder)))
    own = sum("UserName" in parameters for _, _, parameters in run.calls)
    return f"{len(run.calls):,}", f"{own:,}", f"{run.wall:.1f} s", f"{run.cpu:.1f} s"


def desired_state(users: int, limits: str) -> str:
    named = (f"  user-{number:04}: {{{limits}}}" for number in range(users))
    return "\n".join(["version: 1", "users:", *named]) + "\n"


if __name__ == "__main__":
    main()
