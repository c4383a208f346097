"""Draws the graph of an account as SVG, and writes the same as a list for people who cannot see it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from xml.etree.ElementTree import Element

from koding_audit.io.text import escape
from koding_audit.model.frozen import dataclass
from koding_audit.report.graph import COLUMNS, STATE_LABELS, Graph, GraphEdge, GraphNode, NodeKey, NodeState
from koding_audit.report.html_elements import element

LEGEND: Sequence[NodeState] = (
    *("asked", "missing", "partial", "ineffective", "changed", "unexpected"),
    *("noted", "unread", "waived", "fixed", "optional"),
)
_QUIET: frozenset[NodeState] = frozenset({"asked", "optional", "fixed", "waived"})

# Pixels. The page is as wide as the four columns; on a phone they scroll.
_WIDTHS: Sequence[int] = (172, 190, 176, 284)
_GAP = 72
_HEIGHT, _ROW, _TOP = 44, 56, 34
_LETTER = 7.6  # average width of a letter of a label
_GLYPH = 34  # width of the sign on the left

# Paths in a square of 12 pixels: a sign shows the state without colour.
_SIGNS: Mapping[NodeState, str] = {
    "asked": "M2 6.5 5 9.5 10 3",
    "fixed": "M2 6.5 5 9.5 10 3",
    "missing": "M3 3l6 6M9 3l-6 6",
    "ineffective": "M3 9 9 3M6 1a5 5 0 1 0 .01 0",
    "partial": "M6 1v10A5 5 0 0 1 6 1a5 5 0 0 1 0 10",
    "changed": "M2 4.5h8M2 7.5h8M8 2 4 10",
    "noted": "M6 1.5v5.5M6 9.5v1",
    "unexpected": "M6 2v8M2 6h8",
    "unread": "M3.5 4a2.5 2.5 0 1 1 3.4 2.3C6 6.7 6 7 6 8M6 10v.6",
    "waived": "M4 2.5v7M8 2.5v7",
    "optional": "M6 3.5a2.5 2.5 0 1 0 .01 0",
}


@dataclass(frozen=True, slots=True)
class _NodePosition:
    """The rectangle of a node, in pixels."""

    left: int
    top: int
    width: int

    @property
    def middle(self) -> int:
        return self.top + _HEIGHT // 2


def draw_graph(graph: Graph, name: str) -> Element:
    """Returns the SVG of a graph. name: the prefix of its ids, unique in the page."""
    height = _TOP + max(map(len, graph.columns)) * _ROW
    places = _position_nodes(graph, height)
    columns = [
        (title, places[column[0].key].left) for title, column in zip(COLUMNS, graph.columns, strict=True) if column
    ]
    right = max((each.left + each.width for each in places.values()), default=0)
    return element(
        "svg",
        element("title", "Who has what", id=f"{name}-title"),
        element("desc", describe_graph(graph), id=f"{name}-desc"),
        *(element("text", title, class_="column", x=str(left), y="14") for title, left in columns),
        *(_draw_edge(edge, places[edge.source], places[edge.target]) for edge in graph.edges),
        *(_draw_node(node, places[node.key]) for column in graph.columns for node in column),
        viewBox=f"-2 0 {right + 4} {height}",
        width=str(right + 4),
        height=str(height),
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def _position_nodes(graph: Graph, height: int) -> dict[NodeKey, _NodePosition]:
    """Returns the position of each node: columns side by side, centred vertically; an empty column takes no space."""
    places, left = {}, 0
    for width, column in zip(_WIDTHS, graph.columns, strict=True):
        top = _TOP + (height - _TOP - len(column) * _ROW) // 2
        places.update({node.key: _NodePosition(left, top + row * _ROW, width) for row, node in enumerate(column)})
        left += width + _GAP if column else 0
    return places


def describe_graph(graph: Graph) -> str:
    """Returns a description of a graph in two sentences."""
    numbers = [f"{title}: {len(column)}" for title, column in zip(COLUMNS, graph.columns, strict=True) if column]
    differing = sum(edge.state not in _QUIET for edge in graph.edges)
    return f"{', '.join(numbers)}. Edges that differ from the desired state: {differing}."


def omitted_nodes_note(graph: Graph) -> str:
    """Returns a sentence with the numbers of nodes that are not drawn, "" if all are."""
    numbers = [f"{title.lower()} ({more:,})" for title, more in zip(COLUMNS, graph.omitted, strict=True) if more > 0]
    return f"Not shown: {', '.join(numbers)}." if numbers else ""


def draw_legend(graph: Graph) -> Element:
    """Returns the legend: the sign and the label of each state in a graph."""
    states = {edge.state for edge in graph.edges} | {node.state for column in graph.columns for node in column}
    return element(
        "ul",
        *(element("li", _draw_sign(each), " ", STATE_LABELS[each]) for each in LEGEND if each in states),
        class_="legend",
    )


def graph_as_list(graph: Graph) -> Element:
    """Returns a graph as a list: each node with the targets of its edges and their states."""
    nodes = {node.key: node for column in graph.columns for node in column}
    edges: dict[NodeKey, list[GraphEdge]] = {}
    for edge in graph.edges:
        edges.setdefault(edge.source, []).append(edge)
    return element("ul", *(_node_item(node, edges.get(key, ()), nodes) for key, node in nodes.items()), class_="words")


def _node_item(node: GraphNode, edges: Iterable[GraphEdge], nodes: Mapping[NodeKey, GraphNode]) -> Element:
    targets = sorted((nodes[edge.target].title, STATE_LABELS[edge.state]) for edge in edges)
    items = [element("li", f"{title}: {label}") for title, label in targets]
    note = node.note or STATE_LABELS[node.state]
    return element("li", f"{node.title}: {note}", element("ul", *items) if items else None)


def _draw_node(node: GraphNode, place: _NodePosition) -> Element:
    """Returns the SVG of a node; a label that is too long is cut, and complete in the node's title."""
    width = place.width
    sign = _draw_sign(node.state)
    sign.attrib |= {"x": "12", "y": str((_HEIGHT - 14) // 2)}
    label = _shorten_label(node.label, int((width - _GLYPH - 8) / _LETTER))
    return element(
        "svg",
        element("title", f"{node.title}: {node.note or STATE_LABELS[node.state]}"),
        element("rect", x="1", y="1", width=str(width - 2), height=str(_HEIGHT - 2), rx="8"),
        sign,
        element("text", label, class_="label", x=str(_GLYPH), y="19" if node.note else "26"),
        element(
            "text", _shorten_label(node.note, int((width - _GLYPH - 8) / 6.4)), class_="note", x=str(_GLYPH), y="34"
        )
        if node.note
        else None,
        class_=f"node {node.state}",
        x=str(place.left),
        y=str(place.top),
        width=str(width),
        height=str(_HEIGHT),
    )


def _draw_edge(edge: GraphEdge, source: _NodePosition, target: _NodePosition) -> Element:
    """Returns a curve from the right side of one node to the left side of another."""
    start, end = source.left + source.width, target.left
    bend = min((end - start) // 2, _GAP // 2)
    return element(
        "path",
        class_=f"edge {edge.state}",
        d=f"M{start} {source.middle}C{start + bend} {source.middle} {end - bend} {target.middle} {end} {target.middle}",
    )


def _draw_sign(state: NodeState) -> Element:
    path = element("path", d=_SIGNS[state])
    return element(
        "svg", path, class_=f"sign {state}", viewBox="0 0 12 12", width="14", height="14", aria_hidden="true"
    )


def _shorten_label(text: str, most: int) -> str:
    """Returns a text cut to a width. most: letters of usual width; a wide East Asian character takes two."""
    shown, room = escape(text), most
    for index, char in enumerate(shown):
        room -= 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if room < 0:
            return f"{shown[: index - 1]}\N{HORIZONTAL ELLIPSIS}"
    return shown
