"""Builds Desired from YAML nodes without rejecting any: the schema is checked before, and checks.py runs after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Literal, cast

from koding_audit.desired.policy_documents import document_text
from koding_audit.io.yaml_nodes import (
    MappingEntry,
    MappingNode,
    ScalarNode,
    SequenceNode,
    YamlFile,
    YamlNode,
    mappings_of_files,
)
from koding_audit.model.account import PrincipalKind
from koding_audit.model.desired import (
    Boundary,
    Desired,
    DesiredGroup,
    DesiredRole,
    DesiredUser,
    Guards,
    Ignore,
    KeyLimits,
    PolicyDocument,
    PolicyRef,
    PolicySet,
    RequiredAction,
    RootExpectation,
    Target,
    Waiver,
)
from koding_audit.model.location import Location, Reference
from koding_audit.model.traits import find_rule_traits

_CLOSED_KINDS: Mapping[str, PrincipalKind] = {"users": "user", "groups": "group", "roles": "role"}


def build_desired(files: Sequence[YamlFile], guards: Guards) -> Desired:
    """Build one desired state from several files. Of duplicates it takes one; checks.py rejects them."""
    account_source, account = top_level_mapping(files, "account")
    root_source, root = top_level_mapping(files, "root")
    _, closed = top_level_mapping(files, "closed")
    groups = _build_groups(files)
    return Desired(
        files=(*(file.source_file for file in files), *guards.files),
        policy_sets={
            name: _build_policy_set(name, at, node, file.documents)
            for file in files
            for name, at, node in file.root.mappings("policy_sets")
        },
        groups=groups,
        users=_build_users(files, groups),
        roles=_build_roles(files),
        root=_build_root(root, root_source),
        account_ids=tuple(scalar.value for scalar in account_id_scalars(account)),
        account_source=account_source,
        partition=_optional_text(account, "partition"),
        closed={kind: closed.entries[key].location for key, kind in _CLOSED_KINDS.items() if closed.is_true(key)},
        ignore=tuple(each for file in files for each in ignore_entries(file)),
        strict=any(file.root.is_true("strict") for file in files),
        guards=guards,
        waivers=tuple(_build_waiver(node) for node in waiver_nodes(files)),
        targets={name: _build_target(name, at, node) for name, at, node in mappings_of_files(files, "targets")},
    )


def account_id_scalars(account: MappingNode) -> tuple[ScalarNode, ...]:
    """The account ids of `account`, one or a list."""
    node = account.node("id")
    if isinstance(node, ScalarNode):
        return (node,)
    return account.scalars("id")


def arn_of_policy_name(written: str) -> str:
    """The ARN of a policy name in a file, with ${partition} and ${account} if the file does not name them."""
    if written.startswith("arn:"):
        return written
    if written.startswith("customer:"):
        return f"arn:${{partition}}:iam::${{account}}:policy/{written.removeprefix('customer:')}"
    return f"arn:${{partition}}:iam::aws:policy/{written}"


def arn_of_policy_mapping(node: MappingNode) -> str:
    """The ARN of a policy in a file that is a mapping: customer managed, unless it is pinned to a version."""
    name = node.text("name")
    if "version" in node.entries:
        return arn_of_policy_name(name)
    return arn_of_policy_name(f"customer:{node.text('path').removeprefix('/')}{name}")


def policy_nodes(policy_set: MappingNode) -> tuple[ScalarNode | MappingNode, ...]:
    """The policies of a set, each a text or a mapping."""
    listed = cast("SequenceNode | None", policy_set.node("policies"))
    return cast("tuple[ScalarNode | MappingNode, ...]", listed.nodes if listed else ())


def arn_of_policy_node(node: ScalarNode | MappingNode) -> str:
    """The ARN of one of a set's policies, a text or a mapping."""
    return arn_of_policy_name(node.value) if isinstance(node, ScalarNode) else arn_of_policy_mapping(node)


def merge_key_limits(own: YamlNode | None, default: YamlNode | None) -> KeyLimits | None:
    """Merge the user's limits with the defaults; the user's take precedence. `forbidden` is not merged."""
    node = own or default
    if node is None:
        return None
    if isinstance(node, ScalarNode):
        return KeyLimits(node.location, max_active=0)
    inherited = default.entries if isinstance(default, MappingNode) else {}
    limits = MappingNode({**inherited, **cast("MappingNode", node).entries}, node.location)
    return KeyLimits(limits.location, **{name: int(limits.text(name)) for name in limits.entries})


def ignore_entries(file: YamlFile) -> Iterator[Ignore]:
    """Yield the `ignore` entries of a file."""
    listed = cast("SequenceNode | None", file.root.node("ignore"))
    for node in cast("tuple[MappingNode, ...]", listed.nodes if listed else ()):
        (kind,) = node.entries.keys() - {"reason"}
        yield Ignore(cast("PrincipalKind", kind), node.text(kind), node.text("reason"), node.location)


