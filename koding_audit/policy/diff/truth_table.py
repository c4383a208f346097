"""Compares what two sides allow and deny in one place by a truth table: one column for each atom, as one long integer.

Bit n of a table is the truth for assignment n; bit i of n is the truth of atom i.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from koding_audit.model.frozen import dataclass
from koding_audit.policy.diff.conditions import IS_AMONG, Atom, Clause, Term
from koding_audit.policy.diff.patterns import pattern_tokens, resource_tokens, tokens_match

MOST_ATOMS = 16  # atoms of one place
MOST_TERMS = 1000  # statements that are compared pairwise

# Atoms with these operators can be evaluated for a given value.
_TEXT_OPERATORS = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnlike"})
_MOST_CANDIDATES = 64  # values of one key that are tried

# In the context of every request (IAM user guide, reference_policies_condition-keys, "Availability").
_ALWAYS_PRESENT = frozenset(
    {
        *("aws:currenttime", "aws:epochtime", "aws:principalaccount", "aws:principalarn", "aws:principaltype"),
        *("aws:requestedregion", "aws:securetransport", "aws:useragent", "aws:userid", "aws:viaawsservice"),
        "aws:principalisawsservice",
    }
)
_NETWORK_FAMILY = "the network"
# Keys whose values depend on each other.
_KEY_FAMILIES: Mapping[str, Sequence[str]] = {
    "the principal": (
        *("aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths", "aws:userid"),
        *("aws:principaltype", "aws:username", "aws:principalisawsservice", "aws:principalservicename"),
        *("aws:principalservicenameslist", "aws:federatedprovider"),
    ),
    _NETWORK_FAMILY: (
        *("aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn"),
        *("aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths"),
    ),
    "the chain of services": ("aws:viaawsservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast"),
    "the session": ("aws:multifactorauthage", "aws:multifactorauthpresent", "aws:tokenissuetime"),
    "the time": ("aws:currenttime", "aws:epochtime"),
    "the source": ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"),
    "the resource": ("aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths"),
    "the region": ("aws:requestedregion", "ec2:region"),
}


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


def compare_sides(old: Side, new: Side, *, values: bool = True) -> PlaceDifference:
    """Compare two sides in one place. values: whether the conditions of a difference show their values."""
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
        return _compare_without_table(old, new)
    table = _TruthTable(classes)
    old_denies, new_denies = table.any_of(old.denies), table.any_of(new.denies)
    old_allows, new_allows = table.any_of(old.allows) & ~old_denies, table.any_of(new.allows) & ~new_denies
    proofs = _Proofs(table, terms, values=values)
    gained = proofs.aspect(new_allows & ~old_allows)
    lost = proofs.aspect(old_allows & ~new_allows)
    forbidden = proofs.aspect(new_denies & ~old_denies & ~old_allows)
    released = proofs.aspect(old_denies & ~new_denies & ~new_allows)
    is_open = any(each.found is None for each in (gained, lost, forbidden, released))
    return PlaceDifference(gained, lost, forbidden, released, table.describe_keys() if is_open else "")


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
        self.merged_atoms = [
            _merge_atoms([atom for atom in classes if classes[atom] == each]) for each in range(self.count)
        ]
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

    def __init__(self, table: _TruthTable, terms: frozenset[Term], *, values: bool) -> None:
        self._table = table
        self._values = values
        merged = table.merged_atoms
        self._readings = [each for each, atom in enumerate(merged) if atom.operator == IS_AMONG]
        self._unsure: list[int] = []
        self._sure = table.full
        for group in _group_columns({each: atom for each, atom in enumerate(merged) if atom.operator != IS_AMONG}):
            if (known := self._known_rows(group)) is not None:
                self._sure &= known
            else:
                self._unsure += group
        self._cases = self._statement_cases(terms) if self._unsure else []

    def aspect(self, difference: int) -> Aspect:
        """Whether some request certainly has one of these assignments, and when."""
        table = self._table
        difference &= table.possible_rows
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
        return Aspect(found=True, when=self._describe_rows(difference, witnesses & table.possible_rows))

    def _known_rows(self, group: Sequence[int]) -> int | None:
        """The assignments of one group of atoms that some request has; None if that is not known."""
        atoms = [self._table.merged_atoms[column] for column in group]
        named = [atom for atom in atoms if not atom.is_absence]
        operators = {atom.operator for atom in named}
        keys = {atom.key for atom in atoms}
        is_opaque, is_always_present = any(atom.is_opaque for atom in named), keys <= _ALWAYS_PRESENT
        has_one_key = len(keys) == 1 and not is_opaque
        if has_one_key and operators <= _TEXT_OPERATORS and (len(atoms) > 1 or is_always_present):
            return self._rows_of_values(group, _candidate_values(atoms))
        if has_one_key and operators == {"bool"}:
            return self._rows_of_values(group, ("true", "false", *(() if is_always_present else (None,))))
        if len(atoms) == 1 or (len(keys) == len(named) == 1 and named[0].truth_when_absent is not None):
            absences = [column for column in group if self._table.merged_atoms[column].is_absence]
            never = dict.fromkeys(absences if is_always_present else (), 0)
            return self._table.possible_rows & self._matching_rows(never)
        are_values = len(keys) == len(named) == len(atoms) and not is_opaque
        if are_values and {_key_family(key) for key in keys} == {_NETWORK_FAMILY}:
            # A request takes one network path: exactly one of these keys matches, or none.
            paths = [dict.fromkeys(group, 0) | {column: 1} for column in group]
            return self._rows_of_any([*paths, dict.fromkeys(group, 0)])
        return None

    def _rows_of_values(self, group: Sequence[int], values: Iterable[str | None]) -> int:
        """The assignments that result from these values of the group's one key."""
        return self._rows_of_any(
            {column: _is_atom_true(self._table.merged_atoms[column], value) for column in group} for value in values
        )

    def _statement_cases(self, terms: frozenset[Term]) -> list[int]:
        """For each statement, where its condition is true and where it is false, by the unsure atoms alone."""
        table = self._table
        others = [each for each in range(table.count) if each not in self._unsure]
        found = set()
        for term in terms:
            holds = table.all_of(term)
            for case in (holds, table.full ^ holds):
                projected = table.exists_over(case & self._sure & table.possible_rows, others)
                # Without a possible assignment there is no case.
                if projected:
                    found.add(projected)
        return sorted(found)

    def _describe_rows(self, difference: int, witnesses: int) -> str:
        """The condition of a difference as text: one assignment, without the atoms that do not matter."""
        table = self._table
        if difference == table.possible_rows:
            return ""
        row = (witnesses & -witnesses).bit_length() - 1
        needed = dict(enumerate(row >> each & 1 for each in range(table.count)))
        # Absent and false atoms are dropped first: true ones explain more.
        for each in sorted(needed, key=lambda each: (needed[each], not table.merged_atoms[each].is_absence)):
            without = {column: truth for column, truth in needed.items() if column != each}
            if not self._matching_rows(without) & table.possible_rows & ~difference:
                needed = without
        return " and ".join(
            table.merged_atoms[each].describe(bool(needed[each]), values=self._values) for each in sorted(needed)
        )

    def _rows_of_any(self, rows: Iterable[Mapping[int, int]]) -> int:
        found = 0
        for row in rows:
            found |= self._matching_rows(row)
        return found

    def _matching_rows(self, truths: Mapping[int, int]) -> int:
        found = self._table.full
        for column, truth in truths.items():
            found &= self._table.columns[column] if truth else self._table.full ^ self._table.columns[column]
        return found


