"""Users, groups, policy sets and policies as nodes and edges, each with how it stands: findings to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, get_args

from koding_audit.arns import policy_name, short_name
from koding_audit.frozen import dataclass
from koding_audit.model import Account, Audit, Finding, Kind, Outline, Outlined
from koding_audit.verdict import NOT_CHECKED, ordered, stands
from koding_audit.words import counted

State = Literal[
    "missing",
    "ineffective",
    "partial",
    "changed",
    "noted",
    "unexpected",
    "unread",
    "waived",
    "fixed",
    "asked",
    "optional",
]
"""The worst first. noted: something else is wrong with it; asked: as the file asks for."""

NodeKind = Literal["user", "role", "group", "set", "policy", "inline"]
Key = tuple[NodeKind, str]

COLUMNS: Sequence[str] = ("Users and roles", "Groups", "Policy sets", "Policies")
MOST = 14
"""Nodes of a column; those with something to see come first."""

WORDS: Mapping[State, str] = {
    "missing": "missing",
    "ineffective": "not effective",
    "partial": "not whole",
    "changed": "changed",
    "noted": "has findings",
    "unexpected": "not asked for",
    "unread": "not read",
    "waived": "waived",
    "fixed": "fixed",
    "asked": "as asked for",
    "optional": "optional, not in use",
}

_WORST: Sequence[State] = get_args(State)
_QUIET: frozenset[State] = frozenset({"asked", "optional"})
_COLUMN: Mapping[NodeKind, int] = {"user": 0, "role": 0, "group": 1, "set": 2, "policy": 3, "inline": 3}
_RULES: Mapping[State, Sequence[str]] = {
    "missing": (
        *("user-missing", "group-missing", "role-missing", "membership-missing"),
        *("policy-missing", "inline-missing", "policy-document-missing", "policy-not-found"),
    ),
    "unexpected": (
        *("user-unexpected", "group-unexpected", "role-unexpected"),
        *("policy-unexpected", "membership-unexpected", "inline-unexpected"),
    ),
    "changed": ("inline-changed", "policy-document-changed", "policy-version-moved"),
    "partial": ("optional-set-incomplete",),
    "ineffective": ("action-not-effective",),
    "unread": (NOT_CHECKED,),
}


@dataclass(frozen=True, slots=True)
class Node:
    """label: its name; title: its name with its kind; note: what stands below its name, or ""."""

    key: Key
    label: str
    title: str
    state: State
    note: str = ""

    @property
    def column(self) -> int:
        return _COLUMN[self.key[0]]


@dataclass(frozen=True, slots=True)
class Edge:
    """What source has, or is to have: a user a group, a principal a set, a set a policy."""

    source: Key
    target: Key
    state: State


@dataclass(frozen=True, slots=True)
class Picture:
    """columns: the nodes of each of COLUMNS, from above; left_out: how many more each has; whole: the outline is known.

    Without an outline it shows no more than what findings are about.
    """

    columns: tuple[tuple[Node, ...], ...]
    edges: tuple[Edge, ...]
    left_out: tuple[int, ...]
    whole: bool


def picture(audit: Audit) -> Picture:
    """The picture of an account, with at most MOST nodes in a column."""
    board = _Board(audit.account)
    if audit.outline:
        board.outlined(audit.outline)
    for finding in ordered(audit.findings):
        board.told(finding)
    nodes = list(board.nodes())
    kept = [_kept([node for node in nodes if node.column == index], board.edges) for index in range(len(COLUMNS))]
    shown = {node.key for column in kept for node in column}
    edges = [Edge(*ends, state) for ends, state in board.edges.items() if shown.issuperset(ends)]
    drawn = Counter(node.column for column in kept for node in column)
    there = _there(nodes, audit.outline)
    return Picture(
        columns=_arranged(kept, edges),
        edges=tuple(sorted(edges, key=lambda each: -_WORST.index(each.state))),  # the worst is drawn over the others
        left_out=tuple(there[index] - drawn[index] for index in range(len(COLUMNS))),
        whole=audit.outline is not None,
    )


def worst(states: Iterable[State]) -> State:
    return min(states, key=_WORST.index)


class _Board:
    """Nodes and edges while they are put together."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.edges: dict[tuple[Key, Key], State] = {}
        self._labels: dict[Key, str] = {}
        self._own: dict[Key, State] = {}
        self._findings: Counter[Key] = Counter()
        self._members: dict[Key, int] = {}
        self._policies: Mapping[str, tuple[str, ...]] = {}  # of policy sets
        self._arns: dict[tuple[Kind, str], str] = {}  # of declared principals, whose paths are known

    def outlined(self, outline: Outline) -> None:
        self._policies = outline.policy_sets
        self._arns = {(each.kind, each.name): each.arn for each in outline.principals}
        for each in outline.principals:
            self._principal(each, outline.policy_sets)

    def _principal(self, each: Outlined, policy_sets: Mapping[str, tuple[str, ...]]) -> None:
        key = self._named((each.kind, each.arn), each.name)
        self._own[key] = "asked"
        self._members[key] = each.members
        for group in each.groups:
            self._edge(key, self._called("group", group), "asked")
        uses: list[tuple[str, State]] = [(name, "asked") for name in each.required]
        uses += [(name, "asked" if attached else "optional") for name, attached in each.optional]
        for name, state in uses:
            policy_set = self._named(("set", name), name)
            self._edge(key, policy_set, state)
            for arn in policy_sets.get(name, ()):
                self._edge(policy_set, self._policy(arn), state)

    def told(self, finding: Finding) -> None:
        """Mark what a finding is about; one about the account, or what else has no place here, marks nothing."""
        subject = self._subject(finding.subject)
        if subject is None:
            return
        self._findings[subject] += stands(finding)
        state = _state(finding)
        edges = list(self._related(finding, subject, state))
        for source, target, each in edges:
            self._edge(source, target, each)
        if not edges:
            self._own[subject] = worst([state, self._own.get(subject, state)])

    def _related(self, finding: Finding, subject: Key, state: State) -> Iterator[tuple[Key, Key, State]]:
        """The edges that a finding is about; none where it is about its subject alone."""
        family, key = finding.rule.partition("-")[0], finding.key
        if finding.rule in ("optional-set-incomplete", "action-not-effective"):
            policy_set = self._set(finding.policy_set or key)
            yield subject, policy_set, state
            missing = finding.evidence.get("missing", ())
            lacks = [str(arn) for arn in missing] if isinstance(missing, (list, tuple)) else []
            yield from ((policy_set, self._policy(arn), state) for arn in lacks)
            if finding.rule == "optional-set-incomplete":  # the rest of it is attached
                there = [arn for arn in self._policies.get(policy_set[1], ()) if arn not in lacks]
                yield from ((policy_set, self._policy(arn), "asked") for arn in there)
        elif key and family == "membership":
            of_group = subject[0] == "group"
            other = self._called("user" if of_group else "group", key)
            yield (other, subject, state) if of_group else (subject, other, state)
        elif key and family == "inline":
            yield subject, self._named(("inline", f"{subject[1]}/{key}"), key), state
        elif finding.rule == "policy-missing" and finding.policy_set:
            policy_set = self._set(finding.policy_set)
            yield subject, policy_set, "partial" if state == "missing" else state
            yield policy_set, self._policy(key), state
        elif finding.rule in ("policy-missing", "policy-unexpected") and key:
            yield subject, self._policy(key), state

    def nodes(self) -> Iterator[Node]:
        incoming: dict[Key, set[State]] = {}
        for (_, target), state in self.edges.items():
            incoming.setdefault(target, set()).add(state)
        for key, label in self._labels.items():
            state = self._own.get(key) or _derived(incoming.get(key, {"asked"}))
            if self._findings[key] and state in _QUIET:
                state = "noted"
            yield Node(key, label, self._title(key, label), state, self._note(key, state))

    def _title(self, key: Key, label: str) -> str:
        kinds: Mapping[NodeKind, str] = {"set": "policy set", "inline": "inline policy"}
        return f"{kinds.get(key[0], key[0])} {label}"

    def _note(self, key: Key, state: State) -> str:
        parts = [WORDS[state]] if state not in ("asked", "noted") else []
        parts += [counted(self._findings[key], "finding")] if self._findings[key] else []
        parts += ["not for all as asked for"] if state == "noted" and not parts else []
        parts += [counted(self._members[key], "member")] if self._members.get(key) else []
        parts += ["inline policy"] if key[0] == "inline" else []
        return ", ".join(parts)

    def _subject(self, arn: str) -> Key | None:
        kind, _, name = short_name(arn).partition(" ")
        if kind == "policy":
            return self._policy(arn)
        kinds: tuple[Kind, ...] = ("user", "group", "role")
        for known in kinds:
            if kind == known and name:
                key = self._named((known, arn), name)
                self._own.setdefault(key, "asked")
                return key
        return None

    def _called(self, kind: Kind, name: str) -> Key:
        return self._named((kind, self._arns.get((kind, name)) or self.account.arn(kind, name)), name)

    def _set(self, name: str) -> Key:
        return self._named(("set", name), name)

    def _policy(self, arn: str) -> Key:
        return self._named(("policy", arn), policy_name(arn))

    def _named(self, key: Key, label: str) -> Key:
        self._labels.setdefault(key, label)
        return key

    def _edge(self, source: Key, target: Key, state: State) -> None:
        ends = (source, target)
        self.edges[ends] = worst([state, self.edges.get(ends, state)])