def waiver_nodes(files: Sequence[YamlFile]) -> Iterator[MappingNode]:
    """Yield the waivers of all files."""
    for file in files:
        listed = cast("SequenceNode | None", file.root.node("waivers"))
        yield from cast("tuple[MappingNode, ...]", listed.nodes if listed else ())


def expiry_day(waiver: MappingNode) -> date | None:
    """The last day of a waiver; None if there is no such day."""
    try:
        return date.fromisoformat(waiver.text("expires"))
    except ValueError:
        return None


def has_only_members(group: MappingNode) -> bool:
    """Whether the entry only adds members to a group, and does not define it."""
    return group.entries.keys() <= {"members"}


def top_level_mapping(files: Sequence[YamlFile], key: str) -> tuple[Location | None, MappingNode]:
    """The mapping under a top-level key that only one file may have, and the key's place; else an empty mapping."""
    for file in files:
        entry = file.root.entries.get(key)
        if entry:
            return entry.location, cast("MappingNode", entry.node)
    return None, MappingNode({}, Location("", 1, 1))


def _build_target(name: str, source: Location, node: MappingNode) -> Target:
    units = node.node("ou")
    return Target(
        name=name,
        location=source,
        role=node.text("role"),
        accounts=_scalar_texts(node, "accounts"),
        units=_text_values(units) if units else (),
        tags=_build_tags(node.entries["tag"]) if "tag" in node.entries else (),
        exclude=frozenset(_scalar_texts(node, "exclude")),
        external_id=node.text("external_id"),
    )


def _build_policy_set(name: str, source: Location, node: MappingNode, documents: Mapping[str, str]) -> PolicySet:
    policies = tuple(_build_policy_ref(each, documents) for each in policy_nodes(node))
    actions = cast("SequenceNode | None", node.node("actions"))
    return PolicySet(
        name, source, policies, node.text("description"), tuple(map(_build_action, actions.nodes)) if actions else ()
    )


def _build_policy_ref(node: ScalarNode | MappingNode, documents: Mapping[str, str]) -> PolicyRef:
    if isinstance(node, ScalarNode):
        return PolicyRef(arn_of_policy_name(node.value), node.location)
    file = node.scalar("file")
    written = node.entries.get("document")
    document = PolicyDocument(documents[file.value], file.location) if file else written and _build_document(written)
    return PolicyRef(arn_of_policy_mapping(node), node.location, node.text("version"), document)


def _build_document(entry: MappingEntry) -> PolicyDocument:
    return PolicyDocument(document_text(entry.node), entry.location)


def _build_action(node: YamlNode) -> RequiredAction:
    if isinstance(node, ScalarNode):
        return RequiredAction(node.value, node.location)
    mapping = cast("MappingNode", node)
    context = cast("MappingNode | None", mapping.node("context"))
    return RequiredAction(
        mapping.text("action"),
        mapping.location,
        mapping.text("resource") or "*",
        tuple((key, _text_values(entry.node)) for key, entry in context.entries.items()) if context else (),
    )


def _text_values(node: YamlNode) -> tuple[str, ...]:
    """The texts of a node that is one text or a list."""
    if isinstance(node, ScalarNode):
        return (node.value,)
    return tuple(each.value for each in cast("tuple[ScalarNode, ...]", cast("SequenceNode", node).nodes))


def _build_groups(files: Sequence[YamlFile]) -> dict[str, DesiredGroup]:
    chosen: dict[str, tuple[Location, MappingNode]] = {}
    for name, source, node in mappings_of_files(files, "groups"):
        if name not in chosen or (has_only_members(chosen[name][1]) and not has_only_members(node)):
            chosen[name] = (source, node)
    return {name: DesiredGroup(name, source, **_written_fields(node)) for name, (source, node) in chosen.items()}


def _build_roles(files: Sequence[YamlFile]) -> dict[str, DesiredRole]:
    return {
        name: DesiredRole(name, source, **_written_fields(node))
        for name, source, node in mappings_of_files(files, "roles")
    }


def _build_users(files: Sequence[YamlFile], declared: Mapping[str, DesiredGroup]) -> dict[str, DesiredUser]:
    """Build the users: first the members of groups, then those under `users`, in the order of the files."""
    joined: dict[str, dict[str, Reference]] = {}  # by user, then by group: the first place of the membership
    for group, _, node in mappings_of_files(files, "groups"):
        for member in node.scalars("members"):
            joined.setdefault(member.value, {}).setdefault(group, Reference(group, member.location))
    users = {
        name: DesiredUser(
            name=name,
            location=next(iter(groups.values())).location,
            groups=tuple(groups.values()),
            targets=_inherited_targets([declared[group] for group in groups]),
        )
        for name, groups in joined.items()
    }
    types = {name: node for name, _, node in mappings_of_files(files, "user_defaults")}
    for name, source, node in mappings_of_files(files, "users"):
        default = types.get(node.text("type")) if types else None
        users[name] = DesiredUser(name, source, **_user_fields(node, joined.get(name), default))
    return users


