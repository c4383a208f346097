"""Files of an organization's policies: each file holds the SCPs, or the RCPs, of one level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from koding_audit.io import files
from koding_audit.io.json_text import locate_in_json, parse_json, write_json
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import replace
from koding_audit.model.location import Location
from koding_audit.model.snapshot import Level, OrganizationPolicy, Snapshot
from koding_audit.policy.document import DocumentError, parse_document

_HINT = "a policy document is needed, or a list of those that are attached to one level"
_LEVEL = files.FileSpec("the policies of one level", 1, _HINT)


def read(path: str) -> Level:
    """The policies of one level: a document, or a list of them, as JSON. Raises InputError with line and column."""
    text = files.read_text(path, _LEVEL)
    value = parse_json(text, path)
    if not isinstance(value, list):
        return (_policy(value, "", path, text),)
    if not value:
        raise InputError("there is no policy in this level", _HINT, Location(path, 1, 1))
    return tuple(_policy(each, f"[{index}]", path, text) for index, each in enumerate(value))


def given(snapshot: Snapshot, scps: Sequence[Level], rcps: Sequence[Level]) -> Snapshot:
    """The snapshot with these levels in place of what was read of each kind; an empty list gives none."""
    read_before = snapshot.organization
    return replace(
        snapshot,
        organization=replace(
            read_before,
            scps=tuple(scps) or read_before.scps,
            rcps=tuple(rcps) or read_before.rcps,
        ),
    )


def allows_anything(level: Level) -> bool:
    """Whether any statement of it allows: without one, an SCP level allows nothing at all."""
    return any(each.effect == "Allow" for policy in level for each in parse_document(policy.document).statements)


def _policy(value: object, where: str, path: str, text: str) -> OrganizationPolicy:
    if not isinstance(value, Mapping):
        raise InputError("this is no policy document", _HINT, locate_in_json(text, path, where))
    try:
        parse_document(value)
    except DocumentError as error:
        element = error.message.partition(": ")[0]
        place = locate_in_json(text, path, f"{where}.{element}" if where else element)
        raise InputError(error.message, "IAM would not take this either", place) from error
    return OrganizationPolicy(f"{path}{where}", write_json(value))
