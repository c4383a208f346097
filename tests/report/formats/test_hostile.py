"""A contract for every format on disk: whatever stands in an account or a file, a report stays what it is.

Each format has its structure in the table below, such as a page's tags: a report full of hostile texts has the same one
as a report of plain words. A new format needs an entry; without one the tests fail.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from koding_audit import plugins
from koding_audit.io.text import escape
from tests.report.formats.reports import HOSTILE, hostile, rendered

FORMATS = plugins.plugin_names("report.formats")
PLAIN = "plain"

NASTY = [
    HOSTILE,
    "\x1b]8;;https://example.com\x1b\\click\x1b]8;;\x1b\\",
    "\x1b[2J\x1b[1;1H",
    "\x9b31m\x90q\x9c",
    "\r\n::error file=x::broken\n::set-output name=a::b%0A::add-mask::c",
    "\u202e\u2066\u2069\u200b\ufeff\u2028\u2029\u0085",
    "\udfff\ud800",
    "e" + "\u0301" * 40,
    "=HYPERLINK(1)",
    "+1",
    "-1+1",
    "@SUM(1)",
    "\t=1",
    "</td></table><script>alert(1)</script>",
    "\" onmouseover=\"alert(1)' x='",
    "]]> --> <!-- <![CDATA[ &lt; &#27; &amp;",
    "| a | b |\n|---|---|",
    "[click](javascript:alert(1)) ![x](http://example.com/x.png) <http://example.com>",
    "`code` ``` **bold** # heading @everyone #1 www.example.com",
    "\\| \\` \\",
    "",
    " ",
    "x" * 20_000,
]


def shape(value: Any) -> Any:
    """A JSON value without its texts; the keys of `evidence` are those of an account."""
    if isinstance(value, dict):
        return {name: len(each) if name == "evidence" else shape(each) for name, each in value.items()}
    return [shape(each) for each in value] if isinstance(value, list) else type(value).__name__


class Tags(HTMLParser):
    """The tags of a page, in their order, with the names of their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Any] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, [name for name, _ in attrs]))

    def handle_endtag(self, tag: str) -> None:
        self.found.append(tag)

    def handle_comment(self, data: str) -> None:
        self.found.append("comment")

    def handle_decl(self, decl: str) -> None:
        self.found.append("declaration")


def html(text: str) -> Any:
    tags = Tags()
    tags.feed(text)
    tags.close()
    return tags.found


def xml(text: str) -> Any:
    return [(each.tag, sorted(each.attrib)) for each in ET.fromstring(text).iter()]


def table_of_cells(text: str) -> Any:
    """CSV: how many cells each row has; none begins as a spreadsheet's formulas do."""
    rows = list(csv.reader(io.StringIO(text), strict=True))
    for cell in (cell for row in rows for cell in row):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell
    return [len(row) for row in rows]


def markdown(text: str) -> Any:
    """Of each line the bars that part cells, the tags, and the beginnings of links, outside of code."""
    lines = [re.sub(r"(?<![`\\])(`+)(?!`).*?(?<!`)\1(?!`)", "", line) for line in text.split("\n")]
    assert not re.search(r"(?<![\\\w])@\w", "\n".join(lines)), "somebody would be notified"
    return [
        (
            len(re.findall(r"(?<!\\)\|", line)),
            re.findall(r"(?<!\\)<[A-Za-z/!][^>]*", line),
            len(re.findall(r"\]\(", line)),
        )
        for line in lines
    ]


def commands(text: str) -> Any:
    """GitHub's workflow commands, a line each; another line is no command."""
    return [re.findall(r"^\s*(?:::(\w[\w-]*)|##\[(\w+))", line) for line in text.split("\n")]


STRUCTURES: Mapping[str, Callable[[str], Any]] = {
    "table": lambda text: re.findall(r"^(?:Result|Account|To fix)\b", text, re.MULTILINE),
    "json": lambda text: shape(json.loads(text)),
    "jsonl": lambda text: [shape(json.loads(line)) for line in text.splitlines()],
    "sarif": lambda text: shape(json.loads(text)),
    "gitlab": lambda text: shape(json.loads(text)),
    "csv": table_of_cells,
    "markdown": markdown,
    "html": html,
    "junit": xml,
    "github": commands,
}


def test_every_format_has_a_structure() -> None:
    assert set(FORMATS) <= set(STRUCTURES)


TEXTS = st.one_of(
    st.sampled_from(NASTY),
    st.text(
        alphabet="\x00\t\n\r\x1b\x7f\x9b\u200b\u202e\u2028\u2066\ufeff\ud800\U000e0041\u0301=+-@|<>&\"'`[]()\\:%#a "
    ),
    st.text(),
)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60)
@given(text=TEXTS)
@example(text=HOSTILE)
def test_a_report_is_inert_whatever_is_in_it(name: str, text: str) -> None:
    shown = rendered(name, hostile(text))
    shown.encode("utf-8")
    for line in shown.split("\r\n" if name == "csv" else "\n"):
        assert escape(line) == line
        assert "\t" not in line


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60)
# SARIF has no base for /a/path, and `role x` as a subject is a node of the graph.
@given(
    text=TEXTS.filter(lambda text: text.strip() and not text.startswith(("/", "user ", "group ", "role ", "policy ")))
)
@example(text=HOSTILE)
def test_a_report_keeps_its_structure_whatever_is_in_it(name: str, text: str) -> None:
    structure = STRUCTURES[name]
    assert structure(rendered(name, hostile(text))) == structure(rendered(name, hostile(PLAIN)))


@pytest.mark.parametrize("text", NASTY)
def test_json_gives_the_exact_text_back(text: str) -> None:
    (audit,) = json.loads(rendered("json", hostile(text)))["audits"]
    assert audit["account"]["alias"] == text
    assert audit["findings"][0]["evidence"] == {text: [text, {"nested": text}]}
