"""Compares what two sides allow and deny in one place by a truth table: one column for each atom, as one long integer.

Bit n of a table is the truth for assignment n; bit i of n is the truth of atom i.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product

from koding_audit.model.frozen import dataclass
from koding_audit.policy.diff.conditions import IS_AMONG, MATCHES, Atom, Clause, Term
from koding_audit.policy.diff.key_values import Columns, Row, TextAtoms, are_texts, tag_rows
from koding_audit.policy.diff.search import Goal, find_row
from koding_audit.reference.key_relations import KeyRelations

MOST_ATOMS = 16  # atoms of one place
MOST_TERMS = 1000  # statements that are compared pairwise

_RESOURCE_ACCOUNT = "aws:resourceaccount"
_UNNAMED_ACCOUNTS = ("999988887777", "888877776666")  # one of them is in no policy, in practice
_EXAMPLE_VALUE = "example"  # of a key that does not depend on others
_TAG_PREFIX = "aws:requesttag/"
_TAG_NAMES = "aws:tagkeys"  # the names of all tags of the request


@dataclass(frozen=True, slots=True)
class Side:
    """The conditions under which one side allows and denies in one place; the empty term is always true.

    allows: it allows if any of these terms is true.
    denies: it denies if any of these terms is true.
    """

    allows: frozenset[Term]
    denies: frozenset[Term]


@dataclass(frozen=True, slots=True)
class Aspect:
    """One kind of difference.

    found: whether it exists, None if that is undecided.
    when: its condition, "" for always.
    """

    found: bool | None
    when: str = ""


@dataclass(frozen=True, slots=True)
class PlaceDifference:
    """The differences in one place.

    gained: allowed by the new side only.
    lost: allowed by the old side only.
    forbidden: denied by the new side only, and allowed by neither.
    released: denied by the old side only, and allowed by neither.
    why: what is undecided, "" for nothing.
    """

    gained: Aspect
    lost: Aspect
    forbidden: Aspect
    released: Aspect
    why: str = ""

    def aspects(self) -> dict[str, Aspect]:
        """The differences by name."""
        return {"gained": self.gained, "lost": self.lost, "forbidden": self.forbidden, "released": self.released}


def compare_sides(
    old: Side, new: Side, relations: KeyRelations, *, values: bool = True, thorough: bool = False
) -> PlaceDifference:
    """Compare two sides in one place.

    relations: what is known of the condition keys.
    values: whether the conditions of a difference show their values.
    thorough: whether to search longer for requests that show a difference.
    """
    if sum(map(len, (old.allows, old.denies, new.allows, new.denies))) > MOST_TERMS:
        unknown = Aspect(found=None)
        return PlaceDifference(unknown, unknown, unknown, unknown, f"more than {MOST_TERMS:,} statements apply")
    old, new = _absorb_terms(old), _absorb_terms(new)
    if old == new:
        same = Aspect(found=False)
        return PlaceDifference(same, same, same, same)
    terms = frozenset().union(old.allows, old.denies, new.allows, new.denies)
    classes = _atom_columns(terms)
    if len(set(classes.values())) > MOST_ATOMS:
        found = _compare_without_table(old, new)
        return _search_requests(found, (old, new), classes, relations, values=values) if thorough else found
    table = _TruthTable(classes)
    efforts = (False, True) if thorough else (False,)
    proofs = [_Proofs(table, terms, relations, values=values, thorough=each) for each in efforts]
    aspects = {name: _first_decided(proofs, each) for name, each in _differing_rows(table, old, new).items()}
    is_open = any(each.found is None for each in aspects.values())
    return PlaceDifference(**aspects, why=table.describe_keys() if is_open else "")


def _differing_rows(table: _TruthTable, old: Side, new: Side) -> dict[str, int]:
    """The assignments for which each kind of difference exists."""
    old_denies, new_denies = table.any_of(old.denies), table.any_of(new.denies)
    old_allows, new_allows = table.any_of(old.allows) & ~old_denies, table.any_of(new.allows) & ~new_denies
    return {
        "gained": new_allows & ~old_allows,
        "lost": old_allows & ~new_allows,
        "forbidden": new_denies & ~old_denies & ~old_allows,
        "released": old_denies & ~new_denies & ~new_allows,
    }


def _first_decided(proofs: Iterable[_Proofs], rows: int) -> Aspect:
    found = Aspect(found=None)
    for each in proofs:
        found = each.aspect(rows)
        if found.found is not None:
            break
    return found


def _compare_without_table(old: Side, new: Side) -> PlaceDifference:
    """Compare more conditions than a table can hold, by subsets: whether each term implies one of the other side."""
    fewer_allows, more_allows = _are_within(old.allows, new.allows), _are_within(new.allows, old.allows)
    fewer_denies, more_denies = _are_within(new.denies, old.denies), _are_within(old.denies, new.denies)
    return PlaceDifference(
        gained=Aspect(found=False if more_allows and more_denies else None),
        lost=Aspect(found=False if fewer_allows and fewer_denies else None),
        forbidden=Aspect(found=False if fewer_denies else None),
        released=Aspect(found=False if more_denies else None),
        why=f"more than {MOST_ATOMS} conditions apply",
    )


def _search_requests(
    open_difference: PlaceDifference,
    sides: tuple[Side, Side],
    classes: Mapping[Atom, int],
    relations: KeyRelations,
    *,
    values: bool,
) -> PlaceDifference:
    """Look for a request for each kind of difference that is open."""
    (old, new), merged = sides, _merged_atoms(classes)
    groups = (
        _known_rows(group, relations) or _example_rows(group)
        for group in ({each: merged[each] for each in group} for group in _group_columns(_decidable(merged), relations))
    )
    known = [rows for rows in groups if rows]
    goals = {
        "gained": Goal(new.allows, new.denies, old.allows, old.denies),
        "lost": Goal(old.allows, old.denies, new.allows, new.denies),
        "forbidden": Goal(new.denies, old.denies, old.allows, frozenset()),
        "released": Goal(old.denies, new.denies, new.allows, frozenset()),
    }
    found = open_difference.aspects()
    for name, aspect in open_difference.aspects().items():
        row = find_row(goals[name], classes, known) if aspect.found is None else None
        if row is not None:
            when = " and ".join(merged[each].describe(row[each], values=values) for each in sorted(row))
            found[name] = Aspect(found=True, when=when)
    is_open = any(each.found is None for each in found.values())
    return PlaceDifference(**found, why=open_difference.why if is_open else "")


def _are_within(terms: Iterable[Term], others: Iterable[Term]) -> bool:
    """Whether each term contains all clauses of one of the others."""
    return all(any(other <= term for other in others) for term in terms)


def _absorb_terms(side: Side) -> Side:
    """The side without terms that imply another of its terms: they decide nothing."""
    return Side(
        *(
            frozenset(term for term in each if not any(other < term for other in each))
            for each in (side.allows, side.denies)
        )
    )


def _atom_columns(terms: Iterable[Term]) -> dict[Atom, int]:
    """Each atom with the number of its column; atoms of one key that occur in exactly the same clauses share one."""
    clauses = sorted({clause for term in terms for clause in term}, key=lambda each: (sorted(each.atoms), each.negated))
    places: dict[Atom, list[int]] = {}
    for number, clause in enumerate(clauses):
        for atom in clause.atoms:
            places.setdefault(atom, []).append(number)
    columns: dict[tuple[object, ...], int] = {}
    return {
        atom: columns.setdefault((atom.operator, atom.qualifier, atom.key, tuple(where)), len(columns))
        for atom, where in sorted(places.items())
    }


class _TruthTable:
    """The columns of the atoms.

    count: the number of columns.
    merged_atoms: for each column, its atom, with the values of all atoms that share it.
    full: the table that is true for every assignment.
    columns: the table of each atom.
    possible_rows: the assignments that do not contradict themselves.
    """

    def __init__(self, classes: Mapping[Atom, int]) -> None:
        self.count = len(set(classes.values()))
        self._column_numbers = classes
        self.merged_atoms = _merged_atoms(classes)
        self.full = (1 << (1 << self.count)) - 1
        self.columns = [self.full ^ (self.full // ((1 << (1 << each)) + 1)) for each in range(self.count)]
        self.possible_rows = self._possible_rows()

    def any_of(self, terms: Iterable[Term]) -> int:
        """The assignments for which at least one term is true."""
        found = 0
        for term in terms:
            found |= self.all_of(term)
        return found

    def all_of(self, term: Term) -> int:
        """The assignments for which all clauses are true."""
        found = self.full
        for clause in term:
            found &= self._clause_rows(clause)
        return found

    def exists_over(self, table: int, columns: Iterable[int]) -> int:
        """The assignments for which the table is true with at least one value of these atoms."""
        for each in columns:
            column, width = self.columns[each], 1 << each
            table |= (table & column) >> width | (table & ~column) << width
        return table

    def forall_over(self, table: int, columns: Iterable[int]) -> int:
        """The assignments for which the table is true with both values of each of these atoms."""
        return self.full ^ self.exists_over(self.full ^ table, columns)

    def implied_rows(self) -> int:
        """The assignments except those in which a text matches a pattern, but not a wider one."""
        found = self.full
        for group in _columns_by_key(self.merged_atoms):
            for one, implied in TextAtoms(group).implications() if len(group) > 1 else ():
                found &= self.full ^ self.columns[one] | self.columns[implied]
        return found

    def describe_keys(self) -> str:
        """Which conditions make it undecided, for a message."""
        keys = sorted({atom.key or "a policy variable" for atom in self.merged_atoms})
        return f"it depends on conditions that may not be independent: {', '.join(keys)}"

    def _clause_rows(self, clause: Clause) -> int:
        found = 0
        for atom in clause.atoms:
            found |= self.columns[self._column_numbers[atom]]
        return self.full ^ found if clause.negated else found

    def _possible_rows(self) -> int:
        """The assignments except those in which a missing key has a value."""
        found = self.full
        for one, other in combinations(range(self.count), 2):
            for absent, value in ((one, other), (other, one)):
                atom = self.merged_atoms[value]
                if self.merged_atoms[absent].is_absence and self.merged_atoms[absent].key == atom.key:
                    found &= ~self._contradictory_rows(absent, value)
        return found

    def _contradictory_rows(self, absent: int, value: int) -> int:
        then = self.merged_atoms[value].truth_when_absent
        if then is None:
            return 0
        return self.columns[absent] & (self.full ^ self.columns[value] if then else self.columns[value])


def _merged_atoms(classes: Mapping[Atom, int]) -> list[Atom]:
    """For each column, its atom, with the values of all atoms that share it."""
    atoms: dict[int, list[Atom]] = {}
    for atom, column in classes.items():
        atoms.setdefault(column, []).append(atom)
    return [_merge_atoms(atoms[column]) for column in sorted(atoms)]


def _columns_by_key(atoms: Sequence[Atom]) -> list[dict[int, Atom]]:
    """The columns of each key that are comparisons of texts without variables."""
    found: dict[str, dict[int, Atom]] = {}
    for column, atom in enumerate(atoms):
        if atom.key and not atom.is_absence and are_texts([atom]):
            found.setdefault(atom.key, {})[column] = atom
    return list(found.values())


def _merge_atoms(atoms: Sequence[Atom]) -> Atom:
    values = tuple(sorted({value for atom in atoms for value in atom.values}))
    first = atoms[0]
    return Atom(first.operator, first.qualifier, first.key, values, any(atom.is_opaque for atom in atoms))


class _Proofs:
    """Finds the assignments that some request certainly has, and so the differences that are real.

    An atom that is alone with its key: both truths. Several atoms over one key, if every operator compares texts: the
    assignments that some value gives. Other atoms may depend on each other in ways that are not modelled: for these,
    each case in which the condition of one statement is true, or false; a difference must exist for all of their
    values within the case.
    """

    def __init__(
        self,
        table: _TruthTable,
        terms: frozenset[Term],
        relations: KeyRelations,
        *,
        values: bool,
        thorough: bool = False,
    ) -> None:
        self._table = table
        self._values = values
        merged = table.merged_atoms
        self._readings = [each for each, atom in enumerate(merged) if atom.operator == IS_AMONG]
        self._unsure: list[int] = []
        self._possible = table.possible_rows & (table.implied_rows() if thorough else table.full)
        self._sure = table.full
        for group in _group_columns(_decidable(merged), relations):
            columns = {each: merged[each] for each in group}
            known = _known_rows(columns, relations)
            if known is None and thorough:
                known = _example_rows(columns)
            if known is not None:
                self._sure &= self._rows_of_any(known)
            else:
                self._unsure += group
        self._cases = self._statement_cases(terms) if self._unsure else []

    def aspect(self, difference: int) -> Aspect:
        """Whether some request certainly has one of these assignments, and when."""
        table = self._table
        difference &= self._possible
        if not difference:
            return Aspect(found=False)
        witnesses = table.forall_over(difference, self._readings) & self._sure
        if self._unsure:
            others = [each for each in range(table.count) if each not in self._unsure]
            covered = table.exists_over(witnesses, others)
            proven = [case for case in self._cases if not case & ~covered]
            witnesses = witnesses & proven[0] if proven else 0
        if not witnesses:
            return Aspect(found=None)
        return Aspect(found=True, when=self._describe_rows(difference, witnesses & self._possible))

    def _statement_cases(self, terms: frozenset[Term]) -> list[int]:
        """For each statement, where its condition is true and where it is false, by the unsure atoms alone."""
        table = self._table
        others = [each for each in range(table.count) if each not in self._unsure]
        found = set()
        for term in terms:
            holds = table.all_of(term)
            cases = (holds, table.full ^ holds) if _is_open(term) else (table.full ^ holds,)
            for case in cases:
                projected = table.exists_over(case & self._sure & self._possible, others)
                # Without a possible assignment there is no case.
                if projected:
                    found.add(projected)
        return sorted(found)

    def _describe_rows(self, difference: int, witnesses: int) -> str:
        """The condition of a difference as text: one assignment, without the atoms that do not matter."""
        table = self._table
        if difference == self._possible:
            return ""
        row = (witnesses & -witnesses).bit_length() - 1
        needed = dict(enumerate(row >> each & 1 for each in range(table.count)))
        # Absent and false atoms are dropped first: true ones explain more.
        for each in sorted(needed, key=lambda each: (needed[each], not table.merged_atoms[each].is_absence)):
            without = {column: truth for column, truth in needed.items() if column != each}
            if not self._matching_rows(without) & self._possible & ~difference:
                needed = without
        return " and ".join(
            table.merged_atoms[each].describe(bool(needed[each]), values=self._values) for each in sorted(needed)
        )

    def _rows_of_any(self, rows: Iterable[Mapping[int, bool]]) -> int:
        found = 0
        for row in rows:
            found |= self._matching_rows(row)
        return found

    def _matching_rows(self, truths: Mapping[int, int]) -> int:
        found = self._table.full
        for column, truth in truths.items():
            found &= self._table.columns[column] if truth else self._table.full ^ self._table.columns[column]
        return found


def example_values(variables: Iterable[str], keys: Iterable[str], relations: KeyRelations) -> dict[str, str] | None:
    """Values that a request can have for these variables and for the keys that depend on them; None if not known.

    variables: names of policy variables, in lower case.
    keys: the keys of the conditions.
    relations: what is known of the condition keys.
    """
    names = {*variables, *(key.lower() for key in keys)}
    families = _families_of(variables, relations)
    found: dict[str, str] = {}
    if any(name == _TAG_NAMES or name.startswith(_TAG_PREFIX) for name in names) and any(
        name.startswith(_TAG_PREFIX) for name in variables
    ):
        return None  # the names of the tags depend on them
    for family in families:
        members = {name for name in names if family in _families_of([name], relations)}
        if members <= relations.example_values.keys():
            found |= {name: relations.example_values[name] for name in members}
        elif len(members) == 1 and family in members:
            found[family] = _EXAMPLE_VALUE
        else:
            return None
    return found


def _known_rows(columns: Columns, relations: KeyRelations) -> list[Row] | None:
    """The truths of one group of atoms that some request has; None if that is not known."""
    atoms = list(columns.values())
    named = [atom for atom in atoms if not atom.is_absence]
    keys = {atom.key for atom in atoms}
    is_opaque, is_always_present = any(atom.is_opaque for atom in named), keys <= relations.always_present
    if len(keys) == 1 and all(keys) and are_texts(atoms) and (len(atoms) > 1 or is_always_present):
        return TextAtoms(columns).rows(can_be_absent=not is_always_present) or None
    if len(keys) == 1 and not is_opaque and {atom.operator for atom in named} == {"bool"}:
        return _boolean_rows(columns, can_be_absent=not is_always_present)
    if len(keys) == 1 and is_always_present and any(_compares_arns(atom) for atom in named):
        # A value is not an ARN: how it compares is not documented, except that a lone `*` seems to match each ARN.
        return TextAtoms(columns).rows(can_be_absent=False)
    if len(atoms) == 1 or (len(keys) == len(named) == 1 and named[0].truth_when_absent is not None):
        return _independent_rows(columns, can_be_absent=not is_always_present)
    are_values = len(keys) == len(named) == len(atoms) and not is_opaque
    if are_values and keys <= relations.determined.keys() and len(_families_of(keys, relations)) == 1:
        # One key can match alone, unless its value decides the value of another. What else can match is not known.
        alone = [column for column, atom in columns.items() if not keys & relations.determined[atom.key]]
        return [*({each: each == column for each in columns} for column in alone), dict.fromkeys(columns, False)]
    return None


def _compares_arns(atom: Atom) -> bool:
    return atom.operator == "arnlike" and not atom.is_opaque


def _example_rows(columns: Columns) -> list[Row] | None:
    """The truths of one group of atoms that some requests have, but not all of them; None if none are known."""
    if not are_texts(list(columns.values())):
        return None
    keys: dict[str, dict[int, Atom]] = {}
    for column, atom in columns.items():
        keys.setdefault(atom.key, {})[column] = atom
    if set(keys) - {_TAG_NAMES} == {key for key in keys if key.startswith(_TAG_PREFIX)}:
        names = keys.pop(_TAG_NAMES, {})
        return tag_rows({key.removeprefix(_TAG_PREFIX): found for key, found in keys.items()}, names)
    if _RESOURCE_ACCOUNT in keys and len(keys) == 2:
        # An account that no policy names can be in any organization.
        accounts, others = TextAtoms(keys.pop(_RESOURCE_ACCOUNT)), TextAtoms(*keys.values())
        rows = others.rows(can_be_absent=True)
        return [{**accounts.row_of(each), **row} for each in _UNNAMED_ACCOUNTS for row in rows]
    return None


def _boolean_rows(columns: Columns, *, can_be_absent: bool) -> list[Row]:
    """The truths of comparisons with true or false, of one key."""
    rows = [
        {column: text in map(str.lower, atom.values) for column, atom in columns.items()} for text in ("true", "false")
    ]
    return [*rows, *([TextAtoms(columns).row_of_absence()] if can_be_absent else [])]


def _independent_rows(columns: Columns, *, can_be_absent: bool) -> list[Row]:
    """Every combination of one comparison and of the absence of its key, except contradictions."""
    rows = (dict(zip(columns, truths, strict=True)) for truths in product((True, False), repeat=len(columns)))
    found = []
    for row in rows:
        is_absent = any(row[column] for column, atom in columns.items() if atom.is_absence)
        fits = all(atom.is_absence or row[column] is atom.truth_when_absent for column, atom in columns.items())
        if not is_absent or (can_be_absent and fits):
            found.append(row)
    return found


def _is_open(term: Term) -> bool:
    """Whether its conditions do not restrict a variable of the resource: so it can be true on each resource."""
    atoms = [atom for clause in term for atom in clause.atoms]
    variables = {key for atom in atoms if atom.operator == MATCHES for key in atom.keys}
    return not any(atom.keys & variables for atom in atoms if atom.operator != MATCHES)


def _decidable(atoms: Iterable[Atom]) -> dict[int, Atom]:
    """The columns whose truth depends on the request alone, and not on what IAM's documentation leaves open."""
    return {column: atom for column, atom in enumerate(atoms) if atom.operator != IS_AMONG}


