"""The actions that a stack script needs, and the parts that could not be determined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from koding_audit.model.frozen import dataclass
from koding_audit.model.location import Location, SourceFile


@dataclass(frozen=True, slots=True)
class StackUse:
    """One reason for a need.

    resource: `aws_eip.web`.
    location: its place.
    why: `create`, or `argument tags`.
    """

    resource: str
    location: Location
    why: str


@dataclass(frozen=True, slots=True)
class StackNeed:
    """One action on one resource that a stack script needs.

    action: `ec2:RunInstances`.
    resource: an ARN in which `*` stands for what the script does not say, `arn:*` for any; `*` alone for an action
        without resource types.
    region: the region of the call, "" if it is not known.
    uses: everything that needs it.
    certain: false if it depends on a value that the script does not say, or is only a hint.
    hint: whether only CloudFormation's schema lists it, and no row of our table.
    context: condition keys of the request, as far as the resource type determines them.
    perhaps: whether it does not decide: CloudFormation's handler lists it, and the stack may be made without it.
    caller: whether the caller needs it to deploy the stack, and not the stack's resources.
    source: where the need is written, "" for the rows of the tables.
    decides: false if the stack is built without it too, as with a read whose refusal the provider only logs.
    role: the ARN of the role that the script's provider assumes for the call, with `*` for unknown parts; "" if the
        builder makes it.
    """

    action: str
    resource: str
    region: str
    uses: tuple[StackUse, ...] = field(hash=False)  # there are thousands, and the other fields identify a need
    certain: bool = True
    hint: bool = False
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()
    perhaps: bool = False
    caller: bool = False
    source: str = ""
    decides: bool = True
    role: str = ""


@dataclass(frozen=True, slots=True)
class StackUnknown:
    """A part of a script whose needs are not known.

    type: its resource type, "" for a module.
    what: its name.
    why: the reason.
    location: its place.
    """

    type: str
    what: str
    why: str
    location: Location


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack script for one account, and the actions to build, change and remove it.

    path: as the user named it.
    files: the files of the script.
    resources: the number of AWS resources.
    needs: the actions.
    unknown: the parts whose needs are not known.
    hinted: the types of which only hints are known.
    others: the types of other providers, with the number of each.
    service_roles: services whose service-linked role AWS may create.
    notes: what was skipped.
    rows: by resource type, whose row it has: `own`, `model` (AWS's model of the provider's calls) or `hint`.
    service_role: the role that CloudFormation assumes, `role/NAME`; "" if it uses the caller's credentials.
    assumed: the needs of a caller who only assumes the roles of the CDK's bootstrap; if they are allowed, no others
        are asked.
    is_assumed_elsewhere: whether such a role is another account's, whose needs are not the caller's.
    if_created: the actions of resources that the script does not create with its values, such as `count = 0`; they
        do not decide.
    """

    path: str
    files: tuple[SourceFile, ...]
    resources: int
    needs: tuple[StackNeed, ...]
    unknown: tuple[StackUnknown, ...] = ()
    hinted: tuple[str, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict)
    service_roles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rows: Mapping[str, str] = field(default_factory=dict)
    service_role: str = ""
    assumed: tuple[StackNeed, ...] = ()
    is_assumed_elsewhere: bool = False
    if_created: tuple[StackNeed, ...] = ()


@dataclass(frozen=True, slots=True)
class StackFiles:
    """The files of a stack script.

    path: as the user named it.
    files: the files that were read.
    """

    path: str
    files: tuple[SourceFile, ...]
