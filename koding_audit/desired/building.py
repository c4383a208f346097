"""Trees -> Desired, refusing nothing: the schema came before it, and checks.py comes after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Literal, cast

from koding_audit.desired.documents import text_of
from koding_audit.desired.nodes import File, MappingNode, Node, ScalarNode, SequenceNode, mappings
from koding_audit.model import (
    Boundary,
    Desired,
    DesiredGroup,
    DesiredRole,
    DesiredUser,
    Guards,
    Ignore,
    KeyLimits,
    Kind,
    PolicyDocument,
    PolicyRef,
    PolicySet,
    Reference,
    RequiredAction,
    RootExpectation,
    Source,
    Target,
    Waiver,
)
from koding_audit.waivers import INLINE

_CLOSED: Mapping[str, Kind] = {"users": "user", "groups": "group", "roles": "role"}


def build(files: Sequence[File], guards: Guards) -> Desired:
    """One desired state of several files. Of what stands there twice it takes one; checks.problem refuses it."""
    account_source, account = only(files, "account")
    root_source, root = only(files, "root")
    _, closed = only(files, "closed")
    groups = _groups(files)
    return Desired(
        files=(*(file.read for file in files), *guards.files),
        policy_sets={
            name: _policy_set(name, at, node, file.documents)
            for file in files
            for name, at, node in file.root.mappings("policy_sets")
        },
        groups=groups,
        users=_users(files, groups),
        roles={name: _role(name, at, node) for name, at, node in mappings(files, "roles")},
        root=_root(root, root_source),
        account_ids=tuple(scalar.value for scalar in account_ids(account)),
        account_source=account_source,
        partition=_said(account, "partition"),
        closed={kind: closed.entries[key].source for key, kind in _CLOSED.items() if closed.flag(key)},
        ignore=tuple(each for file in files for each in ignored(file)),
        strict=any(file.root.flag("strict") for file in files),
        guards=guards,
        waivers=tuple(_waiver(node) for node in waiver_nodes(files)),
        targets={name: _target(name, at, node) for name, at, node in mappings(files, "targets")},
    )


def account_ids(account: MappingNode) -> tuple[ScalarNode, ...]:
    """The ids that `account` pins, one or a list."""
    node = account.node("id")
    if isinstance(node, ScalarNode):
        return (node,)
    return account.scalars("id")


def policy_arn(written: str) -> str:
    """The ARN of a policy as a file writes it, with ${partition} and ${account} where the file does not say them."""
    if written.startswith("arn:"):
        return written
    if written.startswith("customer:"):
        return f"arn:${{partition}}:iam::${{account}}:policy/{written.removeprefix('customer:')}"
    return f"arn:${{partition}}:iam::aws:policy/{written}"


def written_arn(node: MappingNode) -> str:
    """The ARN of a policy that is written as a mapping: the account's own, unless it is pinned to a version."""
    name = node.text("name")
    if "version" in node.entries:
        return policy_arn(name)
    return policy_arn(f"customer:{node.text('path').removeprefix('/')}{name}")


def policy_nodes(policy_set: MappingNode) -> tuple[ScalarNode | MappingNode, ...]:
    """The policies of a set, each a text or a mapping."""
    listed = cast("SequenceNode | None", policy_set.node("policies"))
    return cast("tuple[ScalarNode | MappingNode, ...]", listed.nodes if listed else ())


def arn_of(node: ScalarNode | MappingNode) -> str:
    """The ARN of one of a set's policies, however it is written."""
    return policy_arn(node.value) if isinstance(node, ScalarNode) else written_arn(node)


def key_limits(own: Node | None, default: Node | None) -> KeyLimits | None:
    """The user's limits, each before the default's. `forbidden`, on either side, is not joined with the other's."""
    said = own or default
    if said is None:
        return None
    if isinstance(said, ScalarNode):
        return KeyLimits(said.source, max_active=0)
    inherited = default.entries if isinstance(default, MappingNode) else {}
    limits = MappingNode({**inherited, **cast("MappingNode", said).entries}, said.source)
    return KeyLimits(limits.source, **{name: int(limits.text(name)) for name in limits.entries})


def ignored(file: File) -> Iterator[Ignore]:
    """The principals that a file wants ignored."""
    listed = cast("SequenceNode | None", file.root.node("ignore"))
    for node in cast("tuple[MappingNode, ...]", listed.nodes if listed else ()):
        (kind,) = node.entries.keys() - {"reason"}
        yield Ignore(cast("Kind", kind), node.text(kind), node.text("reason"), node.source)


