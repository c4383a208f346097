"""Findings to a plan, and a journal to the plan that undoes it: values in, a value out, nothing is asked or written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from koding_audit.model import (
    INVERSE,
    Account,
    Action,
    Basis,
    Change,
    Desired,
    Fact,
    Finding,
    Journal,
    Plan,
    Principal,
    PrincipalKey,
    Query,
    Request,
    Snapshot,
    Step,
    Verb,
    key_of,
)

_ORDER: Mapping[Verb, int] = {verb: position for position, verb in enumerate(Verb)}
_CREATES: Mapping[Verb, str] = {Verb.CREATE_USER: "UsersQuota", Verb.CREATE_GROUP: "GroupsQuota"}
_DELETES = frozenset({Verb.DELETE_USER, Verb.DELETE_GROUP})
_MADE = frozenset({"started", "pending", "unknown", "done"})


def plan(
    findings: Iterable[Finding], desired: Desired, snapshot: Snapshot, request: Request, made_at: datetime
) -> Plan:
    """The steps that mend these findings, as far as the request allows and the live state bears: creations first.

    Left out: what another tool manages; whoever would go over a quota of the account; and what needs a principal that
    is not there and is not created.
    """
    findings = tuple(findings)
    allowed: set[Change] = {"add"}
    allowed |= {"create"} if request.create else set()
    allowed |= {"replace"} if request.replace else set()
    managed = _managed(desired)
    over = {(finding.subject, finding.key) for finding in findings if finding.rule == "quota-exceeded"}
    steps = [
        Step(finding.fix, finding.id, finding.change, unique_ids(finding.fix, snapshot.principals))
        for finding in findings
        if finding.fix is not None
        and finding.change in allowed
        and managed.isdisjoint(touched(finding.fix))
        and not _is_over(finding, finding.fix, over, snapshot.account)
    ]
    created = {step.action.principal for step in steps if step.action.verb in _CREATES}
    there = created | set(snapshot.principals)
    kept = [step for step in steps if there.issuperset(_needed(step.action))]
    kept.sort(key=lambda step: (_ORDER[step.action.verb], step.finding))
    return Plan(basis(kept, desired, snapshot, request, made_at), tuple(kept))


def basis(steps: Iterable[Step], desired: Desired, snapshot: Snapshot, request: Request, made_at: datetime) -> Basis:
    return Basis(
        account=snapshot.account,
        made_at=made_at,
        files=desired.files,
        with_sets=request.with_sets,
        only=request.only,
        skip=request.skip,
        create=request.create,
        replace=request.replace,
        state=fingerprint({key for step in steps for key in touched(step.action)}, snapshot.principals),
    )


def undo(journal: Journal, snapshot: Snapshot, made_at: datetime) -> Plan:
    """The steps that take back what a journal says was written, last first, where it is still as it was left.

    A write whose end was not seen is taken back too if its result is there: it was absent just before it. A principal
    that has been made again since (another unique id) is left alone.
    """
    steps: list[Step] = []
    for entry in reversed(journal.entries):
        if entry.outcome not in _MADE or not holds(entry.action, snapshot.principals):
            continue
        ids = unique_ids(entry.action, snapshot.principals)
        if any(ids.get(key) != known for key, known in entry.unique_ids.items()):
            continue
        action = _inverse(entry.action, entry.before)
        steps.append(Step(action, f"undo/{entry.action.verb.value}", "replace", ids))
    request = Request(create=False, replace=True)
    return Plan(basis(steps, Desired((), {}, {}, {}), snapshot, request, made_at), tuple(steps))


def undo_query(journal: Journal) -> Query:
    """What has to be read to see whether a journal's writes are still as they were left."""
    given = [entry.action.parameters for entry in journal.entries]
    user_facts = frozenset({Fact.USER, Fact.ATTACHED, Fact.INLINE, Fact.GROUPS})
    group_facts = frozenset({Fact.GROUP, Fact.ATTACHED, Fact.INLINE})
    return Query(
        users={each["UserName"]: user_facts for each in given if "UserName" in each},
        groups={each["GroupName"]: group_facts for each in given if "GroupName" in each},
    )


def touched(action: Action) -> tuple[PrincipalKey, ...]:
    """Every principal that has to be there for an action, or is made by it."""
    given = action.parameters
    group = (key_of("group", given["GroupName"]),) if "GroupName" in given else ()
    user = (key_of("user", given["UserName"]),) if "UserName" in given else ()
    return group + user


def _needed(action: Action) -> tuple[PrincipalKey, ...]:
    """Who must be known to be there. A stranger in an exclusive group is known by the group alone."""
    return (action.principal,) if action.verb is Verb.REMOVE_USER_FROM_GROUP else touched(action)


def unique_ids(action: Action, principals: Mapping[PrincipalKey, Principal]) -> dict[PrincipalKey, str]:
    return {key: principals[key].unique_id for key in touched(action) if key in principals}


def holds(action: Action, principals: Mapping[PrincipalKey, Principal]) -> bool:
    """Whether what an action is to bring about is so already; principals holds whom it touches, where they exist."""
    given = action.parameters
    live = principals.get(action.principal)
    verb = action.verb
    if verb in _CREATES:
        return live is not None
    if verb in _DELETES:
        return live is None
    if verb in (Verb.ADD_USER_TO_GROUP, Verb.REMOVE_USER_FROM_GROUP):
        user = principals.get(key_of("user", given["UserName"]))
        inside = user is not None and given["GroupName"] in (user.groups or ())
        return inside is (verb is Verb.ADD_USER_TO_GROUP)
    if "PolicyArn" in given:
        attached = live is not None and given["PolicyArn"] in (live.attached or ())
        return attached is (verb in (Verb.ATTACH_GROUP_POLICY, Verb.ATTACH_USER_POLICY))
    inline = live is not None and given["PolicyName"] in (live.inline or ())
    return inline is (verb in (Verb.PUT_GROUP_POLICY, Verb.PUT_USER_POLICY))


def fingerprint(keys: Iterable[PrincipalKey], principals: Mapping[PrincipalKey, Principal]) -> str:
    """SHA-256 over the live state of these principals, so that a plan can tell whether anything of it has moved."""
    state = [[*key, _state(principals.get(key))] for key in sorted(set(keys))]
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()


def _state(live: Principal | None) -> list[object]:
    if live is None:
        return []
    lists = (live.attached, live.inline, live.groups)
    return [live.name, live.unique_id, live.path, live.boundary, *(sorted(each or ()) for each in lists)]


def _managed(desired: Desired) -> frozenset[PrincipalKey]:
    """Whom another tool manages: their fixes are shown, and never written."""
    groups = (key_of("group", each.name) for each in desired.groups.values() if each.managed_by)
    users = (key_of("user", each.name) for each in desired.users.values() if each.managed_by)
    return frozenset((*groups, *users))


def _is_over(finding: Finding, action: Action, over: set[tuple[str, str]], account: Account) -> bool:
    if action.verb in _CREATES:
        return (account.root_arn, _CREATES[action.verb]) in over
    return any(subject == finding.subject for subject, _ in over)


def _inverse(action: Action, before: str) -> Action:
    """The action that takes this one back. `before` is the inline document that a deletion took away."""
    named = {name: action.parameters[name] for name in ("GroupName", "UserName") if name in action.parameters}
    target = {name: action.parameters[name] for name in ("PolicyArn", "PolicyName") if name in action.parameters}
    document = {"PolicyDocument": before} if before else {}
    return Action(INVERSE[action.verb], {**named, **target, **document})
