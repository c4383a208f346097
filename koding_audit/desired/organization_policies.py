"""Reads files of policies that limit an account: the SCPs or RCPs of one level, or the policy of a VPC endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from koding_audit.io import files
from koding_audit.io.json_text import locate_in_json, parse_json, write_json
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import replace
from koding_audit.model.location import Location
from koding_audit.model.snapshot import EndpointPolicy, Level, OrganizationPolicy, Snapshot
from koding_audit.policy.document import Document, DocumentError, Patterns, Principals, Statement, parse_document

_HINT = "write a policy document, or a list of the documents that are attached to one level"
_LEVEL = files.FileSpec("the policies of one level", 1, _HINT)
# orgs_manage_policies_rcps_syntax: "The effect of Allow is only supported for the RCPFullAWSAccess policy".
_RCP_HINT = "remove the statement: only RCPFullAWSAccess allows, and it is always attached"
_ENDPOINT_HINT = "write the policy document of the endpoint"
_ENDPOINT = files.FileSpec("the policy of a VPC endpoint", 1, _ENDPOINT_HINT)


def read(path: str, *, is_rcp: bool = False) -> Level:
    """Read the policies of one level: a document, or a list of documents, as JSON. Raises InputError with the place.

    is_rcp: whether they are resource control policies, of which only RCPFullAWSAccess may allow.
    """
    text = files.read_text(path, _LEVEL)
    value = parse_json(text, path)
    if isinstance(value, list) and not value:
        raise InputError("the level has no policy", _HINT, Location(path, 1, 1))
    found = [(f"[{index}]", each) for index, each in enumerate(value)] if isinstance(value, list) else [("", value)]
    return tuple(_read_policy(each, where, path, text, is_rcp=is_rcp) for where, each in found)


def read_endpoint_policy(path: str) -> EndpointPolicy:
    """Read the policy of a VPC endpoint: one document, as JSON. Raises InputError with the place."""
    text = files.read_text(path, _ENDPOINT)
    value = parse_json(text, path)
    if isinstance(value, list):
        raise InputError("an endpoint has one policy, not a list", _ENDPOINT_HINT, Location(path, 1, 1))
    for statement in _parse(value, "", path, text, _ENDPOINT_HINT).statements:
        if statement.principals is None:
            problem = f"Statement[{statement.index}]: the policy of a VPC endpoint needs a Principal"
            place = locate_in_json(text, path, f"Statement[{statement.index}]")
            raise InputError(problem, 'add "Principal": "*"', place)
    return EndpointPolicy(path, write_json(value))


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


def allows_anything(policies: Iterable[OrganizationPolicy | EndpointPolicy]) -> bool:
    """Whether any statement allows: without one, an SCP level or the policy of an endpoint allows nothing."""
    return any(each.effect == "Allow" for policy in policies for each in parse_document(policy.document).statements)


def _read_policy(value: object, where: str, path: str, text: str, *, is_rcp: bool) -> OrganizationPolicy:
    for statement in _parse(value, where, path, text, _HINT).statements:
        if is_rcp and statement.effect == "Allow" and not _allows_everything(statement):
            element = f"Statement[{statement.index}]"
            place = locate_in_json(text, path, f"{where}.{element}" if where else element)
            raise InputError(f"{element}: an RCP of your own cannot allow", _RCP_HINT, place)
    return OrganizationPolicy(f"{path}{where}", write_json(value))


def _allows_everything(statement: Statement) -> bool:
    """Whether an Allow is that of RCPFullAWSAccess."""
    everyone = statement.principals is None or statement.principals == Principals((("AWS", "*"),))
    everything = statement.actions == statement.resources == Patterns(("*",))
    return everyone and everything and not statement.conditions


def _parse(value: object, where: str, path: str, text: str, hint: str) -> Document:
    if not isinstance(value, Mapping):
        raise InputError("this is not a policy document", hint, locate_in_json(text, path, where))
    try:
        return parse_document(value)
    except DocumentError as error:
        element = error.message.partition(": ")[0]
        place = locate_in_json(text, path, f"{where}.{element}" if where else element)
        raise InputError(error.message, "correct it: IAM rejects this document, too", place) from error