def _group_columns(atoms: Mapping[int, Atom]) -> list[list[int]]:
    """The columns in groups of atoms that may depend on each other, directly or through others."""
    keys = frozenset(key for atom in atoms.values() for key in atom.keys)
    tags = frozenset(_key_family(key) for key in keys if key.startswith("aws:requesttag/"))
    groups: list[tuple[list[int], frozenset[str]]] = []
    for column, atom in atoms.items():
        names = frozenset(map(_key_family, atom.keys)) or frozenset({atom.operator})
        if "aws:tagkeys" in names:  # the keys of all tags of the request
            names |= tags
        joined = [group for group in groups if group[1] & names]
        groups = [group for group in groups if group not in joined]
        columns = [each for group in joined for each in group[0]]
        groups.append(([*columns, column], names.union(*(group[1] for group in joined))))
    return [columns for columns, _ in groups]


def _key_family(key: str) -> str:
    """The family of a condition key, or the key itself."""
    name = key.casefold()  # IAM ignores the case of a tag's key, too
    prefix, slash, tag = name.partition("/")
    if slash and prefix.endswith(":resourcetag"):
        return f"the resource's tag {tag}"
    return next((family for family, keys in _KEY_FAMILIES.items() if prefix in keys), name)


def _candidate_values(atoms: Sequence[Atom]) -> Iterator[str | None]:
    """Yield values that one key may have in a request: those that the atoms name, others, None if missing."""
    if atoms[0].key not in _ALWAYS_PRESENT:
        yield None
    yield "another value"
    for atom in atoms:
        several = atom.operator in {"stringlike", "arnlike"}
        for value in atom.values[: _MOST_CANDIDATES if several else 1]:
            yield value.replace("*", "").replace("?", "x") if several else value
            if several and "*" in value:
                yield value.replace("*", "other").replace("?", "y")


def _is_atom_true(atom: Atom, value: str | None) -> bool:
    if value is None:
        return atom.is_absence or bool(atom.truth_when_absent)
    return not atom.is_absence and any(_operator_matches(atom.operator, each, value) for each in atom.values)


def _operator_matches(operator: str, wanted: str, value: str) -> bool:
    if operator == "stringlike":
        return tokens_match(pattern_tokens(wanted), value)
    if operator == "arnlike":
        return tokens_match(resource_tokens(wanted, variables=False), value)
    if operator == "stringequals":
        return wanted == value
    return wanted.casefold() == value.casefold()
