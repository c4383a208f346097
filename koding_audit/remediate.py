"""The remediator, the only room that writes to IAM: does what a plan says, step by step, and reads each back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from koding_audit import iam
from koding_audit.arns import owner_of, partition_of
from koding_audit.aws import NOT_THERE, Connection
from koding_audit.errors import CallError
from koding_audit.frozen import replace
from koding_audit.journal import JournalFile
from koding_audit.model import (
    ALREADY,
    Action,
    Entity,
    EntityKey,
    Entry,
    Kind,
    Plan,
    Principal,
    State,
    Step,
    Verb,
    document_key,
    key_of,
)
from koding_audit.plan import depends_on, holds, policy_arn, touched, unique_ids

T = TypeVar("T")

PROPAGATION = 120.0  # seconds in all that a run waits for IAM to show what it accepted; Terraform waits as long
_CREATES = frozenset({Verb.CREATE_USER, Verb.CREATE_GROUP, Verb.CREATE_POLICY})

_KINDS: tuple[Kind, ...] = ("group", "user", "role")

# Worth trying again: IAM is busy with the entity. Anything else that AWS says no to is no.
_BUSY = frozenset({"ConcurrentModification", "EntityTemporarilyUnmodifiable"})

# The caller's own credentials are no longer good: every further write would fail the same way.
_AUTH_LOST = frozenset(
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
class Remediation:
    """A plan on its way. entries: each step as it stands, by its index; tell: called with a line of progress.

    audited: the state that the plan was made from, against which documents and versions are held before they give way.
    """

    plan: Plan
    connection: Connection
    journal: JournalFile
    tell: Callable[[str], None]
    clock: Clock = field(default_factory=Clock)
    audited: State = field(default_factory=lambda: State({}))
    entries: dict[int, Entry] = field(default_factory=dict)
    _created: dict[EntityKey, str] = field(default_factory=dict)
    _lost: set[EntityKey] = field(default_factory=set)
    _stopped: str = ""
    _waited: float = 0.0

    def run(self) -> tuple[Entry, ...]:
        """Take every step in order, then wait for what IAM accepted and does not show yet.

        A step that fails is recorded and those that do not hang on it go on. Raises AuditError when the journal cannot
        be written; `entries` then holds what was done.
        """
        for index, step in enumerate(self.plan.steps):
            self._take(index, step)
        self._await([index for index, entry in self.entries.items() if entry.outcome in ("pending", "unknown")])
        return tuple(self.entries[index] for index in sorted(self.entries))

    def _take(self, index: int, step: Step) -> None:
        reason = self._stopped or self._kept_back(step)
        if reason:
            self._record(index, Entry(step.action, "skipped", reason, step.unique_ids))
            return
        try:
            seen = look(self.connection, step.action)
            before = self._before(step.action, seen)
        except CallError as error:
            self._fail(index, step, f"not tried, because it could not be read just before: {_short(error)}")
            return
        entry = Entry(step.action, "started", "", unique_ids(step.action, seen), before)
        moved = self._moved(step, seen) or self._rewritten(step, seen, before)
        if moved:
            self._fail(index, step, moved)
        elif holds(step.action, seen):
            # Somebody else was faster; what is not ours is not ours to undo.
            taken_away = step.action.verb.value.startswith(("Detach", "Remove", "Delete"))
            self._record(index, replace(entry, outcome="skipped", detail=ALREADY[taken_away]))
        else:
            entry = replace(entry, absent=True)
            self._record(index, entry)
            self._write(index, entry)

    @property
    def _to_create(self) -> set[EntityKey]:
        return {step.action.entity for step in self.plan.steps if step.action.verb in _CREATES}

    def _kept_back(self, step: Step) -> str:
        lost = [key for key in depends_on(step.action) if key in self._lost]
        return f"not tried: {_label(step.action, lost[0])} was not created" if lost else ""

    def _moved(self, step: Step, seen: State) -> str:
        """What has changed since the plan was made, so that this step would do another thing than was shown."""
        for key in touched(step.action):
            known = step.unique_ids.get(key) or self._created.get(key)
            label = _label(step.action, key)
            live = seen.entities.get(key)
            if live is not None and self._is_foreign(live):
                return f"{label} is of another account than was audited: {live.arn}"
            if known and live is None:
                return f"{label} is gone"
            if known and live and live.unique_id != known:
                return f"{label} is another one now: it was deleted and made again"
            if not known and live and key in self._to_create and step.action.verb not in _CREATES:
                return f"{label} has appeared since"
        return ""

    def _rewritten(self, step: Step, seen: State, before: str) -> str:
        """What somebody has written since where this step would write: IAM itself asks nobody before it does."""
        action = step.action
        name = action.parameters.get("PolicyName", "")
        policy, live = seen.policy(action.entity), seen.principal(action.entity)
        if policy is not None:
            if action.verb is Verb.CREATE_POLICY and not holds(action, seen):
                return f"policy {name} has appeared since, and says something else"
            known = self.audited.policy(action.entity)
            moves = action.verb in (Verb.CREATE_POLICY_VERSION, Verb.SET_DEFAULT_POLICY_VERSION)
            if moves and known is not None and known.default_version != policy.default_version:
                return f"version {policy.default_version} of {_label(action, action.entity)} is in force since"
        elif live is not None and before:
            if step.change == "add" and action.verb.value.startswith("Put"):
                return f"inline policy {name} has appeared since, and says something else"
            if self.audited.documents.get(document_key(live, name), before) != before:
                return f"inline policy {name} says something else than when it was audited"
        return ""

    def _is_foreign(self, live: Entity) -> bool:
        audited = self.plan.basis.account
        return (partition_of(live.arn), owner_of(live.arn)) != (audited.partition, audited.id)

    def _before(self, action: Action, seen: State) -> str:
        """What is about to be taken away, for undo: an inline policy's document, or the id of the version in force."""
        policy, live = seen.policy(action.entity), seen.principal(action.entity)
        if action.verb is Verb.CREATE_POLICY_VERSION and policy:
            return policy.default_version
        name = action.parameters.get("PolicyName", "")
        if live is None or name not in (live.inline or ()) or holds(action, seen):
            return ""
        known = seen.documents.get(document_key(live, name))
        return known or iam.inline_document(self.connection, live.kind, live.name, name)

    def _write(self, index: int, entry: Entry) -> None:
        """One write, sent until IAM takes it or says no; what came of it is read back, whatever the answer was."""
        self.tell(f"{entry.action.verb.value} ...")
        pause = 1.0
        while True:
            try:
                reply = self.connection.call(entry.action.verb.value, **entry.action.parameters)
            except CallError as error:
                if self._may_retry(entry.action, error) and self._wait(pause):
                    pause = min(pause * 2, 8.0)
                    continue
                self._refused(index, entry, error)
                return
            break
        # IAM numbers each reply; one without a number comes from something that is not IAM.
        numbered = bool(reply.get("ResponseMetadata", {}).get("RequestId"))
        outcome = replace(entry, outcome="pending", detail="accepted, and not visible yet")
        if not numbered:
            outcome = replace(entry, outcome="unknown", detail="the reply has no request id")
        self._record(index, outcome)
        self._settle(index)

    def _may_retry(self, action: Action, error: CallError) -> bool:
        fresh = error.code == NOT_THERE and any(key in self._created for key in depends_on(action))
        return fresh or error.code in _BUSY

    def _refused(self, index: int, entry: Entry, error: CallError) -> None:
        if error.code in _AUTH_LOST:
            self._stopped = f"not tried: the credentials are no longer good ({error.code})"
        if error.code in _BUSY:
            self._record(index, replace(entry, outcome="pending", detail=f"IAM is still busy: {_short(error)}"))
        elif error.refused:
            self._record(index, replace(entry, outcome="failed", detail=_short(error)))
            self._lose(entry.action)
        else:
            self._record(index, replace(entry, outcome="unknown", detail=f"no usable answer: {_short(error)}"))
            self._settle(index)

    def _settle(self, index: int) -> None:
        """Read back at once; whoever is created is waited for, since later steps hang on it."""
        entry = self.entries[index]
        if not self._visible(index) and entry.action.verb in _CREATES:
            self._await([index])
            if self.entries[index].outcome != "done":
                self._lose(entry.action)

    def _await(self, waiting: list[int]) -> None:
        pause = 0.5
        while waiting:
            if not self._wait(pause):
                return
            pause = min(pause * 2, 8.0)
            self.tell(f"waiting for IAM to show {len(waiting)} of {len(self.plan.steps)} changes")
            waiting = [index for index in waiting if not self._visible(index)]

    def _visible(self, index: int) -> bool:
        """Whether the step's result can be read; then it is done."""
        entry = self.entries[index]
        try:
            seen = look(self.connection, entry.action)
        except CallError:
            return False
        if not holds(entry.action, seen) or any(map(self._is_foreign, seen.entities.values())):
            return False
        ids = unique_ids(entry.action, seen)
        if entry.action.verb in _CREATES:
            self._created[entry.action.entity] = ids[entry.action.entity]
        detail = "read back after a lost answer" if entry.outcome == "unknown" else ""
        self._record(index, replace(entry, outcome="done", detail=detail, unique_ids=ids or entry.unique_ids))
        return True

    def _wait(self, seconds: float) -> bool:
        """Wait, and say whether there was time left for it."""
        if self._waited + seconds > PROPAGATION or self.connection.remaining() < seconds:
            return False
        self.clock.sleep(seconds)
        self._waited += seconds
        return True

    def _fail(self, index: int, step: Step, detail: str) -> None:
        self._record(index, Entry(step.action, "failed", detail, step.unique_ids))
        self._lose(step.action)

    def _lose(self, action: Action) -> None:
        if action.verb in _CREATES:
            self._lost.add(action.entity)

    def _record(self, index: int, entry: Entry) -> None:
        self.journal.append(index, entry)
        self.entries[index] = entry