def waiver_nodes(files: Sequence[File]) -> Iterator[MappingNode]:
    """The waivers of every file."""
    for file in files:
        listed = cast("SequenceNode | None", file.root.node("waivers"))
        yield from cast("tuple[MappingNode, ...]", listed.nodes if listed else ())


def day_of(waiver: MappingNode) -> date | None:
    """The last day on which a waiver holds; None where the calendar has no such day."""
    try:
        return date.fromisoformat(waiver.text("expires"))
    except ValueError:
        return None


def only_members(group: MappingNode) -> bool:
    """Whether this is more members for a group, and not its definition."""
    return group.entries.keys() <= {"members"}


def only(files: Sequence[File], key: str) -> tuple[Source | None, MappingNode]:
    """What stands under a top key that only one file may have, and the key's place; else an empty mapping."""
    for file in files:
        entry = file.root.entries.get(key)
        if entry:
            return entry.source, cast("MappingNode", entry.node)
    return None, MappingNode({}, Source("", 1, 1))


def _target(name: str, source: Source, node: MappingNode) -> Target:
    units = node.node("ou")
    return Target(
        name=name,
        source=source,
        role=node.text("role"),
        accounts=_names(node, "accounts"),
        units=_values(units) if units else (),
        tags=_tags(node, "tag"),
        exclude=frozenset(_names(node, "exclude")),
        external_id=node.text("external_id"),
    )


def _policy_set(name: str, source: Source, node: MappingNode, documents: Mapping[str, str]) -> PolicySet:
    policies = tuple(_policy_ref(each, documents) for each in policy_nodes(node))
    actions = cast("SequenceNode | None", node.node("actions"))
    return PolicySet(
        name, source, policies, node.text("description"), tuple(map(_action, actions.nodes)) if actions else ()
    )


def _policy_ref(node: ScalarNode | MappingNode, documents: Mapping[str, str]) -> PolicyRef:
    if isinstance(node, ScalarNode):
        return PolicyRef(policy_arn(node.value), node.source)
    file = node.scalar("file")
    document = PolicyDocument(documents[file.value], file.source) if file else _document(node, "document")
    return PolicyRef(written_arn(node), node.source, node.text("version"), document)


def _document(node: MappingNode, key: str) -> PolicyDocument | None:
    entry = node.entries.get(key)
    return PolicyDocument(text_of(entry.node), entry.source) if entry else None


def _inline(node: MappingNode) -> dict[str, PolicyDocument]:
    policies = cast("MappingNode | None", node.node("inline"))
    entries = policies.entries.items() if policies else ()
    return {name: PolicyDocument(text_of(entry.node), entry.source) for name, entry in entries}


def _action(node: Node) -> RequiredAction:
    if isinstance(node, ScalarNode):
        return RequiredAction(node.value, node.source)
    said = cast("MappingNode", node)
    context = cast("MappingNode | None", said.node("context"))
    return RequiredAction(
        said.text("action"),
        said.source,
        said.text("resource") or "*",
        tuple((key, _values(entry.node)) for key, entry in context.entries.items()) if context else (),
    )


def _values(node: Node) -> tuple[str, ...]:
    """One text or a list of them."""
    if isinstance(node, ScalarNode):
        return (node.value,)
    return tuple(each.value for each in cast("tuple[ScalarNode, ...]", cast("SequenceNode", node).nodes))


def _groups(files: Sequence[File]) -> dict[str, DesiredGroup]:
    chosen: dict[str, tuple[Source, MappingNode]] = {}
    for name, source, node in mappings(files, "groups"):
        if name not in chosen or (only_members(chosen[name][1]) and not only_members(node)):
            chosen[name] = (source, node)
    return {name: _group(name, source, node) for name, (source, node) in chosen.items()}


def _group(name: str, source: Source, node: MappingNode) -> DesiredGroup:
    return DesiredGroup(
        name=name,
        source=source,
        path=_said(node, "path"),
        required=_references(node, "required"),
        optional=_references(node, "optional"),
        inline=_inline(node),
        exclusive=node.flag("exclusive"),
        owner=node.text("owner"),
        managed_by=node.text("managed_by"),
        targets=_names(node, "targets"),
    )


