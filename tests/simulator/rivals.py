"""Somebody else at work in the same account: what they do to what a step touches, and when, and what has to hold then.

A write that is under way cannot be held against what somebody does between the last look and the write: IAM has no
compare-and-set. Whatever they do earlier is seen, and left alone.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.servers.wire import READS
from tests.simulator.account import AWS, QUOTAS, Account, Entity
from tests.simulator.oracles import common, holdings, planned_writes
from tests.simulator.scenario import AGAIN, RUNS, Run, World, begun
from tests.simulator.server import Simulator, Target

MOMENTS = ("before the audit", "before the look", "before the write", "after the write")
"""`before the look`: between the audit and the look just before the write; `before the write`: after that look."""
BETWEEN_PAGES = "before a later page of"

OTHERS = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"}]}
)
_RUNS_AGAIN = 3
_STRAY = f"{AWS}AmazonS3ReadOnlyAccess"  # attached before, and not asked for by a file; nor is eve there


@dataclass(frozen=True)
class Rivalry:
    """Somebody's act on what a write of a run touches, at a moment. An apply's plan is made before it all.

    Before a later page it is a read, the number-th that asks the same; whom: whom the act is on where the call names
    nobody.
    """

    mode: str
    write: str
    act: str
    moment: str
    number: int = 1
    whom: str = ""

    @property
    def group(self) -> str:
        return "L rival"

    @property
    def verb(self) -> str:
        return self.write.partition(" ")[0]

    @property
    def given(self) -> dict[str, str]:
        return dict(each.split("=", 1) for each in (self.whom or self.write).split()[1:])

    def __str__(self) -> str:
        return f"{self.mode}: somebody {self.act} {self.whom} {self.moment} {self.write} #{self.number}"


def cases(worlds: Mapping[str, World]) -> Iterator[Rivalry]:
    """Each act on each write of a fix and of one that replaces, where it makes sense, at each moment."""
    for mode in ("fix", "replace"):
        for write in worlds[mode].writes:
            for act, (fits, _) in ACTS.items():
                if fits(write.partition(" ")[0]):
                    yield from (Rivalry(mode, write, act, moment) for moment in MOMENTS[1:])
                    if mode == "fix":
                        yield Rivalry("apply", write, act, MOMENTS[0])


def between_pages(paged: Mapping[str, Sequence[Target]]) -> Iterator[Rivalry]:
    """Somebody is deleted, or made anew, before each later page; paged: by the kind of run, the calls for those."""
    for mode, targets in paged.items():
        for asked, number in targets:
            for act in ("deletes", "makes anew"):
                for whom in ("",) if "Name=" in asked else _EACH:
                    yield Rivalry(mode, asked, act, BETWEEN_PAGES, number, whom)


_EACH = ("Delete UserName=ada", "Delete UserName=grace", "Delete GroupName=Developers", "Delete GroupName=Readers")


def judged(world: World, simulator: Simulator, folder: Path, case: Rivalry) -> list[str]:
    """What one case broke."""
    begun(simulator, folder, case.mode)
    account = simulator.account
    changed = arm(world, simulator, case)
    plan = planned_writes(folder / "fix.plan") if case.mode == "apply" else None
    seen = RUNS[case.mode](simulator, folder)
    failed = [name for name, bad in common(world, simulator, seen, plan).items() if bad and name not in _MAY_BE]
    if any(changed):  # whoever the plan is to make is not there yet, and nothing can be done to them
        failed += _left_alone(case, simulator, seen)
    if not _in_the_last_audit(case, simulator):
        failed += _honest(world, account, seen)
    return [*failed, *_comes_to_rest(world, simulator, folder)]


def arm(world: World, simulator: Simulator, case: Rivalry) -> list[bool]:
    """Let somebody act at the case's moment; whether that changed something, once it has come."""
    account, (_, act), changed = simulator.account, ACTS[case.act], []

    def strike() -> None:
        known = copy.deepcopy(account.state)
        act(account, case.verb, case.given)
        changed.append(known != account.state)

    if case.moment == "before the audit":
        strike()
    elif case.moment == BETWEEN_PAGES:
        account.page = 1
        simulator.before[case.write, case.number] = strike
    elif case.moment == "before the look":
        simulator.moments[world.audit] = strike
    else:
        when = simulator.before if case.moment == "before the write" else simulator.after
        when[case.write, 1] = strike
    return changed


def _in_the_last_audit(case: Rivalry, simulator: Simulator) -> bool:
    """Whether the account changed while it was last read: what was read before that is as it was then."""
    written = [number for number, (asked, _) in enumerate(simulator.calls) if not asked.startswith(READS)]
    target = (case.write, case.number)
    at = simulator.calls.index(target) if target in simulator.calls else -1
    return case.moment == BETWEEN_PAGES and at > max(written, default=-1)


_MAY_BE = {
    # Between a write and its read-back somebody may have done the same, or undone it: the server saw both.
    "I5 done, and it is not",
}


