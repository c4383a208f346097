"""Whom the trust policy of a role can name, so that it does not have to be evaluated for everyone."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from koding_audit.policy.document import DocumentError, Statement, parse_document
from koding_audit.remediation.guards.holders import PolicyHolder

_EVERYONE = ("AWS", "*")


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """Whom a trust policy can name. The evaluation decides whom it does name.

    names: the ids of its principals, and the parts of their ARNs between slashes.
    is_open: whether it names everyone, or all but some, or cannot be parsed.
    is_personal: whether it can treat each user or role differently, by a condition or a wildcard.
    """

    names: frozenset[str]
    is_open: bool
    is_personal: bool

    @classmethod
    def of(cls, text: str, personal_keys: Container[str]) -> TrustPolicy:
        """Parse a trust policy. personal_keys: the condition keys that differ between principals, in lower case."""
        try:
            statements = parse_document(text).statements
        except DocumentError:
            return cls(frozenset(), is_open=True, is_personal=True)
        listed = [each.principals for each in statements if each.principals is not None]
        values = {pair for each in listed for pair in each.values}
        is_open = any(each.negated for each in listed) or _EVERYONE in values
        patterns = (value for pair in values - {_EVERYONE} for value in pair if "*" in value or "?" in value)
        is_personal = any(patterns) or any(_is_personal(each, personal_keys) for each in statements)
        return cls(frozenset(part for _, value in values for part in value.split("/")), is_open, is_personal)

    def can_name(self, holder: PolicyHolder) -> bool:
        """Whether it can name the user or role itself, which then needs no Allow of its own; no if that is unknown."""
        return holder.name != "" and (self.is_open or self._contains(holder))

    def can_single_out(self, holder: PolicyHolder) -> bool:
        """Whether it can treat this user or role differently from others of its kind."""
        return self.is_personal or self._contains(holder)

    def _contains(self, holder: PolicyHolder) -> bool:
        return not self.names.isdisjoint(each for each in (holder.name, holder.unique_id) if each)


def _is_personal(statement: Statement, personal_keys: Container[str]) -> bool:
    return any(each.key in personal_keys or "${" in "".join(each.values) for each in statement.conditions)
