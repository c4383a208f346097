"""Decides the conditions and rules of a template: true, false, or open where a value that decides is open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from koding_audit.io.yaml_nodes import MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.location import Location
from koding_audit.stack.intrinsics import Evaluator, known_text
from koding_audit.stack.template_values import function_arguments


@dataclass
class TemplateConditions:
    """The conditions of one template.

    section: the section `Conditions`
    evaluator: evaluates the values that are compared; it may know secret parameters, whose values are only compared
    """

    section: MappingNode
    evaluator: Evaluator
    _known: dict[str, bool | None] = field(default_factory=dict)

    def holds(self, name: str) -> bool | None:
        """Whether a condition holds; None if that is open, if there is no such condition, or if it needs itself."""
        if name not in self._known:
            self._known[name] = None
            entry = self.section.entries.get(name)
            self._known[name] = self.truth(entry.node) if entry else None
        return self._known[name]

    def truth(self, node: YamlNode | None) -> bool | None:
        """Whether a condition function holds, None if open."""
        if isinstance(node, MappingNode) and len(node.entries) == 1:
            ((name, entry),) = node.entries.items()
            function = _FUNCTIONS.get(name)
            if function is not None:
                return function(self, entry.node)
        text = self.evaluator.literal(node)
        return None if text is None else _WORDS.get(text.lower())

    def refused_rules(self, section: YamlNode | None) -> Iterator[tuple[str, Location]]:
        """Yields the rules whose assertion is certainly false, with their places: AWS then refuses the parameters."""
        for name, entry in section.entries.items() if isinstance(section, MappingNode) else ():
            rule = entry.node
            if not isinstance(rule, MappingNode):
                continue
            applies = rule.node("RuleCondition")
            asserted = rule.node("Assertions")
            if applies is None or self.truth(applies):
                for each in asserted.nodes if isinstance(asserted, SequenceNode) else ():
                    if isinstance(each, MappingNode) and self.truth(each.node("Assert")) is False:
                        yield name, entry.location
                        break

    def named_condition(self, node: YamlNode) -> bool | None:
        return self.holds(node.value) if isinstance(node, ScalarNode) else None

    def are_equal(self, node: YamlNode) -> bool | None:
        first, second = (self.evaluator.literal(each) for each in function_arguments(node, 2))
        return None if first is None or second is None else first == second

    def negation(self, node: YamlNode) -> bool | None:
        known = self.truth(function_arguments(node, 1)[0])
        return None if known is None else not known

    def all_hold(self, node: YamlNode) -> bool | None:
        return _conjunction(map(self.truth, node.nodes if isinstance(node, SequenceNode) else ()))

    def any_holds(self, node: YamlNode) -> bool | None:
        return _disjunction(map(self.truth, node.nodes if isinstance(node, SequenceNode) else ()))

    def contains(self, node: YamlNode) -> bool | None:
        items, value = function_arguments(node, 2)
        wanted = self.evaluator.literal(value)
        return None if wanted is None else _disjunction(_compared(each, wanted) for each in self._texts(items))

    def each_member_equals(self, node: YamlNode) -> bool | None:
        items, value = function_arguments(node, 2)
        wanted = self.evaluator.literal(value)
        return None if wanted is None else _conjunction(_compared(each, wanted) for each in self._texts(items))

    def each_member_in(self, node: YamlNode) -> bool | None:
        items, allowed = (self._texts(each) for each in function_arguments(node, 2))
        return _conjunction(
            None if each is None else _disjunction(_compared(other, each) for other in allowed) for each in items
        )

    def _texts(self, node: YamlNode | None) -> list[str | None]:
        """Returns the texts of a list, [None] for a list that is open."""
        found = self.evaluator.nodes(node)
        return [None] if found is None else [known_text(each) for each in found]


def _compared(text: str | None, wanted: str) -> bool | None:
    return None if text is None else text == wanted


def _conjunction(values: Iterable[bool | None]) -> bool | None:
    found = set(values)
    return False if False in found else None if None in found else True


def _disjunction(values: Iterable[bool | None]) -> bool | None:
    found = set(values)
    return True if True in found else None if None in found else False


_WORDS: Mapping[str, bool] = {"true": True, "false": False}
# docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference: condition functions and rule functions, 2026-12-01
_FUNCTIONS: Mapping[str, Callable[[TemplateConditions, YamlNode], bool | None]] = {
    "Condition": TemplateConditions.named_condition,
    "Fn::Equals": TemplateConditions.are_equal,
    "Fn::Not": TemplateConditions.negation,
    "Fn::And": TemplateConditions.all_hold,
    "Fn::Or": TemplateConditions.any_holds,
    "Fn::Contains": TemplateConditions.contains,
    "Fn::EachMemberEquals": TemplateConditions.each_member_equals,
    "Fn::EachMemberIn": TemplateConditions.each_member_in,
}
