"""Derives a row for each CloudFormation type: from the handlers of its registry schema, by rules.

An action of a handler is certain (the API's own call of the type, or one that our row of the Terraform type has), added
by a property, or perhaps needed. A schema does not say which of its actions is which:

- The API's own call has the type's name behind its verb: CreateQueue of AWS::SQS::Queue; the same for what removes it.
- Tag actions belong to the property that the schema names as its tags.
- iam:PassRole and the actions of KMS belong to the properties that hold a role or a key.
- Where our Terraform table has a row of the type, its create and delete actions are certain, and what its arguments add
  belongs to the property with the argument's name.
- `PutBucketVersioning` belongs to the property `VersioningConfiguration`: another call with the property's name.
- All others are perhaps needed.

A row that is written by hand (koding_audit/stack/cloudformation_types.jsonl) replaces all but what is perhaps needed.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from koding_audit.stack import type_table
from koding_audit.stack.hints import cloudformation_types

MAPPED = Path(__file__).parent / "cloudformation_names.jsonl"
HANDLERS = ("create", "read", "update", "delete")
# The verbs of a call that makes something, the surest first, each with the verb of the call that removes it again.
CREATE_VERBS: Mapping[str, tuple[str, ...]] = {
    "Create": ("Delete",),
    "Put": ("Delete",),
    "Register": ("Deregister",),
    "Run": ("Terminate",),
    "Allocate": ("Release",),
    "Request": ("Delete",),
    "Import": ("Delete",),
    "Publish": ("Delete",),
    "Add": ("Remove", "Delete"),
    "Attach": ("Detach",),
    "Associate": ("Disassociate",),
    "Enable": ("Disable",),
    "Subscribe": ("Unsubscribe",),
    "Set": ("Delete",),
    "Provision": ("Terminate", "Deprovision"),
}
# Calls of their own for a part of a resource: it is not an argument of the call that makes the resource.
PART_VERBS = ("Put", "Enable")
TAG_ACTION = re.compile(r"(?:Tag|AddTags|CreateTags|PutBucketTagging|ChangeTags|CreateOrUpdateTags)[A-Za-z0-9]*")
UNTAG_ACTION = re.compile(r"(?:Untag|Remove|Delete|Disassociate|Detach|Replace|Modify|Set|Update)[A-Z][A-Za-z0-9]*")
ROLE_PROPERTY = re.compile(r"(?!.*ServiceLinked).*(?:[Rr]ole|RoleArn|RoleARN|InstanceProfile|InstanceProfileArn)")
KEY_PROPERTY = re.compile(r"(?:.*(?:Kms|KMS).*(?:Key|KeyId|KeyArn|KeyARN|KeyIdentifier|Id|Arn)s?|KmsKey|KMSKey)")
DEEPEST = 5  # levels of properties that are looked through for a role or a key


class ActionNames:
    """AWS's actions: their spelling, and the ARN formats of their resource types. Names in any case."""

    def __init__(
        self,
        services: Iterable[tuple[str, list[dict[str, Any]], dict[str, Any]]],
        newer: Mapping[str, Iterable[str]],
    ) -> None:
        added = (f"{prefix}:{name}" for prefix, names in newer.items() for name in names)
        self.spelled = {name.lower(): name for name in added}
        self.types: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for prefix, actions, types in services:
            for each in actions:
                name = f"{prefix}:{each['name']}"
                self.spelled[name.lower()] = name
                named = [types[one["name"].lower()] for one in each["resourceTypes"]]
                self.types[name] = [(one["key"], tuple(one["arn"].split(", "))) for one in named]