def _group_columns(atoms: Mapping[int, Atom], relations: KeyRelations) -> list[list[int]]:
    """The columns in groups of atoms that may depend on each other, directly or through others."""
    keys = frozenset(key for atom in atoms.values() for key in atom.keys)
    tags = _families_of((key for key in keys if key.startswith(_TAG_PREFIX)), relations)
    groups: list[tuple[list[int], frozenset[str]]] = []
    for column, atom in atoms.items():
        names = _families_of(atom.keys, relations) or frozenset({atom.operator})
        if _TAG_NAMES in names:
            names |= tags
        joined = [group for group in groups if group[1] & names]
        groups = [group for group in groups if group not in joined]
        columns = [each for group in joined for each in group[0]]
        groups.append(([*columns, column], names.union(*(group[1] for group in joined))))
    return [columns for columns, _ in groups]


def _families_of(keys: Iterable[str], relations: KeyRelations) -> frozenset[str]:
    """The families of these condition keys; a key that depends on no other is its own."""
    return frozenset(family for key in keys for family in _key_families(key, relations))


def _key_families(key: str, relations: KeyRelations) -> Iterable[str]:
    name = key.casefold()  # IAM ignores the case of a tag's key, too
    prefix, slash, tag = name.partition("/")
    if slash and prefix.endswith(":resourcetag"):
        return [f"the resource's tag {tag}"]
    return relations.families.get(prefix, [name])
