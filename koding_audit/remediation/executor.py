"""The remediator, the only room that writes to IAM: does what a plan says, step by step, and reads each back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from koding_audit.aws import iam
from koding_audit.aws.call import NO_SUCH_ENTITY
from koding_audit.aws.connection import Connection
from koding_audit.model.account import NAME_PARAMETERS, EntityKey, PrincipalKind, principal_key
from koding_audit.model.arn import arn_account, arn_partition
from koding_audit.model.errors import CallError
from koding_audit.model.finding import Action, touched_entities
from koding_audit.model.frozen import replace
from koding_audit.model.plan import ALREADY_DONE, Entry, Plan, Step
from koding_audit.model.snapshot import Entity, LiveState, Principal, inline_document_key
from koding_audit.model.verb import Verb
from koding_audit.remediation.journal import JournalFile
from koding_audit.remediation.plan import action_dependencies, action_policy_arn, is_done, unique_ids

T = TypeVar("T")

PROPAGATION_SECONDS = 120.0  # seconds in all that a run waits for IAM to show what it accepted; Terraform waits as long

# Worth trying again: IAM is busy with the entity. Anything else that AWS says no to is no.
_BUSY_ERRORS = frozenset({"ConcurrentModification", "EntityTemporarilyUnmodifiable"})

# The caller's own credentials are no longer good: every further write would fail the same way.
_CREDENTIAL_ERRORS = frozenset(
    {
        "AuthFailure",
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
    """How time passes: a test puts its own here, and no test waits for two minutes."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass
