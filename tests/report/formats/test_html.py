"""Claims about the page as text: what it allows, what it holds, and that it is well formed."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from koding_audit.model.report import Outline, OutlinePrincipal, Report
from koding_audit.report.formats import html
from koding_audit.report.graph import MOST as MOST_NODES
from koding_audit.report.status import is_unresolved
from tests.report.formats.reports import ACCOUNT, GROUP, REPORTS, audit, policy_missing, rendered, trend
from tests.report.formats.test_hostile import Tags

EVERY = pytest.mark.parametrize("report", [pytest.param(each, id=name) for name, each in REPORTS.items()])
# The elements that have no end tag (HTML Living Standard, 13.1.2).
VOID = {*("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")}


class Page(Tags):
    """The page's elements with their attributes, each with the names of those that it is in, and its texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), "no attribute is there twice"
        self.elements.append((tag, dict(attrs), tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def every(self, name: str) -> Iterator[dict[str, str | None]]:
        return (attributes for tag, attributes, _ in self.elements if tag == name)

    def inside(self, name: str) -> list[str]:
        return [data for tag, data in self.texts if tag == name]


def told(page: Page) -> Any:
    """What the script filters by."""
    return json.loads(page.inside("script")[0])


@EVERY
def test_every_element_is_closed_and_every_id_is_there_once(report: Report) -> None:
    page = Page(rendered("html", report))
    ids = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes, _ in page.elements:
        named = (attributes.get("aria-labelledby") or "").split()
        assert set(named) <= set(ids)
        if (attributes.get("href") or "").startswith("#"):
            assert (attributes["href"] or "")[1:] in ids


@EVERY
def test_the_policy_allows_its_one_style_and_its_one_script_and_nothing_else(report: Report) -> None:
    page = Page(rendered("html", report))
    (policy,) = (each["content"] for each in page.every("meta") if each.get("http-equiv") == "Content-Security-Policy")
    (style,), (data, script) = page.inside("style"), page.inside("script")

    def hashed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    allowed = f"style-src {hashed(style)}; script-src {hashed(script)}"
    assert policy == f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    json.loads(data)
    assert [each.get("type") for each in page.every("script")] == ["application/json", None]


@EVERY
def test_nothing_in_it_asks_the_network_or_runs_by_an_attribute(report: Report) -> None:
    page = Page(rendered("html", report))
    for tag, attributes, _ in page.elements:
        assert tag not in ("link", "img", "iframe", "object", "embed", "use", "image", "base")
        assert not {"src", "srcset", "style", "action", "xlink:href"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("href") or "#").startswith("#")
    (style,) = page.inside("style")
    assert not re.search(r"url\(|@import|@font-face", style)


def test_the_script_only_filters() -> None:
    (_, script) = Page(rendered("html", REPORTS["clean"])).inside("script")
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval", "Function", "fetch", "http"):
        assert word not in script
    assert "</" not in script
    assert "<!--" not in script


@EVERY
def test_the_script_knows_each_finding_on_the_page_in_its_order(report: Report) -> None:
    page = Page(rendered("html", report))
    shown = [each for each in page.every("li") if (each.get("class") or "").startswith("finding ")]
    assert [f"finding {each['sort']}" for each in told(page)] == [each["class"] for each in shown]
    rules = {each["rule"] for each in told(page)}
    assert {each["value"] for each in page.every("option")} == ({"", *rules} if rules else set())


@EVERY
def test_there_is_one_heading_of_the_first_level_and_no_level_is_left_out(report: Report) -> None:
    levels = [int(tag[1]) for tag, _, _ in Page(rendered("html", report)).elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@EVERY
def test_what_can_be_filled_in_has_a_label_and_the_picture_has_words(report: Report) -> None:
    page = Page(rendered("html", report))
    for tag, attributes, inside in page.elements:
        if tag in ("input", "select"):
            assert "label" in inside
        if attributes.get("role") == "img":
            assert attributes["aria-labelledby"]
    drawn = [each for each in page.every("svg") if each.get("role") == "img"]
    words = [each for each in page.inside("summary") if each in ("The same as a list", "The same as a table")]
    assert len(drawn) == len(words)


def test_the_verdict_the_findings_root_the_fix_the_gaps_and_the_way_to_repeat_it_are_in_it() -> None:
    text = rendered("html", REPORTS["full"])
    assert ">8 at or above warning<" in text
    assert ">koding-audit scan policies/koding.yaml --fix --create<" in text
    assert ">koding-audit scan policies/koding.yaml --account 123456789012<" in text
    assert '<span class="badge error">present</span>' in text
    fixed = rendered("html", REPORTS["fixed"])
    assert "1 done, 1 failed, 1 pending, 1 skipped" in fixed
    assert ">LimitExceeded: Cannot exceed quota for PoliciesPerGroup: 10<" in fixed
    assert f">koding-audit undo {REPORTS['fixed'].audits[0].journal.path}<" in fixed  # type: ignore[union-attr]
    gapped = rendered("html", REPORTS["gapped"])
    assert ">iam:ListAccessKeys: AccessDenied<" in gapped
    assert "user/builder-19 and 2 more" in gapped
    assert "<b>scp</b>" in gapped


def test_a_first_audit_has_no_plot_and_one_without_a_history_says_nothing_of_it() -> None:
    first = rendered("html", Report((audit(trend=trend((1, 2, 3))),)))
    assert "This is the first audit in the history." in first
    assert 'class="plot"' not in first
    assert "Trend" not in rendered("html", REPORTS["full"])


def test_of_a_picture_there_is_no_text_without_a_word() -> None:
    page = Page(rendered("html", REPORTS["full"]))
    assert len(page.inside("text")) == sum(tag == "text" for tag, _, _ in page.elements)


def test_root_is_not_marked_where_no_rule_complains() -> None:
    """The file may allow what a rule would tell, or the rule was not asked."""
    found = replace(REPORTS["full"].audits[0], findings=())
    assert '<span class="badge plain">present</span>' in rendered("html", Report((found,)))


@pytest.mark.slow
def test_a_report_of_thousands_is_bounded_and_says_what_it_leaves_out() -> None:
    users = tuple(
        OutlinePrincipal("user", f"u{i:04}", ACCOUNT.arn("user", f"u{i:04}"), ("Developers",)) for i in range(199)
    )
    wanted = Outline(
        {"user": 6000, "group": 1, "role": 0},
        (OutlinePrincipal("group", "Developers", GROUP, members=6000), *users),
        {},
    )
    findings = tuple(
        policy_missing(subject=ACCOUNT.arn("user", f"u{i:04}"), severity="error" if i % 2 else "note")
        for i in range(html.MOST + 1000)
    )
    text = rendered("html", Report((audit(findings=findings, outline=wanted),)))
    page = Page(text)
    assert len(told(page)) == html.MOST
    assert [each["sort"] for each in told(page)].count("error") == sum(each.severity == "error" for each in findings)
    assert "1,000 findings more: the JSON report has them all." in text
    assert text.count('class="node ') == MOST_NODES + 1 + 1 + 1  # users, the group, the set and its policy
    assert f"users and roles ({6000 - MOST_NODES:,})" in text
    assert len(text) < 1_500 * html.MOST


def test_what_only_says_that_something_was_not_read_is_not_told_twice() -> None:
    findings = REPORTS["gapped"].audits[0].findings
    assert len([each for each in findings if is_unresolved(each)]) == 15
    assert len(told(Page(rendered("html", REPORTS["gapped"])))) == 1
