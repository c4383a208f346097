"""A parsed stack script: its AWS resources with their locations, and the parts that could not be read."""

from __future__ import annotations

from collections.abc import Mapping

from koding_audit.io.yaml_nodes import MappingNode, YamlNode
from koding_audit.model.frozen import dataclass
from koding_audit.model.location import Location, SourceFile
from koding_audit.stack.template import StackTemplate
from koding_audit.stack.type_table import RowKind


@dataclass(frozen=True, slots=True)
class ScriptResource:
    """A resource or data source of the AWS provider, or a resource of a template.

    kind: `type` for a resource, `data` for a data source
    type: for example `aws_eip`, in a template `AWS::EC2::EIP`
    address: for example `aws_eip.web`, `data.aws_ami.base`, `module.net.aws_vpc.main`; in a template the logical id,
        `Child.Bucket` in a nested stack, or the CDK's path
    location: where the script declares it
    body: its arguments; in a template its properties with the intrinsic functions evaluated, where `${...}` is open
    region: of its provider, "" if the script does not say
    destroyed: whether the plan destroys it, so it is only read and deleted
    logical_id: in a template, `Child.Bucket` in a nested stack; an open `${LOGICAL_ID.Attribute}` refers to it
    depends_on_condition: whether a condition of the template decides if it is created, which is not known
    retained: whether its stack keeps it when it is deleted
    """

    kind: RowKind
    type: str
    address: str
    location: Location
    body: MappingNode
    region: str = ""
    destroyed: bool = False
    logical_id: str = ""
    depends_on_condition: bool = False
    retained: bool = False


@dataclass(frozen=True, slots=True)
class UnreadPart:
    """A part of a script whose needs are unknown.

    what: for example `module.net`
    why: the reason, a sentence
    location: where the script declares it
    """

    what: str
    why: str
    location: Location


@dataclass(frozen=True, slots=True)
class Script:
    """A parsed script: one file, or all scripts of a folder.

    path: as the user gave it
    files: the files that were read
    resources: resources and data sources of the AWS provider
    others: how many resources each type of another provider has
    unread: parts whose needs are unknown
    role_assuming: providers that assume a role
    notes: what was ignored, for people
    locals: the values of `locals` blocks by name
    template: what a template says beside its resources, None for Terraform
    """

    path: str
    files: tuple[SourceFile, ...]
    resources: tuple[ScriptResource, ...]
    others: Mapping[str, int]
    unread: tuple[UnreadPart, ...]
    role_assuming: tuple[UnreadPart, ...]
    notes: tuple[str, ...]
    locals: Mapping[str, YamlNode]
    template: StackTemplate | None = None
