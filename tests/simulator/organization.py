"""Many accounts behind one address: whose keys sign a call says which account answers it, as with AWS."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.servers.wire import Call, error_xml, reply_xml
from tests.simulator.account import ACCOUNT, Account
from tests.simulator.faults import XML, Fault, Reply
from tests.simulator.server import Simulator, Target

ROOT = "r-abcd"
_KEY = "ASIA"
_EXPIRES = "2099-01-01T00:00:00Z"


@dataclass
class Organization(Simulator):
    """account: whose keys the caller has; members: by id, each reached by AssumeRole.

    assumed: role ARNs and external ids as they were asked for; closed: accounts that nobody can get into;
    units: by id of a unit or root, the units in it; placed: by account, its unit; tags: by account; suspended: accounts
    that are suspended; states: by account, another state; secretive: nobody is told of the organization; troubled: by
    account, what befalls its calls; written: what took effect in members, by account.
    """

    members: dict[str, Account] = field(default_factory=dict)
    assumed: list[tuple[str, str]] = field(default_factory=list)
    closed: set[str] = field(default_factory=set)
    units: dict[str, list[str]] = field(default_factory=dict)
    placed: dict[str, str] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    suspended: set[str] = field(default_factory=set)
    states: dict[str, str] = field(default_factory=dict)
    secretive: bool = False
    troubled: dict[str, dict[Target, Fault]] = field(default_factory=dict)
    written: list[tuple[str, str]] = field(default_factory=list)
    _turn: Any = field(default_factory=threading.Lock)

    def reply(self, call: Call) -> Reply:
        with self._turn:
            if call.action == "AssumeRole":
                return self._assume(call)
            if call.service == "organizations":
                return self._tell(call)
            return self._within(call.key.removeprefix(_KEY), call)

    def _within(self, account_id: str, call: Call) -> Reply:
        """The account's own answer. Every account of the simulator has the same id until it is sent."""
        if account_id not in self.members:
            return super().reply(call)
        given: Mapping[str, Any] = call.parameters
        here = {
            name: value.replace(account_id, ACCOUNT) if isinstance(value, str) else value
            for name, value in given.items()
        }
        inner = Simulator(self.members[account_id], faults=self.troubled.get(account_id, {}), times=0)
        reply = inner.reply(replace(call, parameters=here))
        self.written += [(account_id, each) for each in inner.writes]
        return replace(reply, body=reply.body.replace(ACCOUNT.encode(), account_id.encode()))

    def _assume(self, call: Call) -> Reply:
        arn = call.parameters["RoleArn"]
        account_id = arn.split(":")[4]
        self.assumed.append((arn, call.parameters.get("ExternalId", "")))
        if account_id in self.closed:
            return Reply(403, XML, error_xml("sts", "AccessDenied", "not authorized to perform: sts:AssumeRole"))
        keys = {
            "AccessKeyId": f"{_KEY}{account_id}",
            "SecretAccessKey": "secret-key-of-a-role",
            "SessionToken": "session-token",
            "Expiration": _EXPIRES,
        }
        session = (
            f"arn:aws:sts::{account_id}:assumed-role/{arn.rpartition('/')[2]}/{call.parameters['RoleSessionName']}"
        )
        user = {"AssumedRoleId": "AROAEXAMPLE:session", "Arn": session}
        return Reply(200, XML, reply_xml("sts", "AssumeRole", {"Credentials": keys, "AssumedRoleUser": user}))

    def _tell(self, call: Call) -> Reply:
        """Organizations, an item a page."""
        if self.secretive:
            return _json(400, {"__type": "AccessDeniedException", "Message": "no"})
        member, items = self._items(call.action, call.parameters)
        at = int(call.parameters.get("NextToken", "0"))
        more = {"NextToken": str(at + 1)} if at + 1 < len(items) else {}
        return _json(200, {member: items[at : at + 1], **more})

    def _items(self, action: str, given: Mapping[str, str]) -> tuple[str, list[dict[str, str]]]:
        if action == "ListAccounts":
            return "Accounts", [self._described(each) for each in self.members]
        if action == "ListAccountsForParent":
            return "Accounts", [
                self._described(each) for each, unit in self.placed.items() if unit == given["ParentId"]
            ]
        if action == "ListOrganizationalUnitsForParent":
            return "OrganizationalUnits", [{"Id": each} for each in self.units.get(given["ParentId"], [])]
        tags = self.tags.get(given["ResourceId"], {})
        return "Tags", [{"Key": key, "Value": value} for key, value in tags.items()]

    def _described(self, account_id: str) -> dict[str, str]:
        state = self.states.get(account_id, "SUSPENDED" if account_id in self.suspended else "ACTIVE")
        return {"Id": account_id, "Status": "ACTIVE" if state == "ACTIVE" else "SUSPENDED", "State": state}


def _json(status: int, value: Mapping[str, Any]) -> Reply:
    return Reply(status, "application/x-amz-json-1.1", json.dumps(value).encode())
