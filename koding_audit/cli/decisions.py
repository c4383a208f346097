"""`can PRINCIPAL ACTION`: whether the policies of an account allow it, and which statements decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

from koding_audit.cli.output import emit
from koding_audit.cli.simulator import SimulatorComparison, ask_simulator, compare_with_simulator
from koding_audit.io import json_text
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape, pluralize
from koding_audit.model.errors import AuditError
from koding_audit.model.query import Gap
from koding_audit.policy.allowed_patterns import AllowedPatterns
from koding_audit.policy.evaluation import AccessVerdict, Decision, UnknownCause, find_unknown_causes
from koding_audit.policy.permissions import reason_text
from koding_audit.scan.access import AccessAnswer, decide_access, resolve_question
from koding_audit.scan.action_check import ActionProblem
from koding_audit.scan.options import AccessQuestion, SourceOptions
from koding_audit.scan.session import open_source

_VERDICT_WORDS: Mapping[AccessVerdict, str] = {
    "allowed": "allowed",
    "explicit-deny": "denied",
    "implicit-deny": "not allowed",
    "unknown": "not known",
}
_VERDICT_HINTS: Mapping[AccessVerdict, str] = {
    "explicit-deny": "change or remove the statement that denies: no Allow overrides it",
    "implicit-deny": "allow it by a policy in each layer that is named here",
}
_UNKNOWN_HINTS: Mapping[UnknownCause, str] = {
    "keys": "set the request's condition keys with --context KEY=VALUE",
    "scp": "give the service control policies with --scp",
    "rcp": "give the resource control policies with --rcp",
    "resource": "check the resource's own policy, which was not read",
    "session": "check the session's policy, which cannot be read",
    "identity": "make the policies readable that standard error names",
    "requester": "ask about the principal itself, a user or a session: the statement names principals",
    "data": "use a newer version of this tool, which may know it",
    "statement": "change the statement that is named here: AWS does not document its result",
}
_AWS_HINT = "nothing: AWS refuses it, and no policy changes that"
_AWS_LAYERS = frozenset({"AWS", "aws-owned"})
_RESOURCE_HINT = "name the resource, because the action is allowed on some; or allow it on `*`"
PROBLEM_HINTS: Mapping[str, str] = {
    "mismatch": "name a resource of one of the action's types",
    "no-resource-type": "leave out RESOURCE: the action is used on `*` only",
    "unknown-action": "correct the action; an action that AWS added later needs a newer version of this tool",
}


def answer_can(
    options: SourceOptions, request: AccessQuestion, terminal: Terminal, *, output: str, simulate: bool
) -> int:
    """Read the principal and each policy that decides, and print the answer. Status 2 takes precedence over 1."""
    question = resolve_question(request, terminal)
    with open_source(options, terminal) as source:
        found = decide_access(source, question, options.account, terminal)
        arn, names = found.principal.arn, question.actions
        theirs = ask_simulator(source, arn, question.resource, question.context, names) if simulate else {}
    print_gaps(found.gaps, terminal)
    both = compare_with_simulator(found.decisions, theirs)
    show = _answer_json if output == "json" else _answer_table
    emit(show(CanAnswer(found, question.resource, both)))
    return _answer_status(found.decisions, both)


@dataclass(frozen=True)
class CanAnswer:
    """The decisions about a principal, by action, and the simulator's where it was used.

    found: the principal, the decisions, and where refused actions are allowed
    resource: an ARN or `*`
    simulator: how AWS's simulator compares, by action; empty without `--simulate`
    """

    found: AccessAnswer
    resource: str
    simulator: Mapping[str, SimulatorComparison]

    def allowed_on(self, action: str) -> AllowedPatterns:
        """Where an action is allowed that is not allowed on all of `*`."""
        return self.found.allowed_on.get(action, AllowedPatterns())


def _answer_status(decisions: Mapping[str, Decision], both: Mapping[str, SimulatorComparison]) -> int:
    """2: unknown, or the simulator disagrees; 1: not allowed, also by an organization policy that only AWS reads."""
    verdicts = {decision.verdict for decision in decisions.values()}
    agreements = {each.agreement for each in both.values()}
    if "unknown" in verdicts or "disagrees" in agreements:
        return 2
    return 0 if verdicts == {"allowed"} and "organization" not in agreements else 1


def print_gaps(gaps: Iterable[Gap], terminal: Terminal) -> None:
    """Print what could not be read to standard error."""
    for gap in gaps:
        about = f" of {gap.subject}" if gap.subject else ""
        terminal.print_problem(AuditError(f"{gap.fact.value}{about} could not be read: {gap.call}: {gap.reason}"))


def _answer_table(answer: CanAnswer) -> str:
    if len(answer.found.decisions) > 1:
        return _action_table(answer)
    principal = answer.found.principal
    ((action, decision),) = answer.found.decisions.items()
    lines = [f"{_VERDICT_WORDS[decision.verdict]}: {principal.kind} {principal.name}, {action} on {answer.resource}"]
    lines += [f"  because    {reason_text(each)}" for each in decision.reasons]
    lines += [f"  {each}" for each in _problem_lines(answer, action)]
    lines += [f"  depends on {key}" for key in decision.open_keys]
    lines += [f"  not read   {', '.join(decision.not_seen)}"] if decision.not_seen else []
    lines += [f"  session    {_session_clause(answer)}"] if answer.found.session else []
    lines += [f"  simulator  {each.sentence}" for each in answer.simulator.values()]
    lines += [f"  {each}" for each in _allowed_on_lines(answer, action)]
    hint = _hint(answer, action, decision)
    lines += [f"  to change  {hint}"] if hint else []
    return "".join(f"{escape(line)}\n" for line in lines)


def _hint(answer: CanAnswer, action: str, decision: Decision) -> str:
    """What would change the answer, "" if it is allowed."""
    if action in answer.found.problems:
        return PROBLEM_HINTS[answer.found.problems[action].kind]
    if decision.verdict == "implicit-deny" and answer.allowed_on(action) != AllowedPatterns():
        return _RESOURCE_HINT
    if decision.verdict == "implicit-deny" and any(each.layer in _AWS_LAYERS for each in decision.reasons):
        return _AWS_HINT
    if decision.verdict == "unknown":
        causes = find_unknown_causes(decision)
        return "; ".join(hint for cause, hint in _UNKNOWN_HINTS.items() if cause in causes)
    return _VERDICT_HINTS.get(decision.verdict, "")


def _allowed_on_lines(answer: CanAnswer, action: str) -> Iterator[str]:
    found = answer.allowed_on(action)
    yield from (f"allowed on {pattern}" for pattern in found.complete)
    yield from (f"allowed on a part of {pattern}" for pattern in found.partial)
    if found.more:
        yield f"allowed on up to {pluralize(found.more, 'more pattern')}"


def _problem_lines(answer: CanAnswer, action: str) -> Iterator[str]:
    """Yield why AWS does not make the request, and what the policies decide on `*` or about the unknown action."""
    if action not in answer.found.problems:
        return
    problem = answer.found.problems[action]
    yield f"because    {problem.message}"
    if action in answer.found.by_policies:
        by_policies = answer.found.by_policies[action]
        reasons = "; ".join(reason_text(each) for each in by_policies.reasons[:3])
        yield f"{problem_label(problem):<10} {_VERDICT_WORDS[by_policies.verdict]}: {reasons}"


def problem_label(problem: ActionProblem) -> str:
    """What the decision of the policies is about: `on *` for an action that is used on no single resource."""
    return "on *" if problem.kind == "no-resource-type" else "policies"


def _session_clause(answer: CanAnswer) -> str:
    role, session = answer.found.principal.name, answer.found.session
    return f"{session}: decided as role {role}; a session policy was not read and could allow less"


def _action_table(answer: CanAnswer) -> str:
    """One line per action, the simulator's answers that differ, and a line of counts."""
    principal, decisions = answer.found.principal, answer.found.decisions
    lines = [
        "; ".join((f"{_VERDICT_WORDS[decision.verdict]:<12} {action}", *_allowed_on_lines(answer, action)))
        for action, decision in decisions.items()
    ]
    lines += [line for action in decisions for line in _problem_lines(answer, action)]
    lines += [
        f"simulator    {action}: {each.sentence}"
        for action, each in answer.simulator.items()
        if each.agreement != "agrees"
    ]
    lines += [f"session      {_session_clause(answer)}"] if answer.found.session else []
    counts = [
        f"{sum(decision.verdict == verdict for decision in decisions.values())} {word}"
        for verdict, word in _VERDICT_WORDS.items()
    ]
    agreed = sum(each.agreement == "agrees" for each in answer.simulator.values())
    counts += [f"AWS's simulator agrees on {agreed}"] if answer.simulator else []
    actions_on = f"{pluralize(len(decisions), 'action')} on {answer.resource}"
    total = f"{principal.kind} {principal.name}, {actions_on}: {', '.join(counts)}"
    return "".join(f"{escape(line)}\n" for line in (*lines, total))


