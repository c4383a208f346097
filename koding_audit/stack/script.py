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
    default_tags: the tags that its provider adds, None if it adds none
    forgotten: whether the plan only removes it from the state, so it is only read
    is_created: false if the values of the script create none of it, as with `count = 0`
    decides: false if the stack is built without it too, as with the data sources of a check
    role: the ARN of the role that its provider assumes, with `${...}` for open parts, "" if it assumes none
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
    default_tags: YamlNode | None = None
    forgotten: bool = False
    is_created: bool = True
    decides: bool = True
    role: str = ""


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
class StateUse:
    """A state of Terraform in S3 that the script uses.

    what: `backend.s3`, or `data.terraform_remote_state.net`
    location: where the script declares it
    body: bucket, key, region and the other arguments of the backend
    is_only_read: whether it is the state of another script
    """

    what: str
    location: Location
    body: MappingNode
    is_only_read: bool


@dataclass(frozen=True, slots=True)
class AssumedRole:
    """A role that a provider assumes.

    arn: of the role, with `${...}` for unknown parts
    is_tagged: whether the session has tags
    has_source_identity: whether the session has a source identity
    provider: `provider.aws`, or `backend.s3`
    location: of the provider
    """

    arn: str
    is_tagged: bool
    has_source_identity: bool
    provider: str
    location: Location


@dataclass(frozen=True, slots=True)
class Script:
    """A parsed script: one file, or all scripts of a folder.

    path: as the user gave it
    files: the files that were read
    resources: resources and data sources of the AWS provider
    others: how many resources each type of another provider has
    unread: parts whose needs are unknown
    assumed_roles: the roles that providers assume, each with those that it assumes with the role before
    notes: what was ignored, for people
    locals: the values of `locals` blocks by name
    states: the states of Terraform that it uses
    template: what a template says beside its resources, None for Terraform
    """

    path: str
    files: tuple[SourceFile, ...]
    resources: tuple[ScriptResource, ...]
    others: Mapping[str, int]
    unread: tuple[UnreadPart, ...]
    assumed_roles: tuple[tuple[AssumedRole, ...], ...]
    notes: tuple[str, ...]
    locals: Mapping[str, YamlNode]
    template: StackTemplate | None = None
    states: tuple[StateUse, ...] = ()
