"""Carries out a plan: sends each IAM write, reads its result back and records both in the journal.

Only this module makes the IAM writes of a plan.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, TypeVar

from koding_audit.aws import iam
from koding_audit.aws.call import NO_SUCH_ENTITY
from koding_audit.aws.connection import Connection
from koding_audit.model.account import NAME_PARAMETERS, EntityKey, PrincipalKind, principal_key
from koding_audit.model.arn import arn_account, arn_partition, policy_name
from koding_audit.model.errors import EXPIRED_CREDENTIALS, CallError
from koding_audit.model.finding import Action, touched_entities
from koding_audit.model.frozen import replace
from koding_audit.model.plan import ALREADY_DONE, Entry, Plan, Step
from koding_audit.model.snapshot import Entity, LiveState, Principal, Snapshot, inline_document_key
from koding_audit.model.verb import Verb
from koding_audit.remediation.journal import JournalFile
from koding_audit.remediation.plan import (
    action_dependencies,
    action_policy_arn,
    is_done,
    is_undo_step,
    unique_ids,
)
from koding_audit.remediation.second_look import SecondLook, boundary_change

T = TypeVar("T")

PROPAGATION_SECONDS = 120.0  # seconds that a run waits in total for IAM to show accepted writes; the same as Terraform

# IAM is busy with the entity, so the write is sent again. All other refusals are final.
_BUSY_ERRORS = frozenset({"ConcurrentModification", "EntityTemporarilyUnmodifiable"})

# The caller's credentials are not valid any more: each further write would fail in the same way.
_CREDENTIAL_ERRORS = frozenset(
    {
        "AuthFailure",
        EXPIRED_CREDENTIALS,
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "NoCredentials",
        "CredentialRetrieval",
        "OptInRequired",
        "RequestExpired",
        "SignatureDoesNotMatch",
    }
)


@dataclass
class Clock:
    """The time functions; a test replaces them, so that it does not wait.

    now: seconds of a monotonic clock.
    sleep: waits for a number of seconds.
    """

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass
class PlanExecutor:
    """A plan that is being carried out.

    plan: the plan.
    connection: the connection to IAM.
    checked: what the guards checked the plan with; what a write gives or takes away must still be as it was there.
    journal: records each state of each step.
    report_progress: is called with a line of progress.
    clock: the time functions.
    audited_state: the state that the plan was made from; documents and versions are compared with it before they are
        replaced.
    entries: the last state of each step that was started, by its index in the plan.
    """

    plan: Plan
    connection: Connection
    checked: Snapshot
    journal: JournalFile
    report_progress: Callable[[str], None]
    clock: Clock = field(default_factory=Clock)
    audited_state: LiveState = field(default_factory=lambda: LiveState({}))
    entries: dict[int, Entry] = field(default_factory=dict)
    _created_ids: dict[EntityKey, str] = field(default_factory=dict)
    _not_created: set[EntityKey] = field(default_factory=set)
    _stop_reason: str = ""
    _has_credentials: bool = True
    _waited_seconds: float = 0.0

    @cached_property
    def _second_look(self) -> SecondLook:
        return SecondLook(self.connection, self.plan, self.checked)

    def run(self) -> tuple[Entry, ...]:
        """Carry out each step in order, then wait for the accepted writes that IAM does not show yet.

        A step that fails is recorded, and the steps that do not depend on it are carried out. If another process has
        changed what the guards judged, no further step is. Raises AuditError if the journal cannot be written;
        `entries` then has the steps until there.
        """
        for index, step in enumerate(self.plan.steps):
            self._run_step(index, step)
        self._wait_until_visible(
            [index for index, entry in self.entries.items() if entry.outcome in ("pending", "unknown")]
        )
        return tuple(self.entries[index] for index in sorted(self.entries))

    def _run_step(self, index: int, step: Step) -> None:
        reason = self._stop_reason or self._blocked_reason(step)
        if reason:
            self._record(index, Entry(step.action, "skipped", reason, step.unique_ids))
            return
        try:
            seen = read_action_state(self.connection, step.action)
            before = self._replaced_content(step.action, seen)
            obstacle = self._missing_entity(step, seen) or self._loss(step, seen)
            change = "" if obstacle else self._change(step, seen, before)
        except CallError as error:
            self._record_unread(index, step, error)
            return
        entry = Entry(step.action, "started", "", unique_ids(step.action, seen), before)
        if change:
            self._stop_reason = f"not tried: another process is changing the account: {change}"
        if change or obstacle:
            self._record_failure(index, step, change or obstacle)
        elif is_done(step.action, seen):
            # Another process has done it already, so `undo` must not take it back.
            self._record(index, replace(entry, outcome="skipped", detail=ALREADY_DONE[step.action.spec.is_removal]))
        else:
            entry = replace(entry, absent_before=True)
            self._record(index, entry)
            self._send_write(index, entry)

    @property
    def _entities_to_create(self) -> set[EntityKey]:
        return {step.action.entity for step in self.plan.steps if step.action.spec.effect == "create"}

    def _blocked_reason(self, step: Step) -> str:
        missing = [key for key in action_dependencies(step.action) if key in self._not_created]
        return f"not tried: {_entity_label(step.action, missing[0])} was not created" if missing else ""

    def _missing_entity(self, step: Step, seen: LiveState) -> str:
        """Which entity of the step was there and is not any more, as text; "" if none."""
        for key in touched_entities(step.action):
            if key not in seen.entities and (step.unique_ids.get(key) or key in self._created_ids):
                return f"{_entity_label(step.action, key)} does not exist any more"
        return ""

    def _change(self, step: Step, seen: LiveState, before: str) -> str:
        """What another process has changed since the audit or the guards' check; "" if nothing. Raises CallError."""
        change = (
            self._identity_change(step, seen)
            or self._content_change(step, seen, before)
            or boundary_change(self.checked, step.action, seen)
        )
        if change or is_done(step.action, seen):
            return change
        return self._second_look.change(step.action, self._created_ids)

    def _identity_change(self, step: Step, seen: LiveState) -> str:
        """How an entity of the step differs from the one in the plan; "" if it is the same."""
        for key in touched_entities(step.action):
            known = step.unique_ids.get(key) or self._created_ids.get(key)
            label = _entity_label(step.action, key)
            live = seen.entities.get(key)
            if live is not None and self._is_other_account(live):
                return f"{label} is not in the audited account: {live.arn}"
            if known and live and live.unique_id != known:
                return f"{label} was deleted and created again since the audit"
            if not known and live and key in self._entities_to_create and step.action.spec.effect != "create":
                return f"{label} was created by another process since the audit"
        return ""

    def _content_change(self, step: Step, seen: LiveState, before: str) -> str:
        """What another process has written since the audit in the place of this write; "" if nothing.

        IAM itself does not compare before it overwrites.
        """
        action = step.action
        name = action.parameters.get("PolicyName", "")
        policy, live = seen.policy(action.entity), seen.principal(action.entity)
        if policy is not None:
            if action.verb is Verb.CREATE_POLICY and not is_done(action, seen):
                return f"policy {name} was created since the audit with another document"
            known = self.audited_state.policy(action.entity)
            moves_default = action.spec.effect in ("put", "set")
            if moves_default and known is not None and known.default_version != policy.default_version:
                label = _entity_label(action, action.entity)
                return f"{label} has another default version since the audit: {policy.default_version}"
        elif live is not None and before:
            if step.change == "add" and action.spec.is_inline_put:
                return f"inline policy {name} was created since the audit with another document"
            key = inline_document_key(live, name)
            known_text = self.audited_state.documents.get(key) or self.checked.documents.get(key, before)
            if known_text != before:
                return f"inline policy {name} was changed since the audit"
        return ""

    def _is_other_account(self, live: Entity) -> bool:
        audited = self.plan.basis.account
        return (arn_partition(live.arn), arn_account(live.arn)) != (audited.partition, audited.id)

    def _replaced_content(self, action: Action, seen: LiveState) -> str:
        """What the action replaces or removes, for `undo`: an inline document or the id of the default version."""
        policy, live = seen.policy(action.entity), seen.principal(action.entity)
        if action.spec.effect in ("put", "set") and policy:
            return policy.default_version
        name = action.parameters.get("PolicyName", "")
        if live is None or name not in (live.inline or ()) or is_done(action, seen):
            return ""
        known = seen.documents.get(inline_document_key(live, name))
        return known or iam.read_inline_document(self.connection, live.kind, live.name, name)

    def _loss(self, step: Step, seen: LiveState) -> str:
        """Why a policy of AWS must stay attached: it could not be attached again; "" if it may be detached.

        An audit reads only the declared policies. `undo` may detach what a fix attached.
        """
        action = step.action
        arn = action.parameters.get("PolicyArn", "")
        is_detach = (action.spec.effect, action.spec.part) == ("remove", "attachment")
        if not is_detach or arn_account(arn) != "aws" or is_undo_step(step) or is_done(action, seen):
            return ""
        policy = iam.read_managed_policy(self.connection, arn)
        if policy is not None and policy.attachable:
            return ""
        return f"{policy_name(arn)} stays attached: once detached, it could not be attached again"

    def _send_write(self, index: int, entry: Entry) -> None:
        """Send one write until IAM accepts or refuses it, and read its result back unless IAM refused it."""
        self.report_progress(f"{entry.action.verb.value} ...")
        pause = 1.0
        while True:
            try:
                reply = self.connection.call(entry.action.verb.value, **entry.action.parameters)
            except CallError as error:
                if self._can_retry(entry.action, error) and self._wait(pause):
                    pause = min(pause * 2, 8.0)
                    continue
                self._handle_refusal(index, entry, error)
                return
            break
        # Each reply of IAM has a request id. A reply without one may come from a proxy.
        has_request_id = bool(reply.get("ResponseMetadata", {}).get("RequestId"))
        outcome = replace(entry, outcome="pending", detail="accepted, but not visible yet")
        if not has_request_id:
            outcome = replace(entry, outcome="unknown", detail="the reply has no request id")
        self._record(index, outcome)
        self._read_back(index)

    def _can_retry(self, action: Action, error: CallError) -> bool:
        is_new = error.code == NO_SUCH_ENTITY and any(key in self._created_ids for key in action_dependencies(action))
        return is_new or error.code in _BUSY_ERRORS

    def _handle_refusal(self, index: int, entry: Entry, error: CallError) -> None:
        self._stop_without_credentials(error)
        if error.code in _BUSY_ERRORS:
            self._record(index, replace(entry, outcome="pending", detail=f"IAM is still busy: {_error_label(error)}"))
        elif error.refused:
            self._record(index, replace(entry, outcome="failed", detail=_error_label(error)))
            self._mark_not_created(entry.action)
        else:
            self._record(index, replace(entry, outcome="unknown", detail=f"no valid reply: {_error_label(error)}"))
            self._read_back(index)

    def _stop_without_credentials(self, error: CallError) -> bool:
        """End the run if an error says that the caller's credentials are not valid any more; whether it does."""
        if error.code in _CREDENTIAL_ERRORS:
            self._stop_reason = f"not tried: the credentials are not valid any more ({error.code})"
            self._has_credentials = False
        return error.code in _CREDENTIAL_ERRORS

    def _read_back(self, index: int) -> None:
        """Read the result of a step once; wait for a created entity, because later steps depend on it."""
        entry = self.entries[index]
        if not self._confirm_visible(index) and entry.action.spec.effect == "create":
            self._wait_until_visible([index])
            if self.entries[index].outcome != "done":
                self._mark_not_created(entry.action)

    def _wait_until_visible(self, waiting: list[int]) -> None:
        pause = 0.5
        while waiting and self._has_credentials:
            if not self._wait(pause):
                return
            pause = min(pause * 2, 8.0)
            self.report_progress(f"waiting for IAM to show {len(waiting)} of {len(self.plan.steps)} changes")
            waiting = [index for index in waiting if not self._confirm_visible(index)]

    def _confirm_visible(self, index: int) -> bool:
        """Whether the step's result can be read; then the step is recorded as done."""
        entry = self.entries[index]
        try:
            seen = read_action_state(self.connection, entry.action)
        except CallError as error:
            if self._stop_without_credentials(error) and entry.outcome == "pending":
                detail = f"accepted, but not read back: {_error_label(error)}"
                self._record(index, replace(entry, detail=detail))
            return False
        if not is_done(entry.action, seen) or any(map(self._is_other_account, seen.entities.values())):
            return False
        ids = unique_ids(entry.action, seen)
        if entry.action.spec.effect == "create":
            self._created_ids[entry.action.entity] = ids[entry.action.entity]
        detail = "read back after a lost reply" if entry.outcome == "unknown" else ""
        self._record(index, replace(entry, outcome="done", detail=detail, unique_ids=ids or entry.unique_ids))
        return True

    def _wait(self, seconds: float) -> bool:
        """Wait, unless too little time is left; whether it waited."""
        if self._waited_seconds + seconds > PROPAGATION_SECONDS or self.connection.remaining() < seconds:
            return False
        self.clock.sleep(seconds)
        self._waited_seconds += seconds
        return True

    def _record_unread(self, index: int, step: Step, error: CallError) -> None:
        """Record a step that is not tried, because what it changes could not be read."""
        self._stop_without_credentials(error)
        self._record_failure(index, step, f"not tried: the state before it could not be read: {_error_label(error)}")

    def _record_failure(self, index: int, step: Step, detail: str) -> None:
        self._record(index, Entry(step.action, "failed", detail, step.unique_ids))
        self._mark_not_created(step.action)

    def _mark_not_created(self, action: Action) -> None:
        if action.spec.effect == "create":
            self._not_created.add(action.entity)

    def _record(self, index: int, entry: Entry) -> None:
        self.journal.append(index, entry)
        self.entries[index] = entry


