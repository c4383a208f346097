"""Makes a plan from findings, and the plan that undoes a journal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from koding_audit.model.account import NAME_PARAMETERS, Account, EntityKey, PrincipalKey, principal_key
from koding_audit.model.arn import arn_account
from koding_audit.model.desired import Desired, managing_tools
from koding_audit.model.finding import Action, Change, Finding, action_principals, touched_entities
from koding_audit.model.plan import Basis, Entry, Journal, Plan, ScanRequest, Step
from koding_audit.model.query import Fact, Query
from koding_audit.model.snapshot import Entity, LiveState, ManagedPolicy, Snapshot, inline_document_key
from koding_audit.model.stack import StackFiles
from koding_audit.model.traits import find_rule_traits
from koding_audit.model.verb import Verb

_ORDER: Mapping[Verb, int] = {verb: position for position, verb in enumerate(Verb)}

_POSSIBLY_WRITTEN = frozenset({"started", "pending", "unknown", "done"})

_UNDO = "undo/"  # the finding of a step that takes back a write

# What a part of a principal counts as in the quotas (reference.quotas).
_COUNTED_PARTS: Mapping[str, str] = {
    "attachment": "attached policies",
    "inline": "inline documents",
    "member": "groups",
}

_Fix = tuple[Finding, Action, Change]
"""A finding, what fixes it, and what that needs to be allowed."""

_QuotaKey = tuple[str, str]
"""The subject of a quota, and the quota's key in the summary of the account."""

_POLICY_FACTS = frozenset({Fact.ATTACHED, Fact.INLINE})


def make_plan(
    findings: Iterable[Finding],
    desired: Desired,
    snapshot: Snapshot,
    request: ScanRequest,
    made_at: datetime,
    *,
    managed: bool = False,
) -> Plan:
    """The steps that fix these findings, as far as the request and the live state allow it: creations first.

    Left out: waived findings; entities that another tool manages or that are protected; what adds to a principal or an
    account that would exceed that quota, also after the removals of the plan, which then come before what needs their
    room; actions on a principal that does not exist and is not created.
    managed: whether to include what another tool manages, for a plan that is shown and not applied.
    """
    findings = tuple(findings)
    allowed = _allowed_changes(request)
    excluded = desired.guards.protected.keys() | (frozenset() if managed else managing_tools(desired).keys())
    state = state_of_snapshot(snapshot)
    fixes = [
        (finding, finding.fix, finding.change)
        for finding in _unwaived_findings(findings)
        if finding.fix is not None and finding.change in allowed and excluded.isdisjoint(touched_entities(finding.fix))
    ]
    steps, early = _make_fitting_steps(findings, fixes, snapshot)
    created = {step.action.entity for step in steps if step.action.spec.effect == "create"}
    existing = created | set(state.entities)
    absent = {policy_key(arn) for arn, policy in snapshot.policies.items() if policy is None}
    possible = [
        step
        for step in steps
        if _has_targets(step.action, existing)
        and created.issuperset(absent.intersection(action_dependencies(step.action)))
    ]
    possible.sort(key=lambda step: (_step_order(step.action, is_early=step.finding in early), step.finding))
    return Plan(make_basis(possible, desired, snapshot, request, made_at), tuple(possible))


def _make_fitting_steps(
    findings: Iterable[Finding], fixes: Sequence[_Fix], snapshot: Snapshot
) -> tuple[list[Step], frozenset[str]]:
    """The steps of the fixes that fit the quotas, and the findings whose removals make the room for other steps."""
    full, relieved = _judge_quotas(findings, fixes, snapshot)
    state, account = state_of_snapshot(snapshot), snapshot.account
    steps = [
        Step(fix, finding.id, change, unique_ids(fix, state))
        for finding, fix, change in fixes
        if fix.spec.is_removal or _quota_key(finding, fix, full, account) is None
    ]
    return steps, frozenset(each.id for each, fix, _ in fixes if _quota_key(each, fix, relieved, account))


def _step_order(action: Action, *, is_early: bool) -> float:
    """The position of an action in a plan. A user with a boundary comes after the policies: one may be its boundary.

    is_early: whether another step needs the room that a removal makes: it comes just before the steps that take room.
    """
    inverse = action.spec.inverse
    if is_early and action.spec.is_removal and inverse:
        return _ORDER[inverse] - 0.5
    return _ORDER[Verb.CREATE_POLICY if "PermissionsBoundary" in action.parameters else action.verb]


