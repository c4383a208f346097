"""What an audit knows of the condition keys of a direct call with a user's access key, and what stays open."""

from __future__ import annotations

from collections.abc import Mapping

from koding_audit.policy.evaluation.context import Context

# What other services' calls carry, of whoever asks.
_SERVICE_KEYS = frozenset(
    {
        *("aws:principalservicename*", "aws:calledvia*"),
        *("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"),
    }
)

# Carried by other calls only: reference_policies_condition-keys says when each is present.
_ABSENT_KEYS = frozenset(
    {
        *("aws:multifactorauthpresent", "aws:multifactorauthage", "aws:tokenissuetime"),
        *("aws:sourceidentity", "aws:federatedprovider", "aws:assumedroot"),
        *_SERVICE_KEYS,
        *("aws:ec2instancesourcevpc", "aws:ec2instancesourceprivateipv4"),
        "aws:principaltag/*",
    }
)


def user_context(
    *,
    arn: str | None,
    name: str | None,
    unique_id: str | None,
    account: str,
    tags: Mapping[str, str] | None,
    organization: str | None,
    extra: Mapping[str, str | tuple[str, ...]] | None = None,
) -> Context:
    """The open request's keys for a user that calls AWS itself, with its access key and without MFA.

    arn, name, unique_id (`AIDA...`): of the user, None leaves them open, as for any member of a group; account: its
    account; tags: its own, None where they were not read;
    organization: its id, "" where the account is in none, None where that is not known; extra: what else is given, such
    as `aws:SourceVpc` in a desired action's context, or a role's session keys.
    Open are network, time, user agent, transport, region, and the tags of resources and requests.
    """
    own = {"aws:PrincipalArn": arn, "aws:userid": unique_id, "aws:username": name}
    known: dict[str, str | tuple[str, ...]] = {
        **{key: value for key, value in own.items() if value is not None},
        "aws:PrincipalAccount": account,
        "aws:PrincipalType": "User",
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "false",
        **{f"aws:PrincipalTag/{key}": value for key, value in (tags or {}).items()},
        **({"aws:PrincipalOrgID": organization} if organization else {}),
        **(extra or {}),
    }
    absent = _ABSENT_KEYS if tags is not None else _ABSENT_KEYS - {"aws:principaltag/*"}
    return Context.from_values(known, [*absent, *_absent_organization_keys(organization)], complete=False)


def role_context(
    *,
    arn: str,
    account: str,
    organization: str | None,
    extra: Mapping[str, str | tuple[str, ...]] | None = None,
) -> Context:
    """The open request's keys for a session of a role that calls AWS itself; the arguments as for audit_context.

    How the session began is not known: MFA, its source identity, its tags and its age are open, and so is the rest of
    `aws:userid` behind the role's id. A role has no aws:username (reference_policies_variables).
    """
    known: dict[str, str | tuple[str, ...]] = {
        "aws:PrincipalArn": arn,
        "aws:PrincipalAccount": account,
        "aws:PrincipalType": "AssumedRole",
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "false",
        **({"aws:PrincipalOrgID": organization} if organization else {}),
        **(extra or {}),
    }
    return Context.from_values(
        known, [*_SERVICE_KEYS, "aws:username", *_absent_organization_keys(organization)], complete=False
    )


def _absent_organization_keys(organization: str | None) -> tuple[str, ...]:
    """The keys of an organization, where the account is known to be in none."""
    in_none = ("aws:principalorgid", "aws:principalorgpaths", "aws:principalorgmasteraccountid")
    return in_none if organization == "" else ()
