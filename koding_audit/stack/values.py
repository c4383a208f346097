"""What a script becomes: its AWS resources with their places, and whatever it cannot be known from."""

from __future__ import annotations

from collections.abc import Mapping

from koding_audit.desired.nodes import MappingNode, Node
from koding_audit.frozen import dataclass
from koding_audit.model import Source, SourceFile
from koding_audit.stack.table import RowKind


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource or data source of AWS's provider.

    address: `aws_eip.web`, `data.aws_ami.base`, `module.net.aws_vpc.main`; body: its arguments; region: where its
    provider works, "" where the script does not say it; destroyed: it is only read and deleted.
    """

    kind: RowKind
    type: str
    address: str
    source: Source
    body: MappingNode
    region: str = ""
    destroyed: bool = False


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of a script of which it is not known what it needs. what: `module.net`."""

    what: str
    why: str
    source: Source


@dataclass(frozen=True, slots=True)
class Script:
    """All files of a script, or of a folder of them.

    resources: those of AWS that are created; others: types that are not AWS's, with how many of each; assuming: the
    providers that assume a role; locals: by name; notes: what was passed over, for people.
    """

    path: str
    files: tuple[SourceFile, ...]
    resources: tuple[Resource, ...]
    others: Mapping[str, int]
    unread: tuple[Unread, ...]
    assuming: tuple[Unread, ...]
    notes: tuple[str, ...]
    locals: Mapping[str, Node]
