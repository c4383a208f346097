"""Encodes snapshots as JSON, and decodes them."""

from __future__ import annotations

import json
from typing import Any

from koding_audit.io.codec.fields import (
    VERSION,
    account_value,
    caller_value,
    decode_account,
    decode_caller,
    decode_kind,
    decode_root_use,
    optional_time_value,
    root_use_value,
    sorted_mapping,
)
from koding_audit.io.json_text import Item, format_time, write_json
from koding_audit.model.account import PrincipalKey, principal_key
from koding_audit.model.query import Fact, Gap
from koding_audit.model.snapshot import (
    NOT_LOOKED_UP,
    AccessKey,
    CredentialCutoff,
    Credentials,
    Level,
    ManagedPolicy,
    Organization,
    OrganizationPolicy,
    Principal,
    RootUse,
    Snapshot,
)

SNAPSHOT = "koding-audit-snapshot"


def encode_snapshot(snapshot: Snapshot) -> str:
    """Encode everything that was read of an account, for an audit without access to it."""
    value = {
        "version": VERSION,
        "kind": SNAPSHOT,
        "account": account_value(snapshot.account),
        "caller": caller_value(snapshot.caller),
        "taken_at": format_time(snapshot.taken_at),
        **_origin_value(snapshot),
        "principals": [_principal_value(snapshot.principals[key]) for key in sorted(snapshot.principals)],
        "absent": [{"kind": kind, "name": name} for kind, name in sorted(snapshot.absent)],
        "listed": sorted(snapshot.listed),
        "credential_cutoff": snapshot.credential_cutoff and _cutoff_value(snapshot.credential_cutoff),
        "credentials": {name: _credentials_value(each) for name, each in sorted_mapping(snapshot.credentials).items()},
        "policies": {
            arn: None if policy is None else _managed_policy_value(policy)
            for arn, policy in sorted_mapping(snapshot.policies).items()
        },
        "policies_listed": snapshot.policies_listed,
        "documents": sorted_mapping(snapshot.documents),
        "organization": _organization_value(snapshot.organization),
        "summary": None if snapshot.summary is None else sorted_mapping(snapshot.summary),
        "root_use": snapshot.root_use and root_use_value(snapshot.root_use),
        "gaps": [_gap_value(gap) for gap in snapshot.gaps],
    }
    return write_json(value) + "\n"


def _origin_value(snapshot: Snapshot) -> dict[str, Any]:
    return {"source": snapshot.source, "endpoint": snapshot.endpoint, "hosts": list(snapshot.hosts)}


def decode_snapshot(value: object, path: str) -> Snapshot:
    """Decode a snapshot from what parse_json returns. Raises InputError. path: for messages only."""
    fields = Item(value, path).file_fields(
        SNAPSHOT,
        VERSION,
        *("account", "caller", "taken_at", "source", "endpoint", "principals", "absent", "listed", "credentials"),
        *("policies", "policies_listed", "documents", "organization", "summary", "root_use", "gaps"),
        added=("credential_cutoff", "hosts"),
    )
    root_use = fields["root_use"].optional(decode_root_use)
    is_older = isinstance(value, dict) and "credential_cutoff" not in value
    policies = fields["policies"].mapping()
    summary_map = fields["summary"].optional(Item.mapping)
    return Snapshot(
        account=decode_account(fields["account"]),
        caller=fields["caller"].optional(decode_caller),
        taken_at=fields["taken_at"].time(),
        source=fields["source"].text(),
        endpoint=fields["endpoint"].optional(Item.text),
        hosts=fields["hosts"].optional(lambda found: found.tuple_of(Item.text)) or (),
        principals=_decode_principals(fields["principals"]),
        absent=fields["absent"].set_of(_decode_absent),
        listed=fields["listed"].set_of(decode_kind),
        credential_cutoff=_older_cutoff(root_use) if is_older else fields["credential_cutoff"].optional(_decode_cutoff),
        credentials={name: _decode_credentials(each) for name, each in fields["credentials"].mapping().items()},
        policies={arn: _decode_managed_policy(arn, each) for arn, each in policies.items()},
        policies_listed=fields["policies_listed"].boolean(),
        documents={key: each.text() for key, each in fields["documents"].mapping().items()},
        organization=_decode_organization(fields["organization"]),
        summary=None if summary_map is None else {name: each.count() for name, each in summary_map.items()},
        root_use=root_use,
        gaps=fields["gaps"].tuple_of(_decode_gap),
    )


