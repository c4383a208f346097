"""Builds a graph of users, roles, groups, policy sets and policies, each with its state from the findings."""

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
"""The worst first. noted: it has another finding; asked: as declared."""

NodeKind = Literal["user", "role", "group", "set", "policy", "inline"]
NodeKey = tuple[NodeKind, str]

COLUMNS: Sequence[str] = ("Users and roles", "Groups", "Policy sets", "Policies")
MOST = 14
"""Maximum number of nodes in a column; nodes with findings come first."""

STATE_LABELS: Mapping[NodeState, str] = {
    "missing": "missing",
    "ineffective": "not effective",
    "partial": "partial",
    "changed": "changed",
    "noted": "has findings",
    "unexpected": "unexpected",
    "unread": "not read",
    "waived": "waived",
    "fixed": "fixed",
    "asked": "as declared",
    "optional": "optional, not attached",
}

_WORST: Sequence[NodeState] = get_args(NodeState)
_QUIET: frozenset[NodeState] = frozenset({"asked", "optional"})
_COLUMN: Mapping[NodeKind, int] = {"user": 0, "role": 0, "group": 1, "set": 2, "policy": 3, "inline": 3}


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A node of the graph.

    key: its kind and its ARN or name
    label: its name
    title: its name with its kind
    state: how it compares with the desired state
    note: the text below its name, or ""
    """

    key: NodeKey
    label: str
    title: str
    state: NodeState
    note: str = ""

    @property
    def column(self) -> int:
        """Returns the index in COLUMNS."""
        return _COLUMN[self.key[0]]


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """An edge of the graph: a user's group, a principal's set or policy, a policy of a set.

    source: the node that has, or should have, the target
    target: the other node
    state: how the edge compares with the desired state
    """

    source: NodeKey
    target: NodeKey
    state: NodeState


@dataclass(frozen=True, slots=True)
class Graph:
    """The graph of an account.

    columns: the nodes of each of COLUMNS, from top to bottom
    edges: between the nodes in the columns
    omitted: how many more nodes each column has
    has_outline: whether the report has an outline of the desired state; without it, only findings give nodes
    """

    columns: tuple[tuple[GraphNode, ...], ...]
    edges: tuple[GraphEdge, ...]
    omitted: tuple[int, ...]
    has_outline: bool


def build_graph(audit: Audit) -> Graph:
    """Returns the graph of an account, with at most MOST nodes in a column."""
    builder = _GraphBuilder(audit.account)
    if audit.outline:
        builder.add_outline(audit.outline)
    for finding in sort_findings(audit.findings):
        builder.add_finding(finding)
    nodes = list(builder.build_nodes())
    columns = [
        _select_nodes([node for node in nodes if node.column == index], builder.edges) for index in range(len(COLUMNS))
    ]
    shown = {node.key for column in columns for node in column}
    edges = [GraphEdge(*ends, state) for ends, state in builder.edges.items() if shown.issuperset(ends)]
    counts = Counter(node.column for column in columns for node in column)
    totals = _column_totals(nodes, audit.outline)
    return Graph(
        columns=_arrange_columns(columns, edges),
        edges=tuple(sorted(edges, key=lambda each: -_WORST.index(each.state))),  # the worst is drawn last, on top
        omitted=tuple(totals[index] - counts[index] for index in range(len(COLUMNS))),
        has_outline=audit.outline is not None,
    )


def worst_state(states: Iterable[NodeState]) -> NodeState:
    """Returns the worst of the states."""
    return min(states, key=_WORST.index)


class _GraphBuilder:
    """Collects nodes and edges from the outline and the findings."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.edges: dict[tuple[NodeKey, NodeKey], NodeState] = {}
        self._labels: dict[NodeKey, str] = {}
        self._states: dict[NodeKey, NodeState] = {}
        self._findings: Counter[NodeKey] = Counter()
        self._members: dict[NodeKey, int] = {}
        self._policies: Mapping[str, tuple[str, ...]] = {}  # ARNs of the policies of each set
        self._arns: dict[tuple[PrincipalKind, str], str] = {}  # of declared principals, with their paths

    def add_outline(self, outline: Outline) -> None:
        """Adds what the desired state declares."""
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
        """Sets the state of a finding's subject or edges; a finding about the account changes nothing."""
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
        """Yields the edges that a finding is about, none if it is about its subject only."""
        traits, key = find_rule_traits(finding.rule), finding.key
        if traits.about == "policy-set":
            policy_set = self._add_policy_set_node(finding.policy_set or key)
            yield subject, policy_set, state
            evidence = finding.evidence.get("missing", ())
            missing = [str(arn) for arn in evidence] if isinstance(evidence, (list, tuple)) else []
            yield from ((policy_set, self._add_policy_node(arn), state) for arn in missing)
            if traits.state == "partial":  # the other policies of the set are attached
                attached = [arn for arn in self._policies.get(policy_set[1], ()) if arn not in missing]
                yield from ((policy_set, self._add_policy_node(arn), "asked") for arn in attached)
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
        """Yields all nodes with their states and notes."""
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
        parts += ["not for all as declared"] if state == "noted" and not parts else []
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


def _state_from_edges(states: set[NodeState]) -> NodeState:
    """Returns a node's state from its incoming edges: their common state, else `noted` if any edge has a finding."""
    if len(states) == 1:
        return next(iter(states))
    return "asked" if states <= {*_QUIET, "fixed", "waived"} else "noted"


def _column_totals(nodes: Iterable[GraphNode], outline: Outline | None) -> Mapping[int, int]:
    """Returns how many nodes each column would have: declared and unexpected ones, or as many as are known."""
    known, expected = Counter[int](), Counter[int]()
    for node in nodes:
        known[node.column] += 1
        expected[node.column] += node.state == "unexpected"
    for kind, number in outline.declared.items() if outline else ():
        expected[_COLUMN[kind]] += number
    return known | expected


def _select_nodes(column: list[GraphNode], edges: Mapping[tuple[NodeKey, NodeKey], NodeState]) -> list[GraphNode]:
    """Returns at most MOST nodes of a column in their order, preferring those with a finding on them or an edge."""
    affected = {end for ends, state in edges.items() if state not in _QUIET for end in ends}

    def is_quiet(node: GraphNode) -> bool:
        return node.state in _QUIET and node.key not in affected

    chosen = {node.key for node in sorted(column, key=is_quiet)[:MOST]}
    return [node for node in column if node.key in chosen]


def _arrange_columns(columns: list[list[GraphNode]], edges: Iterable[GraphEdge]) -> tuple[tuple[GraphNode, ...], ...]:
    """Returns the columns, each sorted by the positions of its nodes' neighbours, so that few edges cross.

    Groups keep their order.
    """
    neighbours: dict[NodeKey, list[NodeKey]] = {}
    for edge in edges:
        neighbours.setdefault(edge.target, []).append(edge.source)
        if edge.target[0] == "group":
            neighbours.setdefault(edge.source, []).append(edge.target)
    positions: dict[NodeKey, float] = {}

    def middle(node: GraphNode) -> float:
        known = [positions[key] for key in neighbours.get(node.key, ()) if key in positions]
        return sum(known) / len(known) if known else 1.0

    arranged = list(columns)
    for index in (1, 0, 2, 3):
        if index != 1:
            arranged[index] = sorted(arranged[index], key=middle)
        size = max(len(arranged[index]), 1)
        positions.update({node.key: row / size for row, node in enumerate(arranged[index])})
    return tuple(map(tuple, arranged))
