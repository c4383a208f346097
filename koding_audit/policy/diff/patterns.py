"""Finds every combination of patterns with `*` and `?` that some text matches, with an example text.

All patterns form one automaton: a tree in which common beginnings are shared. The subset construction makes only the
combinations that some text reaches. A literal sequence that only one pattern follows is one step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import chain, count

from koding_audit.model.frozen import dataclass

MOST_STATES = 20_000  # states of one automaton
MOST_WORK = 500_000  # positions in patterns, over all states of one automaton: a hostile pattern causes many

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
# The first of these letters that no pattern contains stands for all such letters.
_FRESH_LETTERS = "xyzwvqjkuabcdefghilmnoprst0123456789XYZ"


class Wildcard(Enum):
    """A token that is not a letter. The last two match no colon: they stay within a part of an ARN."""

    ANY = "?"
    STAR = "*"
    ANY_IN_PART = "[^:]"
    STAR_IN_PART = "[^:]*"

    __hash__ = object.__hash__  # Enum's own hashes the name each time


Token = str | Wildcard
Tokens = tuple[Token, ...]

_LETTER = (Wildcard.ANY, Wildcard.ANY_IN_PART)
_LOOP = (Wildcard.STAR, Wildcard.STAR_IN_PART)
_ANY_COLON: Sequence[Token] = (Wildcard.ANY, Wildcard.STAR)
_ANY_LETTER: Sequence[Token] = (*_LETTER, *_LOOP)
_NO_NODES: frozenset[int] = frozenset()
_SEGMENT_WILDCARDS: Mapping[Token, Token] = {Wildcard.ANY: Wildcard.ANY_IN_PART, Wildcard.STAR: Wildcard.STAR_IN_PART}


class TooManyStates(Exception):  # noqa: N818 - a limit; the input is valid
    """The patterns combine in more ways than the limits allow."""


class Effort:
    """How much work is left. automata: for how many automata of the greatest size."""

    def __init__(self, automata: int = 1) -> None:
        self._states = automata * MOST_STATES
        self._work = automata * MOST_WORK

    def spend(self, states: int, work: int) -> None:
        """Count work. Raises TooManyStates if none is left."""
        self._states -= states
        self._work -= work
        if self._states < 0 or self._work < 0:
            raise TooManyStates


def pattern_tokens(pattern: str, *, variables: bool = False) -> Tokens:
    """The tokens of a pattern; a policy variable becomes a star, and `${*}`, `${?}`, `${$}` the letter itself."""
    found: list[Token] = []
    at = 0
    for match in _VARIABLE.finditer(pattern) if variables else ():
        found += _text_tokens(pattern[at : match.start()])
        found.append(match[1] if match[1] in {"*", "?", "$"} else Wildcard.STAR)
        at = match.end()
    found += _text_tokens(pattern[at:])
    return tuple(found)


def resource_tokens(pattern: str, *, variables: bool) -> Tokens:
    """The tokens of a Resource pattern: a wildcard matches within its segment of an ARN, except a `*` at its end.

    Source: IAM user guide, reference_policies_elements_resource. What follows the fifth colon is one segment.
    """
    return segment_tokens(pattern_tokens(pattern, variables=variables))


def segment_tokens(found: Tokens) -> Tokens:
    """The tokens of an ARN pattern, with each wildcard limited to its segment."""
    colons = [index for index, each in enumerate(found) if each == ":"]
    head = found[: colons[4]] if len(colons) > 4 else ()
    inside = (each for each, following in zip(head, found[1:], strict=False) if following != ":")
    if Wildcard.ANY in head or Wildcard.STAR in inside:
        return tuple(_SEGMENT_WILDCARDS.get(each, each) for each in head) + found[len(head) :]
    return found


def arn_condition_tokens(pattern: str) -> Tokens:
    """The tokens of a value of an Arn operator: each of the six segments is compared on its own.

    Source: IAM user guide, reference_policies_elements_condition_operators.
    """
    head = pattern.split(":", 5)[:5]
    start = len(":".join(head)) if len(head) == 5 else 0
    found = pattern_tokens(pattern)
    return tuple(_SEGMENT_WILDCARDS.get(each, each) for each in found[:start]) + found[start:]


def nearness(places: Iterable[Tokens]) -> Callable[[Tokens], bool]:
    """A test of whether a pattern may match a text that one of the places matches, by what they begin with."""
    begins = {_literal_begin(each) for each in places}
    longer = {begin[:length] for begin in begins for length in range(len(begin) + 1)}
    lengths = sorted({len(begin) for begin in begins})

    def is_near(pattern: Tokens) -> bool:
        begin = _literal_begin(pattern)
        return begin in longer or any(begin[:length] in begins for length in lengths)

    return is_near


def _literal_begin(tokens: Tokens) -> str:
    found = []
    for each in tokens:
        if not isinstance(each, str):
            break
        found.append(each)
    return "".join(found)


def variable_names(pattern: str) -> frozenset[str]:
    """The names of the policy variables in a text, in lower case, without their defaults."""
    names = (match[1].partition(",")[0].strip().lower() for match in _VARIABLE.finditer(pattern))
    return frozenset(names) - {"*", "?", "$"}


def _text_tokens(text: str) -> Iterator[Token]:
    for letter in text:
        yield Wildcard.STAR if letter == "*" else Wildcard.ANY if letter == "?" else letter


@dataclass(frozen=True, slots=True)
class Region:
    """All texts that match the same elements.

    mask: bit i is set if a pattern of element i matches.
    labels: for every text, the label of the longest pattern that matches, "" for none.
    example: one of the texts.
    """

    mask: int
    labels: frozenset[str]
    example: str


@dataclass(frozen=True, slots=True)
class _Transition:
    """How a state was first reached.

    origin: the number of the state before it.
    text: the text that leads from there.
    """

    origin: int
    text: str


@dataclass(frozen=True, slots=True)
class _Moves:
    """The moves of some nodes by one letter.

    other: the state that follows by a letter that no pattern contains.
    ended: the elements that match every continuation of it.
    is_final: whether `other` does not change with the text that follows.
    followers: the nodes that follow by each letter of a pattern, in addition to `other`.
    letters: those for which the following state was not yielded yet.
    """

    other: frozenset[int]
    ended: int
    is_final: bool
    followers: Mapping[str, frozenset[int]]
    letters: set[str]


class PatternSpace:
    """The patterns of several elements over all texts. An element is its patterns, each with a label."""

    def __init__(self, elements: Sequence[Mapping[Tokens, str]]) -> None:
        self._next: list[dict[Token, int]] = [{}]
        self._masks = [0]
        self._labels = [("", -1)]
        self._loops: list[Token | None] = [None]
        self._letters = {":"}
        for number, element in enumerate(elements):
            for pattern, label in element.items():
                self._add_pattern(pattern, label, 1 << number)
        nodes = range(len(self._next))
        self._index_absorbing()
        self._index_followers(nodes)
        self._fresh = next(
            each for each in chain(_FRESH_LETTERS, map(chr, count(ord("~")))) if each not in self._letters
        )
        self._index_ends(nodes)

    def regions(
        self, prefix: str = "", within: int = -1, fewest: int = 0, effort: Effort | None = None
    ) -> dict[int, Region]:
        """Return the non-empty regions of the texts that continue the prefix, by mask. Raises TooManyStates.

        within: the mask of the elements that matter: a region that none of them matches may be left out.
        fewest: the mask of elements that should not match: a region may be left out if another one has fewer of them,
            and the same elements otherwise.
        effort: what may be spent; that of one automaton if None.
        """
        effort = effort or Effort()
        order = [self._state_after(prefix)]
        steps = [_Transition(-1, "")]
        states: set[frozenset[int]] = set()  # without the first: a text that leads back to it is another text
        minimal: dict[frozenset[int], list[frozenset[int]]] = {}
        found: dict[int, tuple[set[str], int]] = {}
        known: dict[frozenset[int], _Moves] = {}
        for number, state in enumerate(order):  # grows while it is read
            before = len(order)
            for letter, target in self._moves(state, known):
                if target in states or not (within < 0 or self._can_match(target, within)):
                    continue
                states.add(target)
                if not (fewest and self._has_smaller(target, fewest, minimal)):
                    order.append(target)
                    steps.append(_Transition(number, letter))
            effort.spend(len(order) - before, len(state))
            if number:
                labels, _ = found.setdefault(self._mask(state), (set(), number))
                labels.add(self._label(state))
        return {
            mask: Region(mask, frozenset(labels), prefix + "".join(_path_texts(steps, first)))
            for mask, (labels, first) in found.items()
        }

    def _has_smaller(
        self, state: frozenset[int], fewest: int, minimal: dict[frozenset[int], list[frozenset[int]]]
    ) -> bool:
        """Whether a state before this one has fewer nodes of the elements in `fewest`; if not, note this one.

        minimal: the states by their other nodes.
        """
        others = frozenset(node for node in state if self._ahead[node] & ~fewest)
        ended = self._mask(state & self._absorbing)
        known = minimal.setdefault(others, [])
        if any(all(node in state or not self._ahead[node] & ~ended for node in each) for each in known):
            return True
        known.append(state)
        return False

    def _can_match(self, state: Iterable[int], elements: int) -> bool:
        """Whether one of the elements matches a text that leads to the state, or a continuation of it."""
        return any(self._ahead[node] & elements for node in state)

    def mask_of(self, text: str) -> int:
        """Return the mask of the elements that a text matches."""
        return self._mask(self._state_after(text))

    def _state_after(self, text: str) -> frozenset[int]:
        state = self._closed[0]
        for letter in text:
            state = self._next_state(state, letter)
        return state

    def _add_pattern(self, pattern: Tokens, label: str, bit: int) -> None:
        node = 0
        for token in pattern:
            if token in _LOOP and self._loops[node] is token:
                continue  # two stars equal one
            follower = self._next[node].get(token)
            if follower is None:
                follower = self._next[node][token] = len(self._next)
                self._next.append({})
                self._masks.append(0)
                self._labels.append(("", -1))
                self._loops.append(token if token in _LOOP else None)
                if isinstance(token, str):
                    self._letters.add(token)
            node = follower
        self._masks[node] |= bit
        weight = sum(isinstance(token, str) for token in pattern) if label else -1
        self._labels[node] = min((label, weight), self._labels[node], key=lambda each: (-each[1], each[0]))

    def _index_absorbing(self) -> None:
        """Note the nodes that match every continuation; of those that are alike, one stands for all."""
        # A state that consists of such nodes only does not change with the text that follows.
        ends = (node for node, loop in enumerate(self._loops) if loop is Wildcard.STAR and not self._next[node])
        self._absorbing = frozenset(ends)
        first: dict[tuple[int, tuple[str, int]], int] = {}
        self._equal_ends = {
            node: first.setdefault((self._masks[node], self._labels[node]), node) for node in sorted(self._absorbing)
        }

    def _index_followers(self, nodes: range) -> None:
        """Note for each node what follows it, by which letters."""
        self._closed = [frozenset(self._closure(node)) for node in nodes]
        self._after_letter = [self._wildcard_followers(node, _ANY_LETTER) for node in nodes]
        self._after_colon = [
            self._wildcard_followers(node, _ANY_COLON) if self._stops_at_colon(node) else self._after_letter[node]
            for node in nodes
        ]
        self._looping = frozenset(node for node in nodes if self._loops[node])
        self._before_wildcards = frozenset(node for node in nodes if any(each in self._next[node] for each in _LETTER))
        self._literals = [
            [(letter, following) for letter, following in self._next[node].items() if isinstance(letter, str)]
            for node in nodes
        ]

    def _index_ends(self, nodes: range) -> None:
        """Note for each node what can follow it, and the order of the labels."""
        self._ahead = self._masks.copy()
        for node in reversed(nodes):  # followers have higher numbers
            for follower in self._next[node].values():
                self._ahead[node] |= self._ahead[follower]
        self._ranks = _positions(nodes, lambda node: (-self._labels[node][1], self._labels[node][0]))

    def _closure(self, node: int) -> Iterator[int]:
        """Yield a node and the nodes that a star after it reaches without a letter."""
        yield self._equal_ends.get(node, node)
        for token in _LOOP:
            if token in self._next[node]:
                yield from self._closure(self._next[node][token])

    def _wildcard_followers(self, node: int, tokens: Sequence[Token]) -> frozenset[int]:
        """The nodes that follow a node by a letter that one of these wildcards matches."""
        loop, following = self._loops[node], self._next[node]
        found = [self._closed[node]] if loop and loop in tokens else []
        found += [self._closed[following[each]] for each in tokens if each in _LETTER and each in following]
        return frozenset().union(*found) if found else _NO_NODES

    def _stops_at_colon(self, node: int) -> bool:
        return self._loops[node] is Wildcard.STAR_IN_PART or Wildcard.ANY_IN_PART in self._next[node]

    def _moves(
        self, state: frozenset[int], known: dict[frozenset[int], _Moves]
    ) -> Iterator[tuple[str, frozenset[int]]]:
        """Yield following states with a text that leads there; a letter that no pattern contains comes first.

        Many states differ only in nodes without a loop, which continue with their own letters. What the other nodes
        of such states lead to is yielded once.
        known: the moves of the other nodes. Those that are yielded are removed.
        """
        rest = _NO_NODES if state & self._before_wildcards else state - self._looping
        base = state - rest
        moves = known.get(base)
        if moves is None:
            moves = known[base] = self._moves_of(base)
            yield self._fresh, moves.other
        followers = self._literal_followers(rest)
        for letter in sorted({*followers, *moves.letters}):
            if letter == ":":
                target = self._next_state(state, letter)
            else:
                nodes = moves.followers.get(letter, _NO_NODES) | followers.get(letter, _NO_NODES)
                target = self._add_nodes(moves.other, moves.ended, nodes)
            yield self._follow_literal(letter, target, moves.other) if moves.is_final else (letter, target)
        moves.letters.intersection_update(followers)

    def _moves_of(self, nodes: frozenset[int]) -> _Moves:
        other = self._next_state(nodes, self._fresh)
        followers = self._literal_followers(nodes)
        if any(self._after_colon[node] is not self._after_letter[node] for node in nodes):
            followers.setdefault(":", _NO_NODES)
        ended = self._mask(other & self._absorbing)
        return _Moves(other, ended, other <= self._absorbing, followers, set(followers))

    def _literal_followers(self, nodes: frozenset[int]) -> dict[str, frozenset[int]]:
        found: dict[str, frozenset[int]] = {}
        for node in nodes:
            for letter, following in self._literals[node]:
                found[letter] = found.get(letter, _NO_NODES) | self._closed[following]
        return found

    def _add_nodes(self, state: frozenset[int], ended: int, nodes: frozenset[int]) -> frozenset[int]:
        """Return the state with more nodes. ended: the elements that match every continuation in this state."""
        if nodes & self._absorbing:
            return self._prune_nodes(state | nodes)
        return state.union([node for node in nodes if self._ahead[node] & ~ended])

    def _follow_literal(self, text: str, state: frozenset[int], other: frozenset[int]) -> tuple[str, frozenset[int]]:
        """Follow the letters while exactly one pattern continues; every other letter on the way leads to `other`."""
        letters = [text]
        own = state - other
        while len(own) == 1:
            (node,) = own
            following = self._next[node]
            if self._masks[node] or self._loops[node] or len(following) != 1:
                break
            ((letter, follower),) = following.items()
            if not isinstance(letter, str):
                break
            letters.append(letter)
            own = self._closed[follower] - other
        return "".join(letters), self._prune_nodes(other | own)

    def _next_state(self, state: Iterable[int], letter: str) -> frozenset[int]:
        after = self._after_colon if letter == ":" else self._after_letter
        found = [after[node] for node in state]
        found += [self._closed[self._next[node][letter]] for node in state if letter in self._next[node]]
        return self._prune_nodes(_NO_NODES.union(*found))

    def _prune_nodes(self, nodes: frozenset[int]) -> frozenset[int]:
        """Return the state without patterns of elements that match every continuation: they only add states."""
        mask = 0
        needed = []
        for node in sorted(nodes & self._absorbing, key=self._ranks.__getitem__):
            if self._masks[node] & ~mask:
                mask |= self._masks[node]
                needed.append(node)
        return frozenset(needed).union([node for node in nodes if self._ahead[node] & ~mask]) if mask else nodes

    def _mask(self, state: Iterable[int]) -> int:
        mask = 0
        for node in state:
            mask |= self._masks[node]
        return mask

    def _label(self, state: Iterable[int]) -> str:
        return self._labels[min(state, key=self._ranks.__getitem__)][0] if state else ""


def _positions(nodes: Sequence[int], rank: Callable[[int], tuple[int, str]]) -> list[int]:
    """For each node, its position in the order of ranks."""
    found = [0] * len(nodes)
    for position, node in enumerate(sorted(nodes, key=rank)):
        found[node] = position
    return found


def _path_texts(steps: Sequence[_Transition], number: int) -> Iterator[str]:
    found = []
    while number > 0:
        found.append(steps[number].text)
        number = steps[number].origin
    return reversed(found)
