"""Compiles policy documents for many requests: statements by service, with parsed patterns and conditions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from koding_audit.model.frozen import dataclass, replace
from koding_audit.policy.arn_patterns import complete_arn
from koding_audit.policy.document import (
    Document,
    DocumentError,
    Patterns,
    Principals,
    Statement,
    has_wildcard_service,
    parse_document,
)
from koding_audit.policy.evaluation.conditions import CompiledCondition, compile_condition
from koding_audit.policy.evaluation.context import ConditionState, Context
from koding_audit.policy.evaluation.patterns import Template, TextMatcher, glob_matcher, parse_pattern, resource_matcher
from koding_audit.policy.evaluation.ternary import Truth, Unsure, all_of, any_of, negate_truth, unsure_because

_ResourceTest = Callable[[str, Context], Truth]


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """One statement, ready to be tested.

    effect: `Allow` or `Deny`.
    sid: "" if it has none.
    index: its position in the document, from 0.
    actions_negated: whether this is NotAction.
    literals: the actions without wildcards.
    globs: tests for the actions with wildcards, by service; under "" those of all services. None matches every action.
    unclear: the actions with a wildcard in their service, each with its test; IAM rejects them.
    resources: a test for each Resource value; None for the policy's own resource.
    resources_negated: whether this is NotResource.
    principals: None in an identity-based policy.
    checks: the conditions.
    unreadable: why it cannot be evaluated, or "".
    patterns: the parsed Resource patterns, as written and completed.
    completed: the tests of resources with incomplete ARNs completed; None if no ARN is incomplete.
    """

    effect: str
    sid: str
    index: int
    actions_negated: bool = False
    literals: frozenset[str] = frozenset()
    globs: Mapping[str, tuple[TextMatcher, ...]] | None = None
    unclear: tuple[tuple[str, TextMatcher], ...] = ()
    resources: tuple[_ResourceTest, ...] | None = None
    resources_negated: bool = False
    principals: Principals | None = None
    checks: tuple[CompiledCondition, ...] = ()
    unreadable: str = ""
    patterns: tuple[str | Template, ...] = ()
    completed: tuple[_ResourceTest, ...] | None = None

    def covers_action(self, action: str, service: str) -> bool:
        """Whether the statement is about this action, or may be; both in lower case."""
        if self._lists_action(action, service):
            return not self.actions_negated
        return self.actions_negated or (bool(self.unclear) and self.unclear_action(action, service) != "")

    def unclear_action(self, action: str, service: str) -> str:
        """The action element with a wildcard in its service that decides whether this is about the action, or ""."""
        found = next((text for text, matches in self.unclear if matches(action)), "")
        return "" if found and self._lists_action(action, service) else found

    def _lists_action(self, action: str, service: str) -> bool:
        if self.globs is None or action in self.literals:
            return True
        return any(matches(action) for matches in self.globs.get(service) or self.globs.get("", ()))

    def covers_resource(self, arn: str, context: Context) -> Truth:
        """Whether the statement is about this resource, with its ARNs as written."""
        if self.resources is None:
            return True
        found = any_of(covers(arn, context) for covers in self.resources)
        return negate_truth(found) if self.resources_negated else found

    def covers_when_completed(self, arn: str, context: Context) -> Truth:
        """The same with `*` for the missing fields of incomplete ARNs; only if `completed` is not None."""
        found = any_of(covers(arn, context) for covers in self.completed or ())
        return negate_truth(found) if self.resources_negated else found

    def conditions_met(self, context: Context) -> Truth:
        """Whether all of its conditions are met."""
        return all_of(each.holds(context) for each in self.checks)

    def failing_conditions(self, context: Context) -> str:
        """The conditions that are not met, as the policy spells them."""
        return " and ".join(each.label for each in self.checks if each.holds(context) is False)


@dataclass(frozen=True, slots=True)
class CompiledDocument:
    """A document, ready to be tested.

    by_service: the statements that can be about a service.
    any_service: the statements that can be about a service that is not in by_service.
    statements: all statements.
    """

    by_service: Mapping[str, tuple[CompiledStatement, ...]]
    any_service: tuple[CompiledStatement, ...]
    statements: tuple[CompiledStatement, ...]

    def statements_about(self, service: str) -> tuple[CompiledStatement, ...]:
        """The statements that can be about a service, in lower case."""
        return self.by_service.get(service, self.any_service)


def compile_document(document: Document | Mapping[str, Any] | str) -> CompiledDocument:
    """Compile a document in any form. Never raises: an invalid statement makes the verdict unknown."""
    if not isinstance(document, Document):
        try:
            document = parse_document(document)
        except DocumentError as error:
            return _index_by_service(_compile_separately(document, error))
    return _index_by_service(_compile_statements(document))


def _compile_statements(document: Document) -> list[CompiledStatement]:
    variables = document.version == "2012-10-17"
    return [_compile_statement(statement, variables=variables) for statement in document.statements]


def _compile_separately(document: object, error: DocumentError) -> list[CompiledStatement]:
    """Compile each statement alone, so that a Deny stays in force beside an invalid statement."""
    unreadable = [CompiledStatement(effect, "", 0, unreadable=error.message) for effect in ("Allow", "Deny")]
    found = document.get("Statement") if isinstance(document, Mapping) else None
    if not isinstance(document, Mapping) or not isinstance(found, (list, Mapping)):
        return unreadable
    listed = found if isinstance(found, list) else [found]
    return [rule for index, each in enumerate(listed) for rule in _compile_alone(document, each, index)] or unreadable


def _compile_alone(document: Mapping[str, Any], statement: object, index: int) -> list[CompiledStatement]:
    try:
        (rule,) = _compile_statements(parse_document({**document, "Statement": [statement]}))
    except DocumentError as error:
        return [
            CompiledStatement(effect, "", index, unreadable=error.message) for effect in _possible_effects(statement)
        ]
    return [replace(rule, index=index)]


def _possible_effects(statement: object) -> Sequence[str]:
    effect = statement.get("Effect") if isinstance(statement, Mapping) else None
    return (effect,) if effect in ("Allow", "Deny") else ("Allow", "Deny")


def _compile_statement(statement: Statement, *, variables: bool) -> CompiledStatement:
    clear, unclear = _split_unclear_actions(statement.actions)
    written = dict(zip(statement.actions.values, statement.actions.written or statement.actions.values, strict=True))
    literals, globs = _compile_actions(clear)
    resources = statement.resources
    completed = None if resources is None else _complete_arns(resources, variables=variables)
    every = sorted({*(resources.values if resources else ()), *(completed.values if completed else ())})
    return CompiledStatement(
        effect=statement.effect,
        sid=statement.sid,
        index=statement.index,
        actions_negated=statement.actions.negated,
        literals=literals,
        globs=globs,
        unclear=tuple((written[each], _action_matcher(each)) for each in unclear),
        resources=None if resources is None else _compile_resources(resources, statement.effect, variables=variables),
        resources_negated=resources is not None and resources.negated,
        principals=statement.principals,
        checks=tuple(
            compile_condition(each, variables=variables, allows=statement.effect == "Allow")
            for each in statement.conditions
        ),
        unreadable="".join(_missing_service_problems(statement.actions)[:1]),
        patterns=tuple(parse_pattern(each, wildcards=True, variables=variables) for each in every),
        completed=None if completed is None else _compile_resources(completed, statement.effect, variables=variables),
    )


def _complete_arns(resources: Patterns, *, variables: bool) -> Patterns | None:
    """The element with its incomplete ARNs completed; None if it has none."""
    values = tuple(complete_arn(each, variables=variables) for each in resources.values)
    return None if values == resources.values else Patterns(values, resources.negated)


def _missing_service_problems(actions: Patterns) -> list[str]:
    """The problems of actions that name no service: IAM rejects such a policy, but other tools may accept it."""
    return [f"{each} names no service" for each in actions.values if ":" not in each and each.strip("*")]


def _split_unclear_actions(actions: Patterns) -> tuple[list[str], list[str]]:
    """The actions that name one service or mean every action, and those with a wildcard in their service."""
    unclear = [each for each in actions.values if has_wildcard_service(each)]
    unclear.sort(key=is_without_service)  # those that may name a service decide first
    return [each for each in actions.values if not has_wildcard_service(each)], unclear


def is_without_service(action: str) -> bool:
    """Whether the service of an action element is only `*`, as in `*:GetObject`."""
    return not action.partition(":")[0].strip("*")


def _compile_actions(actions: Sequence[str]) -> tuple[frozenset[str], Mapping[str, tuple[TextMatcher, ...]]]:
    wild = [each for each in actions if "*" in each or "?" in each]
    by_service: dict[str, list[TextMatcher]] = defaultdict(list)
    for each in wild:
        service = each.partition(":")[0]
        own = ":" in each and "*" not in service and "?" not in service
        by_service[service if own else ""].append(_action_matcher(each))
    for service in by_service.keys() - {""}:
        by_service[service] += by_service.get("", [])
    return frozenset(actions) - frozenset(wild), {name: tuple(each) for name, each in by_service.items()}


def _action_matcher(pattern: str) -> TextMatcher:
    return glob_matcher(str(parse_pattern(pattern, wildcards=True, variables=False)))


def _compile_resources(resources: Patterns, effect: str, *, variables: bool) -> tuple[_ResourceTest, ...]:
    # A pattern whose variable has no value matches nothing. In an Allow with NotResource that would extend the grant:
    # such a statement is invalid according to the guide (reference_policies_variables).
    if_absent = effect == "Allow" and resources.negated
    return tuple(_compile_resource(each, if_absent=if_absent, variables=variables) for each in resources.values)


def _compile_resource(text: str, *, if_absent: bool, variables: bool) -> _ResourceTest:
    pattern = parse_pattern(text, wildcards=True, variables=variables)
    if isinstance(pattern, Template):
        return _compile_template(text, pattern, if_absent=if_absent)
    matches = resource_matcher(pattern)
    return lambda arn, _context: matches(arn)


def _compile_template(text: str, template: Template, *, if_absent: bool) -> _ResourceTest:
    """A test for a pattern with variables. if_absent: its result if a variable has no value."""
    misplaced = (
        unsure_because(f"{text}: a variable before the fifth colon") if template.has_misplaced_variable else None
    )

    def varying(arn: str, context: Context) -> Truth:
        pattern = template.fill(context)
        if isinstance(pattern, Unsure):
            return pattern
        if isinstance(pattern, ConditionState):
            return if_absent
        if not resource_matcher(pattern)(arn):
            return False
        if misplaced is not None:
            return misplaced
        open_keys = template.open_keys(context)
        return Unsure(keys=open_keys) if open_keys else True

    return varying


def _index_by_service(rules: Iterable[CompiledStatement]) -> CompiledDocument:
    about = [(rule, _statement_services(rule)) for rule in rules]
    named = {service for _, services in about for service in services} - {""}
    services = {service: tuple(rule for rule, its in about if service in its or "" in its) for service in named}
    return CompiledDocument(services, tuple(rule for rule, its in about if "" in its), tuple(rule for rule, _ in about))


def _statement_services(rule: CompiledStatement) -> frozenset[str]:
    """The services whose actions the statement can be about; "" is any."""
    if rule.globs is None or rule.actions_negated or rule.unclear:
        return frozenset(("",))
    return frozenset([*(each.partition(":")[0] for each in rule.literals), *rule.globs])
