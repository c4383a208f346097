"""The graph of an account as SVG, and the same in words."""

from __future__ import annotations

import re
from xml.etree.ElementTree import tostring

from koding_audit.report.graph import STATE_LABELS, Graph, build_graph
from koding_audit.report.svg_graph import (
    LEGEND,
    describe_graph,
    draw_graph,
    draw_legend,
    graph_as_list,
    omitted_nodes_note,
)
from tests.report.formats.reports import HOSTILE, REPORTS, audit, outline, policy_missing


def graph(*findings: object) -> Graph:
    return build_graph(audit(findings=findings, outline=outline(("route53", False))))


def test_every_node_and_every_edge_is_drawn_once() -> None:
    found = graph(policy_missing())
    drawn = draw_graph(found, "g")
    titles = [(each.text or "").partition(":")[0] for each in drawn.iter("title")][1:]
    assert titles == [node.title for column in found.columns for node in column]
    assert sum((each.get("class") or "").startswith("edge") for each in drawn.iter()) == len(found.edges)
    assert {each.get("id") for each in drawn} >= {"g-title", "g-desc"}
    assert drawn.get("aria-labelledby") == "g-title g-desc"


def test_the_words_say_what_the_picture_shows() -> None:
    found = graph(policy_missing())
    said = "".join(graph_as_list(found).itertext())
    for column in found.columns:
        for node in column:
            assert node.title in said
    assert re.search(r"\b[1-9]\d*\.$", describe_graph(found)), "something is not as asked for"
    assert describe_graph(graph()).endswith(": 0.")


def test_the_legend_has_the_states_that_are_there_and_every_state_has_a_sign() -> None:
    assert set(LEGEND) == set(STATE_LABELS)
    words = ["".join(each.itertext()).strip() for each in draw_legend(graph())]
    assert words == [STATE_LABELS["asked"], STATE_LABELS["optional"]]


def test_what_is_not_drawn_is_counted() -> None:
    assert omitted_nodes_note(graph()) == ""
    found = graph()
    cut = Graph(**{**{name: getattr(found, name) for name in found.__match_args__}, "omitted": (1_234, 0, 0, 2)})
    assert "1,234" in omitted_nodes_note(cut)


def test_names_in_it_are_text_and_hide_nothing() -> None:
    found = build_graph(REPORTS["hostile"].audits[0])
    text = tostring(draw_graph(found, "g"), encoding="unicode") + tostring(graph_as_list(found), encoding="unicode")
    assert "<script>" not in text
    assert not set(HOSTILE) & {"\x1b", "\u202e"} & set(text)
