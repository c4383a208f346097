"""Users, groups, policy sets and policies as nodes and edges, each with how it stands: findings to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, get_args

from koding_audit.io.text import pluralize
from koding_audit.model.account import Account, PrincipalKind
from koding_audit.model.arn import policy_name, subject_label
from koding_audit.model.finding import Finding
from koding_audit.model.frozen import dataclass
from koding_audit.model.report import Audit, Outline, OutlinePrincipal
from koding_audit.model.traits import find_rule_traits
from koding_audit.report.status import is_unresolved, sort_findings

NodeState = Literal[
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
NodeKey = tuple[NodeKind, str]

COLUMNS: Sequence[str] = ("Users and roles", "Groups", "Policy sets", "Policies")
MOST = 14
"""Nodes of a column; those with something to see come first."""

STATE_LABELS: Mapping[NodeState, str] = {
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

_WORST: Sequence[NodeState] = get_args(NodeState)
_QUIET: frozenset[NodeState] = frozenset({"asked", "optional"})
_COLUMN: Mapping[NodeKind, int] = {"user": 0, "role": 0, "group": 1, "set": 2, "policy": 3, "inline": 3}


@dataclass(frozen=True, slots=True)
class GraphNode:
    """label: its name; title: its name with its kind; note: what stands below its name, or ""."""

    key: NodeKey
    label: str
    title: str
    state: NodeState
    note: str = ""

    @property
    def column(self) -> int:
        return _COLUMN[self.key[0]]


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """What source has, or is to have: a user a group, a principal a set, a set a policy."""

    source: NodeKey
    target: NodeKey
    state: NodeState


@dataclass(frozen=True, slots=True)
class Graph:
    """columns: the nodes of each of COLUMNS, from above; left_out: how many more each has; whole: the outline is known.

    Without an outline it shows no more than what findings are about.
    """

    columns: tuple[tuple[GraphNode, ...], ...]
    edges: tuple[GraphEdge, ...]
    omitted: tuple[int, ...]
    has_outline: bool


def build_graph(audit: Audit) -> Graph:
    """The picture of an account, with at most MOST nodes in a column."""
    board = _GraphBuilder(audit.account)
    if audit.outline:
        board.add_outline(audit.outline)
    for finding in sort_findings(audit.findings):
        board.add_finding(finding)
    nodes = list(board.build_nodes())
    kept = [
        _select_nodes([node for node in nodes if node.column == index], board.edges) for index in range(len(COLUMNS))
    ]
    shown = {node.key for column in kept for node in column}
    edges = [GraphEdge(*ends, state) for ends, state in board.edges.items() if shown.issuperset(ends)]
    drawn = Counter(node.column for column in kept for node in column)
    there = _column_totals(nodes, audit.outline)
    return Graph(
        columns=_arrange_columns(kept, edges),
        edges=tuple(sorted(edges, key=lambda each: -_WORST.index(each.state))),  # the worst is drawn over the others
        omitted=tuple(there[index] - drawn[index] for index in range(len(COLUMNS))),
        has_outline=audit.outline is not None,
    )


def worst_state(states: Iterable[NodeState]) -> NodeState:
    return min(states, key=_WORST.index)


class _GraphBuilder:
    """Nodes and edges while they are put together."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.edges: dict[tuple[NodeKey, NodeKey], NodeState] = {}
        self._labels: dict[NodeKey, str] = {}
        self._states: dict[NodeKey, NodeState] = {}
        self._findings: Counter[NodeKey] = Counter()
        self._members: dict[NodeKey, int] = {}
        self._policies: Mapping[str, tuple[str, ...]] = {}  # of policy sets
        self._arns: dict[tuple[PrincipalKind, str], str] = {}  # of declared principals, whose paths are known

    def add_outline(self, outline: Outline) -> None:
        self._policies = outline.policy_sets
        self._arns = {(each.kind, each.name): each.arn for each in outline.principals}
        for each in outline.principals:
            self._add_outline_principal(each, outline.policy_sets)

    def _add_outline_principal(self, each: OutlinePrincipal, policy_sets: Mapping[str, tuple[str, ...]]) -> None:
        key = self._add_node((each.kind, each.arn), each.name)
        self._states[key] = "asked"
        self._members[key] = each.members
        for group in each.groups:
            self._add_edge(key, self._add_principal_node("group", group), "asked")
        uses: list[tuple[str, NodeState]] = [(name, "asked") for name in each.required]
        uses += [(name, "asked" if attached else "optional") for name, attached in each.optional]
        for name, state in uses:
            policy_set = self._add_node(("set", name), name)
            self._add_edge(key, policy_set, state)
            for arn in policy_sets.get(name, ()):
                self._add_edge(policy_set, self._add_policy_node(arn), state)

    def add_finding(self, finding: Finding) -> None:
        """Mark what a finding is about; one about the account, or what else has no place here, marks nothing."""
        subject = self._add_subject(finding.subject)
        if subject is None:
            return
        self._findings[subject] += is_unresolved(finding)
        state = _finding_state(finding)
        edges = list(self._finding_edges(finding, subject, state))
        for source, target, each in edges:
            self._add_edge(source, target, each)
        if not edges:
            self._states[subject] = worst_state([state, self._states.get(subject, state)])

    def _finding_edges(
        self, finding: Finding, subject: NodeKey, state: NodeState
    ) -> Iterator[tuple[NodeKey, NodeKey, NodeState]]:
        """The edges that a finding is about; none where it is about its subject alone."""
        traits, key = find_rule_traits(finding.rule), finding.key
        if traits.about == "policy-set":
            policy_set = self._add_policy_set_node(finding.policy_set or key)
            yield subject, policy_set, state
            missing = finding.evidence.get("missing", ())
            lacks = [str(arn) for arn in missing] if isinstance(missing, (list, tuple)) else []
            yield from ((policy_set, self._add_policy_node(arn), state) for arn in lacks)
            if traits.state == "partial":  # the rest of it is attached
                there = [arn for arn in self._policies.get(policy_set[1], ()) if arn not in lacks]
                yield from ((policy_set, self._add_policy_node(arn), "asked") for arn in there)
        elif key and traits.about == "membership":
            of_group = subject[0] == "group"
            other = self._add_principal_node("user" if of_group else "group", key)
            yield (other, subject, state) if of_group else (subject, other, state)
        elif key and traits.about == "inline-policy":
            yield subject, self._add_node(("inline", f"{subject[1]}/{key}"), key), state
        elif traits.about == "attached-policy" and traits.state == "missing" and finding.policy_set:
            policy_set = self._add_policy_set_node(finding.policy_set)
            yield subject, policy_set, "partial" if state == "missing" else state
            yield policy_set, self._add_policy_node(key), state
        elif key and traits.about == "attached-policy":
            yield subject, self._add_policy_node(key), state

    def build_nodes(self) -> Iterator[GraphNode]:
        incoming: dict[NodeKey, set[NodeState]] = {}
        for (_, target), state in self.edges.items():
            incoming.setdefault(target, set()).add(state)
        for key, label in self._labels.items():
            state = self._states.get(key) or _state_from_edges(incoming.get(key, {"asked"}))
            if self._findings[key] and state in _QUIET:
                state = "noted"
            yield GraphNode(key, label, self._node_title(key, label), state, self._node_note(key, state))

    def _node_title(self, key: NodeKey, label: str) -> str:
        kinds: Mapping[NodeKind, str] = {"set": "policy set", "inline": "inline policy"}
        return f"{kinds.get(key[0], key[0])} {label}"

    def _node_note(self, key: NodeKey, state: NodeState) -> str:
        parts = [STATE_LABELS[state]] if state not in ("asked", "noted") else []
        parts += [pluralize(self._findings[key], "finding")] if self._findings[key] else []
        parts += ["not for all as asked for"] if state == "noted" and not parts else []
        parts += [pluralize(self._members[key], "member")] if self._members.get(key) else []
        parts += ["inline policy"] if key[0] == "inline" else []
        return ", ".join(parts)

    def _add_subject(self, arn: str) -> NodeKey | None:
        kind, _, name = subject_label(arn).partition(" ")
        if kind == "policy":
            return self._add_policy_node(arn)
        kinds: tuple[PrincipalKind, ...] = ("user", "group", "role")
        for known in kinds:
            if kind == known and name:
                key = self._add_node((known, arn), name)
                self._states.setdefault(key, "asked")
                return key
        return None

    def _add_principal_node(self, kind: PrincipalKind, name: str) -> NodeKey:
        return self._add_node((kind, self._arns.get((kind, name)) or self.account.arn(kind, name)), name)

    def _add_policy_set_node(self, name: str) -> NodeKey:
        return self._add_node(("set", name), name)

    def _add_policy_node(self, arn: str) -> NodeKey:
        return self._add_node(("policy", arn), policy_name(arn))

    def _add_node(self, key: NodeKey, label: str) -> NodeKey:
        self._labels.setdefault(key, label)
        return key

    def _add_edge(self, source: NodeKey, target: NodeKey, state: NodeState) -> None:
        ends = (source, target)
        self.edges[ends] = worst_state([state, self.edges.get(ends, state)])