def _answer_json(answer: CanAnswer) -> str:
    values = [_action_value(answer, action, decision) for action, decision in answer.found.decisions.items()]
    named = {"principal": answer.found.principal.arn, "session": answer.found.session or None}
    return json_text.write_json({"version": 1, **named, "decisions": values}, indent=2) + "\n"


def _action_value(answer: CanAnswer, action: str, decision: Decision) -> dict[str, object]:
    simulator = {"simulator": answer.simulator[action].json_value} if action in answer.simulator else {}
    found = answer.allowed_on(action)
    allowed_on = {
        "allowed_on": list(found.complete),
        "partly_allowed_on": list(found.partial),
        "allowed_on_more": found.more,
    }
    problem = {"problem": _problem_json(answer, action)} if action in answer.found.problems else {}
    value = {"action": action, "resource": answer.resource, **decision_value(decision)}
    return {**value, **allowed_on, **problem, **simulator}


def _problem_json(answer: CanAnswer, action: str) -> dict[str, object]:
    problem, by_policies = answer.found.problems[action], answer.found.by_policies.get(action)
    other = {"resource": problem.resource_to_decide(answer.resource)}
    return problem_value(problem, None if by_policies is None else {**other, **decision_value(by_policies)})


def problem_value(problem: ActionProblem, policies: Mapping[str, object] | None) -> dict[str, object]:
    """The problem of a question as JSON values, with what the policies decide."""
    return {
        "kind": problem.kind,
        "message": problem.message,
        "resource_types": list(problem.types),
        "policies": policies,
    }


def decision_value(decision: Decision) -> dict[str, object]:
    """A decision as JSON values."""
    return {
        "verdict": decision.verdict,
        "because": [asdict(each) for each in decision.reasons],
        "open_keys": list(decision.open_keys),
        "not_seen": list(decision.not_seen),
    }
