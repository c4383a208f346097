"""Looks again, just before a write, at what the guards judged: an attached policy, a joined group."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeVar

from koding_audit.aws import iam
from koding_audit.aws.call import NO_SUCH_ENTITY
from koding_audit.aws.connection import Connection
from koding_audit.model.account import EntityKey, principal_key
from koding_audit.model.arn import policy_name
from koding_audit.model.errors import CallError
from koding_audit.model.finding import Action, action_principals
from koding_audit.model.plan import Plan
from koding_audit.model.snapshot import LiveState, ManagedPolicy, Principal, Snapshot, inline_document_key
from koding_audit.model.verb import Verb
from koding_audit.remediation.plan import action_policy_arn, normalize_json, policy_key

T = TypeVar("T")

_SINCE = "since the guards checked it"
_MAX_NAMED = 3  # policies in a message


@dataclass
class SecondLook:
    """Compares what a write gives or takes away with what the guards checked.

    connection: the connection to IAM.
    plan: its own steps do not count as changes: the guards judged the account before and after them.
    known: what the guards judged from.
    """

    connection: Connection
    plan: Plan
    known: Snapshot
    # A version of a managed policy never changes, and its identifier is not used again in that policy
    # (access_policies_managed-versioning), so its document is read once: by the policy's unique id and the version.
    _documents: dict[tuple[str, str], str] = field(default_factory=dict)

    def change(self, action: Action, created: Collection[EntityKey]) -> str:
        """What differs from what the guards judged, as text; "" if nothing. Raises CallError.

        created: the entities that this run has created. IAM may not show them everywhere yet; a write to one that
            does not exist is refused by IAM.
        """
        if action.spec.part == "attachment":
            return self._policy_change([action.parameters["PolicyArn"]], created)
        if action.spec.part == "member":
            return self._group_change(action.parameters["GroupName"], created)
        return ""

    def _group_change(self, name: str, created: Collection[EntityKey]) -> str:
        pending = (
            self.connection.submit(iam.list_attached_policies, self.connection, "group", name),
            self.connection.submit(iam.list_inline_policies, self.connection, "group", name),
        )
        try:
            attached, inline = (self._result(each, "iam:ListAttachedGroupPolicies") for each in pending)
        except CallError as error:
            if error.code == NO_SUCH_ENTITY and principal_key("group", name) in created:
                return ""
            raise
        return (
            group_change(self.plan, self.known, name, attached, inline)
            or self._policy_change(sorted(attached), created)
            or self._inline_change(name, sorted(inline))
        )

    def _inline_change(self, group: str, names: Iterable[str]) -> str:
        read = iam.read_inline_document
        pending = {name: self.connection.submit(read, self.connection, "group", group, name) for name in names}
        for name, future in pending.items():
            text = self._result(future, "iam:GetGroupPolicy")
            if normalize_json(text) not in checked_inline_documents(self.plan, self.known, group, name):
                return f"inline policy {name} of group {group} was changed {_SINCE}"
        return ""

    def _policy_change(self, arns: Iterable[str], created: Collection[EntityKey]) -> str:
        pending = {arn: self.connection.submit(iam.read_managed_policy, self.connection, arn) for arn in arns}
        live: dict[str, ManagedPolicy] = {}
        for arn, future in pending.items():
            policy = self._result(future, "iam:GetPolicy")
            if policy is not None:
                live[arn] = policy
            elif policy_key(arn) not in created:
                return f"{policy_name(arn)} does not exist any more"
        changes = (version_change(self.plan, self.known, arn, policy) for arn, policy in live.items())
        return next(filter(None, changes), "") or self._document_change(live)

    def _document_change(self, live: Mapping[str, ManagedPolicy]) -> str:
        read = iam.read_managed_document
        pending = {
            arn: self.connection.submit(read, self.connection, arn, policy.default_version)
            for arn, policy in live.items()
            if (policy.unique_id, policy.default_version) not in self._documents
        }
        texts = {arn: normalize_json(self._result(each, "iam:GetPolicyVersion")) for arn, each in pending.items()}
        for arn, policy in live.items():
            version = policy.unique_id, policy.default_version
            text = texts.get(arn) or self._documents[version]
            if all(version):
                self._documents[version] = text
            if text not in checked_documents(self.plan, self.known, arn):
                return f"the document of {policy_name(arn)} was changed {_SINCE}"
        return ""

    def _result(self, future: Future[T], call: str) -> T:
        return self.connection.result(future, call)


def boundary_change(known: Snapshot, action: Action, seen: LiveState) -> str:
    """Whether a principal of a write has another permissions boundary than the guards judged, as text; "" if not."""
    for key in action_principals(action):
        checked, live = known.principals.get(key), seen.principal(key)
        if checked is not None and live is not None and checked.boundary != live.boundary:
            return f"the permissions boundary of {live.kind} {live.name} was changed {_SINCE}"
    return ""


def version_change(plan: Plan, known: Snapshot, arn: str, live: ManagedPolicy) -> str:
    """Whether a managed policy or its default version differs from what the guards judged, as text."""
    checked = known.policies.get(arn)
    if checked is None:
        return ""  # created by this plan, or its version was not kept: its document decides
    if checked.unique_id != live.unique_id:
        return f"{policy_name(arn)} was deleted and created again {_SINCE}"
    if checked.default_version != live.default_version and not any(_version_steps(plan, arn)):
        return f"{policy_name(arn)} has another default version {_SINCE}: {live.default_version}"
    return ""


def group_change(plan: Plan, known: Snapshot, name: str, attached: frozenset[str], inline: frozenset[str]) -> str:
    """Which policies a group has or lacks that it did not have or lack when the guards judged it, as text."""
    key = principal_key("group", name)
    steps = [step.action for step in plan.steps if step.action.entity == key]
    checked = known.principals.get(key)
    if checked is None and any(action.spec.effect == "create" for action in steps):
        checked = Principal("group", name, "", "", "/", attached=frozenset(), inline=frozenset())
    if checked is None or checked.attached is None or checked.inline is None:
        return f"the policies of group {name} were not checked by the guards"
    own_arns = {action.parameters.get("PolicyArn") for action in steps}
    own_names = {action.parameters.get("PolicyName") for action in steps}
    moved = [policy_name(arn) for arn in sorted((attached ^ checked.attached) - own_arns)]
    moved += [f"inline policy {each}" for each in sorted((inline ^ checked.inline) - own_names)]
    more = f" and {len(moved) - _MAX_NAMED} more" if len(moved) > _MAX_NAMED else ""
    return f"group {name} gained or lost {', '.join(moved[:_MAX_NAMED])}{more} {_SINCE}" if moved else ""


def checked_documents(plan: Plan, known: Snapshot, arn: str) -> frozenset[str]:
    """The documents of a managed policy that the guards judged, before and after the plan, in their normal form."""
    texts = [known.documents.get(arn)]
    for action in _version_steps(plan, arn):
        version = action.parameters.get("VersionId")
        texts.append(action.parameters.get("PolicyDocument") or known.documents.get(f"{arn}@{version}"))
    return frozenset(normalize_json(text) for text in texts if text is not None)


def checked_inline_documents(plan: Plan, known: Snapshot, group: str, name: str) -> frozenset[str]:
    """The documents of a group's inline policy that the guards judged, as `checked_documents`."""
    key = principal_key("group", group)
    live = known.principals.get(key)
    puts = [step.action for step in plan.steps if step.action.entity == key and step.action.spec.is_inline_put]
    texts = [known.documents.get(inline_document_key(live, name)) if live else None]
    texts += [put.parameters["PolicyDocument"] for put in puts if put.parameters["PolicyName"] == name]
    return frozenset(normalize_json(text) for text in texts if text is not None)


def _version_steps(plan: Plan, arn: str) -> Iterator[Action]:
    """The steps that give a managed policy another document in force."""
    for action in (step.action for step in plan.steps):
        puts_in_force = action.spec.effect in ("put", "set") or action.verb is Verb.CREATE_POLICY
        if action.spec.entity == "policy" and puts_in_force and action_policy_arn(action, plan.basis.account) == arn:
            yield action
