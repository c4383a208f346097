"""The condition keys of a direct call with a user's access key or a role's session: known, absent or open."""

from __future__ import annotations

from collections.abc import Mapping

from koding_audit.policy.evaluation.context import Context
from koding_audit.reference.condition_keys import CallerKind, ConditionKeyTable

_ContextValues = Mapping[str, str | tuple[str, ...]]


def user_context(
    keys: ConditionKeyTable,
    *,
    arn: str | None,
    name: str | None,
    unique_id: str | None,
    account: str,
    tags: Mapping[str, str] | None,
    organization: str | None,
    extra: _ContextValues | None = None,
) -> Context:
    """The context of a user that calls AWS directly, with its access key and without MFA.

    Network, time, user agent, transport, region, and the tags of resources and requests are open.
    keys: what is known of the global condition keys.
    arn, name, unique_id (`AIDA...`): of the user; None leaves them open, as for any member of a group.
    account: the id of its account.
    tags: the user's tags, None if they were not read.
    organization: the organization's id, "" if the account is in none, None if that is not known.
    extra: other keys, such as `aws:SourceVpc` in a desired action's context, or a role's session keys.
    """
    of = keys.principal
    own = {of.arn: arn, of.unique_id: unique_id, of.name: name, of.account: account}
    known = {key: value for key, value in own.items() if value is not None}
    values = {**known, **(extra or {})}
    return _direct_context(keys, "user", values, tags, organization)


def role_context(
    keys: ConditionKeyTable,
    *,
    arn: str,
    account: str,
    tags: Mapping[str, str] | None,
    organization: str | None,
    extra: _ContextValues | None = None,
) -> Context:
    """The context of a role's session that calls AWS directly; the arguments are as for user_context.

    It is not known how the session started: MFA, source identity and age are open, and so is the part of `aws:userid`
    after the role's id. A role has no aws:username (reference_policies_variables).
    tags: the tags of every session, None if a session can have others than the role or they were not read.
    """
    values = {keys.principal.arn: arn, keys.principal.account: account, **(extra or {})}
    return _direct_context(keys, "session", values, tags, organization)


def _direct_context(
    keys: ConditionKeyTable,
    caller: CallerKind,
    values: _ContextValues,
    tags: Mapping[str, str] | None,
    organization: str | None,
) -> Context:
    """The context with these values, and with what every direct call of this caller carries or does not carry."""
    call, of = keys.calls[caller], keys.principal
    own = Context.from_values(
        {
            **{f"{of.tag_prefix}{key}": value for key, value in (tags or {}).items()},
            **({of.organization: organization} if organization else {}),
            **values,
        },
        complete=False,
    )
    return Context(
        values={**{key: value for key, value in call.values.items() if key not in own.absent}, **own.values},
        absent=own.absent | call.absent | (keys.organization_keys if organization == "" else frozenset()),
        absent_families=call.absent_families if tags is None else (*call.absent_families, of.tag_prefix.lower()),
        possible=call.possible,
    )
