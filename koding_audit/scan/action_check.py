"""Checks the actions of a question: whether AWS has each one, and uses it on the resource."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import dataclass
from koding_audit.policy.evaluation import Decision
from koding_audit.reference.action_resources import ActionResource, ResourceFit, check_action_resource
from koding_audit.reference.actions import ActionList
from koding_audit.scan.options import AccessQuestion


@dataclass(frozen=True, slots=True)
class ActionProblem:
    """Why AWS does not make the request that a question is about."""

    kind: ResourceFit
    message: str
    types: tuple[str, ...]
    """The resource types of the action, for a mismatch."""

    def resource_to_decide(self, resource: str) -> str | None:
        """The resource on which to show what the policies decide; None for a mismatch."""
        if self.kind == "no-resource-type":
            return "*"
        return resource if self.kind == "unknown-action" else None


def find_action_problems(actions: Iterable[str], resource: str, known: ActionList) -> dict[str, ActionProblem]:
    """The problem of each action that AWS does not have, or does not use on the resource."""
    checked = ((each, check_action_resource(known, each, resource)) for each in actions)
    return {action: _problem(action, found) for action, found in checked if found.problem}


def leave_out_unused(
    actions: Sequence[str], question: AccessQuestion, problems: Mapping[str, ActionProblem], terminal: Terminal
) -> tuple[str, ...]:
    """The actions without those that only a wildcard matches and that AWS does not use on the resource.

    Raises InputError if none remains.
    """
    typed = {each.casefold() for each in question.actions}
    used = tuple(each for each in actions if each not in problems or each.casefold() in typed)
    if not used:
        patterns = ", ".join(question.actions)
        raise InputError(
            f"no action that {patterns} matches is used on {question.resource}", "name a resource of the service"
        )
    if len(used) < len(actions):
        left_out = f"{len(actions) - len(used)} of {len(actions)} actions are left out"
        terminal.note(f"{left_out}: AWS does not use them on {escape(question.resource)}")
    return used


def decide_despite_problem(
    problem: ActionProblem | None, resource: str, decide: Callable[[str], Decision]
) -> tuple[Decision, Decision | None]:
    """Return the decision about a request, and for a problem what the policies decide on `resource_to_decide`.

    With a problem the decision is always unknown: AWS does not make that request.
    decide: decides the action on a resource.
    """
    if problem is None:
        return decide(resource), None
    other = problem.resource_to_decide(resource)
    by_policies = None if other is None else decide(other)
    return Decision("unknown", (), not_seen=by_policies.not_seen if by_policies else ()), by_policies


def _problem(action: str, found: ActionResource) -> ActionProblem:
    return ActionProblem(found.fit, f"{action} {found.problem}", found.types)