def _left_alone(case: Rivalry, simulator: Simulator, seen: Run) -> Iterator[str]:
    """What somebody did before the last look is not written over, and whom they made anew is not written to."""
    if case.moment == "before the audit" and (seen.writes or seen.status != 2) and case.act not in _HARMLESS:
        yield f"P6 a plan that is stale was applied: status {seen.status}"
    if case.moment not in ("before the audit", "before the look"):
        return
    if case.moment == "before the look" and case.act in JUDGED and (case.write in seen.writes or seen.status != 2):
        yield f"P24 what the guards judged was changed, and the status is {seen.status}"
    if case.act == "does the same" and case.write in seen.writes:
        yield "P6 what somebody had done was done again"
    if case.act == "puts another document" and case.mode != "replace" and seen.status == 0:
        yield "P6 another document, and the status is 0"
    if case.act == "puts another document" and not _has_others(simulator.account, case):
        yield "P6 somebody's document was written over"
    if case.act in ("makes anew", "deletes"):
        name = _principal(case.given)
        yield from (f"P6 written to another one: {each}" for each in seen.writes if _touches(each, name, case.write))
        if not any(word in seen.output for word in _MOVED):
            yield "P6 nothing says what has moved"


_HARMLESS = frozenset({"changes the case of", "moves the default version for", "makes the policy anew for"})
"""What makes no saved plan stale; an apply has its guards judge a policy as it is then."""
_MOVED = (*("does not exist any more", "since the audit", "was not created", "the plan differs from one"),)


def _touches(write: str, name: str, about: str) -> bool:
    """Whether a write is to whom somebody made anew; whoever the plan itself creates is nobody else."""
    return f"={name}" in write and not about.startswith("Create")


def _principal(given: Mapping[str, str]) -> str:
    return given.get("UserName") or given.get("GroupName") or given.get("PolicyName") or ""


def _has_others(account: Account, case: Rivalry) -> bool:
    """Whether the document that somebody put is still there."""
    if case.verb == "PutUserPolicy":
        user = account.state.entities["User", case.given["UserName"].lower()]
        return user.inline[case.given["PolicyName"]] == OTHERS
    arns = [each for each in account.state.policies.values() if each.arn.endswith("/team-logs")]
    return all(each.versions[each.default] == OTHERS for each in arns)


def _honest(world: World, account: Account, seen: Run) -> Iterator[str]:
    """Status 0 only where everything that is wanted is there, whatever else is."""
    wanted = {fact for fact in holdings(world.after) if _STRAY not in fact and "eve" not in fact}
    wanted -= {fact for fact in wanted if fact[0] == "policy" and fact[1].startswith(AWS)}  # AWS changes its own
    lacks = _folded(frozenset(wanted)) - _folded(holdings(account.state))
    if seen.status == 0 and lacks:
        yield f"I4 status 0, and there is no {min(lacks)}"


def _comes_to_rest(world: World, simulator: Simulator, folder: Path) -> Iterator[str]:
    """Run again without anybody else, it ends clean, or says each time that it does not; and it stops to write."""
    seen = None
    for _ in range(_RUNS_AGAIN):
        simulator.forget()
        seen = AGAIN[world.name](simulator, folder)
        yield from _honest(world, simulator.account, seen)
        if not seen.writes:
            return
    yield f"I6 it goes on writing: {seen.writes if seen else ()}"


def _folded(facts: frozenset[tuple[str, ...]]) -> frozenset[tuple[str, ...]]:
    """Facts without the case of names, which IAM does not tell apart."""
    return frozenset(tuple(each.lower() for each in fact) for fact in facts)


# --- what somebody may do ------------------------------------------------------------------------------


def _entity(account: Account, given: Mapping[str, str]) -> Entity | None:
    kind = "User" if "UserName" in given else "Group"
    return account.state.entities.get((kind, given.get(f"{kind}Name", "").lower()))


def _does_the_same(account: Account, verb: str, given: Mapping[str, str]) -> None:
    entity = _entity(account, given)
    if verb == "AddUserToGroup" and entity:
        if ("Group", given["GroupName"].lower()) in account.state.entities:  # nobody joins what is not there yet
            entity.groups.add(given["GroupName"])
    elif verb == "RemoveUserFromGroup" and entity:
        entity.groups.discard(given["GroupName"])
    elif verb.startswith("Attach") and entity:
        entity.attached.add(given["PolicyArn"])
    elif verb.startswith("Detach") and entity:
        entity.attached.discard(given["PolicyArn"])
    elif verb.startswith("Delete") and entity:
        entity.inline.pop(given["PolicyName"], None)
    elif verb in ("CreateUser", "CreateGroup") and entity is None:
        kind = verb.removeprefix("Create")
        account.add(kind, given[f"{kind}Name"], path=given.get("Path", "/"))


