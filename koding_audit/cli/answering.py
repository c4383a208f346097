"""`can PRINCIPAL ACTION`: a decision about somebody in an account, explained as to a colleague."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from koding_audit import actions, jsontext
from koding_audit.cli.simulating import Compared, compared, simulated
from koding_audit.cli.sources import identified, opened
from koding_audit.cli.terminal import Terminal, emit
from koding_audit.effective import Permissions, reason
from koding_audit.errors import AuditError, InputError
from koding_audit.evaluate import Decision, Verdict
from koding_audit.model import Account, Fact, Kind, Principal, Query, RequiredAction, Snapshot, Source, key_of
from koding_audit.text import inert
from koding_audit.words import counted

_WORDS: Mapping[Verdict, str] = {
    "allowed": "allowed",
    "explicit-deny": "denied",
    "implicit-deny": "not allowed",
    "unknown": "not known",
}
_CHANGES: Mapping[Verdict, str] = {
    "explicit-deny": "change or remove the statement that denies: no other policy outweighs it",
    "implicit-deny": "let a policy allow it, in each layer that is named here",
    "unknown": "say what the request carries with --context KEY=VALUE, or give what was not read",
}


def answer(options: argparse.Namespace, terminal: Terminal) -> int:
    """Read who is asked about and every policy that decides, and answer. Status 2 wins over 1."""
    if not options.action:
        raise InputError("which action?", "koding-audit can user/NAME ec2:RunInstances")
    context = said_context(options.context)
    names = named(options.action, terminal)
    with opened(options, terminal) as source:
        account, _ = identified(source, options, terminal)
        kind, name = _asked(options.principal, account)
        terminal.progress(f"reading account {account.id} ...")
        snapshot = source.collect(_query(kind, name))
        principal = _found(snapshot, kind, name)
        theirs = simulated(source, principal.arn, options.resource, context, names) if options.simulate else {}
    permissions = Permissions(snapshot, strict=options.strict)
    place = Source("", 1, 1)
    decisions = {
        each: permissions.decide(principal, RequiredAction(each, place, options.resource, context)) for each in names
    }
    tell_gaps(snapshot, terminal)
    both = compared(decisions, theirs)
    show = _json if options.output == "json" else _table
    emit(show(Answer(principal, options.resource, decisions, both)))
    return _status(decisions, both)


@dataclass(frozen=True)
class Answer:
    """What was asked and what is said to it, with what AWS's simulator says where it was asked."""

    principal: Principal
    resource: str
    decisions: Mapping[str, Decision]
    simulator: Mapping[str, Compared]


def _status(decisions: Mapping[str, Decision], both: Mapping[str, Compared]) -> int:
    """2 where it is not known, or the two do not agree; an organization policy that only AWS sees is a no."""
    verdicts = {decision.verdict for decision in decisions.values()}
    agreements = {each.agreement for each in both.values()}
    if "unknown" in verdicts or "disagrees" in agreements:
        return 2
    return 0 if verdicts == {"allowed"} and "organization" not in agreements else 1


def tell_gaps(snapshot: Snapshot, terminal: Terminal) -> None:
    """What could not be read, on standard error."""
    for gap in snapshot.gaps:
        about = f" of {gap.subject}" if gap.subject else ""
        terminal.problem(AuditError(f"{gap.fact.value}{about} could not be read: {gap.call}: {gap.reason}"))