def _principal_value(principal: Principal) -> dict[str, Any]:
    def names(values: frozenset[str] | None) -> list[str] | None:
        return None if values is None else sorted(values)

    return {
        "kind": principal.kind,
        "name": principal.name,
        "arn": principal.arn,
        "unique_id": principal.unique_id,
        "path": principal.path,
        "attached": names(principal.attached),
        "inline": names(principal.inline),
        "groups": names(principal.groups),
        "members": names(principal.members),
        "boundary": principal.boundary,
        "tags": None if principal.tags is None else dict(principal.tags),
        "trust": principal.trust,
    }


def _decode_principals(item: Item) -> dict[PrincipalKey, Principal]:
    principals: dict[PrincipalKey, Principal] = {}
    for each in item.items():
        principal = _decode_principal(each)
        key = principal_key(principal.kind, principal.name)
        if key in principals:
            each.refuse(f"duplicate {principal.kind} {json.dumps(principal.name)} (names are unique ignoring case)")
        principals[key] = principal
    return principals


def _decode_principal(item: Item) -> Principal:
    fields = item.fields(
        *("kind", "name", "arn", "unique_id", "path", "attached", "inline", "groups", "members", "boundary", "trust"),
        "tags",
    )

    def names(name: str) -> frozenset[str] | None:
        return fields[name].optional(lambda found: found.set_of(Item.text))

    return Principal(
        kind=decode_kind(fields["kind"]),
        name=fields["name"].text(),
        arn=fields["arn"].text(),
        unique_id=fields["unique_id"].text(),
        path=fields["path"].text(),
        attached=names("attached"),
        inline=names("inline"),
        groups=names("groups"),
        members=names("members"),
        boundary=fields["boundary"].text(),
        tags=fields["tags"].optional(_decode_tags),
        trust=fields["trust"].text(),
    )


def _decode_tags(item: Item) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, value.text()) for key, value in item.mapping().items()))


def _decode_absent(item: Item) -> PrincipalKey:
    fields = item.fields("kind", "name")
    return principal_key(decode_kind(fields["kind"]), fields["name"].text())


def _cutoff_value(cutoff: CredentialCutoff) -> dict[str, Any]:
    return {
        "as_of": format_time(cutoff.as_of),
        "call": cutoff.call,
        "reason": cutoff.reason,
        "permission": cutoff.permission,
    }


def _older_cutoff(root_use: RootUse | None) -> CredentialCutoff | None:
    """The cutoff of a file without one: older versions took from the report which users have no key or password."""
    return CredentialCutoff(root_use.generated, "cloudtrail:LookupEvents", NOT_LOOKED_UP) if root_use else None


def _decode_cutoff(item: Item) -> CredentialCutoff:
    fields = item.fields("as_of", "call", "reason", "permission")
    texts = (fields[name].text() for name in ("call", "reason", "permission"))
    return CredentialCutoff(fields["as_of"].time(), *texts)


def _credentials_value(credentials: Credentials) -> dict[str, Any]:
    keys = credentials.keys
    return {
        "keys": None if keys is None else [_access_key_value(key) for key in keys],
        "password": credentials.password,
        "mfa": credentials.mfa,
        "services": None if credentials.services is None else list(credentials.services),
        "password_used": None if credentials.password_used is None else [*map(format_time, credentials.password_used)],
        "certificates": credentials.certificates,
    }


