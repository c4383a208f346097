"""Files of an organization's policies: each file holds the SCPs, or the RCPs, of one level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from koding_audit import inputs
from koding_audit.document import DocumentError, parse
from koding_audit.errors import InputError
from koding_audit.frozen import replace
from koding_audit.jsontext import locate, read_json, write_json
from koding_audit.model import Level, OrganizationPolicy, Snapshot, Source

_HINT = "a policy document is needed, or a list of those that are attached to one level"
_LEVEL = inputs.Wanted("the policies of one level", 1, _HINT)


def read(path: str) -> Level:
    """The policies of one level: a document, or a list of them, as JSON. Raises InputError with line and column."""
    text = inputs.read_text(path, _LEVEL)
    value = read_json(text, path)
    if not isinstance(value, list):
        return (_policy(value, "", path, text),)
    if not value:
        raise InputError("there is no policy in this level", _HINT, Source(path, 1, 1))
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
    return any(each.effect == "Allow" for policy in level for each in parse(policy.document).statements)


def _policy(value: object, where: str, path: str, text: str) -> OrganizationPolicy:
    if not isinstance(value, Mapping):
        raise InputError("this is no policy document", _HINT, locate(text, path, where))
    try:
        parse(value)
    except DocumentError as error:
        element = error.message.partition(": ")[0]
        place = locate(text, path, f"{where}.{element}" if where else element)
        raise InputError(error.message, "IAM would not take this either", place) from error
    return OrganizationPolicy(f"{path}{where}", write_json(value))
