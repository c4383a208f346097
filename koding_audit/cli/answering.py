"""`can PRINCIPAL ACTION`: a decision about somebody in an account, explained as to a colleague."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping

from koding_audit import actions, jsontext
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
    context = _context(options.context)
    names = _named(options.action, terminal)
    with opened(options, terminal) as source:
        account, _ = identified(source, options, terminal)
        kind, name = _asked(options.principal, account)
        terminal.progress(f"reading account {account.id} ...")
        snapshot = source.collect(_query(kind, name))
    principal = _found(snapshot, kind, name)
    permissions = Permissions(snapshot, strict=options.strict)
    place = Source("", 1, 1)
    decisions = {
        each: permissions.decide(principal, RequiredAction(each, place, options.resource, context)) for each in names
    }
    for gap in snapshot.gaps:
        terminal.problem(AuditError(f"{gap.fact.value} of {gap.subject} could not be read: {gap.call}: {gap.reason}"))
    show = _json if options.output == "json" else _table
    emit(show(principal, options.resource, decisions))
    verdicts = {decision.verdict for decision in decisions.values()}
    return 2 if "unknown" in verdicts else 0 if verdicts == {"allowed"} else 1


def _context(said: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    values: dict[str, list[str]] = {}
    for each in said:
        key, equals, value = each.partition("=")
        if not key or not equals:
            raise InputError(f"--context {each}: KEY=VALUE is needed", "--context aws:RequestedRegion=eu-west-1")
        values.setdefault(key, []).append(value)
    return tuple((key, tuple(texts)) for key, texts in values.items())


def _named(pattern: str, terminal: Terminal) -> tuple[str, ...]:
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
    """`user/NAME`, `group/NAME`, or an ARN of this account."""
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
    raise InputError(f"{said}: a user or group is needed", "write user/NAME, group/NAME, or its ARN")


def _query(kind: Kind, name: str) -> Query:
    own = frozenset({Fact.ATTACHED, Fact.INLINE})
    effective = frozenset({key_of(kind, name)})
    if kind == "user":
        return Query(users={name: own | {Fact.USER, Fact.GROUPS}}, effective=effective)
    return Query(groups={name: own | {Fact.GROUP}}, effective=effective)


def _found(snapshot: Snapshot, kind: Kind, name: str) -> Principal:
    found = snapshot.principals.get(key_of(kind, name))
    if found is not None:
        return found
    for gap in snapshot.gaps:
        if gap.subject == f"{kind}/{name}" and gap.fact in (Fact.USER, Fact.GROUP):
            raise AuditError(f"{kind} {name} could not be read: {gap.call}: {gap.reason}")
    raise InputError(f"there is no {kind} {name} in account {snapshot.account.id}")


def _table(principal: Principal, resource: str, decisions: Mapping[str, Decision]) -> str:
    if len(decisions) > 1:
        return _many(principal, resource, decisions)
    ((action, decision),) = decisions.items()
    lines = [f"{_WORDS[decision.verdict]}: {principal.kind} {principal.name}, {action} on {resource}"]
    lines += [f"  because    {reason(each)}" for each in decision.because]
    lines += [f"  depends on {key}" for key in decision.open_keys]
    lines += [f"  not seen   {', '.join(decision.not_seen)}"] if decision.not_seen else []
    lines += [f"  to change  {_CHANGES[decision.verdict]}"] if decision.verdict in _CHANGES else []
    return "".join(f"{inert(line)}\n" for line in lines)


def _many(principal: Principal, resource: str, decisions: Mapping[str, Decision]) -> str:
    """A line for each action, and one that counts."""
    lines = [f"{_WORDS[decision.verdict]:<12} {action}" for action, decision in decisions.items()]
    counts = [
        f"{sum(decision.verdict == verdict for decision in decisions.values())} {word}"
        for verdict, word in _WORDS.items()
    ]
    total = f"{principal.kind} {principal.name}, {counted(len(decisions), 'action')} on {resource}: {', '.join(counts)}"
    return "".join(f"{inert(line)}\n" for line in (*lines, total))


def _json(principal: Principal, resource: str, decisions: Mapping[str, Decision]) -> str:
    values = [_value(action, resource, decision) for action, decision in decisions.items()]
    return jsontext.write_json({"version": 1, "principal": principal.arn, "decisions": values}, indent=2) + "\n"


def _value(action: str, resource: str, decision: Decision) -> dict[str, object]:
    return {
        "action": action,
        "resource": resource,
        "verdict": decision.verdict,
        "because": [
            {
                "layer": each.layer,
                "policy": each.policy,
                "statement": each.statement,
                "sid": each.sid,
                "effect": each.effect,
                "why": each.why,
            }
            for each in decision.because
        ],
        "open_keys": list(decision.open_keys),
        "not_seen": list(decision.not_seen),
    }