def look(connection: Connection, action: Action) -> State:
    """What an action touches as it is now, with what tells whether it holds; what is not there is left out.

    Raises CallError.
    """
    if action.entity[0] == "policy":
        return _look_at_policy(connection, action)
    given = action.parameters
    names: dict[Kind, str] = {kind: given[f"{kind.title()}Name"] for kind in _KINDS if f"{kind.title()}Name" in given}
    found = _values(connection, action, _reads(connection, action, names))
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
        document_key(each, given["PolicyName"]): found["document"] for each in principals if "document" in found
    }
    return State({key_of(each.kind, each.name): each for each in principals}, documents)


def _reads(connection: Connection, action: Action, names: Mapping[Kind, str]) -> dict[str, Any]:
    """The reads that tell of the principals that an action names, each under a name of its own."""
    given = action.parameters
    reads: dict[str, Any] = {}
    for kind, name in names.items():
        reads[f"{kind} alone"] = partial(iam.principal, connection, kind, name)
        if kind == action.entity[0] and "PolicyArn" in given:
            reads[f"{kind} attached"] = partial(iam.attached_policies, connection, kind, name)
        if kind == action.entity[0] and "PolicyName" in given:
            reads[f"{kind} inline"] = partial(iam.inline_policies, connection, kind, name)
        if kind == action.entity[0] and "PolicyDocument" in given:
            reads["document"] = partial(iam.inline_document, connection, kind, name, given["PolicyName"])
        if kind == "user" and "GroupName" in given:
            reads["user groups"] = partial(iam.groups_of_user, connection, name)
    return reads