def _finding_state(finding: Finding) -> NodeState:
    if finding.status in {"waived", "fixed"}:
        return "fixed" if finding.status == "fixed" else "waived"
    return find_rule_traits(finding.rule).state


def _state_from_edges(came: set[NodeState]) -> NodeState:
    """How something stands by the lines that lead to it: as all of them do, or else whether one is not right."""
    if len(came) == 1:
        return next(iter(came))
    return "asked" if came <= {*_QUIET, "fixed", "waived"} else "noted"


def _column_totals(nodes: Iterable[GraphNode], outline: Outline | None) -> Mapping[int, int]:
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


def _select_nodes(column: list[GraphNode], edges: Mapping[tuple[NodeKey, NodeKey], NodeState]) -> list[GraphNode]:
    """The first MOST, those with something to see before the others; in the order in which they were."""
    loud = {end for ends, state in edges.items() if state not in _QUIET for end in ends}

    def is_quiet(node: GraphNode) -> bool:
        return node.state in _QUIET and node.key not in loud

    chosen = {node.key for node in sorted(column, key=is_quiet)[:MOST]}
    return [node for node in column if node.key in chosen]


def _arrange_columns(columns: list[list[GraphNode]], edges: Iterable[GraphEdge]) -> tuple[tuple[GraphNode, ...], ...]:
    """Each column in the order of what its nodes are tied to, so that few edges cross: groups as they came."""
    ties: dict[NodeKey, list[NodeKey]] = {}
    for edge in edges:
        ties.setdefault(edge.target, []).append(edge.source)
        if edge.target[0] == "group":
            ties.setdefault(edge.source, []).append(edge.target)
    place: dict[NodeKey, float] = {}

    def middle(node: GraphNode) -> float:
        tied = [place[key] for key in ties.get(node.key, ()) if key in place]
        return sum(tied) / len(tied) if tied else 1.0

    arranged = list(columns)
    for index in (1, 0, 2, 3):
        if index != 1:
            arranged[index] = sorted(arranged[index], key=middle)
        size = max(len(arranged[index]), 1)
        place.update({node.key: row / size for row, node in enumerate(arranged[index])})
    return tuple(map(tuple, arranged))
