"""Resolves references in a script's texts, as far as the script itself has the values; unknown parts become `*`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from koding_audit.io.yaml_nodes import MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.frozen import dataclass
from koding_audit.stack.expressions import split_template
from koding_audit.stack.script import Script, ScriptResource

ANY = "*"

_REFERENCE = re.compile(
    r"\s*(?P<module>(?:module\.[A-Za-z0-9_-]+(?:\[[^\]]*\])?\.)*)(?P<data>data\.)?(?P<type>aws_[a-z0-9_]+)\.(?P<name>[A-Za-z0-9_-]+)"
    r"(?P<index>\[[^\]]*\]|\.(?:\d+|\*))?\.(?P<attribute>[a-z0-9_]+)\s*"
)
_LOCAL = re.compile(r"\s*local\.(?P<name>[A-Za-z0-9_-]+)\s*")
_DEEPEST = 8  # levels of references to references

# The argument that is the `id` of a type (the provider's documentation of each, "Attribute Reference").
_ID_ARGUMENTS: Mapping[str, str] = {
    "aws_cloudwatch_log_group": "name",
    "aws_dynamodb_table": "name",
    "aws_iam_group": "name",
    "aws_iam_instance_profile": "name",
    "aws_iam_role": "name",
    "aws_iam_user": "name",
    "aws_key_pair": "key_name",
    "aws_lambda_function": "function_name",
    "aws_s3_bucket": "bucket",
}


@dataclass(frozen=True, slots=True)
class ReferenceTarget:
    """The target of a reference.

    resource: a resource or data source of the script
    attribute: the name of its attribute
    """

    resource: ScriptResource
    attribute: str


class References:
    """The resources and locals of a script, by name. An address that occurs twice does not resolve."""

    def __init__(self, script: Script) -> None:
        self._resources: dict[str, ScriptResource | None] = {}
        self._locals = script.locals
        for each in script.resources:
            if each.destroyed or each.forgotten:
                continue
            self._resources[each.address] = None if each.address in self._resources else each

    def argument_text(self, resource: ScriptResource, argument: str) -> str:
        """Returns an argument's text with `*` for unknown parts, "" if the argument is not given."""
        node = next(nodes_at(resource.body, argument), None)
        if node is None:
            return ""
        return self.resolve_text(node.value).strip() if isinstance(node, ScalarNode) else ANY

    def resolve_text(self, text: str, depth: int = 0) -> str:
        """Returns a text with each `${...}` replaced by its value in the script, or by `*`."""
        if "${" not in text and "%{" not in text:
            return text
        return "".join(
            self._resolve_reference(part, depth) if inside else part for part, inside in split_template(text)
        )

    def resolve_target(self, text: str) -> ReferenceTarget | None:
        """Returns the target of a text that is one reference and nothing else, otherwise None."""
        parts = list(split_template(text))
        return self._find_target(parts[0][0]) if len(parts) == 1 and parts[0][1] else None

    def _find_target(self, inner: str) -> ReferenceTarget | None:
        found = _REFERENCE.fullmatch(inner)
        if found is None:
            return None
        address = f"{found['module']}{found['data'] or ''}{found['type']}.{found['name']}"
        resource = self._resources.get(f"{address}{found['index'] or ''}") or self._resources.get(address)
        return ReferenceTarget(resource, found["attribute"]) if resource else None

    def _resolve_reference(self, inner: str, depth: int) -> str:
        """Returns the value of the expression inside an interpolation, `*` if unknown."""
        if depth >= _DEEPEST:
            return ANY
        local = _LOCAL.fullmatch(inner)
        if local is not None:
            return self._resolve_scalar(self._locals.get(local["name"]), depth)
        target = self._find_target(inner)
        if target is None:
            return ANY
        name = _ID_ARGUMENTS.get(target.resource.type, "") if target.attribute == "id" else target.attribute
        return self._resolve_scalar(target.resource.body.node(name), depth)

    def _resolve_scalar(self, node: YamlNode | None, depth: int) -> str:
        if not isinstance(node, ScalarNode) or node.is_empty:
            return ANY
        return self.resolve_text(node.value, depth + 1)


def nodes_at(body: YamlNode, path: str) -> Iterator[YamlNode]:
    """Yields the nodes at `argument` or `block.argument`, through lists of blocks and `dynamic` blocks."""
    name, _, rest = path.partition(".")
    for each in body.nodes if isinstance(body, SequenceNode) else (body,):
        if isinstance(each, MappingNode):
            found = [each.node(name), *_dynamic_contents(each, name)]
            for node in found:
                if node is not None:
                    yield from nodes_at(node, rest) if rest else (node,)


def is_interpolated(text: str) -> bool:
    """Whether a text has an interpolation or a template directive."""
    return "${" in text or "%{" in text


def can_be_null(text: str) -> bool:
    """Whether a text is one interpolation whose value can be null; a reference to a resource or module cannot."""
    parts = list(split_template(text))
    return len(parts) == 1 and parts[0][1] and not re.search(r"\b(?:aws_[a-z0-9_]+|module|data)\.", parts[0][0])


def _dynamic_contents(body: MappingNode, name: str) -> Iterator[YamlNode]:
    """Yields the content of `dynamic "NAME"` blocks."""
    dynamic = body.node("dynamic")
    if dynamic is not None:
        for block in nodes_at(dynamic, name):
            yield from nodes_at(block, "content")
