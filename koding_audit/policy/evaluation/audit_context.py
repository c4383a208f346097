"""The condition keys of a direct call with a user's access key or a role's session: known, absent or open."""

from __future__ import annotations

from collections.abc import Mapping

from koding_audit.policy.evaluation.context import Context

# Only in calls that AWS services make, for any principal.
_SERVICE_KEYS = frozenset(
    {
        *("aws:principalservicename*", "aws:calledvia*"),
        *("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"),
    }
)

# Only in other calls: reference_policies_condition-keys says when each key is present.
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
    """The context of a user that calls AWS directly, with its access key and without MFA.

    Network, time, user agent, transport, region, and the tags of resources and requests are open.
    arn, name, unique_id (`AIDA...`): of the user; None leaves them open, as for any member of a group.
    account: the id of its account.
    tags: the user's tags, None if they were not read.
    organization: the organization's id, "" if the account is in none, None if that is not known.
    extra: other keys, such as `aws:SourceVpc` in a desired action's context, or a role's session keys.
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
    """The context of a role's session that calls AWS directly; the arguments are as for user_context.

    It is not known how the session started: MFA, source identity, session tags and age are open, and so is the part of
    `aws:userid` after the role's id. A role has no aws:username (reference_policies_variables).
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
    """The keys that are absent if the account is known to be in no organization."""
    in_none = ("aws:principalorgid", "aws:principalorgpaths", "aws:principalorgmasteraccountid")
    return in_none if organization == "" else ()