def _look_at_policy(connection: Connection, action: Action) -> State:
    """One of the account's own policies, its versions, and what the one in force says."""
    arn = policy_arn(action, connection.identity()[0])
    reads = {
        "policy": partial(iam.managed_policy, connection, arn),
        "versions": partial(iam.policy_versions, connection, arn),
    }
    found = _values(connection, action, reads)
    if "policy" not in found:
        return State({})
    policy = replace(found["policy"], versions=found.get("versions", ()))
    entities: dict[EntityKey, Entity] = {action.entity: policy}
    if "PolicyDocument" not in action.parameters:
        return State(entities)
    read = partial(iam.managed_document, connection, arn, policy.default_version)
    return State(entities, _values(connection, action, {arn: read}))


def _values(connection: Connection, action: Action, reads: Mapping[str, Any]) -> dict[str, Any]:
    """The results of reads that run at the same time, without those whose principal is not there."""
    pending = {name: connection.submit(read) for name, read in reads.items()}
    values = {name: _unless_gone(connection, future, action) for name, future in pending.items()}
    return {name: value for name, value in values.items() if value is not None}


def _unless_gone(connection: Connection, future: Future[T], action: Action) -> T | None:
    try:
        return connection.result(future, f"iam:{action.verb.value}")
    except CallError as error:
        if error.code == NOT_THERE:
            return None
        raise


def _label(action: Action, key: EntityKey) -> str:
    """`group Developers`, in the case in which the action names it."""
    kind, name = key
    return f"{kind} {action.parameters.get(f'{kind.title()}Name', name)}"


def _short(error: CallError) -> str:
    return f"{error.call}: {error.code}"
