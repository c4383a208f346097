"""What no schema can say: names that nobody declared, things said twice, policies of another account.

Each check looks at the trees in the order of the files and yields what it refuses; only its first is ever asked for,
so a hint costs nothing until it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

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
from koding_audit.model.arn import SERVICE_LINKED, arn_account, arn_partition, is_reserved_path, policy_name
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

Refusals = Iterator[InputError]

_SINGLE_FILE_KEYS = ("account", "user_defaults", "closed", "root")
_LIST_KEYS = ("required", "optional", "members", "groups", "targets")
_PRINCIPAL_KEYS: Mapping[str, PrincipalKind] = {"groups": "group", "users": "user", "roles": "role"}

# In characters without white space, of a managed policy and of all inline policies together; AWS raises none of them
# (aws: reference_iam-quotas).
MAX_POLICY_LENGTH = 6144
MAX_INLINE_LENGTH: Mapping[PrincipalKind, int] = {"user": 2048, "group": 5120, "role": 10240}

RESERVED_ROLE_PREFIXES = ("AWSReservedSSO_", "AWSServiceRoleFor")


def first_refusal(files: Sequence[YamlFile], desired: Desired) -> InputError | None:
    """The first refusal by its place, files in their order; then that nothing is declared; None where all is well."""
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
    for key, noun in (("policy_sets", "policy set"), ("targets", "target"), *_PRINCIPAL_KEYS.items()):
        defined: dict[str, Location] = {}
        for name, source, node in mappings_of_files(files, key):
            if key == "groups" and has_only_members(node):
                continue
            if name in defined:
                yield _duplicate_error(f"{noun} {quote_text(name)}", defined[name], source)
            defined.setdefault(name, source)


def _check_name_case(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    for noun, names in (
        ("policy sets", ((name, source) for name, source, _ in mappings_of_files(files, "policy_sets"))),
        ("targets", ((name, source) for name, source, _ in mappings_of_files(files, "targets"))),
        ("groups", ((name, source) for name, source, _ in mappings_of_files(files, "groups"))),
        ("users", _user_names(files)),
        ("roles", ((name, source) for name, source, _ in mappings_of_files(files, "roles"))),
    ):
        seen: dict[str, tuple[str, Location]] = {}
        for name, source in names:
            first, there = seen.setdefault(name.lower(), (name, source))
            if first != name:
                yield InputError(
                    f"the {noun} {quote_text(first)} and {quote_text(name)} differ in case only; the first "
                    f"is at {place_text(there)}",
                    "IAM's names are unique ignoring case: spell both the same way",
                    source,
                )


def _check_no_root_user(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    for name, source in _user_names(files):
        if name.lower() == "root":
            hint = "what is expected of the root user stands under the top key `root`"
            yield InputError("root is not an IAM user", hint, source)


def _check_duplicate_entries(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    # A member may stand in the lists of several files: each team lists its own. In one list twice is a slip.
    for _, node in _principal_mappings(files):
        for key in node.entries:
            if key in _LIST_KEYS:
                yield from _refuse_repeated(node.scalars(key), {})
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
    for _, node in _principal_mappings(files):
        for key in node.entries:
            if key in {"required", "optional"}:
                yield from _refuse_unknown(node.scalars(key), desired.policy_sets, "policy set")
            elif key == "groups":
                yield from _refuse_unknown(node.scalars(key), desired.groups, "group")
            elif key == "targets":
                yield from _refuse_unknown(node.scalars(key), desired.targets, "target")
            elif key == "type":
                yield from _refuse_unknown(filter(None, [node.scalar(key)]), types, "type")
    for waiver in waiver_nodes(files):
        yield from _refuse_unknown(waiver.scalars("targets"), desired.targets, "target")


def _refuse_unknown(scalars: Iterable[ScalarNode], known: Iterable[str], noun: str) -> Refusals:
    for scalar in scalars:
        if scalar.value not in known:
            hint = nearest_hint(scalar.value, known, f"{noun}s")
            yield InputError(f"there is no {noun} {quote_text(scalar.value)}", hint, scalar.location)


def _check_required_or_optional(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    for _, node in _principal_mappings(files):
        required = {scalar.value: scalar.location for scalar in node.scalars("required")}
        for scalar in node.scalars("optional"):
            if scalar.value in required:
                first, second = sorted((required[scalar.value], scalar.location))
                yield InputError(
                    f"set {quote_text(scalar.value)} is both required and optional;"
                    f" the first is at {place_text(first)}",
                    "take it out of one of the two lists",
                    second,
                )


def _check_duplicate_policies(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    for name, _source, node in mappings_of_files(files, "policy_sets"):
        seen: dict[str, Location] = {}
        for each in policy_nodes(node):
            # The name leaves out partition and account: however those are written, no account can have both.
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
                message = f"policy {quote_text(policy_name(ref.arn))} is another one at {place_text(before.location)}"
                yield InputError(message, "one policy has one document, or one version: write both alike", ref.location)


def _text_of_document(document: PolicyDocument | None) -> str:
    return document.text if document else ""


def _check_policy_keys(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    for node in (node for file in files for node in policy_mappings(file.root)):
        said = {"version", "document", "file"} & node.entries.keys()
        name = node.text("name")
        if len(said) != 1:
            hint = "`version` pins a policy of AWS's; `document` or `file` says what one of your own holds"
            many = "more than one" if said else "none"
            yield InputError(f"of `version`, `document` and `file`, there is {many} here", hint, node.location)
        elif "version" in said and ("path" in node.entries or arn_account(arn_of_policy_name(name)) != "aws"):
            hint = "write its `document` or `file`, or only its name"
            yield InputError("only AWS's own policies are pinned to a version", hint, node.location)
        elif "version" not in said and ("/" in name or ":" in name):
            hint = "write the bare name, and its path with the key `path`"
            yield InputError(f"{quote_text(name)} is not the bare name of a policy of your own", hint, node.location)


def _check_documents(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    for text, node, trust, longest in _documents_to_check(files):
        refusal = document_error(text, node, trust=trust)
        if refusal:
            yield refusal
        elif longest and document_length(text) > longest:
            message = f"this document is of {document_length(text):,} characters, and IAM takes {longest:,} at most"
            yield InputError(message, "divide it into several policies", node.location)


def _check_inline_length(_files: Sequence[YamlFile], desired: Desired) -> Refusals:
    kinds: tuple[tuple[PrincipalKind, Iterable[DesiredGroup | DesiredUser | DesiredRole]], ...] = (
        ("group", desired.groups.values()),
        ("user", desired.users.values()),
        ("role", desired.roles.values()),
    )
    for kind, limit, each in ((kind, MAX_INLINE_LENGTH[kind], each) for kind, those in kinds for each in those):
        whole = sum(document_length(document.text) for document in each.inline.values())
        if whole > limit:
            message = f"the inline policies of a {kind} may have {limit:,} characters, and these have {whole:,}"
            yield InputError(message, "make managed policies of them", each.location)


def _documents_to_check(files: Sequence[YamlFile]) -> Iterator[tuple[str, YamlNode, bool, int]]:
    """Text and node of every document, whether it is a trust policy, and how long it may be (0: told elsewhere)."""
    for file in files:
        for policy in policy_mappings(file.root):
            name, document = policy.scalar("file"), policy.node("document")
            if name:
                yield file.documents[name.value], name, False, MAX_POLICY_LENGTH
            elif document:
                yield document_text(document), document, False, MAX_POLICY_LENGTH
    for _, node in _principal_mappings(files):
        inline = node.node("inline")
        for entry in inline.entries.values() if isinstance(inline, MappingNode) else ():
            yield document_text(entry.node), entry.node, False, 0
        trust = node.node("trust")
        if trust:
            yield document_text(trust), trust, True, 0


def _check_reserved_roles(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    for name, source, node in mappings_of_files(files, "roles"):
        if name.startswith(RESERVED_ROLE_PREFIXES) or is_reserved_path(node.text("path")):
            hint = "AWS makes and changes it: take it out, or ignore it"
            yield InputError(f"role {quote_text(name)} is Identity Center's or an AWS service's own", hint, source)


def _check_attachable(files: Sequence[YamlFile], desired: Desired) -> Refusals:
    accounts = {"aws", "${account}", *desired.account_ids}
    for arn, source in _named_policies(files):
        partition, account = arn_partition(arn), arn_account(arn)
        if desired.partition and partition not in {"${partition}", desired.partition}:
            message = f"this policy is of partition {partition}, and `account` says {desired.partition}"
            yield InputError(message, "write ${partition} in its place", source)
        elif desired.account_ids and account not in accounts:
            message = f"this policy is of account {account}, which is not the one that `account` says"
            yield InputError(message, "write ${account} in its place", source)
        elif account == "aws" and policy_name(arn).startswith(SERVICE_LINKED):
            message = f"{quote_text(policy_name(arn))} is for service-linked roles only"
            yield InputError(message, "IAM attaches it to no user or group, nor to another role: remove it", source)


def _check_quoted_account_ids(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    targets = [node for _, _, node in mappings_of_files(files, "targets")]
    listed = [scalar for node in targets for key in ("accounts", "exclude") for scalar in node.scalars(key)]
    for scalar in sorted(
        (*account_id_scalars(top_level_mapping(files, "account")[1]), *listed), key=lambda each: each.location
    ):
        if scalar.is_plain:
            message = "the account id stands without quotes, and other YAML readers would make a number of it"
            yield InputError(message, f'write "{scalar.value}"', scalar.location)


def _check_key_limits(files: Sequence[YamlFile], desired: Desired) -> Refusals:
    defaults = (
        merge_key_limits(node.node("access_keys"), None) for _, _, node in mappings_of_files(files, "user_defaults")
    )
    for limits in (*defaults, *(user.access_keys for user in desired.users.values())):
        if limits and limits.max_active is not None and (limits.min_active or 0) > limits.max_active:
            yield InputError(
                f"min_active {limits.min_active} is more than max_active {limits.max_active}",
                "what `user_defaults` says holds too, limit by limit, unless the user says otherwise",
                limits.location,
            )


def _check_not_ignored(files: Sequence[YamlFile], desired: Desired) -> Refusals:
    rules = [each for file in files for each in ignore_entries(file)]
    declared: tuple[tuple[PrincipalKind, Iterable[tuple[str, Location]]], ...] = (
        ("group", ((name, source) for name, source, _ in mappings_of_files(files, "groups"))),
        ("user", ((user.name, user.location) for user in desired.users.values())),
        ("role", ((role.name, role.location) for role in desired.roles.values())),
    )
    for kind, names in declared:
        patterns = [each for each in rules if each.kind == kind]
        for name, source in names if patterns else ():
            for each in patterns:
                if matches_wildcard(each.pattern, name):
                    message = f"{kind} {quote_text(name)} is declared, and ignored at {place_text(each.location)}"
                    yield InputError(message, "take it out of one of the two", source)


def _check_waivers(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    for node in waiver_nodes(files):
        rule = node.text("rule")
        traits = find_rule_traits(rule)
        policy = node.scalar("policy")
        if not traits.is_waivable:
            hint = "rules about root, protected users, waivers and what was not read cannot be"
            yield InputError(
                f"findings of {quote_text(rule)} cannot be waived", hint, node.entries["rule"].node.location
            )
        elif policy and not traits.names_policy:
            yield InputError(
                f"findings of {quote_text(rule)} are about no policy", "narrow it by `subject`", policy.location
            )
        elif expiry_day(node) is None:
            expires = node.entries["expires"].node.location
            yield InputError(f"the calendar has no day {quote_text(node.text('expires'))}", "correct it", expires)


def _check_duplicate_waivers(_files: Sequence[YamlFile], desired: Desired) -> Refusals:
    seen: dict[tuple[str, str, str], Location] = {}
    for each in desired.waivers:
        if each.location:
            first = seen.setdefault((each.rule, each.subject, each.policy), each.location)
            if first is not each.location:
                yield _duplicate_error(f"this waiver of {quote_text(each.rule)}", first, each.location)


def _check_target_keys(files: Sequence[YamlFile], _desired: Desired) -> Refusals:
    for name, source, node in mappings_of_files(files, "targets"):
        found = bool({"ou", "tag"} & node.entries.keys())
        if found == ("accounts" in node.entries):
            hint = "name its `accounts`, or let the organization tell them with `ou`, `tag` or both"
            many = "its accounts twice over" if found else "no accounts"
            yield InputError(f"target {quote_text(name)} names {many}", hint, source)
        elif "accounts" in node.entries and "exclude" in node.entries:
            hint = "leave them out of `accounts`; `exclude` is for what the organization tells"
            yield InputError(
                f"target {quote_text(name)} names accounts and excludes some", hint, node.entries["exclude"].location
            )


def _check_target_accounts(files: Sequence[YamlFile], desired: Desired) -> Refusals:
    first: dict[str, Target] = {}
    for name, _, node in mappings_of_files(files, "targets"):
        target = desired.targets[name]
        for scalar in node.scalars("accounts"):
            before = first.setdefault(scalar.value, target)
            if (before.role, before.external_id) != (target.role, target.external_id):
                message = f"account {scalar.value} is reached by another role in target {quote_text(before.name)}"
                yield InputError(message, "give both targets the same `role` and `external_id`", scalar.location)
            elif desired.account_ids and scalar.value not in desired.account_ids:
                message = f"account {scalar.value} is not one of those that `account` says"
                yield InputError(message, "take it out of the target, or add it there", scalar.location)


def _check_not_empty(files: Sequence[YamlFile], desired: Desired) -> InputError | None:
    if desired.users or desired.groups or desired.roles or desired.closed or desired.root.location:
        return None
    hint = "declare a group, a user or a role, or say `root:` or `closed:`"
    return InputError("nothing is declared here, so nothing would be audited", hint, files[0].root.location)


def _principal_mappings(files: Sequence[YamlFile]) -> Iterator[tuple[str, MappingNode]]:
    """Name and mapping of every group, user and role, as they stand in the files."""
    keys = ((file.root, key) for file in files for key in file.root.entries if key in _PRINCIPAL_KEYS)
    return ((name, node) for root, key in keys for name, _, node in root.mappings(key))


def _user_names(files: Sequence[YamlFile]) -> Iterator[tuple[str, Location]]:
    """Every user, wherever it is declared; a user that stands in several places comes several times."""
    for _, _, node in mappings_of_files(files, "groups"):
        yield from ((member.value, member.location) for member in node.scalars("members"))
    yield from ((name, source) for name, source, _ in mappings_of_files(files, "users"))


def _named_policies(files: Sequence[YamlFile]) -> Iterator[tuple[str, Location]]:
    """ARN and place of every policy that is named."""
    for _, _, node in mappings_of_files(files, "policy_sets"):
        yield from ((arn_of_policy_node(each), each.location) for each in policy_nodes(node))
    for _, _, node in (*mappings_of_files(files, "users"), *mappings_of_files(files, "roles")):
        boundary = node.scalar("boundary")
        if boundary and boundary.value != "none":
            yield arn_of_policy_name(boundary.value), boundary.location


def _duplicate_error(what: str, first: Location, second: Location) -> InputError:
    return InputError(f"{what} stands here twice, first at {place_text(first)}", "leave one of the two", second)


CHECKS: tuple[Callable[[Sequence[YamlFile], Desired], Refusals], ...] = (
    _check_unique_keys,
    _check_unique_names,
    _check_name_case,
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
