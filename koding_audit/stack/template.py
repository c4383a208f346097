"""What a template says beside its resources (CloudFormation, SAM, CDK), and how to walk its evaluated properties."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.io.yaml_nodes import MappingNode, SequenceNode, YamlNode
from koding_audit.model.frozen import dataclass
from koding_audit.model.location import Location

OPEN_IF = "Fn::If"
"""The key of a value that a condition decides which is not known: its list has one or two evaluated values."""


@dataclass(frozen=True, slots=True)
class TemplateParameter:
    """A parameter of a template.

    name: as the template has it
    type: for example `String`, `AWS::EC2::KeyPair::KeyName`, `AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>`
    value: the value that is given or the default, "" if there is none, or if it is `NoEcho`
    location: where the template declares it
    """

    name: str
    type: str
    value: str
    location: Location

    @property
    def is_ssm(self) -> bool:
        """Whether its value names a parameter of SSM, which CloudFormation reads with the caller's credentials."""
        return self.type.startswith("AWS::SSM::Parameter::Value<")

    @property
    def looked_up(self) -> str:
        """The AWS type whose value CloudFormation looks up, "" if none: `AWS::EC2::KeyPair::KeyName`."""
        inner = self.type.removeprefix("AWS::SSM::Parameter::Value<").removeprefix("List<").rstrip(">")
        return inner if inner.startswith("AWS::") else ""


@dataclass(frozen=True, slots=True)
class DynamicReference:
    """A value that CloudFormation reads while it deploys: `{{resolve:secretsmanager:NAME:...}}`.

    service: `ssm`, `ssm-secure` or `secretsmanager`
    name: of the parameter, or the name or ARN of the secret, with `${...}` for open parts
    location: of the text
    """

    service: str
    name: str
    location: Location


@dataclass(frozen=True, slots=True)
class NestedStack:
    """A resource of type AWS::CloudFormation::Stack.

    logical_id: of the resource, `Outer.Inner` in a nested stack
    url: its TemplateURL with `${...}` for open parts
    is_read: whether its template was read, so that its resources are in the script
    location: where the template declares it
    """

    logical_id: str
    url: str
    is_read: bool
    location: Location


@dataclass(frozen=True, slots=True)
class CustomResource:
    """A resource that a function or topic makes: `Custom::NAME` or AWS::CloudFormation::CustomResource.

    logical_id: of the resource
    type: its type
    service_token: the ARN of the function or topic, with `${...}` for open parts
    location: where the template declares it
    """

    logical_id: str
    type: str
    service_token: str
    location: Location


@dataclass(frozen=True, slots=True)
class CdkAsset:
    """A file or image that the CDK publishes before it deploys.

    kind: `file` or `image`
    target: the bucket, or the repository, with `${...}` for open parts
    assume_role_arn: the role that publishes it, "" if it is the caller
    location: in its `*.assets.json`
    """

    kind: str
    target: str
    assume_role_arn: str
    location: Location


@dataclass(frozen=True, slots=True)
class CdkManifest:
    """The deployment facts of a CDK cloud assembly; `${AWS::Partition}` and such in an ARN are open.

    assume_role_arns: the roles that the CDK assumes to deploy the stacks, with the place of each
    lookup_role_arns: the roles that it assumes to look things up
    execution_role_arns: the roles that CloudFormation assumes to make the resources
    qualifier: of the bootstrap, `hnb659fds` by default; "" if not known
    bootstrap_parameters: the names of the SSM parameters that hold the bootstrap's version
    assets: what is published
    """

    assume_role_arns: tuple[tuple[str, Location], ...] = ()
    lookup_role_arns: tuple[tuple[str, Location], ...] = ()
    execution_role_arns: tuple[tuple[str, Location], ...] = ()
    qualifier: str = ""
    bootstrap_parameters: tuple[tuple[str, Location], ...] = ()
    assets: tuple[CdkAsset, ...] = ()


@dataclass(frozen=True, slots=True)
class StackTemplate:
    """What the templates of a script say beside their resources.

    location: of the template, or of the manifest
    stack_names: the names of the stacks, as the CDK gives them; () if not known
    parameters: of the root template
    transforms: the names of the macros that the template applies, each once
    dynamic_references: each once
    nested: the nested stacks, also those in nested stacks
    custom: the custom resources
    size: of the root template in bytes, the largest if there are several
    cdk: the facts of the cloud assembly, None for other templates
    """

    location: Location
    stack_names: tuple[str, ...] = ()
    parameters: tuple[TemplateParameter, ...] = ()
    transforms: tuple[str, ...] = ()
    dynamic_references: tuple[DynamicReference, ...] = ()
    nested: tuple[NestedStack, ...] = ()
    custom: tuple[CustomResource, ...] = ()
    size: int = 0
    cdk: CdkManifest | None = None

    @property
    def stack_name(self) -> str:
        """The name of the only stack, "" if there are several or if it is not known."""
        return self.stack_names[0] if len(self.stack_names) == 1 else ""


def is_template(root: YamlNode) -> bool:
    """Whether a document is a template of CloudFormation: it has a section `Resources`."""
    return isinstance(root, MappingNode) and isinstance(root.node("Resources"), MappingNode)


def properties_at(body: YamlNode, path: str) -> Iterator[tuple[YamlNode, bool]]:
    """Yields the values at `Property` or `Property.Inner`, each with whether the template certainly sets it.

    Lists are walked through. Of a value that an open condition decides, each possible value is yielded as not certain.
    """
    yield from _values_at(body, tuple(path.split(".")) if path else (), certain=True)


def _values_at(node: YamlNode, names: tuple[str, ...], *, certain: bool) -> Iterator[tuple[YamlNode, bool]]:
    choice = open_choice(node)
    if choice is not None:
        for each in choice:
            yield from _values_at(each, names, certain=False)
    elif not names:
        yield node, certain
    elif isinstance(node, SequenceNode):
        for each in node.nodes:
            yield from _values_at(each, names, certain=certain)
    elif isinstance(node, MappingNode):
        entry = node.entries.get(names[0])
        if entry is not None:
            yield from _values_at(entry.node, names[1:], certain=certain)


def open_choice(node: YamlNode) -> tuple[YamlNode, ...] | None:
    """Returns the possible values of a node that an open condition decides, None for other nodes.

    One value: the other one is AWS::NoValue, which removes the property.
    """
    if isinstance(node, MappingNode) and len(node.entries) == 1 and OPEN_IF in node.entries:
        inner = node.entries[OPEN_IF].node
        return inner.nodes if isinstance(inner, SequenceNode) else None
    return None