def _decode_credentials(item: Item) -> Credentials:
    fields = item.fields("keys", "password", "mfa", "services", "password_used", added=("certificates",))
    return Credentials(
        keys=fields["keys"].optional(lambda keys: keys.tuple_of(_decode_access_key)),
        password=fields["password"].optional(Item.boolean),
        mfa=fields["mfa"].optional(Item.boolean),
        services=fields["services"].optional(lambda services: services.tuple_of(Item.text)),
        password_used=fields["password_used"].optional(lambda times: times.tuple_of(Item.time)),
        certificates=fields["certificates"].optional(Item.count),
    )


def _access_key_value(key: AccessKey) -> dict[str, Any]:
    return {
        "suffix": key.suffix[-4:],
        "active": key.active,
        "created": format_time(key.created),
        "last_used": optional_time_value(key.last_used),
    }


def _decode_access_key(item: Item) -> AccessKey:
    fields = item.fields("suffix", "active", "created", "last_used")
    suffix = fields["suffix"].text()
    if len(suffix) > 4:
        fields["suffix"].refuse("must be at most the last four characters of a key's id")
    last_used = fields["last_used"].optional(Item.time)
    return AccessKey(suffix, fields["active"].boolean(), fields["created"].time(), last_used)


def _managed_policy_value(policy: ManagedPolicy) -> dict[str, Any]:
    return {
        "attachable": policy.attachable,
        "unique_id": policy.unique_id,
        "default_version": policy.default_version,
        "versions": list(policy.versions),
    }


def _decode_managed_policy(arn: str, item: Item) -> ManagedPolicy | None:
    def read(found: Item) -> ManagedPolicy:
        fields = found.fields("attachable", "unique_id", "default_version", "versions")
        return ManagedPolicy(
            arn=arn,
            attachable=fields["attachable"].boolean(),
            unique_id=fields["unique_id"].text(),
            default_version=fields["default_version"].text(),
            versions=fields["versions"].tuple_of(Item.text),
        )

    return item.optional(read)


def _organization_value(organization: Organization) -> dict[str, Any]:
    def levels(found: tuple[Level, ...] | None) -> list[list[dict[str, str]]] | None:
        if found is None:
            return None
        return [[{"name": each.name, "document": each.document} for each in level] for level in found]

    return {
        "id": organization.id,
        "management_account": organization.management_account,
        "scps": levels(organization.scps),
        "rcps": levels(organization.rcps),
        "delegated": None if organization.delegated is None else list(organization.delegated),
    }


def _decode_organization(item: Item) -> Organization:
    fields = item.fields("id", "management_account", "scps", "rcps", added=("delegated",))
    scps, rcps = (fields[name].optional(lambda levels: levels.tuple_of(_decode_level)) for name in ("scps", "rcps"))
    delegated = fields["delegated"].optional(lambda services: services.tuple_of(Item.text))
    return Organization(fields["id"].optional(Item.text), fields["management_account"].text(), scps, rcps, delegated)


def _decode_level(item: Item) -> Level:
    return item.tuple_of(_decode_organization_policy)


def _decode_organization_policy(item: Item) -> OrganizationPolicy:
    fields = item.fields("name", "document")
    return OrganizationPolicy(fields["name"].text(), fields["document"].text())


def _gap_value(gap: Gap) -> dict[str, Any]:
    return {
        "fact": gap.fact.value,
        "call": gap.call,
        "reason": gap.reason,
        "subject": gap.subject,
        "permission": gap.permission,
    }


def _decode_gap(item: Item) -> Gap:
    fields = item.fields("fact", "call", "reason", "subject", "permission")
    texts = (fields[name].text() for name in ("call", "reason", "subject", "permission"))
    return Gap(Fact(fields["fact"].choice([fact.value for fact in Fact])), *texts)
