"""Markdown as GitHub's own reader takes it: bounded, and without markup of anybody else's."""

from __future__ import annotations

import re
from dataclasses import replace

import cmarkgfm
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from koding_audit.model.report import Report
from tests.report.formats.many import many
from tests.report.formats.reports import ACCOUNT, HOSTILE, REPORTS, hostile, rendered


def page(report: Report) -> str:
    """What GitHub's own reader of Markdown makes of it, with its tables and its automatic links."""
    return str(cmarkgfm.markdown_to_html_with_extensions(rendered("markdown", report), extensions=GFM))


GFM = ["table", "autolink", "strikethrough", "tasklist"]


def outline(html: str) -> list[str]:
    """Its tags but for code, in their order."""
    return [tag for tag in re.findall(r"<[^>]*>", html) if tag not in ("<code>", "</code>")]


@settings(max_examples=150)
@given(text=st.text(alphabet="\n\t|\\`*_~<>&@#[]()!:/.wh1-=+ ax", max_size=12).filter(str.strip))
@example(text=HOSTILE)
@example(text="@everyone #1 GH-12 www.example.com http://example.com a@example.com")
@example(text="a|b \\| `c` ``d` \\` <b> ![x](y) [x]: y")
@example(text="</details></code><script>alert(1)</script>")
def test_no_text_becomes_markup_a_link_or_a_mention_for_githubs_reader(text: str) -> None:
    html = page(hostile(text))
    assert outline(html) == outline(page(hostile("plain")))
    read = re.sub(r"<code>.*?</code>", "", html)
    assert not re.search(r"@|#|www\.|://|GH-\d", read)


@pytest.mark.parametrize("name", [name for name in REPORTS if name != "organization"])
def test_markdown_has_a_row_for_everything_that_is_told(name: str) -> None:
    told = rendered("csv", REPORTS[name]).count("\r\n") - 1 - len(REPORTS[name].skipped)  # these are one sentence
    assert page(REPORTS[name]).count("<td>") == 5 * told


def test_markdown_fits_a_comment_and_counts_what_does_not() -> None:
    text = rendered("markdown", many(3000))
    assert len(text) < 65_536
    shown = len(re.findall(r"^\| error \|", text, re.MULTILINE))
    assert text.endswith(f"\n\n{3000 - shown:,} rows did not fit here: the JSON report has everything.\n")
    assert text.count("<details>") == text.count("</details>") == 1
    assert outline(page(many(3000))).count("<tr>") == shown + 1


def test_many_accounts_do_not_burst_a_comment() -> None:
    one = many(20).audits[0]
    report = Report(tuple(replace(one, account=replace(ACCOUNT, id=f"{index:012}")) for index in range(2000)))
    assert len(rendered("markdown", report)) < 65_536


def test_markdown_offers_the_command_that_fixes() -> None:
    assert "To fix: `koding-audit scan policies/koding.yaml --fix --create`\n" in rendered("markdown", REPORTS["full"])
