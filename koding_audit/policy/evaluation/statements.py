"""A policy document made ready for many questions: its statements by service, its patterns and conditions read once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from koding_audit.model.frozen import dataclass, replace
from koding_audit.policy.document import Document, DocumentError, Patterns, Principals, Statement, parse_document
from koding_audit.policy.evaluation.conditions import CompiledCondition, compile_condition
from koding_audit.policy.evaluation.context import ConditionState, Context
from koding_audit.policy.evaluation.patterns import Template, TextMatcher, glob_matcher, parse_pattern, resource_matcher
from koding_audit.policy.evaluation.ternary import Truth, Unsure, all_of, any_of, negate_truth, unsure_because

_ResourceTest = Callable[[str, Context], Truth]


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """One statement. literals: whole actions; globs: patterns by service, "" for those that name no one service.

    resources None: the policy's own resource; patterns: the same as they were read; unreadable: why it cannot be
    read, or "".
    """

    effect: str
    sid: str
    index: int
    actions_negated: bool = False
    literals: frozenset[str] = frozenset()
    globs: Mapping[str, tuple[TextMatcher, ...]] | None = None
    resources: tuple[_ResourceTest, ...] | None = None
    resources_negated: bool = False
    principals: Principals | None = None
    checks: tuple[CompiledCondition, ...] = ()
    unreadable: str = ""
    patterns: tuple[str | Template, ...] = ()

    def covers_action(self, action: str, service: str) -> bool:
        """Whether it is about this action; both in lower case."""
        if self.globs is None:
            return True
        found = action in self.literals
        if not found:
            patterns = self.globs.get(service) or self.globs.get("", ())
            found = any(matches(action) for matches in patterns)
        return found is not self.actions_negated

    def covers_resource(self, arn: str, context: Context) -> Truth:
        """Whether it is about this resource."""
        if self.resources is None:
            return True
        found = any_of(covers(arn, context) for covers in self.resources)
        return negate_truth(found) if self.resources_negated else found

    def conditions_met(self, context: Context) -> Truth:
        """Whether all of its conditions are met."""
        return all_of(each.holds(context) for each in self.checks)

    def failing_conditions(self, context: Context) -> str:
        """The conditions that are not met, as the policy has them."""
        return " and ".join(each.label for each in self.checks if each.holds(context) is False)


@dataclass(frozen=True, slots=True)
class CompiledDocument:
    """A document, ready. services: the rules that can be about a service; others: about one that is not in it."""

    by_service: Mapping[str, tuple[CompiledStatement, ...]]
    any_service: tuple[CompiledStatement, ...]
    statements: tuple[CompiledStatement, ...]

    def statements_about(self, service: str) -> tuple[CompiledStatement, ...]:
        return self.by_service.get(service, self.any_service)


def compile_document(document: Document | Mapping[str, Any] | str) -> CompiledDocument:
    """From a document in any form. What cannot be read becomes rules that make an answer unknown; nothing is raised."""
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
    """The statements that can be read, and a rule for each that cannot: one bad statement leaves a Deny in force."""
    whole = [CompiledStatement(effect, "", 0, unreadable=error.message) for effect in ("Allow", "Deny")]
    found = document.get("Statement") if isinstance(document, Mapping) else None
    if not isinstance(document, Mapping) or not isinstance(found, (list, Mapping)):
        return whole
    listed = found if isinstance(found, list) else [found]
    return [rule for index, each in enumerate(listed) for rule in _compile_alone(document, each, index)] or whole


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
    literals, globs = _compile_actions(statement.actions)
    resources = statement.resources
    return CompiledStatement(
        effect=statement.effect,
        sid=statement.sid,
        index=statement.index,
        actions_negated=statement.actions.negated,
        literals=literals,
        globs=globs,
        resources=None if resources is None else _compile_resources(resources, statement.effect, variables=variables),
        resources_negated=resources is not None and resources.negated,
        principals=statement.principals,
        checks=tuple(compile_condition(each, variables=variables) for each in statement.conditions),
        unreadable="".join(_missing_service_problems(statement.actions)[:1]),
        patterns=tuple(parse_pattern(each, wildcards=True, variables=variables) for each in resources.values)
        if resources
        else (),
    )


def _missing_service_problems(actions: Patterns) -> list[str]:
    """What is wrong with actions that name no service: IAM takes no such policy, and some other reader might."""
    return [f"{each} names no service" for each in actions.values if ":" not in each and each.strip("*")]


def _compile_actions(actions: Patterns) -> tuple[frozenset[str], Mapping[str, tuple[TextMatcher, ...]]]:
    wild = [each for each in actions.values if "*" in each or "?" in each]
    by_service: dict[str, list[TextMatcher]] = defaultdict(list)
    for each in wild:
        service = each.partition(":")[0]
        own = ":" in each and "*" not in service and "?" not in service
        by_service[service if own else ""].append(
            glob_matcher(str(parse_pattern(each, wildcards=True, variables=False)))
        )
    for service in by_service.keys() - {""}:
        by_service[service] += by_service.get("", [])
    return frozenset(actions.values) - frozenset(wild), {name: tuple(each) for name, each in by_service.items()}


def _compile_resources(resources: Patterns, effect: str, *, variables: bool) -> tuple[_ResourceTest, ...]:
    # Without a value for its variable a pattern matches nothing. In an Allow's NotResource that would widen the grant:
    # there the statement is invalid, as the guide says (reference_policies_variables).
    without = effect == "Allow" and resources.negated
    return tuple(_compile_resource(each, without=without, variables=variables) for each in resources.values)


def _compile_resource(text: str, *, without: bool, variables: bool) -> _ResourceTest:
    pattern = parse_pattern(text, wildcards=True, variables=variables)
    if isinstance(pattern, Template):
        return _compile_template(text, pattern, without=without)
    matches = resource_matcher(pattern)
    return lambda arn, _context: matches(arn)


def _compile_template(text: str, template: Template, *, without: bool) -> _ResourceTest:
    misplaced = (
        unsure_because(f"{text}: a variable before the fifth colon") if template.has_misplaced_variable else None
    )

    def varying(arn: str, context: Context) -> Truth:
        pattern = template.fill(context)
        if isinstance(pattern, Unsure):
            return pattern
        if isinstance(pattern, ConditionState):
            return without
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
    """The services whose actions it can be about; "": any."""
    if rule.globs is None or rule.actions_negated:
        return frozenset(("",))
    return frozenset([*(each.partition(":")[0] for each in rule.literals), *rule.globs])
