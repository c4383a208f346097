"""What has to hold after every run, whatever befell it: seen at the server, on the disk and in the output.

Little of it asks the tool: the account, the calls and the faults are the simulator's own.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.wire import READS
from tests.simulator.account import State
from tests.simulator.faults import FAULTS
from tests.simulator.scenario import AGAIN, KEY, SECRET, TOKEN, Run, World
from tests.simulator.server import Simulator

REMOVALS = ("Detach", "Remove", "Delete")
INVERSES: Mapping[str, str] = {
    **{f"Detach{kind}Policy": f"Attach{kind}Policy" for kind in ("User", "Group", "Role")},
    **{f"Delete{kind}Policy": f"Put{kind}Policy" for kind in ("User", "Group", "Role")},
    **{f"Delete{kind}": f"Create{kind}" for kind in ("User", "Group", "Policy")},
    "RemoveUserFromGroup": "AddUserToGroup",
}
LONGEST = 3 * 300 + 8 * 71
"""Simulated seconds: a deadline each for the reading, the writing and the reading again, and what eight calls that are
under way then may still wait between their tries: 1, 2, 4, 8, 16, 20 and 20 seconds."""

_AUTH_LOST = {each for name, each in FAULTS.items() if each.group == "E rights" and not name.startswith("AccessDenied")}
_FINAL = {
    each
    for name, each in FAULTS.items()
    if each.group in ("D refusal", "E rights") and not name.startswith("NoSuchEntity")
}
_SHOWN = re.compile(r"  [+~-] (\w+)\s+(.*)")
_OFTEN = 5
_OF_SESSION = ("GetCallerIdentity", "GenerateCredentialReport")


def holdings(state: State) -> frozenset[tuple[str, ...]]:
    """Everything that somebody holds or that exists, as plain facts without ids."""
    facts: set[tuple[str, ...]] = {(each.kind, each.name) for each in state.entities.values()}
    for arn, policy in state.policies.items():
        facts |= {("policy", arn), ("policy", arn, _normal(policy.versions[policy.default]))}
    for each in state.entities.values():
        own = (each.kind, each.name)
        facts |= {(*own, "attached", arn) for arn in each.attached}
        facts |= {(*own, "in", group) for group in each.groups}
        facts |= {(*own, "inline", name) for name in each.inline}
        facts |= {(*own, "inline", name, _normal(text)) for name, text in each.inline.items()}
    return frozenset(facts)


def _normal(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True)


def broken(world: World, simulator: Simulator, seen: Run, plan: Sequence[str] | None = None) -> list[str]:
    """The promises that one run did not keep, in words. plan: the writes of a saved plan, None for those shown."""
    live = holdings(simulator.account.state)
    before, after = holdings(world.before), holdings(world.after)
    checks = {
        "I3 the account is not between before and after": not before & after <= live <= (before | after),
        "I4 status 0, and the account is not as wanted": seen.status == 0 and live != after,
        **common(world, simulator, seen, plan),
    }
    return [name for name, failed in checks.items() if failed]


def common(world: World, simulator: Simulator, seen: Run, plan: Sequence[str] | None = None) -> dict[str, bool]:
    """What holds whoever else is at work in the account; true: broken."""
    distinct = list(dict.fromkeys(seen.writes))
    told = _entries(seen)
    audits = seen.report.get("audits", [])
    adds_only = world.name in ("fix", "listed", "apply", "setup")
    text = seen.output + seen.files
    return {
        "P1 unread at the end, and the status is not 2": seen.status != 2 and _unread(simulator),
        "P3 a write that was not in the plan, or not in its order": not _follows(distinct, seen, plan),
        "E written on after the credentials were lost": _goes_on(simulator),
        "D a refused write was sent again": _insists(simulator),
        "I2 something was taken away": adds_only and any(each.startswith(REMOVALS) for each in seen.writes),
        "I4 no status of ours": seen.status not in (0, 1, 2),
        "I5 a write before the journal knew of it": bool(seen.unrecorded),
        "I5 a write that the journal does not know": any(told.get(each, "failed") == "failed" for each in distinct),
        "I5 done, and it is not": any(outcome == "done" and each not in seen.writes for each, outcome in told.items()),
        "I7 a crash": "Traceback" in seen.output or "this is a bug" in seen.output,
        "I7 a secret": any(each in text for each in (SECRET, TOKEN, KEY)),
        "I7 a control character": bool(re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text)),
        "I8 too many calls": seen.calls > 40 * len(world.calls),
        "I8 too long": seen.seconds > LONGEST,
        "I9 totals that are not the sum": any(not _adds_up(audit) for audit in audits),
        "I9 no report": not seen.report and world.name != "undo",
    }


def _unread(simulator: Simulator) -> bool:
    """Whether a fact was unread when the last audit ended. That a report was ordered says nothing; that it came does.

    Some lists of IAM may leave out whether they end, which is taken for their end at a server that is not AWS's.
    """
    unsaid = ("GetGroup ", "ListGroupPolicies ")
    ends = [each for each in simulator.unanswered() if not each.startswith(_OF_SESSION)]
    last = {asked: simulator.lies[place] for place, (asked, _) in enumerate(simulator.calls) if place in simulator.lies}
    return any(not (last[each].name == "no end said" and each.startswith(unsaid)) for each in ends)


def _follows(writes: Sequence[str], seen: Run, plan: Sequence[str] | None) -> bool:
    """Whether the writes are some of the plan's, in its order: the saved one's, or that of the lines shown."""
    if plan is not None:
        rest = iter(plan)
        return all(each in rest for each in writes)
    lines = iter([found.groups() for found in map(_SHOWN.fullmatch, seen.output.splitlines()) if found])
    return all(any(_is_said(each, verb, words) for verb, words in lines) for each in writes)


def _is_said(write: str, verb: str, words: str) -> bool:
    """Whether a line of a plan is about this write: its verb, and each name that it has."""
    action, *given = write.split()
    values = [each.partition("=")[2].rpartition("/")[2] for each in given if not each.startswith(("Path=", "SetAs"))]
    return action == verb and set(values) <= set(re.split(r"[\s:/,]+", words))


def planned_writes(path: Path) -> list[str]:
    """The writes of a saved plan, as the simulator names them."""
    return [_asked(step["action"], step["parameters"]) for step in json.loads(path.read_text())["steps"]]


def not_inverse(journal: Iterable[str], writes: Iterable[str]) -> list[str]:
    """The writes of an undo that take back nothing that the journal has."""
    made = {_asked(line["action"], line["parameters"]) for line in map(json.loads, journal) if "action" in line}
    return [each for each in writes if not any(_takes_back(each, other) for other in made)]


def _takes_back(write: str, made: str) -> bool:
    verb, *given = write.split()
    action, *parameters = made.split()
    if INVERSES[verb] == "CreatePolicy":
        return action == "CreatePolicy" and given[0].rpartition("/")[2] in made
    return action == INVERSES[verb] and set(given) <= set(parameters)


def _goes_on(simulator: Simulator) -> bool:
    """Whether a write was tried after one was refused because the credentials are not valid any more."""
    tried = [place for place, (asked, _) in enumerate(simulator.calls) if not asked.startswith(READS)]
    lost = [place for place in tried if simulator.lies.get(place) in _AUTH_LOST]
    return bool(lost) and tried[-1] > lost[0]


def _insists(simulator: Simulator) -> bool:
    """Whether a write was sent again that IAM had said no to."""
    tried = [(place, asked) for place, (asked, _) in enumerate(simulator.calls) if not asked.startswith(READS)]
    refused = {asked: place for place, asked in reversed(tried) if simulator.lies.get(place) in _FINAL}
    return any(place > refused.get(asked, place) for place, asked in tried)


def _asked(action: str, parameters: Mapping[str, Any]) -> str:
    given = {name: each for name, each in parameters.items() if name != "PolicyDocument"}
    said = (f"{name}={str(value).lower() if value is True else value}" for name, value in sorted(given.items()))
    return " ".join([action, *said])


def _entries(seen: Run) -> dict[str, str]:
    """The last outcome of each action in the journal, by what it asks."""
    return {_asked(line["action"], line["parameters"]): line["outcome"] for line in seen.journal if "action" in line}


def _adds_up(audit: Mapping[str, Any]) -> bool:
    totals = dict.fromkeys(("error", "warning", "note", "waived", "fixed", "not_checked"), 0)
    for each in audit["findings"]:
        if each["rule"] == "not-checked":
            totals["not_checked"] += 1
        elif each["status"] in ("fixed", "waived"):
            totals[each["status"]] += 1
        else:
            totals[each["severity"]] += 1
    return bool(totals == audit["summary"])


@dataclass
class Converging:
    """I6, over many cases: a run without a fault ends clean and as wanted, and the one after it writes nothing.

    Most cases leave the account in one of a few states, and what a run does hangs on nothing else: a state from which
    it was seen to converge often enough is believed to. runs: how many there were.
    """

    runs: int = 0
    _seen: Counter[tuple[object, ...]] = field(default_factory=Counter)

    def broken(self, world: World, simulator: Simulator, folder: Path) -> list[str]:
        state = (world.name, simulator.account.page, _everything(simulator.account.state))
        if self._seen[state] >= _OFTEN:
            return []
        failed = list(self._broken(world, simulator, folder))
        self._seen[state] += not failed
        return failed

    def _broken(self, world: World, simulator: Simulator, folder: Path) -> Iterator[str]:
        second = self._again(world, simulator, folder)
        if second.status != 0 or holdings(simulator.account.state) != holdings(world.after):
            yield f"I6 the next run does not converge: status {second.status}"
        elif not second.writes:
            return  # the run after it would be the same one, over the same account
        third = self._again(world, simulator, folder)
        if third.status != 0 or third.writes:
            yield f"I6 the third run writes {third.writes}, status {third.status}"

    def _again(self, world: World, simulator: Simulator, folder: Path) -> Run:
        self.runs += 1
        simulator.forget()
        return AGAIN[world.name](simulator, folder)


def _everything(state: State) -> tuple[object, ...]:
    """A state but for its unique ids and the order in which it came about."""
    versions = {(each.arn, each.default, *sorted(each.versions.items())) for each in state.policies.values()}
    return holdings(state), frozenset(versions)
