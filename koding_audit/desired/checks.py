"""Checks that a schema cannot express: undeclared names, duplicates, policies of another account.

Each check goes through the files in order and yields errors. Only the first error is used, so a hint is computed only
if it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from koding_audit.desired.builder import (
    account_id_scalars,
    arn_of_policy_name,
    arn_of_policy_node,
    expiry_day,
    has_only_members,
    ignore_entries,
    merge_key_limits,
    policy_nodes,
    top_level_mapping,
    waiver_nodes,
)
from koding_audit.desired.messages import nearest_hint
from koding_audit.desired.policy_documents import document_error, document_length, document_text, policy_mappings
from koding_audit.io.text import place_text, quote_text
from koding_audit.io.yaml_nodes import MappingNode, ScalarNode, YamlFile, YamlNode, mappings_of_files
from koding_audit.model.account import PrincipalKind
from koding_audit.model.arn import arn_account, arn_partition, policy_name
from koding_audit.model.desired import (
    Desired,
    DesiredGroup,
    DesiredRole,
    DesiredUser,
    PolicyDocument,
    PolicyRef,
    Target,
)
from koding_audit.model.errors import InputError
from koding_audit.model.location import Location
from koding_audit.model.traits import find_rule_traits
from koding_audit.model.wildcard import matches_wildcard
from koding_audit.reference.quotas import load_quotas
from koding_audit.reference.reserved import load_reserved_names

Refusals = Iterator[InputError]

_SINGLE_FILE_KEYS = ("account", "user_defaults", "closed", "root")
_LIST_KEYS = frozenset({"required", "optional", "members", "groups", "targets"})
_PRINCIPAL_KEYS: Mapping[str, PrincipalKind] = {"groups": "group", "users": "user", "roles": "role"}


def first_refusal(files: Sequence[YamlFile], desired: Desired) -> InputError | None:
    """Return the first error by place, with files in order; else the error that nothing is declared; else None."""
    order = {file.source_file.path: number for number, file in enumerate(files)}

    def rank(error: InputError) -> tuple[int, Location]:
        where = error.location or Location("", 1, 1)
        return order.get(where.path, 0), where

    firsts = (next(check(files, desired), None) for check in CHECKS)
    return min((error for error in firsts if error), key=rank, default=_check_not_empty(files, desired))


def _check_unique_keys(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    for key in _SINGLE_FILE_KEYS:
        places = [file.root.entries[key].location for file in files if key in file.root.entries]
        for source in places[1:]:
            yield _duplicate_error(f"`{key}`", places[0], source)


def _check_unique_names(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    if len(files) == 1:
        return  # a file with a key twice is refused when it is read
    for key, noun in (("policy_sets", "policy set"), ("targets", "target"), *_PRINCIPAL_KEYS.items()):
        defined: dict[str, Location] = {}
        for name, source, node in mappings_of_files(files, key):
            if key == "groups" and has_only_members(node):
                continue
            if name in defined:
                yield _duplicate_error(f"{noun} {quote_text(name)}", defined[name], source)
            defined.setdefault(name, source)


def _check_name_case(files: Sequence[YamlFile], desired: Desired) -> Refusals:
    spelled: tuple[tuple[str, Collection[str], Iterable[tuple[str, Location]]], ...] = (
        ("policy sets", desired.policy_sets, _names(files, "policy_sets")),
        ("targets", desired.targets, _names(files, "targets")),
        ("groups", desired.groups, _names(files, "groups")),
        ("users", desired.users, _user_names(files)),
        ("roles", desired.roles, _names(files, "roles")),
    )
    for noun, declared, names in spelled:
        if len({name.lower() for name in declared}) == len(declared):
            continue
        seen: dict[str, tuple[str, Location]] = {}
        for name, source in names:
            first, first_place = seen.setdefault(name.lower(), (name, source))
            if first != name:
                yield InputError(
                    f"the {noun} {quote_text(first)} and {quote_text(name)} differ only in case; the first "
                    f"is at {place_text(first_place)}",
                    "use the same spelling: IAM's names are unique ignoring case",
                    source,
                )


def _check_policy_names(files: Sequence[YamlFile], desired: Desired) -> Refusals:
    # With targets each account has its own part of the file: policy-name-taken then judges each.
    seen: dict[str, PolicyRef] = {}
    own = (ref for each in desired.policy_sets.values() for ref in each.policies if ref.document is not None)
    for ref in own if not any(True for _ in mappings_of_files(files, "targets")) else ():
        first = seen.setdefault(ref.arn.rpartition("/")[2].casefold(), ref)
        if first.arn != ref.arn:
            yield InputError(
                f"the policies {quote_text(policy_name(first.arn))} and {quote_text(policy_name(ref.arn))} cannot both "
                f"exist; the first is at {place_text(first.location)}",
                "give one another name: IAM's policy names are unique in an account, ignoring path and case",
                ref.location,
            )


def _check_no_root_user(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    for name, source in _user_names(files):
        if name.lower() == "root":
            hint = "declare the root user under the top-level key `root`"
            yield InputError("root is not an IAM user", hint, source)


def _check_duplicate_entries(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    # The lists of several files may contain the same member: each team has its own. Within one list it is a mistake.
    for node in _principal_mappings(files):
        for key, entry in node.entries.items():
            if key in _LIST_KEYS:
                listed: Any = entry.node
                if len(listed.nodes) > 1:
                    yield from _refuse_repeated(listed.nodes, {})
    for _, _, target in mappings_of_files(files, "targets"):
        yield from _refuse_repeated(target.scalars("accounts"), {})
    yield from _refuse_repeated(account_id_scalars(top_level_mapping(files, "account")[1]), {})
    rules: dict[tuple[PrincipalKind, str], Location] = {}
    for file in files:
        for each in ignore_entries(file):
            first = rules.setdefault((each.kind, each.pattern), each.location)
            if first is not each.location:
                yield _duplicate_error(f"{each.kind} {quote_text(each.pattern)}", first, each.location)


def _refuse_repeated(scalars: Iterable[ScalarNode], seen: dict[str, Location]) -> Refusals:
    for scalar in scalars:
        first = seen.setdefault(scalar.value, scalar.location)
        if first is not scalar.location:
            yield _duplicate_error(quote_text(scalar.value), first, scalar.location)


def _check_known_names(files: Sequence[YamlFile], desired: Desired) -> Refusals:
    types = {name for name, *_ in mappings_of_files(files, "user_defaults")}
    known: Mapping[str, tuple[Iterable[str], str]] = {
        "required": (desired.policy_sets, "policy set"),
        "optional": (desired.policy_sets, "policy set"),
        "groups": (desired.groups, "group"),
        "targets": (desired.targets, "target"),
        "type": (types, "type"),
    }
    for node in chain(_principal_mappings(files), waiver_nodes(files)):
        for key, entry in node.entries.items():
            if key in known:
                names, noun = known[key]
                written: Any = entry.node
                for scalar in (written,) if key == "type" else written.nodes:
                    if scalar.value not in names:
                        hint = nearest_hint(scalar.value, names, f"{noun}s")
                        yield InputError(f"{noun} {quote_text(scalar.value)} is not declared", hint, scalar.location)


def _check_required_or_optional(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    for node in _principal_mappings(files):
        optional = node.scalars("optional")
        required = {scalar.value: scalar.location for scalar in node.scalars("required")} if optional else {}
        for scalar in optional:
            if scalar.value in required:
                first, second = sorted((required[scalar.value], scalar.location))
                yield InputError(
                    f"set {quote_text(scalar.value)} is both required and optional;"
                    f" the first is at {place_text(first)}",
                    "remove it from one of the two lists",
                    second,
                )


def _check_duplicate_policies(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    for name, _source, node in mappings_of_files(files, "policy_sets"):
        seen: dict[str, Location] = {}
        for each in policy_nodes(node):
            # The name has no partition and account: regardless of their spelling, it is one policy in an account.
            policy = policy_name(arn_of_policy_node(each))
            first = seen.setdefault(policy, each.location)
            if first is not each.location:
                yield _duplicate_error(f"policy {quote_text(policy)} of set {quote_text(name)}", first, each.location)


def _check_same_content(_files: Sequence[YamlFile], desired: Desired) -> Refusals:
    first: dict[str, PolicyRef] = {}
    for ref in (ref for policy_set in desired.policy_sets.values() for ref in policy_set.policies):
        if ref.version or ref.document:
            before = first.setdefault(ref.arn, ref)
            same = before.version == ref.version and _text_of_document(before.document) == _text_of_document(
                ref.document
            )
            if not same:
                name, place = quote_text(policy_name(ref.arn)), place_text(before.location)
                message = f"policy {name} has another document or version at {place}"
                yield InputError(message, "use the same document or version in both places", ref.location)


def _text_of_document(document: PolicyDocument | None) -> str:
    return document.text if document else ""


def _check_policy_keys(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    for node in (node for file in files for node in policy_mappings(file.root)):
        keys = {"version", "document", "file"} & node.entries.keys()
        name = node.text("name")
        if len(keys) != 1:
            hint = "write `version` to pin an AWS managed policy, or `document` or `file` for a policy of your own"
            number = "more than one" if keys else "none"
            yield InputError(f"the policy has {number} of `version`, `document` and `file`", hint, node.location)
        elif "version" in keys and ("path" in node.entries or arn_account(arn_of_policy_name(name)) != "aws"):
            hint = "write its `document` or `file`, or only its name"
            yield InputError("only AWS managed policies can be pinned to a version", hint, node.location)
        elif "version" not in keys and ("/" in name or ":" in name):
            hint = "write the name without a path, and the path under the key `path`"
            yield InputError(f"{quote_text(name)} is not the plain name of a policy of your own", hint, node.location)


def _check_documents(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    documents = tuple(_documents_to_check(files))
    longest = load_quotas()["document", "policy"].value if documents else 0
    for text, node, trust, managed in documents:
        refusal = document_error(text, node, trust=trust)
        if refusal:
            yield refusal
        elif managed and document_length(text) > longest:
            message = f"the document has {document_length(text):,} characters, and IAM allows at most {longest:,}"
            yield InputError(message, "split it into several policies", node.location)


def _check_inline_length(_files: Sequence[YamlFile], desired: Desired) -> Refusals:
    kinds: tuple[tuple[PrincipalKind, Iterable[DesiredGroup | DesiredUser | DesiredRole]], ...] = (
        ("group", desired.groups.values()),
        ("user", desired.users.values()),
        ("role", desired.roles.values()),
    )
    holders = [(kind, each) for kind, those in kinds for each in those if each.inline]
    quotas = load_quotas() if holders else {}
    for kind, each in holders:
        limit = quotas["inline documents", kind].value
        total = sum(document_length(document.text) for document in each.inline.values())
        if total > limit:
            message = f"the inline policies have {total:,} characters, and IAM allows at most {limit:,} for a {kind}"
            yield InputError(message, "use managed policies instead", each.location)


def _documents_to_check(files: Sequence[YamlFile]) -> Iterator[tuple[str, YamlNode, bool, bool]]:
    """Yield text and node of every document, and whether it is a trust policy, and that of a managed policy."""
    for file in files:
        for policy in policy_mappings(file.root):
            name, document = policy.scalar("file"), policy.node("document")
            if name:
                yield file.documents[name.value], name, False, True
            elif document:
                yield document_text(document), document, False, True
    for node in _principal_mappings(files):
        inline, trust = node.node("inline"), node.node("trust")
        for entry in inline.entries.values() if isinstance(inline, MappingNode) else ():
            yield document_text(entry.node), entry.node, False, False
        if trust:
            yield document_text(trust), trust, True, False


def _check_reserved_roles(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    reserved = load_reserved_names()
    for name, source, node in mappings_of_files(files, "roles"):
        if reserved.is_reserved_role(name, node.text("path")):
            hint = "remove it, or add it to `ignore`: AWS creates and changes it"
            yield InputError(f"role {quote_text(name)} belongs to an AWS service or to Identity Center", hint, source)


def _check_attachable(files: Sequence[YamlFile], desired: Desired) -> Refusals:
    accounts, reserved = {"aws", "${account}", *desired.account_ids}, load_reserved_names()
    for arn, source in _named_policies(files):
        partition, account = arn_partition(arn), arn_account(arn)
        if desired.partition and partition not in {"${partition}", desired.partition}:
            message = f"the policy is in partition {partition}, but `account` is in {desired.partition}"
            yield InputError(message, "write ${partition} instead", source)
        elif desired.account_ids and account not in accounts:
            message = f"the policy is in account {account}, which is not in `account`"
            yield InputError(message, "write ${account} instead", source)
        elif account == "aws" and reserved.is_for_service_linked_roles(policy_name(arn)):
            message = f"{quote_text(policy_name(arn))} is for service-linked roles only"
            yield InputError(message, "remove it: IAM attaches it to no other role, user or group", source)


def _check_quoted_account_ids(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    targets = [node for _, _, node in mappings_of_files(files, "targets")]
    listed = [scalar for node in targets for key in ("accounts", "exclude") for scalar in node.scalars(key)]
    for scalar in sorted(
        (*account_id_scalars(top_level_mapping(files, "account")[1]), *listed), key=lambda each: each.location
    ):
        if scalar.is_plain:
            message = "the account id has no quotes, so other YAML readers read it as a number"
            yield InputError(message, f'write "{scalar.value}"', scalar.location)


def _check_key_limits(files: Sequence[YamlFile], desired: Desired) -> Refusals:
    defaults = (
        merge_key_limits(node.node("access_keys"), None) for _, _, node in mappings_of_files(files, "user_defaults")
    )
    for limits in (*defaults, *(user.access_keys for user in desired.users.values())):
        if limits and limits.max_active is not None and (limits.min_active or 0) > limits.max_active:
            yield InputError(
                f"min_active {limits.min_active} is more than max_active {limits.max_active}",
                "change one of them; a limit that the user does not set comes from `user_defaults`",
                limits.location,
            )


def _check_not_ignored(files: Sequence[YamlFile], desired: Desired) -> Refusals:
    rules = [each for file in files for each in ignore_entries(file)]
    declared: tuple[tuple[PrincipalKind, Iterable[tuple[str, Location]]], ...] = (
        ("group", _names(files, "groups")),
        ("user", ((user.name, user.location) for user in desired.users.values())),
        ("role", ((role.name, role.location) for role in desired.roles.values())),
    )
    for kind, names in declared:
        patterns = [each for each in rules if each.kind == kind]
        for name, source in names if patterns else ():
            for each in patterns:
                if matches_wildcard(each.pattern, name):
                    message = f"{kind} {quote_text(name)} is declared, but ignored at {place_text(each.location)}"
                    yield InputError(message, "remove one of the two", source)


def _check_waivers(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    for node in waiver_nodes(files):
        rule = node.text("rule")
        traits = find_rule_traits(rule)
        policy = node.scalar("policy")
        if not traits.is_waivable:
            hint = "remove it: rules about root, protected users, waivers and unread facts cannot be waived"
            yield InputError(
                f"findings of {quote_text(rule)} cannot be waived", hint, node.entries["rule"].node.location
            )
        elif policy and not traits.names_policy:
            yield InputError(
                f"findings of {quote_text(rule)} are not about a policy", "use `subject` instead", policy.location
            )
        elif expiry_day(node) is None:
            expires = node.entries["expires"].node.location
            day = quote_text(node.text("expires"))
            yield InputError(f"{day} is not a day of the calendar", "correct the date", expires)


def _check_duplicate_waivers(_files: Sequence[YamlFile], desired: Desired) -> Refusals:
    seen: dict[tuple[str, str, str], Location] = {}
    for each in desired.waivers:
        if each.location:
            first = seen.setdefault((each.rule, each.subject, each.policy), each.location)
            if first is not each.location:
                yield _duplicate_error(f"waiver of {quote_text(each.rule)}", first, each.location)


def _check_target_keys(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    for name, source, node in mappings_of_files(files, "targets"):
        has_selection = bool({"ou", "tag"} & node.entries.keys())
        if has_selection == ("accounts" in node.entries):
            hint = "list its `accounts`, or select them with `ou`, `tag` or both"
            problem = "has both `accounts` and `ou` or `tag`" if has_selection else "has no accounts"
            yield InputError(f"target {quote_text(name)} {problem}", hint, source)
        elif "accounts" in node.entries and "exclude" in node.entries:
            hint = "remove the accounts from `accounts`; `exclude` is only for `ou` and `tag`"
            yield InputError(
                f"target {quote_text(name)} has both `accounts` and `exclude`", hint, node.entries["exclude"].location
            )


def _check_target_accounts(files: Sequence[YamlFile], desired: Desired) -> Refusals:
    first: dict[str, Target] = {}
    for name, _, node in mappings_of_files(files, "targets"):
        target = desired.targets[name]
        for scalar in node.scalars("accounts"):
            before = first.setdefault(scalar.value, target)
            if (before.role, before.external_id) != (target.role, target.external_id):
                message = f"account {scalar.value} has another role or external id in target {quote_text(before.name)}"
                yield InputError(message, "use the same `role` and `external_id` in both targets", scalar.location)
            elif desired.account_ids and scalar.value not in desired.account_ids:
                message = f"account {scalar.value} is not in `account`"
                yield InputError(message, "remove it from the target, or add it to `account`", scalar.location)


def _check_not_empty(files: Sequence[YamlFile], desired: Desired) -> InputError | None:
    if desired.users or desired.groups or desired.roles or desired.closed or desired.root.location:
        return None
    hint = "declare a group, a user or a role, or add `root:` or `closed:`"
    return InputError("nothing is declared, so there is nothing to audit", hint, files[0].root.location)


def _principal_mappings(files: Sequence[YamlFile]) -> Iterator[MappingNode]:
    """Yield the mapping of every group, user and role, in the order of the files."""
    for file in files:
        for key, entry in file.root.entries.items():
            if key in _PRINCIPAL_KEYS:
                principals: Any = entry.node
                for each in principals.entries.values():
                    yield each.node


def _names(files: Sequence[YamlFile], key: str) -> Iterator[tuple[str, Location]]:
    """The name of each entry under a top-level key, with its place."""
    return ((name, source) for name, source, _ in mappings_of_files(files, key))


def _user_names(files: Sequence[YamlFile]) -> Iterator[tuple[str, Location]]:
    """Yield every user with its place, once for each place where it is declared."""
    for _, _, node in mappings_of_files(files, "groups"):
        yield from ((member.value, member.location) for member in node.scalars("members"))
    yield from _names(files, "users")


def _named_policies(files: Sequence[YamlFile]) -> Iterator[tuple[str, Location]]:
    """Yield ARN and place of every policy in sets and boundaries."""
    for _, _, node in mappings_of_files(files, "policy_sets"):
        yield from ((arn_of_policy_node(each), each.location) for each in policy_nodes(node))
    for _, _, node in (*mappings_of_files(files, "users"), *mappings_of_files(files, "roles")):
        boundary = node.scalar("boundary")
        if boundary and boundary.value != "none":
            yield arn_of_policy_name(boundary.value), boundary.location


def _duplicate_error(what: str, first: Location, second: Location) -> InputError:
    return InputError(f"duplicate {what}; the first is at {place_text(first)}", "remove one of the two", second)


CHECKS: tuple[Callable[[Sequence[YamlFile], Desired], Refusals], ...] = (
    _check_unique_keys,
    _check_unique_names,
    _check_name_case,
    _check_policy_names,
    _check_no_root_user,
    _check_duplicate_entries,
    _check_known_names,
    _check_required_or_optional,
    _check_duplicate_policies,
    _check_policy_keys,
    _check_same_content,
    _check_documents,
    _check_inline_length,
    _check_reserved_roles,
    _check_attachable,
    _check_quoted_account_ids,
    _check_key_limits,
    _check_not_ignored,
    _check_waivers,
    _check_duplicate_waivers,
    _check_target_keys,
    _check_target_accounts,
)
