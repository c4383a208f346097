"""What no schema can say: names that nobody declared, things said twice, policies of another account.

Each check looks at the trees in the order of the files and yields what it refuses; only its first is ever asked for,
so a hint costs nothing until it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from koding_audit.arns import SERVICE_LINKED, is_reserved, owner_of, partition_of, policy_name
from koding_audit.desired.building import (
    account_ids,
    arn_of,
    day_of,
    ignored,
    key_limits,
    only,
    only_members,
    policy_arn,
    policy_nodes,
    waiver_nodes,
)
from koding_audit.desired.documents import length, problem_of, text_of, written_policies
from koding_audit.desired.nodes import File, MappingNode, Node, ScalarNode, mappings
from koding_audit.desired.wording import nearest, place, shown
from koding_audit.errors import InputError
from koding_audit.model import (
    Desired,
    DesiredGroup,
    DesiredRole,
    DesiredUser,
    Kind,
    PolicyDocument,
    PolicyRef,
    Source,
    Target,
)
from koding_audit.waivers import ABOUT_A_POLICY, can_be_waived
from koding_audit.wildcard import matches

Refusals = Iterator[InputError]

_ONCE = ("account", "user_defaults", "closed", "root")
_LISTS = ("required", "optional", "members", "groups", "targets")
_PRINCIPALS: Mapping[str, Kind] = {"groups": "group", "users": "user", "roles": "role"}

# In characters without white space, of a managed policy and of all inline policies together; AWS raises none of them
# (aws: reference_iam-quotas).
LONGEST_POLICY = 6144
LONGEST_INLINE: Mapping[Kind, int] = {"user": 2048, "group": 5120, "role": 10240}

NOT_OURS = ("AWSReservedSSO_", "AWSServiceRoleFor")


def problem(files: Sequence[File], desired: Desired) -> InputError | None:
    """The first refusal by its place, files in their order; then that nothing is declared; None where all is well."""
    order = {file.read.path: number for number, file in enumerate(files)}

    def rank(error: InputError) -> tuple[int, Source]:
        where = error.location or Source("", 1, 1)
        return order.get(where.path, 0), where

    firsts = (next(check(files, desired), None) for check in CHECKS)
    return min((error for error in firsts if error), key=rank, default=_nothing_declared(files, desired))


def _keys_of_several_files(files: Sequence[File], _desired: Desired) -> Refusals:
    for key in _ONCE:
        places = [file.root.entries[key].source for file in files if key in file.root.entries]
        for source in places[1:]:
            yield _twice(f"`{key}`", places[0], source)


def _names_of_several_files(files: Sequence[File], _desired: Desired) -> Refusals:
    for key, noun in (("policy_sets", "policy set"), ("targets", "target"), *_PRINCIPALS.items()):
        defined: dict[str, Source] = {}
        for name, source, node in mappings(files, key):
            if key == "groups" and only_members(node):
                continue
            if name in defined:
                yield _twice(f"{noun} {shown(name)}", defined[name], source)
            defined.setdefault(name, source)


def _names_that_differ_in_case(files: Sequence[File], _desired: Desired) -> Refusals:
    for noun, names in (
        ("policy sets", ((name, source) for name, source, _ in mappings(files, "policy_sets"))),
        ("targets", ((name, source) for name, source, _ in mappings(files, "targets"))),
        ("groups", ((name, source) for name, source, _ in mappings(files, "groups"))),
        ("users", _user_names(files)),
        ("roles", ((name, source) for name, source, _ in mappings(files, "roles"))),
    ):
        seen: dict[str, tuple[str, Source]] = {}
        for name, source in names:
            first, there = seen.setdefault(name.lower(), (name, source))
            if first != name:
                yield InputError(
                    f"the {noun} {shown(first)} and {shown(name)} differ in case only; the first is at {place(there)}",
                    "IAM's names are unique ignoring case: spell both the same way",
                    source,
                )


def _root_as_user(files: Sequence[File], _desired: Desired) -> Refusals:
    for name, source in _user_names(files):
        if name.lower() == "root":
            hint = "what is expected of the root user stands under the top key `root`"
            yield InputError("root is not an IAM user", hint, source)


def _entries_that_stand_twice(files: Sequence[File], _desired: Desired) -> Refusals:
    # A member may stand in the lists of several files: each team lists its own. In one list twice is a slip.
    for _, node in _declared(files):
        for key in node.entries:
            if key in _LISTS:
                yield from _repeated(node.scalars(key), {})
    for _, _, target in mappings(files, "targets"):
        yield from _repeated(target.scalars("accounts"), {})
    yield from _repeated(account_ids(only(files, "account")[1]), {})
    rules: dict[tuple[Kind, str], Source] = {}
    for file in files:
        for each in ignored(file):
            first = rules.setdefault((each.kind, each.pattern), each.source)
            if first is not each.source:
                yield _twice(f"{each.kind} {shown(each.pattern)}", first, each.source)


def _repeated(scalars: Iterable[ScalarNode], seen: dict[str, Source]) -> Refusals:
    for scalar in scalars:
        first = seen.setdefault(scalar.value, scalar.source)
        if first is not scalar.source:
            yield _twice(shown(scalar.value), first, scalar.source)


def _unknown_names(files: Sequence[File], desired: Desired) -> Refusals:
    types = {name for name, *_ in mappings(files, "user_defaults")}
    for _, node in _declared(files):
        for key in node.entries:
            if key in {"required", "optional"}:
                yield from _unknown(node.scalars(key), desired.policy_sets, "policy set")
            elif key == "groups":
                yield from _unknown(node.scalars(key), desired.groups, "group")
            elif key == "targets":
                yield from _unknown(node.scalars(key), desired.targets, "target")
            elif key == "type":
                yield from _unknown(filter(None, [node.scalar(key)]), types, "type")
    for waiver in waiver_nodes(files):
        yield from _unknown(waiver.scalars("targets"), desired.targets, "target")


def _unknown(scalars: Iterable[ScalarNode], known: Iterable[str], noun: str) -> Refusals:
    for scalar in scalars:
        if scalar.value not in known:
            hint = nearest(scalar.value, known, f"{noun}s")
            yield InputError(f"there is no {noun} {shown(scalar.value)}", hint, scalar.source)


def _sets_both_required_and_optional(files: Sequence[File], _desired: Desired) -> Refusals:
    for _, node in _declared(files):
        required = {scalar.value: scalar.source for scalar in node.scalars("required")}
        for scalar in node.scalars("optional"):
            if scalar.value in required:
                first, second = sorted((required[scalar.value], scalar.source))
                yield InputError(
                    f"set {shown(scalar.value)} is both required and optional; the first is at {place(first)}",
                    "take it out of one of the two lists",
                    second,
                )


def _policies_that_stand_twice(files: Sequence[File], _desired: Desired) -> Refusals:
    for name, _source, node in mappings(files, "policy_sets"):
        seen: dict[str, Source] = {}
        for each in policy_nodes(node):
            # The name leaves out partition and account: however those are written, no account can have both.
            policy = policy_name(arn_of(each))
            first = seen.setdefault(policy, each.source)
            if first is not each.source:
                yield _twice(f"policy {shown(policy)} of set {shown(name)}", first, each.source)


def _policies_written_two_ways(_files: Sequence[File], desired: Desired) -> Refusals:
    first: dict[str, PolicyRef] = {}
    for ref in (ref for policy_set in desired.policy_sets.values() for ref in policy_set.policies):
        if ref.version or ref.document:
            before = first.setdefault(ref.arn, ref)
            same = before.version == ref.version and _text(before.document) == _text(ref.document)
            if not same:
                message = f"policy {shown(policy_name(ref.arn))} is another one at {place(before.source)}"
                yield InputError(message, "one policy has one document, or one version: write both alike", ref.source)


def _text(document: PolicyDocument | None) -> str:
    return document.text if document else ""


def _policies_with_too_much_or_too_little(files: Sequence[File], _desired: Desired) -> Refusals:
    for node in (node for file in files for node in written_policies(file.root)):
        said = {"version", "document", "file"} & node.entries.keys()
        name = node.text("name")
        if len(said) != 1:
            hint = "`version` pins a policy of AWS's; `document` or `file` says what one of your own holds"
            many = "more than one" if said else "none"
            yield InputError(f"of `version`, `document` and `file`, there is {many} here", hint, node.source)
        elif "version" in said and ("path" in node.entries or owner_of(policy_arn(name)) != "aws"):
            hint = "write its `document` or `file`, or only its name"
            yield InputError("only AWS's own policies are pinned to a version", hint, node.source)
        elif "version" not in said and ("/" in name or ":" in name):
            hint = "write the bare name, and its path with the key `path`"
            yield InputError(f"{shown(name)} is not the bare name of a policy of your own", hint, node.source)


def _documents_that_iam_refuses(files: Sequence[File], _desired: Desired) -> Refusals:
    for text, node, trust, longest in _documents(files):
        refusal = problem_of(text, node, trust=trust)
        if refusal:
            yield refusal
        elif longest and length(text) > longest:
            message = f"this document is of {length(text):,} characters, and IAM takes {longest:,} at most"
            yield InputError(message, "divide it into several policies", node.source)


def _inline_policies_that_are_too_long(_files: Sequence[File], desired: Desired) -> Refusals:
    kinds: tuple[tuple[Kind, Iterable[DesiredGroup | DesiredUser | DesiredRole]], ...] = (
        ("group", desired.groups.values()),
        ("user", desired.users.values()),
        ("role", desired.roles.values()),
    )
    for kind, limit, each in ((kind, LONGEST_INLINE[kind], each) for kind, those in kinds for each in those):
        whole = sum(length(document.text) for document in each.inline.values())
        if whole > limit:
            message = f"the inline policies of a {kind} may have {limit:,} characters, and these have {whole:,}"
            yield InputError(message, "make managed policies of them", each.source)


def _documents(files: Sequence[File]) -> Iterator[tuple[str, Node, bool, int]]:
    """Text and node of every document, whether it is a trust policy, and how long it may be (0: told elsewhere)."""
    for file in files:
        for policy in written_policies(file.root):
            name, document = policy.scalar("file"), policy.node("document")
            if name:
                yield file.documents[name.value], name, False, LONGEST_POLICY
            elif document:
                yield text_of(document), document, False, LONGEST_POLICY
    for _, node in _declared(files):
        inline = node.node("inline")
        for entry in inline.entries.values() if isinstance(inline, MappingNode) else ():
            yield text_of(entry.node), entry.node, False, 0
        trust = node.node("trust")
        if trust:
            yield text_of(trust), trust, True, 0


def _roles_of_others(files: Sequence[File], _desired: Desired) -> Refusals:
    for name, source, node in mappings(files, "roles"):
        if name.startswith(NOT_OURS) or is_reserved(node.text("path")):
            hint = "AWS makes and changes it: take it out, or ignore it"
            yield InputError(f"role {shown(name)} is Identity Center's or an AWS service's own", hint, source)


def _policies_that_cannot_be_attached(files: Sequence[File], desired: Desired) -> Refusals:
    accounts = {"aws", "${account}", *desired.account_ids}
    for arn, source in _policies(files):
        partition, account = partition_of(arn), owner_of(arn)
        if desired.partition and partition not in {"${partition}", desired.partition}:
            message = f"this policy is of partition {partition}, and `account` says {desired.partition}"
            yield InputError(message, "write ${partition} in its place", source)
        elif desired.account_ids and account not in accounts:
            message = f"this policy is of account {account}, which is not the one that `account` says"
            yield InputError(message, "write ${account} in its place", source)
        elif account == "aws" and policy_name(arn).startswith(SERVICE_LINKED):
            message = f"{shown(policy_name(arn))} is for service-linked roles only"
            yield InputError(message, "IAM attaches it to no user or group, nor to another role: remove it", source)


def _account_ids_without_quotes(files: Sequence[File], _desired: Desired) -> Refusals:
    targets = [node for _, _, node in mappings(files, "targets")]
    listed = [scalar for node in targets for key in ("accounts", "exclude") for scalar in node.scalars(key)]
    for scalar in sorted((*account_ids(only(files, "account")[1]), *listed), key=lambda each: each.source):
        if scalar.plain:
            message = "the account id stands without quotes, and other YAML readers would make a number of it"
            yield InputError(message, f'write "{scalar.value}"', scalar.source)


def _limits_that_contradict(files: Sequence[File], desired: Desired) -> Refusals:
    defaults = (key_limits(node.node("access_keys"), None) for _, _, node in mappings(files, "user_defaults"))
    for limits in (*defaults, *(user.access_keys for user in desired.users.values())):
        if limits and limits.max_active is not None and (limits.min_active or 0) > limits.max_active:
            yield InputError(
                f"min_active {limits.min_active} is more than max_active {limits.max_active}",
                "what `user_defaults` says holds too, limit by limit, unless the user says otherwise",
                limits.source,
            )


def _declared_and_ignored(files: Sequence[File], desired: Desired) -> Refusals:
    rules = [each for file in files for each in ignored(file)]
    declared: tuple[tuple[Kind, Iterable[tuple[str, Source]]], ...] = (
        ("group", ((name, source) for name, source, _ in mappings(files, "groups"))),
        ("user", ((user.name, user.source) for user in desired.users.values())),
        ("role", ((role.name, role.source) for role in desired.roles.values())),
    )
    for kind, names in declared:
        patterns = [each for each in rules if each.kind == kind]
        for name, source in names if patterns else ():
            for each in patterns:
                if matches(each.pattern, name):
                    message = f"{kind} {shown(name)} is declared, and ignored at {place(each.source)}"
                    yield InputError(message, "take it out of one of the two", source)


def _waivers_that_cannot_be(files: Sequence[File], _desired: Desired) -> Refusals:
    for node in waiver_nodes(files):
        rule = node.text("rule")
        policy = node.scalar("policy")
        if not can_be_waived(rule):
            hint = "rules about root, protected users, waivers and what was not read cannot be"
            yield InputError(f"findings of {shown(rule)} cannot be waived", hint, node.entries["rule"].node.source)
        elif policy and rule not in ABOUT_A_POLICY:
            yield InputError(f"findings of {shown(rule)} are about no policy", "narrow it by `subject`", policy.source)
        elif day_of(node) is None:
            expires = node.entries["expires"].node.source
            yield InputError(f"the calendar has no day {shown(node.text('expires'))}", "correct it", expires)


def _waivers_that_stand_twice(_files: Sequence[File], desired: Desired) -> Refusals:
    seen: dict[tuple[str, str, str], Source] = {}
    for each in desired.waivers:
        if each.source:
            first = seen.setdefault((each.rule, each.subject, each.policy), each.source)
            if first is not each.source:
                yield _twice(f"this waiver of {shown(each.rule)}", first, each.source)


def _targets_that_say_too_much_or_too_little(files: Sequence[File], _desired: Desired) -> Refusals:
    for name, source, node in mappings(files, "targets"):
        found = bool({"ou", "tag"} & node.entries.keys())
        if found == ("accounts" in node.entries):
            hint = "name its `accounts`, or let the organization tell them with `ou`, `tag` or both"
            many = "its accounts twice over" if found else "no accounts"
            yield InputError(f"target {shown(name)} names {many}", hint, source)
        elif "accounts" in node.entries and "exclude" in node.entries:
            hint = "leave them out of `accounts`; `exclude` is for what the organization tells"
            yield InputError(
                f"target {shown(name)} names accounts and excludes some", hint, node.entries["exclude"].source
            )


def _accounts_of_targets_that_cannot_be(files: Sequence[File], desired: Desired) -> Refusals:
    first: dict[str, Target] = {}
    for name, _, node in mappings(files, "targets"):
        target = desired.targets[name]
        for scalar in node.scalars("accounts"):
            before = first.setdefault(scalar.value, target)
            if (before.role, before.external_id) != (target.role, target.external_id):
                message = f"account {scalar.value} is reached by another role in target {shown(before.name)}"
                yield InputError(message, "give both targets the same `role` and `external_id`", scalar.source)
            elif desired.account_ids and scalar.value not in desired.account_ids:
                message = f"account {scalar.value} is not one of those that `account` says"
                yield InputError(message, "take it out of the target, or add it there", scalar.source)


def _nothing_declared(files: Sequence[File], desired: Desired) -> InputError | None:
    if desired.users or desired.groups or desired.roles or desired.closed or desired.root.source:
        return None
    hint = "declare a group, a user or a role, or say `root:` or `closed:`"
    return InputError("nothing is declared here, so nothing would be audited", hint, files[0].root.source)


def _declared(files: Sequence[File]) -> Iterator[tuple[str, MappingNode]]:
    """Name and mapping of every group, user and role, as they stand in the files."""
    keys = ((file.root, key) for file in files for key in file.root.entries if key in _PRINCIPALS)
    return ((name, node) for root, key in keys for name, _, node in root.mappings(key))


def _user_names(files: Sequence[File]) -> Iterator[tuple[str, Source]]:
    """Every user, wherever it is declared; a user that stands in several places comes several times."""
    for _, _, node in mappings(files, "groups"):
        yield from ((member.value, member.source) for member in node.scalars("members"))
    yield from ((name, source) for name, source, _ in mappings(files, "users"))


def _policies(files: Sequence[File]) -> Iterator[tuple[str, Source]]:
    """ARN and place of every policy that is named."""
    for _, _, node in mappings(files, "policy_sets"):
        yield from ((arn_of(each), each.source) for each in policy_nodes(node))
    for _, _, node in (*mappings(files, "users"), *mappings(files, "roles")):
        boundary = node.scalar("boundary")
        if boundary and boundary.value != "none":
            yield policy_arn(boundary.value), boundary.source


def _twice(what: str, first: Source, second: Source) -> InputError:
    return InputError(f"{what} stands here twice, first at {place(first)}", "leave one of the two", second)


CHECKS: tuple[Callable[[Sequence[File], Desired], Refusals], ...] = (
    _keys_of_several_files,
    _names_of_several_files,
    _names_that_differ_in_case,
    _root_as_user,
    _entries_that_stand_twice,
    _unknown_names,
    _sets_both_required_and_optional,
    _policies_that_stand_twice,
    _policies_with_too_much_or_too_little,
    _policies_written_two_ways,
    _documents_that_iam_refuses,
    _inline_policies_that_are_too_long,
    _roles_of_others,
    _policies_that_cannot_be_attached,
    _account_ids_without_quotes,
    _limits_that_contradict,
    _declared_and_ignored,
    _waivers_that_cannot_be,
    _waivers_that_stand_twice,
    _targets_that_say_too_much_or_too_little,
    _accounts_of_targets_that_cannot_be,
)
