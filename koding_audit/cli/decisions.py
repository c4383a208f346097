"""`can PRINCIPAL ACTION`: a decision about somebody in an account, explained as to a colleague."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from koding_audit.cli.output import emit
from koding_audit.cli.simulator import SimulatorComparison, ask_simulator, compare_with_simulator
from koding_audit.io import json_text
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape, pluralize
from koding_audit.model.account import Account, PrincipalKind, principal_key
from koding_audit.model.desired import RequiredAction
from koding_audit.model.errors import AuditError, InputError
from koding_audit.model.location import Location
from koding_audit.model.query import Fact, Query
from koding_audit.model.snapshot import Principal, Snapshot
from koding_audit.policy import actions
from koding_audit.policy.evaluation import AccessVerdict, Decision
from koding_audit.policy.permissions import Permissions, reason_text
from koding_audit.scan.options import AccessQuestion, SourceOptions
from koding_audit.scan.session import identify_account, open_source

_VERDICT_WORDS: Mapping[AccessVerdict, str] = {
    "allowed": "allowed",
    "explicit-deny": "denied",
    "implicit-deny": "not allowed",
    "unknown": "not known",
}
_VERDICT_HINTS: Mapping[AccessVerdict, str] = {
    "explicit-deny": "change or remove the statement that denies: no other policy outweighs it",
    "implicit-deny": "let a policy allow it, in each layer that is named here",
    "unknown": "say what the request carries with --context KEY=VALUE, or give what was not read",
}


def answer_can(
    options: SourceOptions, asked: AccessQuestion, terminal: Terminal, *, output: str, simulate: bool
) -> int:
    """Read who is asked about and every policy that decides, and answer. Status 2 wins over 1."""
    context = parse_context(asked.context)
    names = resolve_actions(asked.action, terminal)
    with open_source(options, terminal) as source:
        account, _ = identify_account(source, options.account, terminal)
        kind, name = _parse_principal(asked.principal, account)
        terminal.show_progress(f"reading account {account.id} ...")
        snapshot = source.collect(_principal_query(kind, name))
        principal = _find_principal(snapshot, kind, name)
        theirs = ask_simulator(source, principal.arn, asked.resource, context, names) if simulate else {}
    permissions = Permissions(snapshot, strict=asked.strict)
    place = Location("", 1, 1)
    decisions = {
        each: permissions.decide(principal, RequiredAction(each, place, asked.resource, context)) for each in names
    }
    print_gaps(snapshot, terminal)
    both = compare_with_simulator(decisions, theirs)
    show = _answer_json if output == "json" else _answer_table
    emit(show(CanAnswer(principal, asked.resource, decisions, both)))
    return _answer_status(decisions, both)


@dataclass(frozen=True)
class CanAnswer:
    """What was asked and what is said to it, with what AWS's simulator says where it was asked."""

    principal: Principal
    resource: str
    decisions: Mapping[str, Decision]
    simulator: Mapping[str, SimulatorComparison]


def _answer_status(decisions: Mapping[str, Decision], both: Mapping[str, SimulatorComparison]) -> int:
    """2 where it is not known, or the two do not agree; an organization policy that only AWS sees is a no."""
    verdicts = {decision.verdict for decision in decisions.values()}
    agreements = {each.agreement for each in both.values()}
    if "unknown" in verdicts or "disagrees" in agreements:
        return 2
    return 0 if verdicts == {"allowed"} and "organization" not in agreements else 1


def print_gaps(snapshot: Snapshot, terminal: Terminal) -> None:
    """What could not be read, on standard error."""
    for gap in snapshot.gaps:
        about = f" of {gap.subject}" if gap.subject else ""
        terminal.print_problem(AuditError(f"{gap.fact.value}{about} could not be read: {gap.call}: {gap.reason}"))


