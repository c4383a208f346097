"""An account in memory that answers like a Connection: with lag, faults and rivals that no server gives on demand."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, cast

from koding_audit.io.terminal import Terminal
from koding_audit.model.account import Account, Caller, PrincipalKey, PrincipalKind, principal_key
from koding_audit.model.errors import CallError
from koding_audit.model.plan import Journal, Plan
from koding_audit.model.report import Problem
from koding_audit.model.snapshot import ManagedPolicy, Principal, Snapshot, inline_document_key
from koding_audit.remediation.checked_plan import CheckedPlan
from koding_audit.remediation.guards import Judgement
from koding_audit.remediation.options import WriteOptions
from koding_audit.remediation.write import carry_out_plan
from tests.values import NOW

DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
NUMBERED = {"ResponseMetadata": {"RequestId": "r-1"}}


def carried_out(
    plan: Plan,
    account: ScriptedAccount,
    options: WriteOptions,
    terminal: Terminal,
    *,
    judgement: Judgement = Judgement(),  # noqa: B008 - it is frozen
    later: Judgement | None = None,
) -> tuple[Journal | None, tuple[Problem, ...]]:
    """A plan with this judgement, carried out over the account; later: the judgement after the question."""
    known = account.known(*(step.action.parameters.get("PolicyArn", "") for step in plan.steps))
    judged, connection = CheckedPlan(plan, judgement, known, known), cast("Any", account)
    return carry_out_plan(judged, connection, options, terminal, lambda: later or judgement)


def refusal(operation: str, code: str) -> CallError:
    return CallError(f"iam:{operation}", code, "", refused=True)


@dataclass
class ScriptedAccount:
    """groups and users by name: unique id, attached ARNs, inline documents, and for users the groups they are in.

    faults: operation -> what happens instead, once each, first come first served: an exception to raise before the
    write, or a function that gets the parameters and returns the reply. lag: how many reads after a write still see
    the state before it. deprecated: the policies that cannot be attached. defaults, policy_ids: of the managed
    policies that are not as they were; every version of a policy says DOCUMENT, but for what versions says.
    """

    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: dict[str, list[CallError | Callable[..., Any]]] = field(default_factory=dict)
    lag: int = 0
    deprecated: set[str] = field(default_factory=set)
    defaults: dict[str, str] = field(default_factory=dict)
    policy_ids: dict[str, str] = field(default_factory=dict)
    versions: dict[tuple[str, str], Any] = field(default_factory=dict)
    boundaries: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    is_embedded: bool = False
    time_left: float = 1e9
    owner: str = "123456789012"
    _ids: Any = field(default_factory=lambda: itertools.count(1))
    _pending: list[tuple[int, Callable[[], None]]] = field(default_factory=list)

    def add_group(self, name: str, *attached: str, **inline: Any) -> None:
        self.groups[name] = {"id": f"AGPA{next(self._ids)}", "attached": set(attached), "inline": dict(inline)}

    def add_user(self, name: str, *groups: str) -> None:
        self.users[name] = {"id": f"AIDA{next(self._ids)}", "attached": set(), "inline": {}, "groups": set(groups)}

    @property
    def writes(self) -> list[tuple[str, dict[str, Any]]]:
        return [call for call in self.calls if not call[0].startswith(("Get", "List"))]

    # --- what a Connection offers ---

    def identity(self) -> tuple[Account, Caller]:
        return Account(self.owner, "aws"), Caller(f"arn:aws:iam::{self.owner}:user/auditor", root=False)

    def read_identity_again(self) -> tuple[Account, Caller]:
        self.calls.append(("GetCallerIdentity", {}))
        return self.identity()

    def remaining(self) -> float:
        return self.time_left

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except CallError as error:
            future.set_exception(error)
        return future

    def result(self, future: Future[Any], _call: str) -> Any:
        return future.result()

    def pages(self, operation: str, items: str, **parameters: Any) -> list[Any]:
        found: list[Any] = self.call(operation, **parameters)[items]
        return found

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        self.calls.append((operation, parameters))
        self._arrive(read=operation.startswith(("Get", "List")))
        waiting = self.faults.get(operation, [])
        if waiting:
            fault = waiting.pop(0)
            if isinstance(fault, CallError):
                raise fault
            reply: dict[str, Any] = fault(**parameters)
            return reply
        return self.answer(operation, parameters)

    def answer(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        """The reply without any fault; writes become visible after `lag` reads."""
        if operation.startswith(("Get", "List")):
            return self._read(operation, given)
        if operation.startswith("Create"):
            kind = operation.removeprefix("Create")
            name = given[f"{kind}Name"]
            if name in self._kind(kind):
                raise refusal(operation, "EntityAlreadyExists")
            self._later(lambda: self.add_group(name) if kind == "Group" else self.add_user(name))
            return NUMBERED
        kind = "Group" if "GroupName" in given and "UserName" not in given else "User"
        entity = self._entity(operation, kind, given)
        if "GroupName" in given and "UserName" in given:
            self._entity(operation, "Group", given)
        self._later(lambda: self._change(operation, kind, entity, given))
        return NUMBERED

    def _read(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        if operation == "GetPolicy":
            return {"Policy": self._policy(given["PolicyArn"])}
        if operation == "GetPolicyVersion":
            return {
                "PolicyVersion": {"Document": self.versions.get((given["PolicyArn"], given["VersionId"]), DOCUMENT)}
            }
        kind = "Group" if "GroupName" in given else "User"
        entity = self._entity(operation, kind, given)
        name = given[f"{kind}Name"]
        if operation.startswith("ListAttached"):
            return {"AttachedPolicies": [{"PolicyArn": arn} for arn in sorted(entity["attached"])]}
        if operation == "ListGroupsForUser":
            return {"Groups": [{"GroupName": group} for group in sorted(entity["groups"])]}
        if operation.startswith("List"):
            return {"PolicyNames": sorted(entity["inline"])}
        if operation.endswith("Policy"):
            if given["PolicyName"] not in entity["inline"]:
                raise refusal(operation, "NoSuchEntity")
            return {"PolicyDocument": entity["inline"][given["PolicyName"]]}
        arn = f"arn:aws:iam::{self.owner}:{kind.lower()}/{name}"
        boundary = (
            {"PermissionsBoundary": {"PermissionsBoundaryArn": self.boundaries[name]}}
            if name in self.boundaries
            else {}
        )
        return {kind: {f"{kind}Name": name, f"{kind}Id": entity["id"], "Arn": arn, "Path": "/", **boundary}}

    def _policy(self, arn: str) -> dict[str, Any]:
        default, unique_id = self.defaults.get(arn, "v1"), self.policy_ids.get(arn, "ANPA1")
        able = {"IsAttachable": arn not in self.deprecated}
        return {"Arn": arn, "PolicyId": unique_id, "DefaultVersionId": default, **able}

    def known(self, *policies: str) -> Snapshot:
        """What an audit and the guards know of the account as it is, and of these policies."""
        principals: dict[PrincipalKey, Principal] = {}
        documents = {arn: json.dumps(DOCUMENT) for arn in policies}
        kinds: tuple[tuple[PrincipalKind, dict[str, dict[str, Any]]], ...]
        kinds = (("group", self.groups), ("user", self.users))
        for kind, name, each in ((kind, name, each) for kind, all_ in kinds for name, each in all_.items()):
            attached, inline = frozenset(each["attached"]), frozenset(each["inline"])
            groups = frozenset(each.get("groups", ()))
            arn = f"arn:aws:iam::{self.owner}:{kind}/{name}"
            live = Principal(kind, name, arn, each["id"], "/", attached, inline, groups)
            principals[principal_key(kind, name)] = live
            documents |= {arn: json.dumps(DOCUMENT) for arn in attached}
            documents |= {inline_document_key(live, own): json.dumps(text) for own, text in each["inline"].items()}
        read = {arn: ManagedPolicy(arn, True, "ANPA1", "v1") for arn in policies}
        return Snapshot(*self.identity(), NOW, "live", principals=principals, policies=read, documents=documents)

    def _change(self, operation: str, kind: str, entity: dict[str, Any], given: dict[str, Any]) -> None:
        if operation.startswith("Attach"):
            entity["attached"].add(given["PolicyArn"])
        elif operation.startswith("Detach"):
            entity["attached"].discard(given["PolicyArn"])
        elif operation == "AddUserToGroup":
            entity["groups"].add(given["GroupName"])
        elif operation == "RemoveUserFromGroup":
            entity["groups"].discard(given["GroupName"])
        elif operation.startswith("Put"):
            entity["inline"][given["PolicyName"]] = given["PolicyDocument"]
        elif "PolicyName" in given:
            entity["inline"].pop(given["PolicyName"])
        else:
            self._kind(kind).pop(given[f"{kind}Name"])

    def _kind(self, kind: str) -> dict[str, dict[str, Any]]:
        return self.groups if kind == "Group" else self.users

    def _entity(self, operation: str, kind: str, given: dict[str, Any]) -> dict[str, Any]:
        found = self._kind(kind).get(given[f"{kind}Name"])
        if found is None:
            raise refusal(operation, "NoSuchEntity")
        return found

    def _later(self, change: Callable[[], None]) -> None:
        if self.lag:
            self._pending.append((self.lag, change))
        else:
            change()

    def _arrive(self, *, read: bool) -> None:
        if not read:
            return
        due = [change for left, change in self._pending if left <= 0]
        self._pending = [(left - 1, change) for left, change in self._pending if left > 0]
        for change in due:
            change()