def _allowed_changes(request: ScanRequest) -> set[Change]:
    """What the options of a run allow a step to need."""
    allowed: set[Change] = {"add"}
    allowed |= {"create"} if request.create else set()
    allowed |= {"replace"} if request.replace else set()
    return allowed


def make_basis(
    steps: Iterable[Step], desired: Desired, snapshot: Snapshot, request: ScanRequest, made_at: datetime
) -> Basis:
    return Basis(
        account=snapshot.account,
        made_at=made_at,
        files=desired.files,
        with_sets=request.with_sets,
        only=request.only,
        skip=request.skip,
        create=request.create,
        replace=request.replace,
        state=state_fingerprint(
            {key for step in steps for key in touched_entities(step.action)}, state_of_snapshot(snapshot)
        ),
        stacks=tuple(StackFiles(each.path, each.files) for each in desired.stacks),
        builder="/".join(desired.builder) if desired.builder else "",
    )


def is_undo_step(step: Step) -> bool:
    """Whether a step takes back a write of a journal."""
    return step.finding.startswith(_UNDO)


def make_undo_plan(journal: Journal, snapshot: Snapshot, made_at: datetime) -> Plan:
    """The steps that take back the writes of a journal, the last write first, if their results are unchanged.

    A write is taken back only if a check just before it found that its result did not exist. So a write whose reply was
    lost is taken back too if its result exists. An entity that was created again (another unique id) is not changed.
    """
    state = state_of_snapshot(snapshot)
    steps: list[Step] = []
    for entry in reversed(journal.entries):
        inverse = entry.action.spec.inverse
        if inverse is None or entry.outcome not in _POSSIBLY_WRITTEN or not entry.absent_before:
            continue
        if not _can_undo(entry, state):
            continue
        ids = unique_ids(entry.action, state)
        finding = f"{_UNDO}{entry.action.verb.value}"
        steps.extend(Step(action, finding, "replace", ids) for action in _inverse_actions(entry, inverse, state))
    request = ScanRequest(create=False, replace=True)
    return Plan(make_basis(steps, Desired(journal.desired, {}, {}, {}), snapshot, request, made_at), tuple(steps))


def undo_query(journal: Journal) -> Query:
    """The facts that show whether the results of a journal's writes are unchanged."""
    actions = [entry.action for entry in journal.entries]
    names = [action.principal_names for action in actions]
    inline: dict[PrincipalKey, frozenset[str]] = {}
    for action in (each for each in actions if each.spec.is_inline_put):
        kind, name = action_principals(action)[0]
        inline[kind, name] = inline.get((kind, name), frozenset()) | {action.parameters["PolicyName"]}
    return Query(
        users={each["user"]: _POLICY_FACTS | {Fact.USER, Fact.GROUPS} for each in names if "user" in each},
        groups={each["group"]: _POLICY_FACTS | {Fact.GROUP} for each in names if "group" in each},
        roles={each["role"]: _POLICY_FACTS | {Fact.ROLE} for each in names if "role" in each},
        policies={
            each.parameters["PolicyArn"]: frozenset(action_principals(each)) for each in actions if _detaches(each)
        },
        versions={action_policy_arn(action, journal.account): "" for action in actions if action.entity[0] == "policy"},
        inline=inline,
    )


def _detaches(action: Action) -> bool:
    return action.spec.part == "attachment" and action.spec.is_removal


def state_of_snapshot(snapshot: Snapshot) -> LiveState:
    """The entities of a snapshot that actions can change: principals and customer managed policies."""
    entities: dict[EntityKey, Entity] = dict(snapshot.principals.items())
    for arn, policy in snapshot.policies.items():
        if policy is not None and arn_account(arn) == snapshot.account.id:
            entities[policy_key(arn)] = policy
    return LiveState(entities, snapshot.documents)


def policy_key(arn: str) -> EntityKey:
    """The key of a customer managed policy: its name without the path, which is unique in an account."""
    return "policy", arn.rpartition("/")[2].casefold()


