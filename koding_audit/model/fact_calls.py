"""The calls that read each fact, for the help of a rule, for `permissions` and for `doctor`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from koding_audit.model.account import PrincipalKind
from koding_audit.model.query import Fact

# As IAM permissions; {} stands for User, Group or Role, for each kind of principal that is read.
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
    Fact.POLICY_NAMES: ("iam:ListPolicies",),
    Fact.INLINE_DOCUMENT: ("iam:Get{}Policy",),
    Fact.INLINE_SIZE: ("iam:Get{}Policy",),
    Fact.OPTIONAL_SET_DOCUMENTS: ("iam:GetPolicy", "iam:GetPolicyVersion"),
    Fact.SUMMARY: ("iam:GetAccountSummary",),
    Fact.ORGANIZATION: ("organizations:DescribeOrganization", "organizations:ListDelegatedServicesForAccount"),
    Fact.CREDENTIAL_REPORT: ("iam:GenerateCredentialReport", "iam:GetCredentialReport"),
    Fact.ACCESS_KEYS: ("iam:ListAccessKeys", "iam:GetAccessKeyLastUsed"),
    Fact.CONSOLE: ("iam:GetLoginProfile",),
    Fact.MFA: ("iam:ListMFADevices",),
    Fact.SERVICE_CREDENTIALS: ("iam:ListServiceSpecificCredentials", "iam:ListSSHPublicKeys"),
    Fact.SIGNING_CERTIFICATES: ("iam:ListSigningCertificates",),
    Fact.PASSWORD_USED: ("iam:GetUser",),
    Fact.USERS_LISTED: ("iam:GetAccountAuthorizationDetails",),
    Fact.GROUPS_LISTED: ("iam:GetAccountAuthorizationDetails",),
    Fact.ROLES_LISTED: ("iam:GetAccountAuthorizationDetails",),
}
# Facts that are read user by user, while a listing of the whole account gives all other facts.
CREDENTIAL_FACTS = frozenset(
    {
        *(Fact.ACCESS_KEYS, Fact.CONSOLE, Fact.MFA, Fact.SERVICE_CREDENTIALS, Fact.SIGNING_CERTIFICATES),
        Fact.PASSWORD_USED,
    }
)
# Facts that the output of `aws iam get-account-authorization-details` cannot have; it has AWS's policies if attached.
FACTS_NOT_IN_DETAILS = CREDENTIAL_FACTS | {
    *(Fact.SUMMARY, Fact.CREDENTIAL_REPORT, Fact.CALLER, Fact.POLICY, Fact.ORGANIZATION),
}
# The list of all principals of each kind.
LISTING_FACTS: Mapping[PrincipalKind, Fact] = {
    "user": Fact.USERS_LISTED,
    "group": Fact.GROUPS_LISTED,
    "role": Fact.ROLES_LISTED,
}
_PRINCIPAL_FACTS: Mapping[PrincipalKind, Fact] = {"user": Fact.USER, "group": Fact.GROUP, "role": Fact.ROLE}


def calls_for_facts(facts: Iterable[Fact], kinds: Iterable[PrincipalKind]) -> Iterator[str]:
    """The calls that read these facts for these kinds of principals, as permissions, once each in the table's order."""
    return iter(dict.fromkeys(name for _, name in fact_call_pairs(facts, kinds)))


def fact_call_pairs(facts: Iterable[Fact], kinds: Iterable[PrincipalKind]) -> Iterator[tuple[Fact, str]]:
    """The same calls, each with every fact that it reads."""
    wanted, words = frozenset(facts), [kind.title() for kind in kinds]
    names = ((fact, name) for fact, those in FACT_CALLS.items() if fact in wanted for name in those)
    return ((fact, name.format(word)) for fact, name in names for word in (words if "{}" in name else ("",)))


def calls_for_rule(facts: frozenset[Fact]) -> tuple[str, ...]:
    """The calls that read the facts of a rule, for the kinds of principals in these facts."""
    return tuple(calls_for_facts(facts, [kind for kind, fact in _PRINCIPAL_FACTS.items() if fact in facts]))
