"""Statements as the comparison wants them: which actions, resources and principals, and under which terms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from koding_audit.policy.diff.conditions import IS_AMONG, MATCHES, Atom, Clause, Term, condition_term
from koding_audit.policy.diff.patterns import Tokens, resource_tokens, variable_names
from koding_audit.policy.document import Document, Patterns, Principals, Statement

ANY_PRINCIPAL = ("AWS", "*")

_ROOT_ARN = re.compile(r"arn:[a-z-]+:iam::(\d{12}):root")
_ACCOUNT_ARN = re.compile(r"arn:([a-z-]+):(?:iam|sts)::(\d{12}):")

PrincipalValue = tuple[str, str]


@dataclass(frozen=True, slots=True, order=True)
class ResourceElement:
    """Resource patterns. variables: whether `${...}` in them is a variable."""

    patterns: tuple[str, ...]
    variables: bool = False

    def tokens(self) -> dict[Tokens, str]:
        """Each pattern with its text."""
        return {resource_tokens(each, variables=self.variables): each for each in self.patterns}


@dataclass(frozen=True, slots=True)
class StatementScope:
    """What a statement says besides its actions; two that are equal here differ in their actions only.

    resources: the patterns that no variable is in; variable: each pattern that has one; outside: NotResource.
    """

    allows: bool
    resources: ResourceElement
    variable_resources: tuple[ResourceElement, ...]
    resources_negated: bool
    principals: Principals | None
    term: Term

    def resource_term(self, mask: int, bits: Mapping[ResourceElement, int]) -> Term | None:
        """What has to hold besides where a resource matches the elements of a mask; None where it is not meant."""
        if mask & bits[self.resources]:
            return None if self.resources_negated else frozenset()
        # Within what the variables' pattern could come to: what it does come to is not known.
        near = frozenset(
            Atom(MATCHES, "", "", each.patterns, is_opaque=True)
            for each in self.variable_resources
            if mask & bits[each]
        )
        if near:
            return frozenset({Clause(near, self.resources_negated)})
        return frozenset() if self.resources_negated else None


@dataclass(frozen=True, slots=True)
class ScopedStatement:
    """One statement."""

    actions: Patterns
    scope: StatementScope


def scoped_statements(documents: Iterable[Document], accounts: Mapping[str, str]) -> tuple[ScopedStatement, ...]:
    """All statements of all documents. accounts: see accounts_of."""
    return tuple(
        _scoped_statement(statement, accounts, variables=document.version == "2012-10-17")
        for document in documents
        for statement in document.statements
    )


def account_root_arns(documents: Iterable[Document]) -> dict[str, str]:
    """The root ARN of each account that any principal names: an account's id alone says the same.

    IAM stores the ARN where the id was written. Where no ARN tells the partition, it is taken to be `aws`.
    """
    values = [
        value
        for document in documents
        for statement in document.statements
        if statement.principals
        for _, value in statement.principals.values
    ]
    found = {value: f"arn:aws:iam::{value}:root" for value in values if re.fullmatch(r"\d{12}", value)}
    return found | {match[1]: match[0] for value in sorted(values) if (match := _ROOT_ARN.fullmatch(value))}


def representative_principals(scopes: Sequence[StatementScope]) -> Sequence[PrincipalValue | None]:
    """Principals that stand for all there are: each that is named, one of each named account, and somebody else.

    [None] where no statement names any: identity-based policies.
    """
    said = [scope.principals for scope in scopes if scope.principals is not None]
    if not said:
        return [None]
    named = {each for principals in said for each in principals.values}
    others = {("AWS", f"{value.removesuffix('root')}user/*") for _, value in named if _ROOT_ARN.fullmatch(value)}
    return sorted({*named, *others, ANY_PRINCIPAL, ("Service", "*"), ("Federated", "*"), ("CanonicalUser", "*")})


def principal_term(scope: StatementScope, person: PrincipalValue | None) -> Term | None:
    """What has to hold for the statement to be about that principal; None where it is not."""
    if scope.principals is None or person is None:
        return frozenset()
    principals = scope.principals
    named, account = person in principals.values, _account_root(person) in principals.values
    if ANY_PRINCIPAL in principals.values and not named and person[0] != "AWS":
        # Whether everybody means services and other providers' users, too, is not documented.
        return _undocumented_term(person, (ANY_PRINCIPAL,), principals.negated)
    if ANY_PRINCIPAL in principals.values:
        return None if principals.negated else frozenset()
    if not principals.negated:
        # An account in a Deny is everybody of it; in an Allow it leaves the account to decide.
        return frozenset() if named or (account and not scope.allows) else None
    if _account_root(person) and named != account:
        # Whether NotPrincipal spares somebody whose account it does not spare is not documented for every request.
        return _undocumented_term(person, principals.values, principals.negated)
    return None if named else frozenset()


def _undocumented_term(person: PrincipalValue, values: tuple[PrincipalValue, ...], negated: bool) -> Term:
    """A reading that is open, but the same wherever the same list meets the same principal."""
    atom = Atom(IS_AMONG, "", ":".join(person), tuple(":".join(each) for each in values))
    return frozenset({Clause(frozenset({atom}), negated)})


def _account_root(person: PrincipalValue) -> PrincipalValue | None:
    """The account, as a principal, that somebody is of; None for an account itself and for what has none."""
    kind, value = person
    match = _ACCOUNT_ARN.match(value) if kind == "AWS" and not _ROOT_ARN.fullmatch(value) else None
    return (kind, f"arn:{match[1]}:iam::{match[2]}:root") if match else None


def _scoped_statement(statement: Statement, accounts: Mapping[str, str], *, variables: bool) -> ScopedStatement:
    resources = statement.resources or Patterns(("*",))  # without one, a policy is asked of its own resource only
    variable = [each for each in resources.values if variables and variable_names(each)]
    plain = tuple(each for each in resources.values if each not in variable)
    return ScopedStatement(
        statement.actions,
        StatementScope(
            statement.effect == "Allow",
            ResourceElement(plain, variables and any("${" in each for each in plain)),
            tuple(ResourceElement((each,), variables=True) for each in variable),
            resources.negated,
            _resolve_accounts(statement.principals, accounts),
            condition_term(statement.conditions, variables=variables),
        ),
    )


def _resolve_accounts(principals: Principals | None, accounts: Mapping[str, str]) -> Principals | None:
    if principals is None:
        return None
    values = {(kind, accounts.get(value, value) if kind == "AWS" else value) for kind, value in principals.values}
    return Principals(tuple(sorted(values)), principals.negated)