def _state(finding: Finding) -> State:
    if finding.status in {"waived", "fixed"}:
        return "fixed" if finding.status == "fixed" else "waived"
    return next((state for state, rules in _RULES.items() if finding.rule in rules), "noted")


def _derived(came: set[State]) -> State:
    """How something stands by the lines that lead to it: as all of them do, or else whether one is not right."""
    if len(came) == 1:
        return next(iter(came))
    return "asked" if came <= {*_QUIET, "fixed", "waived"} else "noted"


def _there(nodes: Iterable[Node], outline: Outline | None) -> Mapping[int, int]:
    """How many there are for each column: those that are declared and those that are not asked for, or else as many as
    are known.
    """
    known, asked = Counter[int](), Counter[int]()
    for node in nodes:
        known[node.column] += 1
        asked[node.column] += node.state == "unexpected"
    for kind, number in outline.declared.items() if outline else ():
        asked[_COLUMN[kind]] += number
    return known | asked


def _kept(column: list[Node], edges: Mapping[tuple[Key, Key], State]) -> list[Node]:
    """The first MOST, those with something to see before the others; in the order in which they were."""
    loud = {end for ends, state in edges.items() if state not in _QUIET for end in ends}

    def is_quiet(node: Node) -> bool:
        return node.state in _QUIET and node.key not in loud

    chosen = {node.key for node in sorted(column, key=is_quiet)[:MOST]}
    return [node for node in column if node.key in chosen]


def _arranged(columns: list[list[Node]], edges: Iterable[Edge]) -> tuple[tuple[Node, ...], ...]:
    """Each column in the order of what its nodes are tied to, so that few edges cross: groups as they came."""
    ties: dict[Key, list[Key]] = {}
    for edge in edges:
        ties.setdefault(edge.target, []).append(edge.source)
        if edge.target[0] == "group":
            ties.setdefault(edge.source, []).append(edge.target)
    place: dict[Key, float] = {}

    def middle(node: Node) -> float:
        tied = [place[key] for key in ties.get(node.key, ()) if key in place]
        return sum(tied) / len(tied) if tied else 1.0

    arranged = list(columns)
    for index in (1, 0, 2, 3):
        if index != 1:
            arranged[index] = sorted(arranged[index], key=middle)
        size = max(len(arranged[index]), 1)
        place.update({node.key: row / size for row, node in enumerate(arranged[index])})
    return tuple(map(tuple, arranged))
