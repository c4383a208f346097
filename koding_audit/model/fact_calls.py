"""Which calls tell which fact: what a rule is said to need, what `permissions` grants and what `doctor` tries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from koding_audit.model.account import PrincipalKind
from koding_audit.model.query import Fact

# As IAM's permissions; {} stands for User, Group or Role, each where principals of that kind are asked about.
FACT_CALLS: Mapping[Fact, tuple[str, ...]] = {
    Fact.CALLER: ("sts:GetCallerIdentity",),
    Fact.USER: ("iam:GetUser",),
    Fact.GROUP: ("iam:GetGroup",),
    Fact.ROLE: ("iam:GetRole",),
    Fact.ATTACHED: ("iam:ListAttached{}Policies",),
    Fact.INLINE: ("iam:List{}Policies",),
    Fact.GROUPS: ("iam:ListGroupsForUser",),
    Fact.MEMBERS: ("iam:GetGroup",),
    Fact.POLICY: ("iam:GetPolicy",),
    Fact.DOCUMENT: ("iam:GetPolicy", "iam:GetPolicyVersion", "iam:Get{}Policy"),
    Fact.VERSIONS: ("iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions"),
    Fact.INLINE_DOCUMENT: ("iam:Get{}Policy",),
    Fact.OPTIONAL_SET_DOCUMENTS: ("iam:GetPolicy", "iam:GetPolicyVersion"),
    Fact.SUMMARY: ("iam:GetAccountSummary",),
    Fact.CREDENTIAL_REPORT: ("iam:GenerateCredentialReport", "iam:GetCredentialReport"),
    Fact.ACCESS_KEYS: ("iam:ListAccessKeys", "iam:GetAccessKeyLastUsed"),
    Fact.CONSOLE: ("iam:GetLoginProfile",),
    Fact.MFA: ("iam:ListMFADevices",),
    Fact.SERVICE_CREDENTIALS: ("iam:ListServiceSpecificCredentials", "iam:ListSSHPublicKeys"),
    Fact.PASSWORD_USED: ("iam:GetUser",),
    Fact.USERS_LISTED: ("iam:GetAccountAuthorizationDetails",),
    Fact.GROUPS_LISTED: ("iam:GetAccountAuthorizationDetails",),
    Fact.ROLES_LISTED: ("iam:GetAccountAuthorizationDetails",),
}
# What is read of users one by one, where a listing of the whole account stands for all else.
CREDENTIAL_FACTS = frozenset(
    {Fact.ACCESS_KEYS, Fact.CONSOLE, Fact.MFA, Fact.SERVICE_CREDENTIALS, Fact.PASSWORD_USED},
)
# Who there is of each kind.
LISTING_FACTS: Mapping[PrincipalKind, Fact] = {
    "user": Fact.USERS_LISTED,
    "group": Fact.GROUPS_LISTED,
    "role": Fact.ROLES_LISTED,
}
_PRINCIPAL_FACTS: Mapping[PrincipalKind, Fact] = {"user": Fact.USER, "group": Fact.GROUP, "role": Fact.ROLE}


def calls_for_facts(facts: Iterable[Fact], kinds: Iterable[PrincipalKind]) -> Iterator[str]:
    """The calls that tell these facts of principals of these kinds, as permissions; in the table's order, each once."""
    return iter(dict.fromkeys(name for _, name in fact_call_pairs(facts, kinds)))


def fact_call_pairs(facts: Iterable[Fact], kinds: Iterable[PrincipalKind]) -> Iterator[tuple[Fact, str]]:
    """The same, each call with each of the facts that it is for."""
    wanted, words = frozenset(facts), [kind.title() for kind in kinds]
    names = ((fact, name) for fact, those in FACT_CALLS.items() if fact in wanted for name in those)
    return ((fact, name.format(word)) for fact, name in names for word in (words if "{}" in name else ("",)))


def calls_for_rule(facts: frozenset[Fact]) -> tuple[str, ...]:
    """The calls for the facts of a rule: it asks about the kinds of principals that it has to know of."""
    return tuple(calls_for_facts(facts, [kind for kind, fact in _PRINCIPAL_FACTS.items() if fact in facts]))