def _role(name: str, source: Source, node: MappingNode) -> DesiredRole:
    return DesiredRole(
        name=name,
        source=source,
        path=_said(node, "path"),
        required=_references(node, "required"),
        optional=_references(node, "optional"),
        inline=_inline(node),
        boundary=_boundary(node.scalar("boundary")),
        trust=_document(node, "trust"),
        exclusive=node.flag("exclusive"),
        owner=node.text("owner"),
        managed_by=node.text("managed_by"),
        targets=_names(node, "targets"),
    )


def _users(files: Sequence[File], declared: Mapping[str, DesiredGroup]) -> dict[str, DesiredUser]:
    """Members of groups first, then what stands under `users`, in the order of the files."""
    joined: dict[str, dict[str, Reference]] = {}  # by user, then by group, where the files first say so
    for group, _, node in mappings(files, "groups"):
        for member in node.scalars("members"):
            joined.setdefault(member.value, {}).setdefault(group, Reference(group, member.source))
    users = {
        name: DesiredUser(
            name=name,
            source=next(iter(groups.values())).source,
            groups=tuple(groups.values()),
            targets=_targets_of([declared[group] for group in groups]),
        )
        for name, groups in joined.items()
    }
    types = {name: node for name, _, node in mappings(files, "user_defaults")}
    for name, source, node in mappings(files, "users"):
        users[name] = _user(name, source, node, joined.get(name, {}), types.get(node.text("type")))
    return users


def _targets_of(groups: Sequence[DesiredGroup]) -> tuple[str, ...]:
    """Where somebody is declared who only stands among the members of these groups: where one of them holds."""
    if not all(group.targets for group in groups):
        return ()
    return tuple(dict.fromkeys(name for group in groups for name in group.targets))


def _user(
    name: str, source: Source, node: MappingNode, joined: Mapping[str, Reference], default: MappingNode | None
) -> DesiredUser:
    own_groups = _references(node, "groups")
    own_names = {group.name for group in own_groups}
    console = node.scalar("console") or (default.scalar("console") if default else None)
    return DesiredUser(
        name=name,
        source=source,
        path=_said(node, "path"),
        groups=own_groups + tuple(group for name, group in joined.items() if name not in own_names),
        required=_references(node, "required"),
        optional=_references(node, "optional"),
        inline=_inline(node),
        boundary=_boundary(node.scalar("boundary")),
        access_keys=key_limits(node.node("access_keys"), default.node("access_keys") if default else None),
        console=Reference(console.value, console.source) if console else None,
        exclusive=node.flag("exclusive"),
        owner=node.text("owner"),
        managed_by=node.text("managed_by"),
        tags=_tags(node, "tags"),
        targets=_names(node, "targets"),
    )


def _boundary(scalar: ScalarNode | None) -> Boundary | None:
    if scalar is None:
        return None
    ref = None if scalar.value == "none" else PolicyRef(policy_arn(scalar.value), scalar.source)
    return Boundary(ref, scalar.source)


def _tags(node: MappingNode, key: str) -> tuple[tuple[str, str], ...]:
    tags = cast("MappingNode | None", node.node(key))
    return tuple((key, tags.text(key)) for key in tags.entries) if tags else ()


def _root(node: MappingNode, source: Source | None) -> RootExpectation:
    return RootExpectation(
        access_keys=cast("Literal['forbidden', 'allowed']", node.text("access_keys") or "forbidden"),
        mfa=cast("Literal['required', 'any']", node.text("mfa") or "required"),
        unused_days=int(node.text("unused_days") or "30"),
        source=source,
    )


def _waiver(node: MappingNode) -> Waiver:
    rule, policy = node.text("rule"), node.text("policy") or "*"
    managed = policy != "*" and rule not in INLINE
    return Waiver(
        rule=rule,
        reason=node.text("reason"),
        owner=node.text("owner"),
        expires=day_of(node) or date.min,
        subject=node.text("subject") or "*",
        policy=policy_arn(policy) if managed else policy,
        source=node.source,
        targets=_names(node, "targets"),
    )


def _said(node: MappingNode, key: str) -> str | None:
    scalar = node.scalar(key)
    return scalar.value if scalar else None


def _names(node: MappingNode, key: str) -> tuple[str, ...]:
    return tuple(each.value for each in node.scalars(key))


def _references(node: MappingNode, key: str) -> tuple[Reference, ...]:
    written = node.scalars(key)
    return tuple([Reference(each.value, each.source) for each in written]) if written else ()
