"""What no schema can say: names that nobody declared, things said twice, policies of another account.

Each check looks at the trees in the order of the files and yields what it refuses; only its first is ever asked for,
so a hint costs nothing until it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from koding_audit.arns import SERVICE_LINKED, owner_of, partition_of, policy_name
from koding_audit.desired.building import account_ids, ignored, key_limits, only, only_members, policy_arn
from koding_audit.desired.nodes import File, MappingNode, ScalarNode, mappings
from koding_audit.desired.wording import nearest, place, shown
from koding_audit.errors import InputError
from koding_audit.model import Desired, Kind, Source
from koding_audit.wildcard import matches

Refusals = Iterator[InputError]

_ONCE = ("account", "user_defaults", "closed", "root")
_LISTS = ("required", "optional", "members", "groups")


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
    for key, noun in (("policy_sets", "policy set"), ("groups", "group"), ("users", "user")):
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
        ("groups", ((name, source) for name, source, _ in mappings(files, "groups"))),
        ("users", _user_names(files)),
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
            elif key == "type":
                yield from _unknown(filter(None, [node.scalar(key)]), types, "type")


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
        for scalar in node.scalars("policies"):
            # The name leaves out partition and account: however those are written, no account can have both.
            policy = policy_name(policy_arn(scalar.value))
            first = seen.setdefault(policy, scalar.source)
            if first is not scalar.source:
                yield _twice(f"policy {shown(policy)} of set {shown(name)}", first, scalar.source)


def _policies_that_cannot_be_attached(files: Sequence[File], desired: Desired) -> Refusals:
    accounts = {"aws", "${account}", *desired.account_ids}
    for scalar in _policies(files):
        arn = policy_arn(scalar.value)
        partition, account = partition_of(arn), owner_of(arn)
        if desired.partition and partition not in {"${partition}", desired.partition}:
            message = f"this policy is of partition {partition}, and `account` says {desired.partition}"
            yield InputError(message, "write ${partition} in its place", scalar.source)
        elif desired.account_ids and account not in accounts:
            message = f"this policy is of account {account}, which is not the one that `account` says"
            yield InputError(message, "write ${account} in its place", scalar.source)
        elif account == "aws" and policy_name(arn).startswith(SERVICE_LINKED):
            message = f"{shown(policy_name(arn))} is for service-linked roles only"
            yield InputError(message, "IAM attaches it to no user or group: remove it", scalar.source)


def _account_ids_without_quotes(files: Sequence[File], _desired: Desired) -> Refusals:
    for scalar in account_ids(only(files, "account")[1]):
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
    )
    for kind, names in declared:
        patterns = [each for each in rules if each.kind == kind]
        for name, source in names if patterns else ():
            for each in patterns:
                if matches(each.pattern, name):
                    message = f"{kind} {shown(name)} is declared, and ignored at {place(each.source)}"
                    yield InputError(message, "take it out of one of the two", source)


def _nothing_declared(files: Sequence[File], desired: Desired) -> InputError | None:
    if desired.users or desired.groups or desired.closed or desired.root.source:
        return None
    hint = "declare a group or a user, or say `root:` or `closed:`"
    return InputError("nothing is declared here, so nothing would be audited", hint, files[0].root.source)


def _declared(files: Sequence[File]) -> Iterator[tuple[str, MappingNode]]:
    """Name and mapping of every group and user, as they stand in the files."""
    for file in files:
        for key in file.root.entries:
            if key in {"groups", "users"}:
                yield from ((name, node) for name, _, node in file.root.mappings(key))


def _user_names(files: Sequence[File]) -> Iterator[tuple[str, Source]]:
    """Every user, wherever it is declared; a user that stands in several places comes several times."""
    for _, _, node in mappings(files, "groups"):
        yield from ((member.value, member.source) for member in node.scalars("members"))
    yield from ((name, source) for name, source, _ in mappings(files, "users"))


def _policies(files: Sequence[File]) -> Iterator[ScalarNode]:
    for _, _, node in mappings(files, "policy_sets"):
        yield from node.scalars("policies")
    for _, _, node in mappings(files, "users"):
        boundary = node.scalar("boundary")
        if boundary and boundary.value != "none":
            yield boundary


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
    _policies_that_cannot_be_attached,
    _account_ids_without_quotes,
    _limits_that_contradict,
    _declared_and_ignored,
)