class PlanExecutor:
    """A plan on its way. entries: each step as it stands, by its index; tell: called with a line of progress.

    audited: the state that the plan was made from, against which documents and versions are held before they give way.
    """

    plan: Plan
    connection: Connection
    journal: JournalFile
    report_progress: Callable[[str], None]
    clock: Clock = field(default_factory=Clock)
    audited_state: LiveState = field(default_factory=lambda: LiveState({}))
    entries: dict[int, Entry] = field(default_factory=dict)
    _created_ids: dict[EntityKey, str] = field(default_factory=dict)
    _not_created: set[EntityKey] = field(default_factory=set)
    _stop_reason: str = ""
    _waited_seconds: float = 0.0

    def run(self) -> tuple[Entry, ...]:
        """Take every step in order, then wait for what IAM accepted and does not show yet.

        A step that fails is recorded and those that do not hang on it go on. Raises AuditError when the journal cannot
        be written; `entries` then holds what was done.
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
        except CallError as error:
            self._record_failure(
                index, step, f"not tried, because it could not be read just before: {_error_label(error)}"
            )
            return
        entry = Entry(step.action, "started", "", unique_ids(step.action, seen), before)
        moved = self._identity_change(step, seen) or self._content_change(step, seen, before)
        if moved:
            self._record_failure(index, step, moved)
        elif is_done(step.action, seen):
            # Somebody else was faster; what is not ours is not ours to undo.
            self._record(index, replace(entry, outcome="skipped", detail=ALREADY_DONE[step.action.spec.is_removal]))
        else:
            entry = replace(entry, absent_before=True)
            self._record(index, entry)
            self._send_write(index, entry)

    @property
    def _entities_to_create(self) -> set[EntityKey]:
        return {step.action.entity for step in self.plan.steps if step.action.spec.effect == "create"}

    def _blocked_reason(self, step: Step) -> str:
        lost = [key for key in action_dependencies(step.action) if key in self._not_created]
        return f"not tried: {_entity_label(step.action, lost[0])} was not created" if lost else ""

    def _identity_change(self, step: Step, seen: LiveState) -> str:
        """What has changed since the plan was made, so that this step would do another thing than was shown."""
        for key in touched_entities(step.action):
            known = step.unique_ids.get(key) or self._created_ids.get(key)
            label = _entity_label(step.action, key)
            live = seen.entities.get(key)
            if live is not None and self._is_other_account(live):
                return f"{label} is of another account than was audited: {live.arn}"
            if known and live is None:
                return f"{label} is gone"
            if known and live and live.unique_id != known:
                return f"{label} is another one now: it was deleted and made again"
            if not known and live and key in self._entities_to_create and step.action.spec.effect != "create":
                return f"{label} has appeared since"
        return ""

    def _content_change(self, step: Step, seen: LiveState, before: str) -> str:
        """What somebody has written since where this step would write: IAM itself asks nobody before it does."""
        action = step.action
        name = action.parameters.get("PolicyName", "")
        policy, live = seen.policy(action.entity), seen.principal(action.entity)
        if policy is not None:
            if action.verb is Verb.CREATE_POLICY and not is_done(action, seen):
                return f"policy {name} has appeared since, and says something else"
            known = self.audited_state.policy(action.entity)
            moves_default = action.spec.effect in ("put", "set")
            if moves_default and known is not None and known.default_version != policy.default_version:
                return f"version {policy.default_version} of {_entity_label(action, action.entity)} is in force since"
        elif live is not None and before:
            if step.change == "add" and action.spec.is_inline_put:
                return f"inline policy {name} has appeared since, and says something else"
            if self.audited_state.documents.get(inline_document_key(live, name), before) != before:
                return f"inline policy {name} says something else than when it was audited"
        return ""

    def _is_other_account(self, live: Entity) -> bool:
        audited = self.plan.basis.account
        return (arn_partition(live.arn), arn_account(live.arn)) != (audited.partition, audited.id)

    def _replaced_content(self, action: Action, seen: LiveState) -> str:
        """What is about to be taken away, for undo: an inline policy's document, or the id of the version in force."""
        policy, live = seen.policy(action.entity), seen.principal(action.entity)
        if action.verb is Verb.CREATE_POLICY_VERSION and policy:
            return policy.default_version
        name = action.parameters.get("PolicyName", "")
        if live is None or name not in (live.inline or ()) or is_done(action, seen):
            return ""
        known = seen.documents.get(inline_document_key(live, name))
        return known or iam.read_inline_document(self.connection, live.kind, live.name, name)

    def _send_write(self, index: int, entry: Entry) -> None:
        """One write, sent until IAM takes it or says no; what came of it is read back, whatever the answer was."""
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
        # IAM numbers each reply; one without a number comes from something that is not IAM.
        numbered = bool(reply.get("ResponseMetadata", {}).get("RequestId"))
        outcome = replace(entry, outcome="pending", detail="accepted, and not visible yet")
        if not numbered:
            outcome = replace(entry, outcome="unknown", detail="the reply has no request id")
        self._record(index, outcome)
        self._read_back(index)

    def _can_retry(self, action: Action, error: CallError) -> bool:
        fresh = error.code == NO_SUCH_ENTITY and any(key in self._created_ids for key in action_dependencies(action))
        return fresh or error.code in _BUSY_ERRORS

    def _handle_refusal(self, index: int, entry: Entry, error: CallError) -> None:
        if error.code in _CREDENTIAL_ERRORS:
            self._stop_reason = f"not tried: the credentials are no longer good ({error.code})"
        if error.code in _BUSY_ERRORS:
            self._record(index, replace(entry, outcome="pending", detail=f"IAM is still busy: {_error_label(error)}"))
        elif error.refused:
            self._record(index, replace(entry, outcome="failed", detail=_error_label(error)))
            self._mark_not_created(entry.action)
        else:
            self._record(index, replace(entry, outcome="unknown", detail=f"no usable answer: {_error_label(error)}"))
            self._read_back(index)

    def _read_back(self, index: int) -> None:
        """Read back at once; whoever is created is waited for, since later steps hang on it."""
        entry = self.entries[index]
        if not self._confirm_visible(index) and entry.action.spec.effect == "create":
            self._wait_until_visible([index])
            if self.entries[index].outcome != "done":
                self._mark_not_created(entry.action)

    def _wait_until_visible(self, waiting: list[int]) -> None:
        pause = 0.5
        while waiting:
            if not self._wait(pause):
                return
            pause = min(pause * 2, 8.0)
            self.report_progress(f"waiting for IAM to show {len(waiting)} of {len(self.plan.steps)} changes")
            waiting = [index for index in waiting if not self._confirm_visible(index)]

    def _confirm_visible(self, index: int) -> bool:
        """Whether the step's result can be read; then it is done."""
        entry = self.entries[index]
        try:
            seen = read_action_state(self.connection, entry.action)
        except CallError:
            return False
        if not is_done(entry.action, seen) or any(map(self._is_other_account, seen.entities.values())):
            return False
        ids = unique_ids(entry.action, seen)
        if entry.action.spec.effect == "create":
            self._created_ids[entry.action.entity] = ids[entry.action.entity]
        detail = "read back after a lost answer" if entry.outcome == "unknown" else ""
        self._record(index, replace(entry, outcome="done", detail=detail, unique_ids=ids or entry.unique_ids))
        return True

    def _wait(self, seconds: float) -> bool:
        """Wait, and say whether there was time left for it."""
        if self._waited_seconds + seconds > PROPAGATION_SECONDS or self.connection.remaining() < seconds:
            return False
        self.clock.sleep(seconds)
        self._waited_seconds += seconds
        return True

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
    """What an action touches as it is now, with what tells whether it holds; what is not there is left out.

    Raises CallError.
    """
    if action.entity[0] == "policy":
        return _read_policy_state(connection, action)
    given = action.parameters
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
        inline_document_key(each, given["PolicyName"]): found["document"] for each in principals if "document" in found
    }
    return LiveState({principal_key(each.kind, each.name): each for each in principals}, documents)


def _principal_reads(connection: Connection, action: Action, names: Mapping[PrincipalKind, str]) -> dict[str, Any]:
    """The reads that tell of the principals that an action names, each under a name of its own."""
    given = action.parameters
    reads: dict[str, Any] = {}
    for kind, name in names.items():
        reads[f"{kind} alone"] = partial(iam.read_principal, connection, kind, name)
        if kind == action.entity[0] and "PolicyArn" in given:
            reads[f"{kind} attached"] = partial(iam.list_attached_policies, connection, kind, name)
        if kind == action.entity[0] and "PolicyName" in given:
            reads[f"{kind} inline"] = partial(iam.list_inline_policies, connection, kind, name)
        if kind == action.entity[0] and "PolicyDocument" in given:
            reads["document"] = partial(iam.read_inline_document, connection, kind, name, given["PolicyName"])
        if kind == "user" and "GroupName" in given:
            reads["user groups"] = partial(iam.list_groups_of_user, connection, name)
    return reads


def _read_policy_state(connection: Connection, action: Action) -> LiveState:
    """One of the account's own policies, its versions, and what the one in force says."""
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
    """The results of reads that run at the same time, without those whose principal is not there."""
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
    """`group Developers`, in the case in which the action names it."""
    kind, name = key
    return f"{kind} {action.parameters.get(NAME_PARAMETERS[kind], name)}"


def _error_label(error: CallError) -> str:
    return f"{error.call}: {error.code}"
