"""What is asked of Cloud Custodian: one policy for all users, one for all groups, which takes the fewest calls."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.accounts import GROUPS, USERS
from benchmarks.peers.peer import Peer, executable

ATTACHED = [
    {"type": "has-specific-managed-policy", "value": "AmazonEC2FullAccess"},
    {"type": "has-specific-managed-policy", "value": "IAMReadOnlyAccess"},
]
NO_KEYS_OF_ROOT = {"type": "iam-summary", "key": "AccountAccessKeysPresent", "value": 0}
# The scan looks at what a user or group has beside that, too.
NOTHING_OF_ITS_OWN = [{"type": "has-inline-policy", "value": False}]
NOTHING_ATTACHED = [{"not": [{"type": "policy", "key": "PolicyName", "value": "present"}]}]


def of_gate(home: Path) -> Peer:
    """The guide's file: koding-user is in its group, that has its policies, and the root user has no access keys."""
    asked = policies([named("UserName", ["koding-user"]), in_group("Developers")], [named("GroupName", ["Developers"])])
    asked["policies"].append({"name": "root", "resource": "aws.account", "filters": [NO_KEYS_OF_ROOT]})
    return _custodian(home, asked, {"member": 1, "attached": 1, "root": 1})


def of_whole_state(home: Path) -> Peer:
    """One policy for all users: for each group, those who are to be in it."""
    groups = {
        f"group-{group:03}": [f"user-{number:04}" for number in range(group, USERS, GROUPS)] for group in range(GROUPS)
    }
    members = [{"and": [named("UserName", users), in_group(group)]} for group, users in groups.items()]
    users = [{"or": members}, *NOTHING_ATTACHED, *NOTHING_OF_ITS_OWN]
    asked = policies(users, [named("GroupName", list(groups)), *NOTHING_OF_ITS_OWN])
    return _custodian(home, asked, {"member": USERS, "attached": GROUPS})


def _custodian(home: Path, asked: Mapping[str, Any], wanted: Mapping[str, int]) -> Peer:
    """wanted: how many resources each policy has to find. It is told to keep no cache."""
    out = home / "custodian"
    said = ["run", "--output-dir", str(out), "--cache-period", "0", "--region", "us-east-1", str(home / "asked.json")]
    (home / "asked.json").write_text(json.dumps(asked))
    return Peer("Cloud Custodian", [executable("c7n", "custodian"), *said], partial(check_found, out, wanted))


def policies(member: list[Any], groups: list[Any]) -> dict[str, Any]:
    return {
        "policies": [
            {"name": "member", "resource": "aws.iam-user", "filters": member},
            {"name": "attached", "resource": "aws.iam-group", "filters": [*groups, *ATTACHED]},
        ]
    }


def named(key: str, names: list[str]) -> dict[str, Any]:
    return {"type": "value", "key": key, "op": "in", "value": names}


def in_group(name: str) -> dict[str, Any]:
    return {"type": "group", "key": "GroupName", "value": name}


def check_found(out: Path, wanted: Mapping[str, int]) -> None:
    """Everything is as desired, and each policy selects what is right."""
    for name, count in wanted.items():
        found = len(json.loads((out / name / "resources.json").read_text()))
        if found != count:
            sys.exit(f"Custodian's policy {name} found {found} resources, and not {count}")
