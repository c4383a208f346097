"""Typed reads of AWS Organizations: an account's organization and the policies that apply to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from koding_audit.aws.call import ACCESS_DENIED, MALFORMED, take_field
from koding_audit.aws.connection import Connection
from koding_audit.model.errors import CallError
from koding_audit.model.snapshot import Level, Organization, OrganizationPolicy

NOT_IN_USE = "AWSOrganizationsNotInUseException"
NOT_REGISTERED = "AccountNotRegisteredException"  # the account is not a delegated administrator
# Part of each denial by a policy (IAM user guide, troubleshoot_access-denied). Where Organizations itself refuses an
# account, it says that the caller has no permissions for this resource.
_DENIED_BY_POLICY = "not authorized to perform"

MAX_TARGETS = 7  # the account, five nested organizational units, the root (orgs_reference_limits)

_BILLING_ONLY = "CONSOLIDATED_BILLING"

_DESCRIBE_POLICY = "organizations:DescribePolicy"


def read_organization(connection: Connection, account_id: str) -> Organization:
    """Returns what the caller can read about its account's organization; a part whose read fails is unknown.

    Every member account can describe its organization (API_DescribeOrganization); only the management account and
    delegated administrators can list policies. No policy applies to the management account, or in an organization
    that is for consolidated billing only.
    """
    call = "organizations:DescribeOrganization"
    try:
        found = take_field(connection.call_organizations("DescribeOrganization"), "Organization", dict, call)
        own_id, manager = take_field(found, "Id", str, call), take_field(found, "MasterAccountId", str, call)
        features = take_field(found, "FeatureSet", str, call)
    except CallError as error:
        return Organization("", "", (), ()) if error.code == NOT_IN_USE else Organization()
    if features not in ("ALL", _BILLING_ONLY):
        return Organization(own_id, manager)
    if manager == account_id or features == _BILLING_ONLY:
        return Organization(own_id, manager, (), ())
    try:
        targets = _list_targets(connection, account_id)
    except CallError:
        return Organization(own_id, manager)
    scps = _read_levels(connection, targets, "SERVICE_CONTROL_POLICY")
    rcps = _read_levels(connection, targets, "RESOURCE_CONTROL_POLICY")
    return Organization(own_id, manager, scps, rcps)


def read_delegation(connection: Connection, account_id: str) -> Organization:
    """Returns an account's organization, and the services for which the account is its delegated administrator.

    Raises CallError if one of them is not known.
    """
    call = "organizations:DescribeOrganization"
    try:
        found = take_field(connection.call_organizations("DescribeOrganization"), "Organization", dict, call)
    except CallError as error:
        if error.code == NOT_IN_USE:
            return Organization("", "", delegated=())
        raise
    own_id, manager = take_field(found, "Id", str, call), take_field(found, "MasterAccountId", str, call)
    delegated = () if manager == account_id else _list_delegated_services(connection, account_id)
    return Organization(own_id, manager, delegated=delegated)


def _list_delegated_services(connection: Connection, account_id: str) -> tuple[str, ...]:
    """Returns the services for which a member account is a delegated administrator.

    Only delegated administrators and the management account may list them (API_ListDelegatedServicesForAccount): so a
    refusal that does not come from a policy of the caller is an answer too.
    """
    operation, call = "ListDelegatedServicesForAccount", "organizations:ListDelegatedServicesForAccount"
    try:
        found = connection.list_organizations(operation, "DelegatedServices", AccountId=account_id)
    except CallError as error:
        is_refused = error.code in ACCESS_DENIED and error.detail and _DENIED_BY_POLICY not in error.detail
        if error.code == NOT_REGISTERED or is_refused:
            return ()
        raise
    return tuple(sorted(take_field(each, "ServicePrincipal", str, call) for each in found))


def _list_targets(connection: Connection, account_id: str) -> Sequence[str]:
    """Returns the ids of the root, the organizational units and the account, in this order."""
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
    """Returns the policies of each target: () if the policy type is not enabled, None if a read fails."""
    documents: dict[str, str] = {}
    try:
        attached = [_list_target_policies(connection, target, kind) for target in targets]
        for policy_id in sorted({policy_id for level in attached for policy_id in level}):
            documents[policy_id] = _read_policy_content(connection, policy_id)
    except CallError:
        return None
    # While a policy type is enabled, the last policy of a target cannot be detached: no policy means not enabled.
    if not any(attached):
        return ()
    return tuple(
        tuple(OrganizationPolicy(f"{name} ({policy_id})", documents[policy_id]) for policy_id, name in level.items())
        for level in attached
    )


def _list_target_policies(connection: Connection, target: str, kind: str) -> Mapping[str, str]:
    """Returns the names of a target's policies by policy id."""
    call = "organizations:ListPoliciesForTarget"
    found = connection.list_organizations("ListPoliciesForTarget", "Policies", TargetId=target, Filter=kind)
    return {take_field(each, "Id", str, call): take_field(each, "Name", str, call) for each in found}


def _read_policy_content(connection: Connection, policy_id: str) -> str:
    policy = take_field(
        connection.call_organizations("DescribePolicy", PolicyId=policy_id), "Policy", dict, _DESCRIBE_POLICY
    )
    return take_field(policy, "Content", str, _DESCRIBE_POLICY)
