"""Prowler and ScoutSuite: auditors of an account by their own rules, which know no desired state.

Each is told to look at IAM in one region, to write to a folder that goes away, and to send nothing.
"""

from __future__ import annotations

import csv
import json
import sys
from functools import partial
from pathlib import Path

from benchmarks.accounts import GROUPS, USERS
from benchmarks.peers.peer import Peer, executable


def prowler(home: Path) -> Peer:
    out = home / "prowler"
    said = ["aws", "--service", "iam", "--region", "us-east-1", "--output-formats", "csv", "--output-directory"]
    # -z: what it finds is no failure.
    command = [executable("prowler", "prowler"), *said, str(out), "--output-filename", "found", "--no-banner", "-z"]
    return Peer("Prowler, IAM", command, partial(check_prowler, out / "found.csv"))


def scoutsuite(home: Path) -> Peer:
    out = home / "scoutsuite"
    said = ["aws", "--services", "iam", "--regions", "us-east-1", "--no-browser", "--force", "--quiet"]
    command = [executable("scoutsuite", "scout"), *said, "--report-dir", str(out)]
    return Peer("ScoutSuite, IAM", command, partial(check_scoutsuite, out / "scoutsuite-results"))


def check_prowler(report: Path) -> None:
    """It has looked at every user. Its report grows with each run: it goes once it was read."""
    with report.open(newline="", encoding="utf-8") as lines:
        seen = {row["RESOURCE_UID"].rpartition("/")[2] for row in csv.DictReader(lines, delimiter=";")}
    report.unlink()
    missing = {f"user-{number:04}" for number in range(USERS)} - seen
    if missing:
        sys.exit(f"Prowler has not looked at {len(missing)} users")


def check_scoutsuite(results: Path) -> None:
    """It has read every user and group."""
    path = next(results.glob("scoutsuite_results_aws-*.js"))
    iam = json.loads(path.read_text(encoding="utf-8").partition("\n")[2])["services"]["iam"]
    found = (iam["users_count"], iam["groups_count"])
    if found != (USERS + 1, GROUPS + 1):  # and koding-user in Developers
        sys.exit(f"ScoutSuite found {found[0]} users and {found[1]} groups")