def parse_context(said: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    values: dict[str, list[str]] = {}
    for each in said:
        key, equals, value = each.partition("=")
        if not key or not equals:
            raise InputError(f"--context {each}: KEY=VALUE is needed", "--context aws:RequestedRegion=eu-west-1")
        values.setdefault(key, []).append(value)
    return tuple((key, tuple(texts)) for key, texts in values.items())


def resolve_actions(pattern: str, terminal: Terminal) -> tuple[str, ...]:
    """The actions that are asked about; of wildcards all that there are, by the list that ships with the tool."""
    service, colon, name = pattern.partition(":")
    if pattern != "*" and not (service and colon and name):
        raise InputError(f"{pattern}: this is not an action", "write SERVICE:Action, as in ec2:RunInstances")
    known = actions.load_actions()
    if "*" in pattern or "?" in pattern:
        found = known.expand(pattern)
        if not found:
            raise InputError(f"{pattern}: no action of AWS matches this (list of {known.origin.date})")
        return found
    if pattern not in known:
        near = known.nearest_action(pattern)
        meant = f"; did you mean {near}?" if near else ""
        terminal.note(f"{escape(pattern)} is not among AWS's actions of {known.origin.date}{meant}")
    return (pattern,)


def _parse_principal(said: str, account: Account) -> tuple[PrincipalKind, str]:
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


def _principal_query(kind: PrincipalKind, name: str) -> Query:
    own = frozenset({Fact.ATTACHED, Fact.INLINE})
    effective = frozenset({principal_key(kind, name)})
    if kind == "user":
        return Query(users={name: own | {Fact.USER, Fact.GROUPS}}, effective=effective)
    if kind == "role":
        return Query(roles={name: own | {Fact.ROLE}}, effective=effective)
    return Query(groups={name: own | {Fact.GROUP}}, effective=effective)


def _find_principal(snapshot: Snapshot, kind: PrincipalKind, name: str) -> Principal:
    found = snapshot.principals.get(principal_key(kind, name))
    if found is not None:
        return found
    for gap in snapshot.gaps:
        if gap.subject == f"{kind}/{name}" and gap.fact in (Fact.USER, Fact.GROUP, Fact.ROLE):
            raise AuditError(f"{kind} {name} could not be read: {gap.call}: {gap.reason}")
    raise InputError(f"there is no {kind} {name} in account {snapshot.account.id}")


def _answer_table(answer: CanAnswer) -> str:
    if len(answer.decisions) > 1:
        return _action_table(answer)
    principal = answer.principal
    ((action, decision),) = answer.decisions.items()
    lines = [f"{_VERDICT_WORDS[decision.verdict]}: {principal.kind} {principal.name}, {action} on {answer.resource}"]
    lines += [f"  because    {reason_text(each)}" for each in decision.reasons]
    lines += [f"  depends on {key}" for key in decision.open_keys]
    lines += [f"  not seen   {', '.join(decision.not_seen)}"] if decision.not_seen else []
    lines += [f"  simulator  {each.sentence}" for each in answer.simulator.values()]
    lines += [f"  to change  {_VERDICT_HINTS[decision.verdict]}"] if decision.verdict in _VERDICT_HINTS else []
    return "".join(f"{escape(line)}\n" for line in lines)


def _action_table(answer: CanAnswer) -> str:
    """A line for each action, and one that counts; of the simulator's answers those that differ."""
    principal, decisions = answer.principal, answer.decisions
    lines = [f"{_VERDICT_WORDS[decision.verdict]:<12} {action}" for action, decision in decisions.items()]
    lines += [
        f"simulator    {action}: {each.sentence}"
        for action, each in answer.simulator.items()
        if each.agreement != "agrees"
    ]
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
    values = [_action_value(answer, action, decision) for action, decision in answer.decisions.items()]
    return json_text.write_json({"version": 1, "principal": answer.principal.arn, "decisions": values}, indent=2) + "\n"


def _action_value(answer: CanAnswer, action: str, decision: Decision) -> dict[str, object]:
    simulator = {"simulator": answer.simulator[action].json_value} if action in answer.simulator else {}
    return {"action": action, "resource": answer.resource, **decision_value(decision), **simulator}


def decision_value(decision: Decision) -> dict[str, object]:
    """A decision as JSON values."""
    return {
        "verdict": decision.verdict,
        "because": [asdict(each) for each in decision.reasons],
        "open_keys": list(decision.open_keys),
        "not_seen": list(decision.not_seen),
    }
