"""Finds out that authorization details were saved with a filter: they name what they do not have.

`aws iam get-account-authorization-details --filter User` saves all lists, the others empty. Such a file looks like one
of an account without groups, roles and policies.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from koding_audit.model.account import PrincipalKind
from koding_audit.model.arn import arn_account
from koding_audit.model.frozen import dataclass
from koding_audit.model.snapshot import Principal


@dataclass(frozen=True, slots=True)
class IncompleteLists:
    """The lists of authorization details that may lack something.

    kinds: the kinds of principals
    policies: whether the account's own policies are one of them
    """

    kinds: frozenset[PrincipalKind] = frozenset()
    policies: bool = False


def find_incomplete_lists(
    lists: Mapping[PrincipalKind, Sequence[Principal]], policies: Sequence[Mapping[str, Any]], account_id: str
) -> IncompleteLists:
    """Returns the lists that may be incomplete: none, unless the details name something that they do not have.

    If they do, they were saved with a filter, and every empty list may be one that the filter left out.

    lists: the principals of each list that the details have
    policies: the details of the managed policies
    """
    principals = [each for those in lists.values() for each in those]
    groups = {each.name.casefold() for each in lists.get("group", ())}
    named = {name.casefold() for each in lists.get("user", ()) for name in each.groups or ()}
    lacks_group = "group" in lists and not named <= groups
    lacking = _unlisted_policies(principals, policies, account_id)
    if not (lacks_group or lacking or _has_unlisted_attachment(principals, policies)):
        return IncompleteLists()
    empty = {kind for kind, those in lists.items() if not those}
    lists_own = any(arn_account(str(each.get("Arn"))) == account_id for each in policies)
    lacks_own = any(arn_account(arn) == account_id for arn in lacking)
    return IncompleteLists(frozenset(empty | ({"group"} if lacks_group else set())), lacks_own or not lists_own)


def _unlisted_policies(
    principals: Iterable[Principal], policies: Iterable[Mapping[str, Any]], account_id: str
) -> frozenset[str]:
    """Returns the policies that principals have and that are not listed.

    IAM lists every policy that is attached, and all of the account's own.
    """
    principals = tuple(principals)
    needed = {arn for each in principals for arn in each.attached or ()}
    needed |= {each.boundary for each in principals if arn_account(each.boundary) == account_id}
    return frozenset(needed - {each.get("Arn") for each in policies})


def _has_unlisted_attachment(principals: Collection[Principal], policies: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a policy is attached to more principals, or the boundary of more, than are listed with it."""
    for each in policies:
        arn = each.get("Arn")
        counts = (
            (each.get("AttachmentCount"), sum(arn in (one.attached or ()) for one in principals)),
            (each.get("PermissionsBoundaryUsageCount"), sum(one.boundary == arn for one in principals)),
        )
        if any(isinstance(count, int) and count > listed for count, listed in counts):
            return True
    return False