def read_action_state(connection: Connection, action: Action) -> LiveState:
    """The entities that an action touches, with the lists and documents that the action changes.

    An entity that does not exist is left out. Raises CallError.
    """
    if action.entity[0] == "policy":
        return _read_policy_state(connection, action)
    parameters = action.parameters
    names = action.principal_names
    found = _run_reads(connection, action, _principal_reads(connection, action, names))
    principals: list[Principal] = [
        replace(
            found[f"{kind} alone"],
            attached=found.get(f"{kind} attached"),
            inline=found.get(f"{kind} inline"),
            groups=found.get(f"{kind} groups"),
        )
        for kind in names
        if f"{kind} alone" in found
    ]
    documents = {
        inline_document_key(each, parameters["PolicyName"]): found["document"]
        for each in principals
        if "document" in found
    }
    return LiveState({principal_key(each.kind, each.name): each for each in principals}, documents)


def _principal_reads(connection: Connection, action: Action, names: Mapping[PrincipalKind, str]) -> dict[str, Any]:
    """The reads for the principals that an action names, by a name for each read."""
    parameters = action.parameters
    reads: dict[str, Any] = {}
    for kind, name in names.items():
        reads[f"{kind} alone"] = partial(iam.read_principal, connection, kind, name)
        if kind == action.entity[0] and "PolicyArn" in parameters:
            reads[f"{kind} attached"] = partial(iam.list_attached_policies, connection, kind, name)
        if kind == action.entity[0] and "PolicyName" in parameters:
            reads[f"{kind} inline"] = partial(iam.list_inline_policies, connection, kind, name)
        if kind == action.entity[0] and "PolicyDocument" in parameters:
            reads["document"] = partial(iam.read_inline_document, connection, kind, name, parameters["PolicyName"])
        if kind == "user" and "GroupName" in parameters:
            reads["user groups"] = partial(iam.list_groups_of_user, connection, name)
    return reads


