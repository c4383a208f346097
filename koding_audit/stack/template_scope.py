"""The sections of a template with what evaluates their values and conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from koding_audit.io.yaml_nodes import MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.location import Location
from koding_audit.stack.intrinsics import Evaluator
from koding_audit.stack.template_conditions import TemplateConditions
from koding_audit.stack.template_parameters import ParameterValues


@dataclass(frozen=True)
class TemplateScope:
    """The sections of a template.

    root: the template
    resources: its section `Resources`
    evaluator: evaluates its values
    conditions: decides its conditions
    """

    root: MappingNode
    resources: MappingNode
    evaluator: Evaluator
    conditions: TemplateConditions


def open_scope(
    root: MappingNode,
    parameters: ParameterValues,
    pseudo: Mapping[str, str],
    nested_output: Callable[[str, str], YamlNode | None],
    prefix: str,
) -> TemplateScope:
    """Returns the scope of a template; its evaluator never gives the value of a secret parameter.

    pseudo: the pseudo parameters that are known
    nested_output: an output of a nested stack by the stack's logical id, None if it is not known
    prefix: of logical ids
    """
    resources = section_of(root, "Resources")
    evaluator = Evaluator(
        parameters=parameters.shown,
        mappings=section_of(root, "Mappings"),
        resources=resources,
        pseudo=pseudo,
        nested_output=nested_output,
        prefix=prefix,
    )
    comparing = replace(evaluator, parameters=parameters.compared)
    conditions = TemplateConditions(section_of(root, "Conditions"), comparing)
    evaluator.condition = comparing.condition = conditions.holds
    return TemplateScope(root, resources, evaluator, conditions)


def section_of(root: MappingNode, name: str) -> MappingNode:
    """Returns a section of a template, empty if it is missing or not a mapping."""
    found = root.node(name)
    return found if isinstance(found, MappingNode) else MappingNode({}, root.location)


def named_transforms(node: YamlNode | None) -> Iterator[tuple[str, Location]]:
    """Yields the names of the macros in a `Transform` section, each with its place."""
    for each in node.nodes if isinstance(node, SequenceNode) else (node,):
        name = each.node("Name") if isinstance(each, MappingNode) else each
        if isinstance(name, ScalarNode) and not name.is_empty:
            yield name.value, name.location
