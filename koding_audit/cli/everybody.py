"""`can --who ACTION [RESOURCE]`: everybody in an account who may take an action, and by what."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from koding_audit import jsontext
from koding_audit.cli.answering import decision_value, named, said_context, tell_gaps
from koding_audit.cli.sources import identified, opened
from koding_audit.cli.terminal import Terminal, emit
from koding_audit.effective import Permissions, reason
from koding_audit.errors import InputError
from koding_audit.evaluate import Decision
from koding_audit.model import Fact, Kind, Principal, Query, RequiredAction, Source
from koding_audit.text import inert
from koding_audit.words import counted

_KINDS: frozenset[Kind] = frozenset({"user", "group", "role"})
_FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.ATTACHED, Fact.INLINE, Fact.GROUPS, Fact.DOCUMENT})


@dataclass(frozen=True)
class Answers:
    """Everybody who was asked about, with the decision, in the order of their ARNs."""

    action: RequiredAction
    decided: tuple[tuple[Principal, Decision], ...]

    def of(self, verdict: str) -> list[tuple[Principal, Decision]]:
        return [each for each in self.decided if each[1].verdict == verdict]

    @property
    def not_seen(self) -> list[str]:
        return sorted({layer for _, decision in self.decided for layer in decision.not_seen})


def who(options: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0: somebody can; 1: nobody can; 2: of somebody it is not known, or not everything could be read."""
    action, resource = options.principal, options.action or "*"
    if options.resource != "*" or options.simulate:
        raise InputError("--who asks about one action of everybody", "koding-audit can --who ec2:RunInstances")
    if "*" in action or "?" in action:
        raise InputError(f"{action}: --who takes one action, without wildcards", "ask about each by itself")
    (name,) = named(action, terminal)
    asked = RequiredAction(name, Source("", 1, 1), resource, said_context(options.context))
    with opened(options, terminal) as source:
        account, _ = identified(source, options, terminal)
        terminal.progress(f"reading account {account.id} ...")
        snapshot = source.collect(Query(listed=_KINDS, everything=_FACTS))
    permissions = Permissions(snapshot, strict=options.strict)
    everybody = sorted(snapshot.principals.values(), key=lambda each: each.arn)
    answers = Answers(asked, tuple((each, permissions.decide(each, asked)) for each in everybody))
    tell_gaps(snapshot, terminal)
    emit(_json(answers) if options.output == "json" else "".join(f"{inert(line)}\n" for line in _table(answers)))
    if snapshot.gaps or answers.of("unknown"):
        return 2
    return 0 if answers.of("allowed") else 1


def _table(answers: Answers) -> Iterator[str]:
    allowed, unknown = answers.of("allowed"), answers.of("unknown")
    yield f"{answers.action.action} on {answers.action.resource}"
    for principal, decision in allowed:
        yield f"  allowed    {principal.kind} {principal.name}: {'; '.join(_reasons(decision)[:1])}"
    for principal, decision in unknown:
        why = [f"depends on {key}" for key in decision.open_keys] or _reasons(decision)
        yield f"  not known  {principal.kind} {principal.name}: {'; '.join(why[:3])}"
    if answers.not_seen:
        yield f"  not seen   {', '.join(answers.not_seen)}"
    kinds = Counter(principal.kind for principal, _ in allowed)
    of_kinds = ", ".join(counted(number, kind) for kind, number in sorted(kinds.items()))
    rest = len(answers.decided) - len(allowed) - len(unknown)
    known = f"; of {len(unknown)} it is not known" if unknown else ""
    yield f"{of_kinds or 'nobody'} can, {rest} cannot{known}"


def _reasons(decision: Decision) -> list[str]:
    return [reason(because) for because in decision.because]


def _json(answers: Answers) -> str:
    found = {
        name: [{"principal": principal.arn, **decision_value(decision)} for principal, decision in answers.of(verdict)]
        for name, verdict in (("allowed", "allowed"), ("unknown", "unknown"))
    }
    value = {
        "version": 1,
        "action": answers.action.action,
        "resource": answers.action.resource,
        **found,
        "others": len(answers.decided) - sum(map(len, found.values())),
        "not_seen": answers.not_seen,
    }
    return jsontext.write_json(value, indent=2) + "\n"