def action_policy_arn(action: Action, account: Account) -> str:
    """The ARN of the policy that an action creates or changes."""
    parameters = action.parameters
    return str(parameters.get("PolicyArn") or account.policy_arn(parameters["PolicyName"], parameters.get("Path", "/")))


def action_dependencies(action: Action) -> tuple[EntityKey, ...]:
    """The entities that an action touches, and the customer managed policy that it attaches."""
    arn = action.parameters.get("PolicyArn", "")
    attached = (policy_key(arn),) if action.spec.is_attach and arn_account(arn) != "aws" else ()
    return (*touched_entities(action), *attached)


def _has_targets(action: Action, existing: set[EntityKey]) -> bool:
    """Whether the entities that an action touches exist. To remove a membership, one of the two must exist: it is
    the exclusive group or user that the finding is about.
    """
    if action.verb is Verb.REMOVE_USER_FROM_GROUP:
        return not existing.isdisjoint(touched_entities(action))
    return existing.issuperset(touched_entities(action))


def unique_ids(action: Action, state: LiveState) -> dict[EntityKey, str]:
    return {key: state.entities[key].unique_id for key in touched_entities(action) if key in state.entities}


def is_done(action: Action, state: LiveState) -> bool:
    """Whether the result of an action exists already; state: the existing entities that it touches."""
    parameters, verb, spec = action.parameters, action.verb, action.spec
    exists = action.entity in state.entities
    policy = state.policy(action.entity)
    if verb is Verb.CREATE_POLICY and policy is not None:
        return _has_document(state, policy.arn, parameters)
    if spec.effect in ("create", "delete"):
        return exists is (spec.effect == "create")
    if spec.part == "member":
        user = state.principal(principal_key("user", parameters["UserName"]))
        is_member = user is not None and parameters["GroupName"] in (user.groups or ())
        return is_member is (spec.effect == "add")
    if spec.entity == "policy":
        return _is_version_done(action, state)
    live = state.principal(action.entity)
    if spec.part == "attachment":
        attached = live is not None and parameters["PolicyArn"] in (live.attached or ())
        return attached is (spec.effect == "add")
    inline = live is not None and parameters["PolicyName"] in (live.inline or ())
    if not spec.is_inline_put:
        return not inline
    return (
        live is not None
        and inline
        and _has_document(state, inline_document_key(live, parameters["PolicyName"]), parameters)
    )


def _is_version_done(action: Action, state: LiveState) -> bool:
    parameters, policy = action.parameters, state.policy(action.entity)
    if policy is None:
        return False
    if action.verb is Verb.SET_DEFAULT_POLICY_VERSION:
        return bool(policy.default_version == parameters["VersionId"])
    if action.verb is Verb.DELETE_POLICY_VERSION:
        return parameters["VersionId"] not in policy.versions
    return _has_document(state, policy.arn, parameters)


def _has_document(state: LiveState, name: str, parameters: Mapping[str, Any]) -> bool:
    """Whether a live document equals the `PolicyDocument` of these parameters as JSON."""
    text = state.documents.get(name)
    return text is not None and normalize_json(text) == normalize_json(str(parameters["PolicyDocument"]))


def normalize_json(text: str) -> str:
    """The JSON value in its normal form, so that equal values have equal texts."""
    return json.dumps(json.loads(text), sort_keys=True)


def state_fingerprint(keys: Iterable[EntityKey], state: LiveState) -> str:
    """SHA-256 over the live state of these entities: it shows whether any of them has changed since the plan."""
    states = [[*key, _fingerprint_values(state.entities.get(key), state.documents)] for key in sorted(set(keys))]
    return hashlib.sha256(json.dumps(states).encode()).hexdigest()


def _fingerprint_values(live: Entity | None, documents: Mapping[str, str]) -> list[object]:
    if live is None:
        return []
    if isinstance(live, ManagedPolicy):
        return [live.arn, live.unique_id, live.default_version, *live.versions, documents.get(live.arn)]
    lists = (live.attached, live.inline, live.groups)
    texts = [documents.get(inline_document_key(live, policy)) for policy in sorted(live.inline or ())]
    own: list[object] = [live.name, live.unique_id, live.path, live.boundary, *(sorted(each or ()) for each in lists)]
    return [*own, texts] if any(texts) else own


