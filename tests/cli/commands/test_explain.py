"""`explain`: one text, at the terminal, in the documents and in SARIF."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from koding_audit import plugins
from koding_audit.cli import main
from koding_audit.model.finding import Finding
from koding_audit.model.report import Report
from koding_audit.scan.catalog import advice_for_report
from tests.report.formats.reports import audit, rendered
from tests.values import ROOT

RULES = [*plugins.plugin_names("scan.rules"), "not-checked"]
PAGE = (Path(__file__).parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["explain", *words]) == 0
    return capsys.readouterr().out


def unescaped(text: str) -> str:
    """What SARIF means by a text: braces are written twice, and brackets with a backslash."""
    return text.replace("{{", "{").replace("}}", "}").replace("\\[", "[").replace("\\]", "]")


def test_without_a_rule_every_rule_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys).splitlines()
    assert [line.split()[0] for line in lines] == RULES
    assert all(line.endswith(".") for line in lines)


@pytest.mark.parametrize("rule", RULES)
def test_the_terminal_the_page_and_sarif_say_the_same_of_a_rule(rule: str, capsys: pytest.CaptureFixture[str]) -> None:
    page = PAGE.partition(f"<!-- generated: rule {rule} -->\n")[2].partition("<!-- end -->")[0]
    page = re.sub(r"\[(.+?)\]\(.+?\)", r"\1", page)
    report = Report((audit(findings=(Finding(rule, "error", ROOT, "it is so"),)),))
    written = json.loads(rendered("sarif", replace(report, advice=advice_for_report(report))))
    (told,) = written["runs"][0]["tool"]["driver"]["rules"]
    assert unescaped(told["help"]["markdown"]) == page.rstrip()
    heading, _, shown = said(capsys, rule).partition("\n\n")
    assert (heading, shown.split()) == (rule, unescaped(told["help"]["text"]).split())
    # Whatever the page has the terminal has too, but for how it is marked.
    wording = re.compile(r"[A-Za-z-]{4,}")
    assert {*wording.findall(page)} - {"yaml", "text"} <= {*wording.findall(shown)}
    assert f"**Why it matters**: {told['shortDescription']['text']}" in told["help"]["markdown"]


def test_the_id_of_a_finding_is_taken_for_its_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, f"policy-missing/{ROOT}/x") == said(capsys, "policy-missing")


def test_a_rule_that_there_is_not_is_told_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "policy-mising"]) == 2
    assert "did you mean policy-missing?" in capsys.readouterr().err


def test_the_text_fits_a_narrow_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.get_terminal_size", lambda _: os.terminal_size((60, 24)))
    text = said(capsys, "policy-missing").partition("With the AWS CLI")[0]
    assert max(map(len, text.splitlines())) <= 60