def _inherited_targets(groups: Sequence[DesiredGroup]) -> tuple[str, ...]:
    """The targets of a user that is declared only by the `members` of these groups: all of the groups' targets."""
    if not all(group.targets for group in groups):
        return ()
    return tuple(dict.fromkeys(name for group in groups for name in group.targets))


def _user_fields(
    node: MappingNode, joined: Mapping[str, Reference] | None, default: MappingNode | None
) -> dict[str, Any]:
    """The fields that a user's entry says, with what its groups' `members` and its type's defaults add."""
    fields = _written_fields(node)
    if joined:
        own = fields.get("groups", ())
        names = {group.name for group in own}
        fields["groups"] = own + tuple(group for name, group in joined.items() if name not in names)
    if default:
        fields = {**_written_fields(default), **fields}
    if default or "access_keys" in node.entries:
        fields["access_keys"] = merge_key_limits(
            node.node("access_keys"), default.node("access_keys") if default else None
        )
    return fields


def _written_fields(node: MappingNode) -> dict[str, Any]:
    """The fields that the entry of a group, a user or a role says, by their names; the others have their defaults."""
    return {key: _FIELDS[key](entry) for key, entry in node.entries.items() if key in _FIELDS}


def _build_references(entry: MappingEntry) -> tuple[Reference, ...]:
    listed: Any = entry.node
    return tuple([Reference(value, location) for value, _, location in listed.nodes])


def _build_inline(entry: MappingEntry) -> dict[str, PolicyDocument]:
    policies = cast("MappingNode", entry.node)
    return {name: _build_document(each) for name, each in policies.entries.items()}


def _build_boundary(entry: MappingEntry) -> Boundary:
    scalar = cast("ScalarNode", entry.node)
    ref = None if scalar.value == "none" else PolicyRef(arn_of_policy_name(scalar.value), scalar.location)
    return Boundary(ref, scalar.location)


def _build_console(entry: MappingEntry) -> Reference:
    scalar = cast("ScalarNode", entry.node)
    return Reference(scalar.value, scalar.location)


def _build_tags(entry: MappingEntry) -> tuple[tuple[str, str], ...]:
    tags = cast("MappingNode", entry.node)
    return tuple((key, tags.text(key)) for key in tags.entries)


def _text_of(entry: MappingEntry) -> str:
    scalar: Any = entry.node  # a cast costs time, once for each text of thousands of users
    return scalar.value  # type: ignore[no-any-return]


def _texts_of(entry: MappingEntry) -> tuple[str, ...]:
    return _text_values(entry.node)


def _is_true(entry: MappingEntry) -> bool:
    return _text_of(entry) == "true"


_FIELDS: Mapping[str, Callable[[MappingEntry], Any]] = {
    "path": _text_of,
    "groups": _build_references,
    "required": _build_references,
    "optional": _build_references,
    "inline": _build_inline,
    "boundary": _build_boundary,
    "console": _build_console,
    "trust": _build_document,
    "exclusive": _is_true,
    "owner": _text_of,
    "managed_by": _text_of,
    "tags": _build_tags,
    "targets": _texts_of,
}
"""Builds a field of a group, a user or a role from the entry of the same name."""


def _build_root(node: MappingNode, source: Location | None) -> RootExpectation:
    return RootExpectation(
        access_keys=cast("Literal['forbidden', 'allowed']", node.text("access_keys") or "forbidden"),
        mfa=cast("Literal['required', 'any']", node.text("mfa") or "required"),
        unused_days=int(node.text("unused_days") or "30"),
        location=source,
    )


def _build_waiver(node: MappingNode) -> Waiver:
    rule, policy = node.text("rule"), node.text("policy") or "*"
    managed = policy != "*" and find_rule_traits(rule).about != "inline-policy"
    return Waiver(
        rule=rule,
        reason=node.text("reason"),
        owner=node.text("owner"),
        expires=expiry_day(node) or date.min,
        subject=node.text("subject") or "*",
        policy=arn_of_policy_name(policy) if managed else policy,
        location=node.location,
        targets=_scalar_texts(node, "targets"),
    )


def _optional_text(node: MappingNode, key: str) -> str | None:
    scalar = node.scalar(key)
    return scalar.value if scalar else None


def _scalar_texts(node: MappingNode, key: str) -> tuple[str, ...]:
    return tuple(each.value for each in node.scalars(key))