def _unwaived_findings(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings that are not waived."""
    return (finding for finding in findings if finding.status != "waived")


def _judge_quotas(
    findings: Iterable[Finding], fixes: Iterable[_Fix], snapshot: Snapshot
) -> tuple[frozenset[_QuotaKey], frozenset[_QuotaKey]]:
    """The quotas that are exceeded also after the removals among these fixes, and those for which they make room."""
    excess = {
        (each.subject, each.key): int(str(each.evidence["needed"])) - int(str(each.evidence["quota"]))
        for each in findings
        if find_rule_traits(each.rule).is_about_quota
    }
    left = dict(excess)
    for finding, fix, _ in fixes if excess else ():
        key = _quota_key(finding, fix, frozenset(excess), snapshot.account)
        if key is not None and fix.spec.is_removal:
            left[key] -= _freed_room(fix, snapshot)
    full = frozenset(key for key, number in left.items() if number > 0)
    return full, frozenset(excess) - full


def _quota_key(finding: Finding, action: Action, exceeded: frozenset[_QuotaKey], account: Account) -> _QuotaKey | None:
    """The exceeded quota that an action adds to, or takes from; None if there is none."""
    if not exceeded:
        return None
    key: _QuotaKey | None = None
    if action.spec.quota:
        key = (account.root_arn, action.spec.quota)
    else:
        from koding_audit.reference.quotas import load_quotas  # noqa: PLC0415 - most plans exceed no quota

        # A membership counts against the quota of its user.
        of = "user" if action.spec.part == "member" else action.spec.entity
        quota = load_quotas().get((_COUNTED_PARTS.get(action.spec.part, ""), of))
        key = (finding.subject, quota.summary_key) if quota else None
    return key if key in exceeded else None


def _freed_room(action: Action, snapshot: Snapshot) -> int:
    """How much of its quota a removal makes free: one, or the characters of an inline policy; 0 if not known."""
    if action.spec.part != "inline":
        return 1
    from koding_audit.desired.policy_documents import document_length  # noqa: PLC0415 - most plans exceed no quota

    live = snapshot.principals.get(action_principals(action)[0])
    text = snapshot.documents.get(inline_document_key(live, action.parameters["PolicyName"])) if live else None
    return document_length(text) if text is not None else 0


def _can_undo(entry: Entry, state: LiveState) -> bool:
    """Whether a write's result still exists on the same entities, and nothing was added to it."""
    action, ids = entry.action, unique_ids(entry.action, state)
    if not is_done(action, state):
        return False
    if any(ids.get(key) != known for key, known in entry.unique_ids.items()):
        return False
    policy = state.policy(action.entity)
    if action.verb is Verb.CREATE_POLICY:
        return policy is not None and len(policy.versions) == 1 and _has_document(state, policy.arn, action.parameters)
    moves_default = action.spec.part == "version" and not action.spec.is_removal
    return not moves_default or (policy is not None and entry.removed in policy.versions)


def _inverse_actions(entry: Entry, verb: Verb, state: LiveState) -> Iterator[Action]:
    """The actions that take a write back.

    entry: the write; its `removed` is what is restored.
    verb: the inverse of the write.
    """
    action, parameters = entry.action, entry.action.parameters
    principal = {NAME_PARAMETERS[kind]: name for kind, name in action.principal_names.items()}
    target = {name: parameters[name] for name in ("PolicyArn", "PolicyName") if name in parameters}
    policy = state.policy(action.entity)
    if policy is not None:
        target = {"PolicyArn": policy.arn}
    if policy is not None and action.verb is Verb.SET_DEFAULT_POLICY_VERSION:
        yield Action(verb, {**target, "VersionId": entry.removed})
    elif policy is not None and action.verb is Verb.CREATE_POLICY_VERSION:
        yield Action(verb, {**target, "VersionId": entry.removed})
        yield Action(Verb.DELETE_POLICY_VERSION, {**target, "VersionId": policy.default_version})
    elif action.spec.is_inline_put and entry.removed:
        yield Action(action.verb, {**principal, **target, "PolicyDocument": entry.removed})
    else:
        document = {"PolicyDocument": entry.removed} if entry.removed else {}
        yield Action(verb, {**principal, **target, **document})
