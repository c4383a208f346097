"""Typed reads of Organizations: which organization an account is in, and which of its policies bind the account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from koding_audit.aws.call import MALFORMED, take_field
from koding_audit.aws.connection import Connection
from koding_audit.model.errors import CallError
from koding_audit.model.snapshot import Level, Organization, OrganizationPolicy

NOT_IN_USE = "AWSOrganizationsNotInUseException"

MAX_TARGETS = 7  # the account, five units above each other, the root (orgs_reference_limits)

_DESCRIBE_POLICY = "organizations:DescribePolicy"


def read_organization(connection: Connection, account_id: str) -> Organization:
    """What the caller may know of the organization of its account. A read that fails leaves its part unknown.

    Every member may ask which organization it is in (API_DescribeOrganization); only the management account and
    delegated administrators may list policies. The management account is bound by none, nor is an account whose
    organization is for billing only.
    """
    call = "organizations:DescribeOrganization"
    try:
        found = take_field(connection.call_organizations("DescribeOrganization"), "Organization", dict, call)
        own_id, manager = take_field(found, "Id", str, call), take_field(found, "MasterAccountId", str, call)
        features = take_field(found, "FeatureSet", str, call)
    except CallError as error:
        return Organization("", "", (), ()) if error.code == NOT_IN_USE else Organization()
    if manager == account_id or features != "ALL":
        return Organization(own_id, manager, (), ())
    try:
        targets = _list_targets(connection, account_id)
    except CallError:
        return Organization(own_id, manager)
    scps = _read_levels(connection, targets, "SERVICE_CONTROL_POLICY")
    rcps = _read_levels(connection, targets, "RESOURCE_CONTROL_POLICY")
    return Organization(own_id, manager, scps, rcps)


def _list_targets(connection: Connection, account_id: str) -> Sequence[str]:
    """The ids of the root, the units and the account, in this order."""
    call = "organizations:ListParents"
    targets = [account_id]
    while len(targets) <= MAX_TARGETS:
        parents = take_field(connection.call_organizations("ListParents", ChildId=targets[0]), "Parents", list, call)
        if len(parents) != 1:
            break
        targets.insert(0, take_field(parents[0], "Id", str, call))
        if take_field(parents[0], "Type", str, call) == "ROOT":
            return targets
    raise CallError(call, MALFORMED, "the parents do not lead to a root")


def _read_levels(connection: Connection, targets: Sequence[str], kind: str) -> tuple[Level, ...] | None:
    """The policies of each target; none bind where the whole organization has not enabled the kind."""
    documents: dict[str, str] = {}
    try:
        attached = [_list_target_policies(connection, target, kind) for target in targets]
        for policy_id in sorted({policy_id for level in attached for policy_id in level}):
            documents[policy_id] = _read_policy_content(connection, policy_id)
    except CallError:
        return None
    # While a kind is enabled, the last policy of a target cannot be detached.
    if not any(attached):
        return ()
    return tuple(
        tuple(OrganizationPolicy(f"{name} ({policy_id})", documents[policy_id]) for policy_id, name in level.items())
        for level in attached
    )


def _list_target_policies(connection: Connection, target: str, kind: str) -> Mapping[str, str]:
    """The names of a target's policies by their ids."""
    call = "organizations:ListPoliciesForTarget"
    found = connection.list_organizations("ListPoliciesForTarget", "Policies", TargetId=target, Filter=kind)
    return {take_field(each, "Id", str, call): take_field(each, "Name", str, call) for each in found}


def _read_policy_content(connection: Connection, policy_id: str) -> str:
    policy = take_field(
        connection.call_organizations("DescribePolicy", PolicyId=policy_id), "Policy", dict, _DESCRIBE_POLICY
    )
    return take_field(policy, "Content", str, _DESCRIBE_POLICY)
