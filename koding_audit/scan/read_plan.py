"""What a scan has to read, from the desired state and the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone

from koding_audit.model.account import Account, PrincipalKey, PrincipalKind, principal_key
from koding_audit.model.desired import Desired, DesiredGroup, DesiredRole, DesiredUser
from koding_audit.model.fact_calls import LISTING_FACTS
from koding_audit.model.frozen import replace
from koding_audit.model.query import LIVE_CREDENTIAL_USERS, Fact, Query
from koding_audit.model.snapshot import Snapshot
from koding_audit.scan.catalog import AuditRule
from koding_audit.scan.comparison import Comparison, is_ignored

_ACCOUNT_FACTS = frozenset({Fact.SUMMARY, Fact.CREDENTIAL_REPORT, Fact.CALLER})

_USER_FACTS = frozenset({Fact.USER, Fact.ATTACHED, Fact.INLINE, Fact.GROUPS})

_GROUP_FACTS = frozenset({Fact.GROUP, Fact.ATTACHED, Fact.INLINE})

_ROLE_FACTS = frozenset({Fact.ROLE, Fact.ATTACHED, Fact.INLINE})

_USAGE_FACTS = frozenset({Fact.USER, Fact.ACCESS_KEYS, Fact.PASSWORD_USED})

_CREDENTIAL_FACTS = frozenset({Fact.ACCESS_KEYS, Fact.SERVICE_CREDENTIALS, Fact.SIGNING_CERTIFICATES})


def scan_query(desired: Desired, account: Account, chosen: Iterable[AuditRule]) -> Query:
    """The facts that these rules and stacks need, and no more. desired is bound to the account."""
    wanted = _rule_query(desired, account, applicable_rules(desired, chosen))
    if not desired.stacks:
        return wanted
    from koding_audit.scan import stack_build  # noqa: PLC0415 - most runs build nothing

    return stack_build.add_builder_facts(desired, account, wanted)


def applicable_rules(desired: Desired, chosen: Iterable[AuditRule]) -> tuple[AuditRule, ...]:
    """The rules that apply: without a stack, rules about stacks need no facts and no gap blocks them."""
    return tuple(rule for rule in chosen if desired.stacks or not rule.traits.needs_stack)


def account_independent_query(desired: Desired, chosen: Iterable[AuditRule]) -> Query:
    """The part of a scan's query that is the same in each account: principals and facts, without policies.

    desired: without stacks and targets; it need not be bound to the account.
    """
    facts = _facts_of_rules(chosen)
    protected = _protected_users(desired) if Fact.PASSWORD_USED in facts else ()
    roles = {name: facts & _ROLE_FACTS for name in desired.roles if not is_ignored(desired, "role", name)}
    return Query(
        users=_users_to_read(desired, facts, protected),
        groups=_groups_to_read(desired, facts),
        roles={name: wanted | {Fact.ROLE} for name, wanted in roles.items() if wanted},
        account=facts & _ACCOUNT_FACTS,
        key_required=frozenset(protected).union(
            each.name for each in desired.users.values() if each.access_keys and each.access_keys.min_active
        ),
        uses_report=len(_users_with_limits(desired)) > LIVE_CREDENTIAL_USERS,
        listed=frozenset(kind for kind, fact in LISTING_FACTS.items() if kind in desired.closed and fact in facts),
    )


def _facts_of_rules(chosen: Iterable[AuditRule]) -> frozenset[Fact]:
    return frozenset[Fact]().union(*(rule.facts for rule in chosen))


def _rule_query(desired: Desired, account: Account, chosen: Sequence[AuditRule]) -> Query:
    facts = _facts_of_rules(chosen)
    return replace(
        account_independent_query(desired, chosen),
        policies=_policy_holders(desired, account) if Fact.POLICY in facts else {},
        versions=_versions_to_read(desired, account) if Fact.VERSIONS in facts else {},
        own_policies=Fact.POLICY_NAMES in facts,
        inline=_inline_to_read(desired) if Fact.INLINE_DOCUMENT in facts else {},
        inline_sizes=frozenset(_inline_to_read(desired) if Fact.INLINE_SIZE in facts else ()),
        optional=_optional_sets_to_read(desired, account) if Fact.OPTIONAL_SET_DOCUMENTS in facts else {},
        effective=_principals_to_evaluate(desired) if Fact.DOCUMENT in facts else frozenset(),
    )


def _groups_to_read(desired: Desired, facts: frozenset[Fact]) -> dict[str, frozenset[Fact]]:
    """The facts of each declared group that is not ignored."""
    groups = {
        name: _facts_of_group(group, facts)
        for name, group in desired.groups.items()
        if not is_ignored(desired, "group", name)
    }
    return {name: wanted for name, wanted in groups.items() if wanted}


def _users_to_read(desired: Desired, facts: frozenset[Fact], protected: Iterable[str]) -> dict[str, frozenset[Fact]]:
    """The facts of each declared user that is not ignored, and of each protected user."""
    users = {
        name: _facts_of_user(user, facts)
        for name, user in desired.users.items()
        if not is_ignored(desired, "user", name)
    }
    for name in protected:
        users[name] = users.get(name, frozenset()) | _USAGE_FACTS
    return {name: wanted for name, wanted in users.items() if wanted}


def _users_with_limits(desired: Desired) -> list[str]:
    """The declared users whose keys or sign-in the file limits and that are not ignored, for any choice of rules."""
    return [
        name
        for name, user in desired.users.items()
        if (user.access_keys is not None or _limits_sign_in(user)) and not is_ignored(desired, "user", name)
    ]


def _limits_sign_in(user: DesiredUser) -> bool:
    return user.console is not None and user.console.name != "any"


def _protected_users(desired: Desired) -> tuple[str, ...]:
    """The names of the protected users, with the case that the file declares, if it does. None of them is ignored."""
    declared = {principal_key("user", name): name for name in desired.users}
    names = {key: each.name.partition("/")[2] for key, each in desired.guards.protected.items() if key[0] == "user"}
    return tuple(declared.get(key, name) for key, name in names.items())


def _facts_of_user(user: DesiredUser, facts: frozenset[Fact]) -> frozenset[Fact]:
    wanted = facts & _USER_FACTS
    if user.access_keys is not None:
        wanted |= facts & _CREDENTIAL_FACTS
    if _limits_sign_in(user):
        wanted |= facts & {Fact.CONSOLE}
    if user.console is not None and user.console.name == "mfa":
        wanted |= facts & {Fact.MFA}
    # Every fact about a user needs to know whether the user exists.
    return wanted | {Fact.USER} if wanted and Fact.USER not in wanted else wanted


def _facts_of_group(group: DesiredGroup, facts: frozenset[Fact]) -> frozenset[Fact]:
    wanted = facts & _GROUP_FACTS
    if group.exclusive:
        wanted |= facts & {Fact.MEMBERS}
    return wanted | {Fact.GROUP} if wanted else wanted


def _principals_to_evaluate(desired: Desired) -> frozenset[PrincipalKey]:
    """The principals whose policies are evaluated: those that require a set with actions, and the users of such groups.

    A stack can make every optional set a required one.
    """
    sets = {name for name, each in desired.policy_sets.items() if each.actions}
    if not sets:
        return frozenset()

    def needs_actions(each: DesiredGroup | DesiredUser) -> bool:
        uses = (*each.required, *each.optional) if desired.stacks else each.required
        return not sets.isdisjoint(use.name for use in uses)

    groups = {name for name, each in desired.groups.items() if needs_actions(each)}
    users = {
        name
        for name, each in desired.users.items()
        if needs_actions(each) or not groups.isdisjoint(group.name for group in each.groups)
    }
    return frozenset(
        (*(principal_key("group", name) for name in groups), *(principal_key("user", name) for name in users))
    )


def _policy_holders(desired: Desired, account: Account) -> dict[str, frozenset[PrincipalKey]]:
    """The principals that declare each policy, except policies that their ARN shows to be unattachable here."""
    comparison = empty_comparison(desired, account)
    holders: dict[str, set[PrincipalKey]] = {}
    for kind, declared in comparison.declared_principals:
        for _, ref in comparison.expected_policies(declared):
            holders.setdefault(ref.arn, set()).add(principal_key(kind, declared.name))
        boundary = None if isinstance(declared, DesiredGroup) else declared.boundary
        if boundary and boundary.policy:
            holders.setdefault(boundary.policy.arn, set()).add(principal_key(kind, declared.name))
    return {arn: frozenset(keys) for arn, keys in holders.items() if not comparison.attach_obstacle(arn)}


def _versions_to_read(desired: Desired, account: Account) -> dict[str, str]:
    """The policies whose document, or whose default version, the desired state declares; "" for a document."""
    comparison = empty_comparison(desired, account)
    pinned = {
        arn: ref.version for arn, (_, ref) in comparison.pinned_policies.items() if not comparison.attach_obstacle(arn)
    }
    return {**dict.fromkeys(comparison.policies_with_documents, ""), **pinned}


def _inline_to_read(desired: Desired) -> dict[PrincipalKey, frozenset[str]]:
    """The declared inline policies of principals that are not ignored."""
    kinds: dict[PrincipalKind, Mapping[str, DesiredGroup | DesiredUser | DesiredRole]] = {
        "group": desired.groups,
        "user": desired.users,
        "role": desired.roles,
    }
    return {
        principal_key(kind, name): frozenset(each.inline)
        for kind, those in kinds.items()
        for name, each in those.items()
        if each.inline and not is_ignored(desired, kind, name)
    }


def _optional_sets_to_read(desired: Desired, account: Account) -> dict[PrincipalKey, tuple[frozenset[str], ...]]:
    """The policies of each optional set, except those that a required set contains."""
    comparison = empty_comparison(desired, account)
    return {
        principal_key(kind, declared.name): tuple(frozenset(each) for _, each in comparison.optional_sets(declared))
        for kind, declared in comparison.declared_principals
        if declared.optional
    }


def empty_comparison(desired: Desired, account: Account) -> Comparison:
    """The desired state beside an account of which nothing has been read yet."""
    return Comparison(desired, Snapshot(account, None, datetime.min.replace(tzinfo=timezone.utc), ""))
