"""Encodes and decodes the parts that several JSON formats share: accounts, callers, actions, files and times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar, get_args

from koding_audit.io.json_text import Item, format_time
from koding_audit.model.account import Account, Caller, EntityKey, EntityKind, PrincipalKind
from koding_audit.model.finding import Action, Change
from koding_audit.model.location import SourceFile
from koding_audit.model.plan import Outcome
from koding_audit.model.snapshot import (
    RootUse,
)
from koding_audit.model.verb import VERBS, Verb

VERSION = 1

TOOL = "koding-audit"

JSON_PRINCIPAL_KINDS: tuple[PrincipalKind, ...] = get_args(PrincipalKind)

_ENTITY_KINDS: tuple[EntityKind, ...] = get_args(EntityKind)

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

_VERBS: Mapping[str, Verb] = {verb.value: verb for verb in Verb}

_CHANGES: tuple[Change, ...] = get_args(Change)

_T = TypeVar("_T")


def account_value(account: Account) -> dict[str, Any]:
    return {"id": account.id, "partition": account.partition, "alias": account.alias}


def decode_account(item: Item) -> Account:
    fields = item.fields("id", "partition", "alias")
    return Account(fields["id"].text(), fields["partition"].text(), fields["alias"].optional(Item.text))


def caller_value(caller: Caller | None) -> dict[str, Any] | None:
    return None if caller is None else {"arn": caller.arn, "root": caller.root}


def decode_caller(item: Item) -> Caller:
    fields = item.fields("arn", "root")
    return Caller(fields["arn"].text(), fields["root"].boolean())


def decode_kind(item: Item) -> PrincipalKind:
    return item.choice(JSON_PRINCIPAL_KINDS)


def root_use_value(root_use: RootUse) -> dict[str, Any]:
    return {
        "generated": format_time(root_use.generated),
        "password_last_used": optional_time_value(root_use.password_last_used),
        "keys_last_used": [optional_time_value(time) for time in root_use.keys_last_used],
    }


def decode_root_use(item: Item) -> RootUse:
    fields = item.fields("generated", "password_last_used", "keys_last_used")
    return RootUse(
        generated=fields["generated"].time(),
        password_last_used=fields["password_last_used"].optional(Item.time),
        keys_last_used=fields["keys_last_used"].tuple_of(lambda key: key.optional(Item.time)),
    )


def source_file_value(file: SourceFile) -> dict[str, str]:
    return {"path": file.path, "sha256": file.sha256}


def decode_source_file(item: Item) -> SourceFile:
    fields = item.fields("path", "sha256")
    return SourceFile(fields["path"].text(), fields["sha256"].text())


def action_value(action: Action) -> dict[str, Any]:
    return {"action": action.verb.value, "parameters": sorted_json_value(action.parameters)}


def decode_action(fields: Mapping[str, Item], *, omitted: str = "") -> Action:
    """Decode an action. omitted: a required parameter that this kind of file does not contain."""
    verb = _VERBS[fields["action"].choice(_VERBS)]
    parameters = fields["parameters"]
    found = parameters.mapping()
    for name in VERBS[verb].required:
        if name not in found and name != omitted:
            parameters.refuse(f"{verb.value} needs {name}")
    return Action(verb, {name: _decode_parameter(name, each) for name, each in found.items()})


def _decode_parameter(name: str, item: Item) -> str | bool | list[dict[str, str]]:
    """Decode a parameter: text, except the tags of CreateUser and SetAsDefault."""
    if name == "SetAsDefault":
        return item.boolean()
    if name != "Tags":
        return item.text()
    tags = [tag.fields("Key", "Value") for tag in item.items()]
    return [{"Key": tag["Key"].text(), "Value": tag["Value"].text()} for tag in tags]


def unique_ids_value(ids: Mapping[EntityKey, str]) -> list[dict[str, str]]:
    return [{"kind": kind, "name": name, "id": ids[kind, name]} for kind, name in sorted(ids)]


def decode_unique_ids(item: Item) -> dict[EntityKey, str]:
    ids: dict[EntityKey, str] = {}
    for each in item.items():
        fields = each.fields("kind", "name", "id")
        key = fields["kind"].choice(_ENTITY_KINDS), fields["name"].text().casefold()
        if key in ids:
            each.refuse("duplicate entity")
        ids[key] = fields["id"].text()
    return ids


def optional_time_value(time: datetime | None) -> str | None:
    return None if time is None else format_time(time)


def sorted_mapping(mapping: Mapping[str, _T]) -> dict[str, _T]:
    """The mapping with its keys in order."""
    return dict(sorted(mapping.items()))


def sorted_json_value(value: Any) -> Any:
    """A JSON value with its keys in order; tuples become lists."""
    if isinstance(value, Mapping):
        return {name: sorted_json_value(value[name]) for name in sorted(value)}
    if isinstance(value, (list, tuple)):
        return [sorted_json_value(each) for each in value]
    return value