def _read_policy_state(connection: Connection, action: Action) -> LiveState:
    """A customer managed policy, its versions, and the document of its default version."""
    arn = action_policy_arn(action, connection.identity()[0])
    reads = {
        "policy": partial(iam.read_managed_policy, connection, arn),
        "versions": partial(iam.list_policy_versions, connection, arn),
    }
    found = _run_reads(connection, action, reads)
    if "policy" not in found:
        return LiveState({})
    policy = replace(found["policy"], versions=found.get("versions", ()))
    entities: dict[EntityKey, Entity] = {action.entity: policy}
    if "PolicyDocument" not in action.parameters:
        return LiveState(entities)
    read = partial(iam.read_managed_document, connection, arn, policy.default_version)
    return LiveState(entities, _run_reads(connection, action, {arn: read}))


def _run_reads(connection: Connection, action: Action, reads: Mapping[str, Any]) -> dict[str, Any]:
    """The results of reads that run at the same time, without the reads of entities that do not exist."""
    pending = {name: connection.submit(read) for name, read in reads.items()}
    values = {name: _result_unless_gone(connection, future, action) for name, future in pending.items()}
    return {name: value for name, value in values.items() if value is not None}


def _result_unless_gone(connection: Connection, future: Future[T], action: Action) -> T | None:
    try:
        return connection.result(future, f"iam:{action.verb.value}")
    except CallError as error:
        if error.code == NO_SUCH_ENTITY:
            return None
        raise


def _entity_label(action: Action, key: EntityKey) -> str:
    """`group Developers`, in the spelling of the action."""
    kind, name = key
    return f"{kind} {action.parameters.get(NAME_PARAMETERS[kind], name)}"


def _error_label(error: CallError) -> str:
    return f"{error.call}: {error.code}"
