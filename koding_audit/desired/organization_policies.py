"""Reads files of an organization's policies: each file contains the SCPs, or the RCPs, of one level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from koding_audit.io import files
from koding_audit.io.json_text import locate_in_json, parse_json, write_json
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import replace
from koding_audit.model.location import Location
from koding_audit.model.snapshot import Level, OrganizationPolicy, Snapshot
from koding_audit.policy.document import DocumentError, parse_document

_HINT = "write a policy document, or a list of the documents that are attached to one level"
_LEVEL = files.FileSpec("the policies of one level", 1, _HINT)


def read(path: str) -> Level:
    """Read the policies of one level: a document, or a list of documents, as JSON. Raises InputError with the place."""
    text = files.read_text(path, _LEVEL)
    value = parse_json(text, path)
    if not isinstance(value, list):
        return (_policy(value, "", path, text),)
    if not value:
        raise InputError("the level has no policy", _HINT, Location(path, 1, 1))
    return tuple(_policy(each, f"[{index}]", path, text) for index, each in enumerate(value))


def replace_levels(snapshot: Snapshot, scps: Sequence[Level], rcps: Sequence[Level]) -> Snapshot:
    """Replace the levels of a snapshot by these; an empty list keeps the levels that were read."""
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
    """Whether any statement of the level allows: without one, an SCP level allows nothing."""
    return any(each.effect == "Allow" for policy in level for each in parse_document(policy.document).statements)


def _policy(value: object, where: str, path: str, text: str) -> OrganizationPolicy:
    if not isinstance(value, Mapping):
        raise InputError("this is not a policy document", _HINT, locate_in_json(text, path, where))
    try:
        parse_document(value)
    except DocumentError as error:
        element = error.message.partition(": ")[0]
        place = locate_in_json(text, path, f"{where}.{element}" if where else element)
        raise InputError(error.message, "correct it: IAM rejects this document, too", place) from error
    return OrganizationPolicy(f"{path}{where}", write_json(value))