def _deletes(account: Account, _verb: str, given: Mapping[str, str]) -> None:
    entity = _entity(account, given)
    if entity is not None:
        del account.state.entities[entity.kind, entity.name.lower()]
        for each in account.state.entities.values():
            each.groups.discard(entity.name if entity.kind == "Group" else "")


def _makes_anew(account: Account, verb: str, given: Mapping[str, str]) -> None:
    entity = _entity(account, given)
    if entity is not None:
        _deletes(account, verb, given)
        account.add(entity.kind, entity.name, path=entity.path)


def _renames(account: Account, _verb: str, given: Mapping[str, str]) -> None:
    entity = _entity(account, given)
    if entity is not None:
        old, entity.name = entity.name, entity.name.swapcase()
        for each in account.state.entities.values():
            if old in each.groups and entity.kind == "Group":
                each.groups = {entity.name if group == old else group for group in each.groups}


def _fills(account: Account, verb: str, given: Mapping[str, str]) -> None:
    """As much as the quota allows: of attachments, of groups, of versions."""
    entity = _entity(account, given)
    if verb == "CreatePolicyVersion":
        policy = account.state.policies[given["PolicyArn"]]
        policy.versions |= {f"v{number}": OTHERS for number in range(2, 6)}
    elif verb == "AddUserToGroup" and entity:
        lacks = QUOTAS["GroupsPerUserQuota"] - len(entity.groups)
        for number in range(lacks):
            account.add("Group", f"Filling{number}")
            entity.groups.add(f"Filling{number}")
    elif entity:
        lacks = QUOTAS[f"AttachedPoliciesPer{entity.kind}Quota"] - len(entity.attached)
        entity.attached |= {f"{AWS}Filling{number}" for number in range(lacks)}


def _puts_another(account: Account, verb: str, given: Mapping[str, str]) -> None:
    entity = _entity(account, given)
    if verb.startswith("Put") and entity:
        entity.inline[given["PolicyName"]] = OTHERS
    elif verb == "CreatePolicy":
        arn = f"arn:aws:iam::123456789012:policy{given.get('Path', '/')}{given['PolicyName']}"
        if arn not in account.state.policies:
            account.add_policy(arn, OTHERS)
    elif verb == "CreatePolicyVersion":
        policy = account.state.policies[given["PolicyArn"]]
        policy.default = f"v{len(policy.versions) + 1}"
        policy.versions[policy.default] = OTHERS


def _attaches_another(account: Account, _verb: str, given: Mapping[str, str]) -> None:
    entity = _entity(account, given)
    if entity is not None:
        entity.attached.add(_STRAY)


def _to_somebody(verb: str) -> bool:
    return verb not in {"CreatePolicy", "CreatePolicyVersion"}


def _to_somebody_known(verb: str) -> bool:
    """A stranger who is to leave an exclusive group is known by name alone; to be gone is to have left it."""
    return _to_somebody(verb) and verb != "RemoveUserFromGroup"


def _moves_default(account: Account, _verb: str, given: Mapping[str, str]) -> None:
    policy = account.state.policies.get(given["PolicyArn"])
    if policy is not None:
        policy.default = f"v{len(policy.versions) + 1}"
        policy.versions[policy.default] = OTHERS


def _makes_policy_anew(account: Account, _verb: str, given: Mapping[str, str]) -> None:
    policy = account.state.policies.get(given["PolicyArn"])
    if policy is not None:
        policy.unique_id = account.new_id("Policy")


def _fills_group(account: Account, _verb: str, given: Mapping[str, str]) -> None:
    group = account.state.entities.get(("Group", given["GroupName"].lower()))
    if group is not None:
        group.inline["stray"] = OTHERS


def _attaches(verb: str) -> bool:
    return verb.startswith("Attach")


def _joins(verb: str) -> bool:
    return verb == "AddUserToGroup"


ACTS: Mapping[str, tuple[Callable[[str], bool], Callable[[Account, str, Mapping[str, str]], None]]] = {
    "does the same": (_to_somebody, _does_the_same),
    "deletes": (_to_somebody_known, _deletes),
    "makes anew": (_to_somebody_known, _makes_anew),
    "changes the case of": (_to_somebody, _renames),
    "fills the quota of": (lambda verb: verb.startswith(("Attach", "AddUser", "CreatePolicyV")), _fills),
    "puts another document": (lambda verb: verb.startswith(("Put", "CreatePolicy")), _puts_another),
    "attaches another policy to": (_to_somebody, _attaches_another),
    "moves the default version for": (_attaches, _moves_default),
    "makes the policy anew for": (_attaches, _makes_policy_anew),
    "gives another policy to the group for": (_joins, _fills_group),
}
"""What somebody may do to whom a write is about: for which verbs, and how."""
JUDGED = ("moves the default version for", "makes the policy anew for", "gives another policy to the group for")
"""The acts on what the guards judged and no step writes: the policy that is attached, the group that is joined."""