def said_context(said: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    values: dict[str, list[str]] = {}
    for each in said:
        key, equals, value = each.partition("=")
        if not key or not equals:
            raise InputError(f"--context {each}: KEY=VALUE is needed", "--context aws:RequestedRegion=eu-west-1")
        values.setdefault(key, []).append(value)
    return tuple((key, tuple(texts)) for key, texts in values.items())


def named(pattern: str, terminal: Terminal) -> tuple[str, ...]:
    """The actions that are asked about; of wildcards all that there are, by the list that ships with the tool."""
    service, colon, name = pattern.partition(":")
    if pattern != "*" and not (service and colon and name):
        raise InputError(f"{pattern}: this is not an action", "write SERVICE:Action, as in ec2:RunInstances")
    known = actions.load()
    if "*" in pattern or "?" in pattern:
        found = known.expand(pattern)
        if not found:
            raise InputError(f"{pattern}: no action of AWS matches this (list of {known.origin.date})")
        return found
    if pattern not in known:
        near = known.nearest(pattern)
        meant = f"; did you mean {near}?" if near else ""
        terminal.note(f"{inert(pattern)} is not among AWS's actions of {known.origin.date}{meant}")
    return (pattern,)


def _asked(said: str, account: Account) -> tuple[Kind, str]:
    """`user/NAME`, `group/NAME`, `role/NAME`, or an ARN of this account."""
    if said.startswith("arn:"):
        if not said.startswith(f"arn:{account.partition}:iam::{account.id}:"):
            raise InputError(f"{said}: this is not of account {account.id}", "use the credentials of its account")
        said = said.split(":", 5)[5]
    kind, _, path = said.partition("/")
    name = path.rpartition("/")[2]
    if kind == "user" and name:
        return "user", name
    if kind == "group" and name:
        return "group", name
    if kind == "role" and name:
        return "role", name
    raise InputError(f"{said}: a user, group or role is needed", "write user/NAME, group/NAME, role/NAME, or its ARN")


def _query(kind: Kind, name: str) -> Query:
    own = frozenset({Fact.ATTACHED, Fact.INLINE})
    effective = frozenset({key_of(kind, name)})
    if kind == "user":
        return Query(users={name: own | {Fact.USER, Fact.GROUPS}}, effective=effective)
    if kind == "role":
        return Query(roles={name: own | {Fact.ROLE}}, effective=effective)
    return Query(groups={name: own | {Fact.GROUP}}, effective=effective)


def _found(snapshot: Snapshot, kind: Kind, name: str) -> Principal:
    found = snapshot.principals.get(key_of(kind, name))
    if found is not None:
        return found
    for gap in snapshot.gaps:
        if gap.subject == f"{kind}/{name}" and gap.fact in (Fact.USER, Fact.GROUP, Fact.ROLE):
            raise AuditError(f"{kind} {name} could not be read: {gap.call}: {gap.reason}")
    raise InputError(f"there is no {kind} {name} in account {snapshot.account.id}")


def _table(answer: Answer) -> str:
    if len(answer.decisions) > 1:
        return _many(answer)
    principal = answer.principal
    ((action, decision),) = answer.decisions.items()
    lines = [f"{_WORDS[decision.verdict]}: {principal.kind} {principal.name}, {action} on {answer.resource}"]
    lines += [f"  because    {reason(each)}" for each in decision.because]
    lines += [f"  depends on {key}" for key in decision.open_keys]
    lines += [f"  not seen   {', '.join(decision.not_seen)}"] if decision.not_seen else []
    lines += [f"  simulator  {each.words}" for each in answer.simulator.values()]
    lines += [f"  to change  {_CHANGES[decision.verdict]}"] if decision.verdict in _CHANGES else []
    return "".join(f"{inert(line)}\n" for line in lines)


def _many(answer: Answer) -> str:
    """A line for each action, and one that counts; of the simulator's answers those that differ."""
    principal, decisions = answer.principal, answer.decisions
    lines = [f"{_WORDS[decision.verdict]:<12} {action}" for action, decision in decisions.items()]
    lines += [
        f"simulator    {action}: {each.words}"
        for action, each in answer.simulator.items()
        if each.agreement != "agrees"
    ]
    counts = [
        f"{sum(decision.verdict == verdict for decision in decisions.values())} {word}"
        for verdict, word in _WORDS.items()
    ]
    agreed = sum(each.agreement == "agrees" for each in answer.simulator.values())
    counts += [f"AWS's simulator agrees on {agreed}"] if answer.simulator else []
    actions_on = f"{counted(len(decisions), 'action')} on {answer.resource}"
    total = f"{principal.kind} {principal.name}, {actions_on}: {', '.join(counts)}"
    return "".join(f"{inert(line)}\n" for line in (*lines, total))


def _json(answer: Answer) -> str:
    values = [_value(answer, action, decision) for action, decision in answer.decisions.items()]
    return jsontext.write_json({"version": 1, "principal": answer.principal.arn, "decisions": values}, indent=2) + "\n"


def _value(answer: Answer, action: str, decision: Decision) -> dict[str, object]:
    simulator = {"simulator": answer.simulator[action].value} if action in answer.simulator else {}
    return {"action": action, "resource": answer.resource, **decision_value(decision), **simulator}


def decision_value(decision: Decision) -> dict[str, object]:
    """A decision as JSON values."""
    return {
        "verdict": decision.verdict,
        "because": [asdict(each) for each in decision.because],
        "open_keys": list(decision.open_keys),
        "not_seen": list(decision.not_seen),
    }