def derive_rows(schemas: Path, names: ActionNames) -> dict[str, dict[str, Any]]:
    """By type, its row, without members that are empty."""
    terraform, mapped = _terraform_rows(), _mapped_names()
    rows = {}
    for path in sorted((schemas / "resources").glob("*.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        row = _Deriver(schema, names, mapped, terraform.get(schema["typeName"], [])).row()
        if any(name in row for name in ("create", "maybe", "perhaps")):
            rows[schema["typeName"]] = row
    return dict(sorted(rows.items()))


def _mapped_names() -> dict[str, list[str]]:
    """The actions for names in the handlers that are no actions; each row of the table has its source and date."""
    lines = MAPPED.read_text(encoding="ascii").splitlines()
    return {row["name"]: row["actions"] for row in map(json.loads, lines)}


def _terraform_rows() -> dict[str, list[type_table.TypeRow]]:
    table, found = type_table.load_type_table(), dict[str, list[type_table.TypeRow]]()
    for terraform, cloudformation in cloudformation_types().items():
        row = table.row("type", terraform)
        if row is not None:
            found.setdefault(cloudformation, []).append(row)
    return found


class _Deriver:
    """Derives the row of one type."""

    def __init__(
        self,
        schema: Mapping[str, Any],
        names: ActionNames,
        mapped: Mapping[str, list[str]],
        terraform: list[type_table.TypeRow],
    ) -> None:
        self.schema, self.names, self.mapped, self.terraform = schema, names, mapped, terraform
        self.noun = _plain(schema["typeName"].rpartition("::")[2])
        self.unlisted: set[str] = set()
        self.handlers = {each: self._actions(each) for each in HANDLERS}
        self.properties = {
            each
            for each in schema.get("properties", {})
            if f"/properties/{each}" not in schema.get("readOnlyProperties", ())
        }
        self.tags = schema.get("tagging", {}).get("tagProperty", "/properties/Tags").rpartition("/")[2]

    def row(self) -> dict[str, Any]:
        """The row, without empty members."""
        create, delete = self._certain("create"), self._certain("delete")
        properties, maybe = self._by_property(create)
        if not create:
            maybe[""] = {each for each in self.handlers["create"] if _writes(each)} - {
                *_actions_of(properties),
                *_actions_of(maybe),
            }
        decided = {*create, *delete, *_actions_of(properties), *_actions_of(maybe)}
        identifier = [each.rpartition("/")[2] for each in self.schema.get("primaryIdentifier", ())]
        row = {
            "create": sorted(create),
            "delete": sorted(delete),
            "properties": _sorted(properties),
            "maybe": _sorted(maybe),
            "perhaps": {
                each: sorted(self.handlers[each] - decided) for each in HANDLERS if self.handlers[each] - decided
            },
            "arn": self._terraform_arns() or self._arns(create | delete),
            "id": identifier[0] if len(identifier) == 1 else "",
            "named": len(identifier) == 1 and self._is_named(identifier[0]),
            "unlisted": sorted(self.unlisted),
        }
        return {name: value for name, value in row.items() if value}

    def _is_named(self, identifier: str) -> bool:
        """Whether CloudFormation gives a name where the template gives none."""
        wanted = identifier in self.schema.get("required", ())
        return not wanted and f"/properties/{identifier}" not in self.schema.get("readOnlyProperties", ())

    def _actions(self, handler: str) -> set[str]:
        """The actions of a handler as AWS spells them; what is none is mapped, or kept as unlisted."""
        found: set[str] = set()
        for each in self.schema.get("handlers", {}).get(handler, {}).get("permissions", ()):
            low = each.lower()
            if low in self.names.spelled:
                found.add(self.names.spelled[low])
            elif "*" in each:
                found.update(self.names.spelled[name] for name in fnmatch.filter(self.names.spelled, low))
            elif each in self.mapped:
                found.update(self.mapped[each])
            elif each:
                self.unlisted.add(each)
        return found

    def _certain(self, handler: str) -> set[str]:
        own = {each for each in self.handlers[handler] if self._is_own_call(each, handler)}
        if own:
            best = min(_verb_rank(each, handler) for each in own)
            return {each for each in own if _verb_rank(each, handler) == best}
        rows = [{*row.operations[handler]} & self.handlers[handler] for row in self.terraform]
        agreed = {each for each in set.intersection(*rows) if _makes(each)} if rows else set()
        # Where the handler makes one call alone, that makes the resource, whatever its name.
        single = {each for each in self.handlers[handler] if _makes(each)} if handler == "create" else set()
        return agreed or (single if len(single) == 1 else set())

    def _is_own_call(self, action: str, handler: str) -> bool:
        """Whether the type's name is behind a verb that makes or removes."""
        for verb in _verbs(handler):
            rest = _verb_rest(action, verb)
            if rest:
                return _plain(rest) in (self.noun, f"{self.noun}s", self.noun.removesuffix("s"))
        return False

    def _by_property(self, create: set[str]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
        """By property the actions that it adds, and those that it may add."""
        sure, unsure = dict[str, set[str]](), dict[str, set[str]]()
        for action in self.handlers["create"] - create:
            paths, is_sure = self._paths_of(action, {each.partition(":")[0] for each in create})
            for path in paths:
                (sure if is_sure else unsure).setdefault(path, set()).add(action)
        return sure, unsure

    def _paths_of(self, action: str, services: set[str]) -> tuple[set[str], bool]:
        """The properties that an action of the create handler belongs to, and whether it is certain of them."""
        service, _, name = action.partition(":")
        if action == "iam:PassRole":
            return self._matching_paths(ROLE_PROPERTY), True
        if service == "kms" and "kms" not in services:
            return self._matching_paths(KEY_PROPERTY), False
        if TAG_ACTION.fullmatch(name):
            own = not services or service in services
            return ({self.tags} & self.properties, True) if own else (set(), False)
        if UNTAG_ACTION.fullmatch(name) or not _writes(action):
            return set(), False
        return self._terraform_paths(action) | self._part_paths(name), True

    def _terraform_paths(self, action: str) -> set[str]:
        names = {_plain(each): each for each in self.properties}
        given = {
            argument.partition("=")[0].partition(".")[0]
            for row in self.terraform
            for argument, actions in row.arguments.items()
            if action in actions
        }
        return {names[_plain(each)] for each in given if _plain(each) in names}

    def _part_paths(self, name: str) -> set[str]:
        verb = next((each for each in PART_VERBS if _verb_rest(f":{name}", each)), "")
        part = _plain(name[len(verb) :]).removeprefix(self.noun) if verb else ""
        return {each for each in self.properties if len(part) > 4 and _plain(each).startswith(part)}

    def _matching_paths(self, pattern: re.Pattern[str]) -> set[str]:
        return {path for path in _property_paths(self.schema) if pattern.fullmatch(path.rpartition(".")[2])}

    def _arns(self, actions: Iterable[str]) -> list[str]:
        """The template of the type's own ARN: the resource type of its calls that has its name."""
        for action in sorted(actions):
            for key, arns in self.names.types.get(action, ()):
                if _plain(key) in (self.noun, f"{self.noun}s", self.noun.removesuffix("s")):
                    return [self._template(each) for each in arns]
        single = {arns for action in actions for _, arns in self.names.types.get(action, ())}
        return [self._template(each) for each in single.pop()] if len(single) == 1 else []

    def _terraform_arns(self) -> list[str]:
        """The templates of our Terraform row, with the properties in place of the arguments."""
        row = self.terraform[0] if self.terraform else None
        return [] if row is None else [self._renamed(each, own=number == 0) for number, each in enumerate(row.arn)]

    def _renamed(self, template: str, *, own: bool) -> str:
        named = {_plain(each): each for each in self.properties}
        identifier = self.schema.get("primaryIdentifier", [""])[0].rpartition("/")[2]

        def fill(found: re.Match[str]) -> str:
            wanted = [_plain(found[1]), f"{self.noun}{_plain(found[1])}"]
            wanted += [f"{self.noun}name", "name", _plain(identifier)] if own else []
            name = next((named[each] for each in wanted if each in named), "")
            return f"{{{name}}}" if name else "*"

        return re.sub(r"(?<!\$)\{([^}]*)\}", fill, template)

    def _template(self, arn: str) -> str:
        """AWS's ARN format, in which a hole that is a property's name is one of ours, and others are stars."""
        known = {"Partition": "${partition}", "Region": "${region}", "Account": "${account}"}
        named = {_plain(each): each for each in self.properties}

        def fill(found: re.Match[str]) -> str:
            hole = found[1]
            wanted = [_plain(hole), _plain(hole).removesuffix("withpath")]
            wanted += [f"{self.noun}name", "name"] if _is_own_hole(hole, self.noun) else []
            own = next((named[each] for each in wanted if each in named), "")
            return known.get(hole) or (f"{{{own}}}" if own else "*")

        return re.sub(r"\$\{([^}]*)\}", fill, arn)


def _actions_of(by_property: Mapping[str, set[str]]) -> set[str]:
    return {each for every in by_property.values() for each in every}


def _sorted(by_property: Mapping[str, set[str]]) -> dict[str, list[str]]:
    return {path: sorted(actions) for path, actions in sorted(by_property.items()) if actions}


def _is_own_hole(hole: str, noun: str) -> bool:
    return _plain(hole).removesuffix("withpath") in (f"{noun}name", noun, "name")


def _property_paths(schema: Mapping[str, Any]) -> Iterator[str]:
    """Every path of properties of a schema, through lists and definitions, each definition once on a path."""

    def walk(part: Mapping[str, Any], path: tuple[str, ...], seen: tuple[str, ...]) -> Iterator[str]:
        reference = part.get("$ref", "")
        if reference in seen or len(path) > DEEPEST:
            return
        if reference:
            seen = (*seen, reference)
            part = schema.get("definitions", {}).get(reference.rpartition("/")[2], {})
        if (path and part.get("type") in ("string", ["string"])) or (path and not part):
            yield ".".join(path)
        for each in (part.get("items"), *part.get("oneOf", ()), *part.get("anyOf", ())):
            if isinstance(each, dict):
                yield from walk(each, path, seen)
        for name, each in part.get("properties", {}).items():
            yield from walk(each, (*path, name), seen)

    read_only = {each.removeprefix("/properties/") for each in schema.get("readOnlyProperties", ())}
    for each in walk({"properties": schema["properties"]}, (), ()):
        if each not in read_only:
            yield each


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _verbs(handler: str) -> tuple[str, ...]:
    return tuple(CREATE_VERBS) if handler == "create" else tuple(dict.fromkeys(sum(CREATE_VERBS.values(), ())))


def _verb_rank(action: str, handler: str) -> int:
    verbs = _verbs(handler)
    return next(number for number, verb in enumerate(verbs) if _verb_rest(action, verb))


def _verb_rest(action: str, verb: str) -> str:
    """What stands behind the verb in an action's name, "" if it has another verb."""
    name = action.partition(":")[2]
    return name[len(verb) :] if re.match(verb + r"[A-Z0-9]", name) else ""


def _makes(action: str) -> bool:
    """Whether an action can be what makes or removes a resource."""
    service, _, name = action.partition(":")
    helps = (
        action in ("iam:PassRole", "iam:CreateServiceLinkedRole")
        or TAG_ACTION.fullmatch(name)
        or name.startswith("Untag")
    )
    return _writes(action) and service not in ("kms", "logs", "sts") and not helps


def _writes(action: str) -> bool:
    return not re.match(
        r"(?:Get|List|Describe|Batch(?:Get|Describe)|Head|Search|Check|Lookup|View)[A-Z]", action.partition(":")[2]
    )
