"""The values of `provider "aws"` blocks: region, tags that they add, the role that they assume."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from koding_audit.io.yaml_nodes import MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.frozen import dataclass, replace
from koding_audit.stack.references import nodes_at
from koding_audit.stack.script import AssumedRole
from koding_audit.stack.terraform import NamedBlock, literal_text
from koding_audit.stack.terraform_scope import ModuleScope
from koding_audit.stack.values import is_value_set

UNKNOWN_ROLE = "${unknown}"


@dataclass(frozen=True, slots=True)
class ProviderValues:
    """A provider of AWS.

    region: "" if it is not known
    default_tags: the tags that it adds, None if it adds none
    roles: that it assumes, each with the one before
    is_federated: whether it assumes a role with a token and not with the caller's credentials
    """

    region: str = ""
    default_tags: YamlNode | None = None
    roles: tuple[AssumedRole, ...] = ()
    is_federated: bool = False

    @property
    def role(self) -> str:
        """The ARN of the role that makes the calls, with `${...}` for unknown parts, "" if it is the caller."""
        return UNKNOWN_ROLE if self.is_federated else self.roles[-1].arn if self.roles else ""


NO_PROVIDER = ProviderValues()


def provider_values(blocks: Iterable[NamedBlock], scope: ModuleScope) -> Mapping[str, ProviderValues]:
    """Returns the providers of a module by the names that resources use: `aws` and `aws.ALIAS`."""
    found: dict[str, ProviderValues] = {}
    for block in blocks:
        body = scope.evaluate_body(block.body)
        name = _provider_name(body)
        region = literal_text(body.node("region"))
        tags = next(nodes_at(body, "default_tags.tags"), None)
        one = ProviderValues(region, tags, assumed_roles(body, f"provider.{name}"), _is_federated(body))
        before = found.get(name)
        found[name] = one if before is None or before.region == region else replace(one, region="")
    return found


def _is_federated(body: MappingNode) -> bool:
    return next(nodes_at(body, "assume_role_with_web_identity"), None) is not None


def _provider_name(body: MappingNode) -> str:
    """Returns the name that resources use: `aws` or `aws.ALIAS`."""
    alias = literal_text(body.node("alias"))
    return f"aws.{alias}" if alias else "aws"


def assumed_roles(body: MappingNode, provider: str = "") -> tuple[AssumedRole, ...]:
    """Returns the roles that a provider or a backend assumes, each with the credentials of the one before."""
    blocks = [each for each in nodes_at(body, "assume_role") if isinstance(each, MappingNode)]
    blocks += [
        each for node in nodes_at(body, "assume_role") if isinstance(node, SequenceNode) for each in _blocks(node)
    ]
    if not blocks and "role_arn" in body.entries:  # the older form, of a backend
        blocks = [body]
    return tuple(
        AssumedRole(
            literal_or_open(each.node("role_arn")),
            _has_argument(each, "tags"),
            _has_argument(each, "source_identity"),
            provider,
            each.location,
        )
        for each in blocks
    )


def literal_or_open(node: YamlNode | None) -> str:
    """Returns a text, UNKNOWN_ROLE if there is none."""
    return (node.value if isinstance(node, ScalarNode) else "") or UNKNOWN_ROLE


def _blocks(node: SequenceNode) -> list[MappingNode]:
    return [each for each in node.nodes if isinstance(each, MappingNode)]


def _has_argument(body: MappingNode, name: str) -> bool:
    node = body.node(name)
    return node is not None and is_value_set(node) is not None
