"""Prepares statements for the comparison: actions, resources, principals, and the terms of their conditions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from koding_audit.policy.arn_patterns import complete_arn
from koding_audit.policy.diff.conditions import IS_AMONG, MATCHES, Atom, Clause, Term, condition_term
from koding_audit.policy.diff.patterns import Tokens, Wildcard, resource_tokens, variable_names
from koding_audit.policy.document import Document, Patterns, Principals, Statement

ANY_PRINCIPAL = ("AWS", "*")

_ROOT_ARN = re.compile(r"arn:[a-z-]+:iam::(\d{12}):root")
_ACCOUNT_ARN = re.compile(r"arn:([a-z-]+):(?:iam|sts)::(\d{12}):")

PrincipalValue = tuple[str, str]


@dataclass(frozen=True, slots=True, order=True)
class ResourceElement:
    """Resource patterns.

    patterns: as written.
    variables: whether `${...}` in them is a variable.
    """

    patterns: tuple[str, ...]
    variables: bool = False

    def tokens(self, read: Callable[..., Tokens] = resource_tokens) -> Iterator[Tokens]:
        """Yield the tokens of each pattern. read: as resource_tokens."""
        return (read(each, variables=self.variables) for each in self.patterns)


@dataclass(frozen=True, slots=True)
class ScopePart:
    """A part of a scope: one resource pattern with the rest of the statement; all patterns, if this is NotResource.

    resources: the pattern or patterns.
    resources_negated: whether this is NotResource.
    rest: what is not about resources.
    """

    resources: tuple[ResourceElement, ...]
    resources_negated: bool
    rest: tuple[bool, Principals | None, Term]

    def reachable_tokens(self) -> Iterable[Tokens]:
        """The tokens of patterns outside of which the part applies to no resource."""
        return [(Wildcard.STAR,)] if self.resources_negated else self.resources[0].tokens()


@dataclass(frozen=True, slots=True)
class StatementScope:
    """A statement without its actions; statements with equal scopes differ only in their actions.

    allows: whether the effect is Allow.
    resources: the patterns without a variable.
    variable_resources: each pattern with a variable.
    resources_negated: whether this is NotResource.
    principals: None in an identity-based policy.
    term: the conditions.
    """

    allows: bool
    resources: ResourceElement
    variable_resources: tuple[ResourceElement, ...]
    resources_negated: bool
    principals: Principals | None
    term: Term

    def elements(self) -> Iterable[ResourceElement]:
        """The elements of its patterns."""
        return (self.resources, *self.variable_resources)

    def parts(self) -> Iterator[ScopePart]:
        """Yield the parts that together mean the same."""
        rest = self.allows, self.principals, self.term
        if self.resources_negated:
            yield ScopePart((self.resources, *self.variable_resources), True, rest)
            return
        for pattern in self.resources.patterns:
            yield ScopePart((ResourceElement((pattern,), self.resources.variables),), False, rest)
        for element in self.variable_resources:
            yield ScopePart((element,), False, rest)

    def resource_term(self, mask: int, bits: Mapping[ResourceElement, int]) -> Term | None:
        """The term that applies in addition to a resource that matches these elements; None if none does.

        mask: the elements that the resource matches.
        bits: the bit of each element in the mask.
        """
        if mask & bits[self.resources]:
            return None if self.resources_negated else frozenset()
        # The resource may match the pattern, depending on the values of its variables.
        near = frozenset(
            Atom(MATCHES, "", "", each.patterns, is_opaque=True)
            for each in self.variable_resources
            if mask & bits[each]
        )
        if near:
            return frozenset({Clause(near, self.resources_negated)})
        return frozenset() if self.resources_negated else None


def merge_scopes(scopes: Iterable[StatementScope]) -> frozenset[StatementScope]:
    """The scopes of one side, with one for all that differ only in patterns without a variable: they mean the same."""
    found: set[StatementScope] = set()
    alike: dict[object, list[StatementScope]] = {}
    for scope in scopes:
        if scope.resources_negated or scope.variable_resources:
            found.add(scope)
        else:
            alike.setdefault((scope.allows, scope.resources.variables, scope.principals, scope.term), []).append(scope)
    for first, *others in alike.values():
        texts = set(first.resources.patterns).union(*(each.resources.patterns for each in others))
        element = ResourceElement(tuple(sorted(texts)), first.resources.variables)
        found.add(replace(first, resources=element))
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class ScopedStatement:
    """One statement: its actions, and everything else."""

    actions: Patterns
    scope: StatementScope


@dataclass(frozen=True, slots=True)
class Reach:
    """What a statement applies to, roughly: the beginning and the end of each pattern, without wildcards.

    actions: of its action patterns.
    resources: of its resource patterns.
    """

    actions: tuple[tuple[str, str], ...]
    resources: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, rule: ScopedStatement) -> Reach:
        actions, scope = rule.actions, rule.scope
        everything = (("", ""),)
        patterns = [(each, element.variables) for element in scope.elements() for each in element.patterns]
        return cls(
            everything if actions.negated else tuple(_fixed_ends(each) for each in actions.values),
            everything
            if scope.resources_negated
            else tuple(_fixed_ends(each, variables=variables) for each, variables in patterns),
        )

    def touches(self, other: Reach) -> bool:
        """Whether both may apply to one action and resource; False only if there is none."""
        return _may_meet(self.actions, other.actions) and _may_meet(self.resources, other.resources)


def _fixed_ends(pattern: str, *, variables: bool = False) -> tuple[str, str]:
    """The text before the first wildcard or variable, and the text after the last."""
    parts = re.split(r"[*?]|\$\{[^}]*\}" if variables else r"[*?]", pattern)
    return parts[0], parts[-1]


def _may_meet(ends: Iterable[tuple[str, str]], others: Sequence[tuple[str, str]]) -> bool:
    return any(
        (begin.startswith(other_begin) or other_begin.startswith(begin))
        and (end.endswith(other_end) or other_end.endswith(end))
        for begin, end in ends
        for other_begin, other_end in others
    )


def scoped_statements(documents: Iterable[Document], accounts: Mapping[str, str]) -> tuple[ScopedStatement, ...]:
    """The statements of all documents. accounts: see account_root_arns."""
    return tuple(
        _scoped_statement(statement, accounts, variables=document.version == "2012-10-17")
        for document in documents
        for statement in document.statements
    )


def account_root_arns(documents: Iterable[Document]) -> dict[str, str]:
    """The root ARN of each account that a principal names, by the account's id: both forms mean the same.

    IAM stores the ARN for an id. If no ARN shows the partition, it is `aws`.
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
    """One principal for each case: each named principal, another one of each named account, and any other principal.

    [None] if no statement names a principal, as in identity-based policies.
    """
    elements = [scope.principals for scope in scopes if scope.principals is not None]
    if not elements:
        return [None]
    named = {each for principals in elements for each in principals.values}
    others = {("AWS", f"{value.removesuffix('root')}user/*") for _, value in named if _ROOT_ARN.fullmatch(value)}
    return sorted({*named, *others, ANY_PRINCIPAL, ("Service", "*"), ("Federated", "*"), ("CanonicalUser", "*")})


