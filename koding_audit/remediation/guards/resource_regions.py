"""The regions of resources that policies distinguish, with one resource of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from koding_audit.policy.diff.patterns import PatternSpace, Tokens, Wildcard, segment_tokens
from koding_audit.policy.evaluation.patterns import QUESTION_MARK, STAR

_SHORTEST_BEGINNING = 3  # characters of a resource's path or name; fewer are like `*`
_SLASH = re.compile("/")
_LITERAL = re.compile(f"[^{STAR}{QUESTION_MARK}]*")
_LITERAL_END = re.compile(f"[^/{STAR}{QUESTION_MARK}]*\\Z")  # a name without wildcards, or the end of one
_TOKENS: Mapping[str, Wildcard] = {STAR: Wildcard.STAR, QUESTION_MARK: Wildcard.ANY}


def region_examples(
    prefix: str, patterns: frozenset[str], *, without_name: str = "", unrestricted_only: bool = False
) -> Iterator[str]:
    """Yield one resource per combination of patterns that a resource with this beginning can match.

    prefix: how the ARNs of the resources begin.
    patterns: the filled patterns of policies.
    without_name: the name of a resource that is left out; "" for none.
    unrestricted_only: whether resources that the patterns limit by their names are left out.

    Raises TooManyStates.
    """
    left_out = [f"{prefix}{without_name}", f"{prefix}{STAR}/{without_name}"] if without_name else []
    left_out += _limited_names(prefix, patterns) if unrestricted_only else []
    left_out += _impossible_names(patterns)
    elements = [left_out, *([each] for each in sorted(patterns))]
    space = PatternSpace([{_resource_tokens(each): "" for each in element} for element in elements])
    yield from (region.example for mask, region in space.regions(prefix).items() if not mask & 1)


def _limited_names(prefix: str, patterns: Iterable[str]) -> Iterator[str]:
    """Yield patterns of all resources whose path or name begins with three characters that these patterns spell.

    A shorter name without a wildcard is spelled too. What policies leave after their Denies is limited exactly if it is
    within a finite number of such beginnings: so it does no harm to yield more of them than necessary. Paths with a
    colon are left out: only they let the `*` of `arn:aws:iam::*:role/app-*` match more than an account.
    """
    yield f"{prefix}{STAR}:{STAR}"
    for pattern in patterns:
        for slash in _SLASH.finditer(pattern):
            literal = _LITERAL.match(pattern, slash.end())
            spelled = literal[0] if literal else ""
            if len(spelled) >= _SHORTEST_BEGINNING:
                yield f"{prefix}{spelled[:_SHORTEST_BEGINNING]}{STAR}"
            elif spelled and slash.end() + len(spelled) == len(pattern):
                yield f"{prefix}{spelled}"


def _impossible_names(patterns: Iterable[str]) -> Iterator[str]:
    """Yield the patterns whose name has a policy variable that counts as text, as in a document of version 2008-10-17.

    No user, group, role or policy has a `$` in its name (IAM user guide, reference_iam-quotas).
    """
    for pattern in patterns:
        end = _LITERAL_END.search(pattern)
        if end and "${" in end[0]:
            yield pattern


def _resource_tokens(filled: str) -> Tokens:
    """The tokens of a pattern whose wildcards are marked and whose variables are filled."""
    return segment_tokens(tuple(_TOKENS.get(each, each) for each in filled))
