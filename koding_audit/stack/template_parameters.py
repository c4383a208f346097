"""The parameters of a template: their declarations, and their values by default or as they are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, YamlNode
from koding_audit.model.frozen import dataclass
from koding_audit.stack.open_text import escape_literal, has_open_part, unescape_literal
from koding_audit.stack.template import TemplateParameter
from koding_audit.stack.template_values import text_list

MOST_CHARACTERS = 4096
"""The longest value of a parameter (docs.aws.amazon.com, CloudFormation quotas); a longer one is open."""


@dataclass(frozen=True, slots=True)
class ParameterValues:
    """The parameters of a template and their values.

    declared: the declarations
    shown: the value of each, None if it is open or `NoEcho`
    compared: the value of each, also of those with `NoEcho`, which only conditions may use
    """

    declared: tuple[TemplateParameter, ...]
    shown: Mapping[str, YamlNode | None]
    compared: Mapping[str, YamlNode | None]


def read_parameters(section: YamlNode | None, overrides: Mapping[str, YamlNode | None]) -> ParameterValues:
    """Returns the parameters of the section `Parameters`.

    overrides: the values that replace the defaults, evaluated; None for one that is open
    """
    declared, shown, compared = [], {}, {}
    for name, entry in section.entries.items() if isinstance(section, MappingNode) else ():
        body = entry.node if isinstance(entry.node, MappingNode) else MappingNode({}, entry.location)
        value = overrides[name] if name in overrides else _default_node(body)
        type_ = _text_of(body, "Type")
        is_secret = _text_of(body, "NoEcho").lower() == "true"
        text = unescape_literal(value.value) if isinstance(value, ScalarNode) else ""
        declared.append(TemplateParameter(name, type_, "" if is_secret else text, entry.location))
        compared[name] = _typed_value(value, declared[-1])
        shown[name] = None if is_secret else compared[name]
    return ParameterValues(tuple(declared), shown, compared)


def override_nodes(texts: Mapping[str, str], section: YamlNode | None) -> Mapping[str, YamlNode | None]:
    """Returns the values that a user gives, for the parameters that the section declares."""
    return {
        name: ScalarNode(escape_literal(texts[name]), False, entry.location)
        for name, entry in _overridden(texts, section)
    }


def _overridden(texts: Mapping[str, str], section: YamlNode | None) -> Iterator[tuple[str, MappingEntry]]:
    entries = section.entries if isinstance(section, MappingNode) else {}
    return ((name, entry) for name, entry in entries.items() if name in texts)


def _default_node(body: MappingNode) -> YamlNode | None:
    found = body.node("Default")
    if isinstance(found, ScalarNode):
        return ScalarNode(escape_literal(found.value), found.is_plain, found.location)
    return found


def _typed_value(value: YamlNode | None, parameter: TemplateParameter) -> YamlNode | None:
    """Returns a value as `Ref` returns it: a list for types of lists, None for what AWS looks up."""
    if parameter.is_ssm or not isinstance(value, ScalarNode) or len(value.value) > MOST_CHARACTERS:
        return None if parameter.is_ssm or isinstance(value, ScalarNode) else value
    if parameter.type == "CommaDelimitedList" or parameter.type.startswith("List<"):
        if has_open_part(value.value):
            return None
        return text_list([each.strip() for each in unescape_literal(value.value).split(",")], value.location)
    return value


def _text_of(body: MappingNode, name: str) -> str:
    found = body.node(name)
    return found.value if isinstance(found, ScalarNode) else ""
