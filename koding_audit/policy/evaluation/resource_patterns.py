"""Compares Resource patterns of policies: which of them grant an action, and which limit it on a part of another."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.policy.evaluation.context import Context
from koding_audit.policy.evaluation.patterns import QUESTION_MARK, STAR, Template, resource_matcher
from koding_audit.policy.evaluation.request import Policies, Policy
from koding_audit.policy.evaluation.statements import CompiledStatement


def granted_patterns(policies: Policies, action: str, context: Context) -> Iterator[str]:
    """Yield the Resource patterns of identity policies' Allow statements about an action, with variables filled.

    A pattern of which a variable has no single value, or whose text has a literal `*` or `?`, is left out.
    """
    for statement in _statements_about(policies.identity, action):
        if statement.effect == "Allow" and not statement.resources_negated:
            for pattern in statement.patterns:
                filled = pattern.fill(context) if isinstance(pattern, Template) else pattern
                if isinstance(filled, str) and "*" not in filled and "?" not in filled:
                    yield _write_wildcards(filled)


def is_limited_in_part(policies: Policies, action: str, resource: str, context: Context) -> bool:
    """Whether a statement may refuse an action on a part of a pattern of resources: a Deny, or an Allow's NotResource.

    A statement that is about the whole pattern does not count: it decides about the pattern itself.
    """
    levels = (*policies.scps, *policies.rcps, policies.boundary or (), policies.session or ())
    every = (policies.identity, policies.resource, *levels, () if policies.vpce is None else (policies.vpce,))
    return any(
        _concerns_part(statement, resource, context)
        for layer in every
        for statement in _statements_about(layer, action)
        if (statement.effect == "Deny") is not statement.resources_negated
    )


def can_both_match(one: str, other: str) -> bool:
    """Whether a text matches both patterns; `*` and `?` are wildcards that match any character."""
    # The ends of `one` that can match each end of `other`, from its last character to its first.
    reached = _row_before(one, [False] * (len(one) + 1), "", is_last=True)
    for character in reversed(other):
        reached = _row_before(one, reached, character, is_last=False)
    return reached[0]


def _row_before(one: str, after: list[bool], character: str, *, is_last: bool) -> list[bool]:
    """For each end of `one`: whether it can match an end of the other pattern that begins with this character.

    after: the same for the end without the character. is_last: whether that end is empty.
    """
    row = [False] * len(one) + [is_last or (character == "*" and after[-1])]
    for at in range(len(one) - 1, -1, -1):
        own = one[at]
        if own == "*" or character == "*":
            row[at] = (own == "*" and (row[at + 1] or after[at])) or (character == "*" and (after[at] or row[at + 1]))
        else:
            row[at] = (own == character or "?" in (own, character)) and after[at + 1]
    return row


def _write_wildcards(parsed: str) -> str:
    return parsed.replace(STAR, "*").replace(QUESTION_MARK, "?")


def _statements_about(layer: tuple[Policy, ...], action: str) -> Iterator[CompiledStatement]:
    name = action.lower()
    service = name.partition(":")[0]
    for policy in layer:
        yield from (each for each in policy.compiled.statements_about(service) if each.covers_action(name, service))


def _concerns_part(statement: CompiledStatement, resource: str, context: Context) -> bool:
    """Whether a statement that may apply names a part of a pattern of resources."""
    if statement.conditions_met(context) is False:
        return False
    for pattern in statement.patterns:
        filled = pattern.fill(context) if isinstance(pattern, Template) else pattern
        if not isinstance(filled, str):
            return True
        overlaps = can_both_match(_write_wildcards(filled), resource)
        if overlaps and not resource_matcher(filled)(resource):
            return True
    return False
