"""Protection: how a plan changes protected principals, by its steps, their groups and their managed policies."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.account import PrincipalKind, principal_key
from koding_audit.model.arn import is_same_policy, policy_name
from koding_audit.model.desired import Guards
from koding_audit.model.finding import touched_entities
from koding_audit.model.location import Reference
from koding_audit.model.verb import Verb
from koding_audit.remediation.guards.effects import PlanEffects
from koding_audit.remediation.guards.entitlements import Entitlements
from koding_audit.remediation.plan import action_policy_arn


def protected_changes(effects: PlanEffects, guards: Guards) -> Iterator[tuple[str, Reference]]:
    """What the plan changes of each protected principal, as text with its name, and the declaration that protects it.

    The principals are read only if the plan changes a group or a managed policy that exists.
    """
    touched = {key for action in effects.actions for key in touched_entities(action)}
    groups, policies = _changed_groups(effects), _changed_policies(effects)
    for (kind, name), reference in guards.protected.items():
        if (kind, name) in touched:
            yield reference.name, reference
            continue
        declared = reference.name.partition("/")[2]
        in_groups = _group_ways(effects.before, kind, declared, groups)
        ways = [*in_groups, *_policy_ways(effects.before, kind, declared, policies)]
        if ways:
            yield f"{ways[0]} of {reference.name}", reference


def _changed_groups(effects: PlanEffects) -> tuple[str, ...]:
    """The groups whose policies the plan changes. A membership changes no other member."""
    actions = (each for each in effects.actions if each.spec.entity == "group" and each.spec.part != "member")
    return tuple(dict.fromkeys(each.parameters["GroupName"] for each in actions if each.verb is not Verb.CREATE_GROUP))


def _changed_policies(effects: PlanEffects) -> tuple[str, ...]:
    """The managed policies that the plan changes; no principal has one that it creates."""
    actions = (each for each in effects.actions if each.spec.entity == "policy" and each.verb is not Verb.CREATE_POLICY)
    return tuple(dict.fromkeys(action_policy_arn(each, effects.known.account) for each in actions))


def _group_ways(state: Entitlements, kind: PrincipalKind, name: str, groups: tuple[str, ...]) -> Iterator[str]:
    """The changed groups that a user is in. Its groups decide if they were read, else the members of each group."""
    key = principal_key(kind, name)
    if kind != "user" or key in state.snapshot.absent:
        return
    live = state.snapshot.principals.get(key)
    for group in groups:
        if live is not None and live.groups is not None:
            is_member = principal_key("group", group) in {principal_key("group", each) for each in live.groups}
        else:
            is_member = key in {principal_key("user", each) for each in state.member_names(group)}
        if is_member:
            yield f"group {group}"


def _policy_ways(state: Entitlements, kind: PrincipalKind, name: str, policies: tuple[str, ...]) -> Iterator[str]:
    """The changed policies that a principal or a group of it has, and its permissions boundary if that changes."""
    if not policies:
        return
    live = state.principal(kind, name)
    holders: list[tuple[PrincipalKind, str]] = [(kind, name)]
    holders += [("group", each) for each in state.group_names(kind, name)] if kind == "user" else []
    for holder in holders:
        of = "" if holder == (kind, name) else f" of group {holder[1]}"
        found = state.principal(*holder)
        for arn in (found and found.attached) or ():
            yield from (f"{policy_name(arn)}{of}" for each in policies if is_same_policy(each, arn))
    if live is not None and live.boundary:
        bounds = (each for each in policies if is_same_policy(each, live.boundary))
        yield from (f"the permissions boundary {policy_name(each)}" for each in bounds)