def principal_term(scope: StatementScope, principal: PrincipalValue | None) -> Term | None:
    """The term under which the statement is about that principal; None if it is not."""
    if scope.principals is None or principal is None:
        return frozenset()
    principals = scope.principals
    named, account = principal in principals.values, _account_root(principal) in principals.values
    if ANY_PRINCIPAL in principals.values and not named and principal[0] != "AWS":
        # Whether `*` includes services and users of other providers is not documented.
        return _undocumented_term(principal, (ANY_PRINCIPAL,), principals.negated)
    if ANY_PRINCIPAL in principals.values:
        return None if principals.negated else frozenset()
    if not principals.negated:
        # An account in a Deny means all of its principals; in an Allow it only delegates to the account.
        return frozenset() if named or (account and not scope.allows) else None
    if _account_root(principal) and named != account:
        # Whether NotPrincipal exempts a principal whose account it does not exempt is not documented for every request.
        return _undocumented_term(principal, principals.values, principals.negated)
    return None if named else frozenset()


def _undocumented_term(principal: PrincipalValue, values: tuple[PrincipalValue, ...], negated: bool) -> Term:
    """A term with an unknown truth, which is the same for the same principal and the same list."""
    atom = Atom(IS_AMONG, "", ":".join(principal), tuple(":".join(each) for each in values))
    return frozenset({Clause(frozenset({atom}), negated)})


def _account_root(principal: PrincipalValue) -> PrincipalValue | None:
    """The root ARN of the principal's account, as a principal; None for an account itself or without an account."""
    kind, value = principal
    match = _ACCOUNT_ARN.match(value) if kind == "AWS" and not _ROOT_ARN.fullmatch(value) else None
    return (kind, f"arn:{match[1]}:iam::{match[2]}:root") if match else None


def _scoped_statement(statement: Statement, accounts: Mapping[str, str], *, variables: bool) -> ScopedStatement:
    resources = statement.resources or Patterns(("*",))  # without one, the policy applies to its own resource only
    if statement.principals is None:  # IAM completes the ARNs of identity-based policies
        values = sorted({complete_arn(each, variables=variables) for each in resources.values})
        resources = Patterns(tuple(values), resources.negated)
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
