"""A simulated organization of many accounts, cheap enough to share two cores with what it measures.

Run as `python -m benchmarks.crowd CERTIFICATE ACCOUNTS USERS GROUPS LATENCY_MS`, it prints ports as benchmarks.server
does. The accounts are FIRST and what follows it, in units of IN_UNIT below the root, and each can be entered by
AssumeRole. In each are benchmarks.server's users and groups; replies are made once, and only the account's id is put
into them. Of a request no more is looked at than its action, its body as a whole, and the access key, which says the
account.

What ails an account follows from its id, by its last two digits, so that of 10,000 accounts 200 have each trouble:

- `denied`: its role cannot be assumed.
- `unread`: the role may not read the authorization details.
- `throttled`: each of its calls, AssumeRole too, is refused with Throttling THROTTLES times before it is answered.
- `slow`: each of its calls takes SLOW_MS.
- `drifted`: one of its groups lacks a policy: which one follows from its id, too.

`GET /-/count` gives how many accounts were entered since it was last told; `GET /-/told` tells, and forgets: how many
calls there were, how often each account was entered, which calls were refused, and the server's own processor time.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from urllib.parse import parse_qsl

from benchmarks.server import ACCOUNT, ENTERED, Account, KeepAlive, Parameters, response, serve

FIRST = 100_000_000_000
ROOT = "r-root"
IN_UNIT = 100  # accounts to a unit
OF_ALL = ACCOUNT.encode()  # the id in what is made once
TROUBLES: Mapping[int, str] = {
    **dict.fromkeys((7, 57), "denied"),
    **dict.fromkeys((17, 67), "unread"),
    **dict.fromkeys((27, 77), "throttled"),
    **dict.fromkeys((37, 87), "slow"),
    **dict.fromkeys((47, 97), "drifted"),
}
THROTTLES, SLOW_MS = 2, 1000
PAGE = 20  # accounts to a page of Organizations, which gives no more
ASSUME, DETAILS, REPORT = (
    b"Action=AssumeRole&",
    b"Action=GetAccountAuthorizationDetails&",
    b"Action=GetCredentialReport&",
)


def trouble(account: str) -> str:
    """What ails it, "" for nothing."""
    return TROUBLES.get(int(account) % 100, "")


def lacking(account: str, groups: int) -> int | None:
    """The number of the group that lacks a policy there; None where none does."""
    return int(account) // 100 % groups if trouble(account) == "drifted" else None


def ids(accounts: int) -> list[str]:
    return [str(FIRST + number) for number in range(accounts)]


class Member(Account):
    """The account of which all are copies, or one whose group of this number has lost its first policy."""

    def __init__(self, users: int, groups: int, lacks: int | None) -> None:
        super().__init__(users, groups)
        self.lacks = None if lacks is None else f"group-{lacks:03}"

    def reply_GetCallerIdentity(self, _: Parameters) -> str:  # noqa: N802 - by the action's name
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/audit/koding-audit"
        return f"<Arn>{arn}</Arn><UserId>AROAAUDIT:koding-audit</UserId><Account>{ACCOUNT}</Account>"

    def attached(self, group: str) -> list[str]:
        return super().attached(group)[1:] if group == self.lacks else super().attached(group)


class Organization:
    """All accounts: the replies by what differs and by the request's body, and what was asked."""

    def __init__(self, accounts: int, users: int, groups: int, latency: float) -> None:
        self.accounts, self.latency = ids(accounts), latency
        first = range(0, accounts, IN_UNIT)
        self.units = {f"ou-root-{number:08}": self.accounts[number : number + IN_UNIT] for number in first}
        self.members = {each: Member(users, groups, each) for each in (None, *range(groups))}
        self.groups = groups
        self.rows = self.members[None].credential_report.encode()
        self.report = base64.b64encode(self.rows)
        self.made: dict[tuple[int | None, bytes], bytes] = {}
        self.throttled: Counter[tuple[str, bytes]] = Counter()
        self.entered: Counter[str] = Counter()
        self.calls = 0
        self.since = 0.0

    def answer(self, head: bytes, body: bytes) -> tuple[float, bytes]:
        """Seconds to wait, and what to say then."""
        if head.startswith(b"GET /-/"):
            return 0.0, self.told(counted=head.startswith(b"GET /-/count "))
        self.calls += 1
        target = head.find(b"X-Amz-Target: ")
        if target >= 0:
            operation = head[target : head.index(b"\r", target)].rpartition(b".")[2].decode()
            return self.latency, self.listed(operation, json.loads(body))
        start = head.index(b"Credential=") + len("Credential=")
        key = head[start : head.index(b"/", start)].decode()
        if body.startswith(ASSUME):
            return self.assumed(dict(parse_qsl(body.decode())), body)
        if key.startswith(ENTERED):
            return self.of_member(key.removeprefix(ENTERED), body)
        return self.latency, self.of(None, ACCOUNT, body)

    def assumed(self, asked: Parameters, body: bytes) -> tuple[float, bytes]:
        account = asked["RoleArn"].split(":")[4]
        ails = trouble(account)
        if ails == "denied" or not FIRST <= int(account) < FIRST + len(self.accounts):
            return self.latency, refusal(403, "AccessDenied")
        if ails == "throttled" and self.refused(account, body):
            return self.latency, refusal(400, "Throttling")
        self.entered[account] += 1
        said = tuple((name, asked[name]) for name in ("RoleArn", "RoleSessionName"))
        return self.wait(ails), self.members[None].reply("AssumeRole", said)

    def of_member(self, account: str, body: bytes) -> tuple[float, bytes]:
        ails = trouble(account)
        if ails == "unread" and body.startswith(DETAILS):
            return self.latency, refusal(403, "AccessDenied")
        if ails == "throttled" and self.refused(account, body):
            return self.latency, refusal(400, "Throttling")
        return self.wait(ails), self.of(lacking(account, self.groups), account, body)

    def of(self, lacks: int | None, account: str, body: bytes) -> bytes:
        """The reply to this body, with the account's id in it."""
        made = self.made.get((lacks, body))
        if made is None:
            parameters = dict(parse_qsl(body.decode()))
            action = parameters.pop("Action")
            parameters.pop("Version")
            made = self.made[lacks, body] = self.members[lacks].reply(action, tuple(parameters.items()))
        if body.startswith(REPORT):  # its id is in base64
            return made.replace(self.report, base64.b64encode(self.rows.replace(OF_ALL, account.encode())))
        return made.replace(OF_ALL, account.encode())

    def wait(self, ails: str) -> float:
        return SLOW_MS / 1000 if ails == "slow" else self.latency

    def refused(self, account: str, body: bytes) -> bool:
        self.throttled[account, body] += 1
        return self.throttled[account, body] <= THROTTLES

    def listed(self, operation: str, asked: Parameters) -> bytes:
        """A page of what is below a unit: units below the root, and all accounts below the units."""
        parent, start = asked["ParentId"], int(asked.get("NextToken", "0"))
        if operation == "ListOrganizationalUnitsForParent":
            kind, found = "OrganizationalUnits", [{"Id": unit} for unit in self.units] if parent == ROOT else []
        else:
            mine = self.units.get(parent, [])
            kind, found = "Accounts", [{"Id": each, "Status": "ACTIVE"} for each in mine]
        more = {"NextToken": str(start + PAGE)} if start + PAGE < len(found) else {}
        return response(200, json.dumps({kind: found[start : start + PAGE], **more}), "application/x-amz-json-1.1")

    def told(self, *, counted: bool) -> bytes:
        if counted:
            return response(200, str(self.entered.total()), "application/json")
        said = {"calls": self.calls, "entered": self.entered, "cpu": time.process_time() - self.since}
        self.since = time.process_time()
        self.calls, self.entered, self.throttled = 0, Counter(), Counter()
        return response(200, json.dumps(said), "application/json")


def refusal(status: int, code: str) -> bytes:
    return response(status, f"<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>")


class Connection(KeepAlive):
    organization: Organization

    def answer(self, head: bytes, body: bytes) -> tuple[float, bytes]:
        return self.organization.answer(head, body)


if __name__ == "__main__":
    members, users_of_each, groups_of_each, milliseconds = map(int, sys.argv[2:])
    Connection.organization = Organization(members, users_of_each, groups_of_each, milliseconds / 1000)
    asyncio.run(serve(Connection, sys.argv[1]))
