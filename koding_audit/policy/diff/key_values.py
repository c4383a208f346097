"""Which conditions can be true together: of one key whose values are texts, and of the tags of a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, permutations, product

from koding_audit.policy.diff.conditions import Atom
from koding_audit.policy.diff.patterns import PatternSpace, Tokens, TooManyStates, arn_condition_tokens, pattern_tokens

_TEXT_OPERATORS = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnlike"})
_MOST_CANDIDATES = 64  # values of one atom that are tried if the patterns combine in too many ways
_MOST_TAG_ROWS = 2000  # combinations of a request's tags that are tried

Columns = Mapping[int, Atom]  # atoms by their number
Row = dict[int, bool]  # the truth of atoms, by their number


def are_texts(atoms: Iterable[Atom]) -> bool:
    """Whether the truth of each atom is known for every text."""
    return all(each.is_absence or _is_text(each) for each in atoms)


def _is_text(atom: Atom) -> bool:
    if atom.is_opaque or atom.operator not in _TEXT_OPERATORS:
        return False
    # A text with fewer than six segments matches no ARN; a pattern with fewer is invalid, and what it matches unknown.
    return atom.operator != "arnlike" or all(value.count(":") > 4 for value in atom.values)


def _compares_plainly(atom: Atom) -> bool:
    """Whether the atom compares all texts as StringLike does.

    So does ArnLike if only the last of the six segments has a wildcard.
    """
    if atom.operator == "arnlike":
        heads = [value.split(":", 5)[:5] for value in atom.values]
        return not atom.qualifier and all(head[0] == "arn" and not set("".join(head)) & set("*?") for head in heads)
    return not atom.qualifier and atom.operator in {"stringequals", "stringlike"}


class TextAtoms:
    """Atoms of one key, as tests of a text. Each compares texts or tests for absence."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._space = PatternSpace([_atom_tokens(atom) for atom in columns.values()])
        self._folded = {
            column: {value.casefold() for value in atom.values}
            for column, atom in columns.items()
            if atom.operator == "stringequalsignorecase"
        }

    def rows(self, *, can_be_absent: bool) -> list[Row]:
        """What values of the key make true. Not every row that some value gives is among them."""
        found = [self.row_of(text) for text in self._texts()]
        return [*found, *([self.row_of_absence()] if can_be_absent else [])]

    def row_of(self, text: str) -> Row:
        """What is true if the key has this one value."""
        mask = self._space.mask_of(text)
        folded = text.casefold()
        return {
            column: bool(mask >> bit & 1) or folded in self._folded.get(column, ())
            for bit, column in enumerate(self._columns)
        }

    def row_of_names(self, names: Sequence[str]) -> Row | None:
        """What is true if the key has these values; None if that is not documented."""
        if not names:
            return self.row_of_absence()
        rows = [self.row_of(each) for each in names]
        if len(names) > 1 and any(not atom.qualifier and not atom.is_absence for atom in self._columns.values()):
            return None  # several values, and no set operator
        tests = {column: all if atom.qualifier == "ForAllValues" else any for column, atom in self._columns.items()}
        return {column: test(row[column] for row in rows) for column, test in tests.items()}

    def row_of_absence(self) -> Row:
        """What is true if the key is missing."""
        return {column: atom.is_absence or bool(atom.truth_when_absent) for column, atom in self._columns.items()}

    def implications(self) -> Iterator[tuple[int, int]]:
        """Yield pairs of atoms: any text for which the first is true makes the second true."""
        plain = {bit: column for bit, (column, atom) in enumerate(self._columns.items()) if _compares_plainly(atom)}
        try:
            masks = [*self._space.regions(), self._space.mask_of("")] if len(plain) > 1 else []
        except TooManyStates:
            return
        for one, other in permutations(plain, 2):
            if masks and not any(mask >> one & 1 and not mask >> other & 1 for mask in masks):
                yield plain[one], plain[other]

    def _texts(self) -> list[str]:
        """Texts that make different atoms true: every combination, unless there are too many."""
        named = {value for atom in self._columns.values() for value in atom.values}
        found = sorted({*self._examples(), *chain.from_iterable(self._folded.values()), *({""} & named)})
        # A set operator does not count an empty text (IAM user guide,
        # reference_policies_condition-single-vs-multi-valued-context-keys).
        has_qualifier = any(atom.qualifier for atom in self._columns.values())
        return [text for text in found if text or not has_qualifier]

    def _examples(self) -> Iterator[str]:
        try:
            yield from (region.example for region in self._space.regions().values())
        except TooManyStates:
            yield "another value"
            for value in chain.from_iterable(atom.values[:_MOST_CANDIDATES] for atom in self._columns.values()):
                yield value.replace("*", "").replace("?", "x")
                yield value.replace("*", "other").replace("?", "y")


def tag_rows(tags: Mapping[str, Columns], names: Columns) -> list[Row] | None:
    """What the tags of a request can make true; None if they are too many, or differ only in case.

    tags: the atoms about the value of each tag, by the tag's name.
    names: the atoms about the names of all tags.
    """
    name_tests = TextAtoms(names)
    choices = [_tag_choices(name, columns) for name, columns in tags.items()]
    taken = {name.casefold() for name in tags}
    literals = {value for atom in names.values() for value in atom.values if not set(value) & set("*?")}
    others: list[tuple[str, ...]] = [
        (),
        *((each,) for each in sorted({*literals, "another tag"}) if each.casefold() not in taken),
    ]
    count = len(others)
    for choice in choices:
        count *= len(choice)
    if count > _MOST_TAG_ROWS or len(taken) < len(tags):
        return None
    found = []
    for chosen in product(*choices):
        for more in others:
            row = name_tests.row_of_names([*chain.from_iterable(present for present, _ in chosen), *more])
            if row is not None:
                found.append({**row, **{column: truth for _, values in chosen for column, truth in values.items()}})
    return found


def _tag_choices(name: str, columns: Columns) -> list[tuple[tuple[str, ...], Row]]:
    """The names that one tag adds, with what its value makes true."""
    tests = TextAtoms(columns)
    return [((), tests.row_of_absence()), *(((name,), row) for row in tests.rows(can_be_absent=False))]


def _atom_tokens(atom: Atom) -> dict[Tokens, str]:
    if atom.operator == "arnlike":
        return {arn_condition_tokens(value): "" for value in atom.values}
    if atom.operator == "stringlike":
        return {pattern_tokens(value): "" for value in atom.values}
    return {tuple(value): "" for value in atom.values} if atom.operator == "stringequals" else {}
