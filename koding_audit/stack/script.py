"""What a script becomes: its AWS resources with their places, and whatever it cannot be known from."""

from __future__ import annotations

from collections.abc import Mapping

from koding_audit.io.yaml_nodes import MappingNode, YamlNode
from koding_audit.model.frozen import dataclass
from koding_audit.model.location import Location, SourceFile
from koding_audit.stack.type_table import RowKind


@dataclass(frozen=True, slots=True)
class ScriptResource:
    """One resource or data source of AWS's provider.

    address: `aws_eip.web`, `data.aws_ami.base`, `module.net.aws_vpc.main`; body: its arguments; region: where its
    provider works, "" where the script does not say it; destroyed: it is only read and deleted.
    """

    kind: RowKind
    type: str
    address: str
    location: Location
    body: MappingNode
    region: str = ""
    destroyed: bool = False


@dataclass(frozen=True, slots=True)
class UnreadPart:
    """A part of a script of which it is not known what it needs. what: `module.net`."""

    what: str
    why: str
    location: Location


@dataclass(frozen=True, slots=True)
class Script:
    """All files of a script, or of a folder of them.

    resources: those of AWS that are created; others: types that are not AWS's, with how many of each; assuming: the
    providers that assume a role; locals: by name; notes: what was passed over, for people.
    """

    path: str
    files: tuple[SourceFile, ...]
    resources: tuple[ScriptResource, ...]
    others: Mapping[str, int]
    unread: tuple[UnreadPart, ...]
    role_assuming: tuple[UnreadPart, ...]
    notes: tuple[str, ...]
    locals: Mapping[str, YamlNode]
