"""`can --who ACTION [RESOURCE]`: each principal of an account that an action is allowed to, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from koding_audit.cli.decisions import PROBLEM_HINTS, decision_value, print_gaps, problem_label, problem_value
from koding_audit.cli.output import emit
from koding_audit.io import json_text
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape, pluralize
from koding_audit.model.account import PrincipalKind
from koding_audit.model.desired import RequiredAction
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import replace
from koding_audit.model.location import Location
from koding_audit.model.query import Fact, Query
from koding_audit.model.snapshot import Principal
from koding_audit.policy.evaluation import Decision
from koding_audit.policy.permissions import Permissions, reason_text
from koding_audit.scan.access import resolve_question
from koding_audit.scan.action_check import ActionProblem
from koding_audit.scan.options import AccessQuestion, SourceOptions
from koding_audit.scan.resource_argument import check_partition
from koding_audit.scan.session import identify_account, open_source

_KINDS: frozenset[PrincipalKind] = frozenset({"user", "group", "role"})
_FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.ATTACHED, Fact.INLINE, Fact.GROUPS, Fact.DOCUMENT})


@dataclass(frozen=True)
class WhoCanAnswer:
    """The decision for each principal of an account, in the order of their ARNs."""

    action: RequiredAction
    decisions: tuple[tuple[Principal, Decision], ...]
    problem: ActionProblem | None = None
    """Why AWS does not make the request: then every decision is unknown."""
    by_policies: WhoCanAnswer | None = None
    """For a problem, what the policies decide on `ActionProblem.resource_to_decide`."""

    def with_verdict(self, verdict: str) -> list[tuple[Principal, Decision]]:
        return [each for each in self.decisions if each[1].verdict == verdict]

    @property
    def not_seen(self) -> list[str]:
        return sorted({layer for _, decision in self.decisions for layer in decision.not_seen})


def answer_who_can(options: SourceOptions, question: AccessQuestion, terminal: Terminal, *, output: str) -> int:
    """Status 0: a principal can; 1: no principal can; 2: it is unknown for one, or not everything could be read."""
    for each in question.actions:
        if "*" in each or "?" in each:
            raise InputError(f"{each}: --who takes one action, without wildcards", "run it for each action")
    resolved = resolve_question(question, terminal)
    (name,) = resolved.actions
    required = RequiredAction(name, Location("", 1, 1), resolved.resource, resolved.context)
    with open_source(options, terminal) as source:
        account, _ = identify_account(source, options.account, terminal)
        check_partition(resolved.resource, account)
        terminal.show_progress(f"reading account {account.id} ...")
        snapshot = source.collect(Query(listed=_KINDS, facts_of_all=_FACTS))
    permissions = Permissions(snapshot, strict=question.strict)
    answers = _decide_for_all(permissions, required, resolved.problems.get(name))
    print_gaps(snapshot.gaps, terminal)
    emit(_answer_json(answers) if output == "json" else "".join(f"{escape(line)}\n" for line in _answer_lines(answers)))
    if snapshot.gaps or answers.problem or answers.with_verdict("unknown"):
        return 2
    return 0 if answers.with_verdict("allowed") else 1


def _decide_for_all(
    permissions: Permissions, required: RequiredAction, problem: ActionProblem | None = None
) -> WhoCanAnswer:
    principals = sorted(permissions.snapshot.principals.values(), key=lambda each: each.arn)
    if problem is None:
        return WhoCanAnswer(required, tuple((each, permissions.decide(each, required)) for each in principals))
    other = problem.resource_to_decide(required.resource)
    by_policies = None if other is None else _decide_for_all(permissions, replace(required, resource=other))
    return WhoCanAnswer(required, tuple((each, Decision("unknown", ())) for each in principals), problem, by_policies)


def _answer_lines(answers: WhoCanAnswer) -> Iterator[str]:
    allowed, unknown = answers.with_verdict("allowed"), answers.with_verdict("unknown")
    yield f"{answers.action.action} on {answers.action.resource}"
    if answers.problem is not None:
        yield from _problem_lines(answers.problem, answers)
        return
    for principal, decision in allowed:
        yield f"  allowed    {principal.kind} {principal.name}: {'; '.join(_reason_texts(decision)[:1])}"
    for principal, decision in unknown:
        why = [f"depends on {key}" for key in decision.open_keys] or _reason_texts(decision)
        yield f"  not known  {principal.kind} {principal.name}: {'; '.join(why[:3])}"
    if answers.not_seen:
        yield f"  not read   {', '.join(answers.not_seen)}"
    kinds = Counter(principal.kind for principal, _ in allowed)
    of_kinds = ", ".join(pluralize(number, kind) for kind, number in sorted(kinds.items()))
    rest = len(answers.decisions) - len(allowed) - len(unknown)
    known = f"; {len(unknown)} not known" if unknown else ""
    yield f"{of_kinds or 'no principal'} can, {rest} cannot{known}"


def _problem_lines(problem: ActionProblem, answers: WhoCanAnswer) -> Iterator[str]:
    yield f"  because    {problem.message}"
    label = f"  {problem_label(problem):<10}"
    allowed = answers.by_policies.with_verdict("allowed") if answers.by_policies else []
    for principal, decision in allowed:
        yield f"{label} allowed: {principal.kind} {principal.name}: {'; '.join(_reason_texts(decision)[:1])}"
    if answers.by_policies and not allowed:
        yield f"{label} allowed to no principal"
    yield f"  to change  {PROBLEM_HINTS[problem.kind]}"
    yield f"not known for {pluralize(len(answers.decisions), 'principal')}"


def _reason_texts(decision: Decision) -> list[str]:
    return [reason_text(because) for because in decision.reasons]


def _answer_json(answers: WhoCanAnswer) -> str:
    found = {verdict: _principal_values(answers, verdict) for verdict in ("allowed", "unknown")}
    value = {
        "version": 1,
        "action": answers.action.action,
        "resource": answers.action.resource,
        **found,
        "others": len(answers.decisions) - sum(map(len, found.values())),
        "not_seen": answers.not_seen,
    }
    if answers.problem is not None:
        value["problem"] = problem_value(answers.problem, _policies_value(answers.by_policies))
    return json_text.write_json(value, indent=2) + "\n"


def _policies_value(answers: WhoCanAnswer | None) -> dict[str, object] | None:
    if answers is None:
        return None
    found = {verdict: _principal_values(answers, verdict) for verdict in ("allowed", "unknown")}
    return {"resource": answers.action.resource, **found}


def _principal_values(answers: WhoCanAnswer, verdict: str) -> list[dict[str, object]]:
    found = answers.with_verdict(verdict)
    return [{"principal": principal.arn, **decision_value(decision)} for principal, decision in found]
