"""What a stack script needs, and what of it could not be determined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from koding_audit.model.frozen import dataclass
from koding_audit.model.location import Location, SourceFile


@dataclass(frozen=True, slots=True)
class StackUse:
    """One reason for a need. resource: `aws_eip.web`; source: its place; why: `create`, or `argument tags`."""

    resource: str
    location: Location
    why: str


@dataclass(frozen=True, slots=True)
class StackNeed:
    """One action on one resource that a stack script needs.

    resource: an ARN, in which `*` stands for what the script does not say, `arn:*` for any; `*` alone for an action
    that knows no resource. region: where it is called, "" where that is not known; uses: whatever needs it;
    certain: false where it hangs on a value that the script does not say, or is only a hint; hint: CloudFormation says
    it, and no row of ours; context: condition keys that the request will carry, as far as the type tells.
    """

    action: str
    resource: str
    region: str
    uses: tuple[StackUse, ...] = field(hash=False)  # there are thousands, and the rest tells needs apart
    certain: bool = True
    hint: bool = False
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class StackUnknown:
    """A part of a script of which it is not known what it needs. type: "" where it is no resource: a module."""

    type: str
    what: str
    why: str
    location: Location


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack script for one account: what building, changing and removing it needs.

    path: as the user named it; resources: how many of AWS; others: types of other providers, with how many of each;
    hinted: the types of which only hints are known; service_roles: services whose service-linked role AWS may make;
    notes: what was passed over.
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


@dataclass(frozen=True, slots=True)
class StackFiles:
    """A stack script as it was given, and the files that it was read from."""

    path: str
    files: tuple[SourceFile, ...]
