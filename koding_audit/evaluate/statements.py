"""A policy document made ready for many questions: its statements by service, its patterns and conditions read once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from koding_audit.document import Document, DocumentError, Patterns, Principals, Statement, parse
from koding_audit.evaluate.conditions import Check, check
from koding_audit.evaluate.model import Context, State
from koding_audit.evaluate.patterns import Match, Template, glob, read, resource
from koding_audit.evaluate.truth import Truth, Unsure, all_of, any_of, opposite, problem
from koding_audit.frozen import dataclass, replace

_Resource = Callable[[str, Context], Truth]


@dataclass(frozen=True, slots=True)
class Rule:
    """One statement. literals: whole actions; globs: patterns by service, "" for those that name no one service.

    resources None: the policy's own resource; patterns: the same as they were read; unreadable: why it cannot be
    read, or "".
    """

    effect: str
    sid: str
    index: int
    actions_negated: bool = False
    literals: frozenset[str] = frozenset()
    globs: Mapping[str, tuple[Match, ...]] | None = None
    resources: tuple[_Resource, ...] | None = None
    resources_negated: bool = False
    principals: Principals | None = None
    checks: tuple[Check, ...] = ()
    unreadable: str = ""
    patterns: tuple[str | Template, ...] = ()

    def acts(self, action: str, service: str) -> bool:
        """Whether it is about this action; both in lower case."""
        if self.globs is None:
            return True
        found = action in self.literals
        if not found:
            patterns = self.globs.get(service) or self.globs.get("", ())
            found = any(matches(action) for matches in patterns)
        return found is not self.actions_negated

    def covers(self, arn: str, context: Context) -> Truth:
        """Whether it is about this resource."""
        if self.resources is None:
            return True
        found = any_of(covers(arn, context) for covers in self.resources)
        return opposite(found) if self.resources_negated else found

    def holds(self, context: Context) -> Truth:
        """Whether all of its conditions are met."""
        return all_of(each.holds(context) for each in self.checks)

    def failing(self, context: Context) -> str:
        """The conditions that are not met, as the policy has them."""
        return " and ".join(each.label for each in self.checks if each.holds(context) is False)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A document, ready. services: the rules that can be about a service; others: about one that is not in it."""

    services: Mapping[str, tuple[Rule, ...]]
    others: tuple[Rule, ...]
    rules: tuple[Rule, ...]

    def about(self, service: str) -> tuple[Rule, ...]:
        return self.services.get(service, self.others)


def compiled(document: Document | Mapping[str, Any] | str) -> Compiled:
    """From a document in any form. What cannot be read becomes rules that make an answer unknown; nothing is raised."""
    if not isinstance(document, Document):
        try:
            document = parse(document)
        except DocumentError as error:
            return _indexed(_by_statement(document, error))
    return _indexed(_rules(document))


def _rules(document: Document) -> list[Rule]:
    variables = document.version == "2012-10-17"
    return [_rule(statement, variables=variables) for statement in document.statements]


def _by_statement(document: object, error: DocumentError) -> list[Rule]:
    """The statements that can be read, and a rule for each that cannot: one bad statement leaves a Deny in force."""
    whole = [Rule(effect, "", 0, unreadable=error.message) for effect in ("Allow", "Deny")]
    found = document.get("Statement") if isinstance(document, Mapping) else None
    if not isinstance(document, Mapping) or not isinstance(found, (list, Mapping)):
        return whole
    listed = found if isinstance(found, list) else [found]
    return [rule for index, each in enumerate(listed) for rule in _alone(document, each, index)] or whole


def _alone(document: Mapping[str, Any], statement: object, index: int) -> list[Rule]:
    try:
        (rule,) = _rules(parse({**document, "Statement": [statement]}))
    except DocumentError as error:
        return [Rule(effect, "", index, unreadable=error.message) for effect in _effects(statement)]
    return [replace(rule, index=index)]


def _effects(statement: object) -> Sequence[str]:
    effect = statement.get("Effect") if isinstance(statement, Mapping) else None
    return (effect,) if effect in ("Allow", "Deny") else ("Allow", "Deny")


def _rule(statement: Statement, *, variables: bool) -> Rule:
    literals, globs = _actions(statement.actions)
    resources = statement.resources
    return Rule(
        effect=statement.effect,
        sid=statement.sid,
        index=statement.index,
        actions_negated=statement.actions.negated,
        literals=literals,
        globs=globs,
        resources=None if resources is None else _resources(resources, statement.effect, variables=variables),
        resources_negated=resources is not None and resources.negated,
        principals=statement.principals,
        checks=tuple(check(each, variables=variables) for each in statement.conditions),
        unreadable="".join(_nameless(statement.actions)[:1]),
        patterns=tuple(read(each, wildcards=True, variables=variables) for each in resources.values)
        if resources
        else (),
    )


def _nameless(actions: Patterns) -> list[str]:
    """What is wrong with actions that name no service: IAM takes no such policy, and some other reader might."""
    return [f"{each} names no service" for each in actions.values if ":" not in each and each.strip("*")]


def _actions(actions: Patterns) -> tuple[frozenset[str], Mapping[str, tuple[Match, ...]]]:
    wild = [each for each in actions.values if "*" in each or "?" in each]
    by_service: dict[str, list[Match]] = defaultdict(list)
    for each in wild:
        service = each.partition(":")[0]
        own = ":" in each and "*" not in service and "?" not in service
        by_service[service if own else ""].append(glob(str(read(each, wildcards=True, variables=False))))
    for service in by_service.keys() - {""}:
        by_service[service] += by_service.get("", [])
    return frozenset(actions.values) - frozenset(wild), {name: tuple(each) for name, each in by_service.items()}


def _resources(resources: Patterns, effect: str, *, variables: bool) -> tuple[_Resource, ...]:
    # Without a value for its variable a pattern matches nothing. In an Allow's NotResource that would widen the grant:
    # there the statement is invalid, as the guide says (reference_policies_variables).
    without = effect == "Allow" and resources.negated
    return tuple(_resource(each, without=without, variables=variables) for each in resources.values)


def _resource(text: str, *, without: bool, variables: bool) -> _Resource:
    pattern = read(text, wildcards=True, variables=variables)
    if isinstance(pattern, Template):
        return _varying(text, pattern, without=without)
    matches = resource(pattern)
    return lambda arn, _context: matches(arn)


def _varying(text: str, template: Template, *, without: bool) -> _Resource:
    misplaced = problem(f"{text}: a variable before the fifth colon") if template.misplaced else None

    def varying(arn: str, context: Context) -> Truth:
        pattern = template.filled(context)
        if isinstance(pattern, Unsure):
            return pattern
        if isinstance(pattern, State):
            return without
        if not resource(pattern)(arn):
            return False
        if misplaced is not None:
            return misplaced
        open_keys = template.open_keys(context)
        return Unsure(keys=open_keys) if open_keys else True

    return varying


def _indexed(rules: Iterable[Rule]) -> Compiled:
    about = [(rule, _services(rule)) for rule in rules]
    named = {service for _, services in about for service in services} - {""}
    services = {service: tuple(rule for rule, its in about if service in its or "" in its) for service in named}
    return Compiled(services, tuple(rule for rule, its in about if "" in its), tuple(rule for rule, _ in about))


def _services(rule: Rule) -> frozenset[str]:
    """The services whose actions it can be about; "": any."""
    if rule.globs is None or rule.actions_negated:
        return frozenset(("",))
    return frozenset([*(each.partition(":")[0] for each in rule.literals), *rule.globs])
