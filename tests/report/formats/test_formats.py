"""Claims about every format on disk, each tried on every report."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from koding_audit import plugins
from koding_audit.model.finding import Finding
from koding_audit.model.query import Fact, Gap
from koding_audit.model.report import Problem, Report
from koding_audit.report.status import is_unresolved
from tests.report.formats.many import many, rows, sarif
from tests.report.formats.reports import ACCOUNT, GOLDEN, REPORTS, audit, rendered

FORMATS = plugins.plugin_names("report.formats")
EVERY = [(name, report) for name in FORMATS for report in REPORTS]


@pytest.mark.parametrize(("name", "report"), EVERY)
def test_a_report_looks_as_its_golden_file_says(name: str, report: str) -> None:
    # Rewritten by `python -m tests.report.formats.reports`; read the difference before committing it.
    assert rendered(name, REPORTS[report]) == (GOLDEN / f"{report}.{name}").read_bytes().decode()


def test_there_is_no_golden_file_of_a_format_or_report_that_is_gone() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{report}.{name}" for name, report in EVERY}


@pytest.mark.parametrize(("name", "report"), EVERY)
def test_no_format_lets_a_control_character_through(name: str, report: str) -> None:
    text = rendered(name, REPORTS[report])
    if name == "csv":
        text = text.replace("\r\n", "\n")  # RFC 4180 ends a line so
    assert text.isascii()
    assert all(line.isprintable() or not line for line in text.split("\n"))
    assert text.endswith("\n")


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_findings_in_another_order_give_the_same_bytes(name: str) -> None:
    report = REPORTS["full"]
    found = list(report.audits[0].findings)
    random.Random(7).shuffle(found)
    shuffled = replace(report, audits=(replace(report.audits[0], findings=tuple(found)),))
    assert rendered(name, shuffled) == rendered(name, report)


@pytest.mark.parametrize("name", FORMATS)
def test_rendering_leaves_no_finding_out(name: str) -> None:
    text = re.sub(r"\s+", " ", rendered(name, REPORTS["full"]))
    text = text.replace("`", "") if name == "markdown" else text
    for finding in REPORTS["full"].audits[0].findings:
        # What is waived is nothing to put beside a line.
        assert finding.message in text or (finding.status == "waived" and name in ("github", "gitlab"))


@pytest.mark.parametrize("name", ["github", "gitlab", "sarif"])
def test_what_is_told_without_its_account_names_it_where_there_are_several(name: str) -> None:
    several = rendered(name, REPORTS["several"])
    told = {each.account.id for each in REPORTS["several"].audits if any(map(is_unresolved, each.findings))}
    assert told
    assert set(re.findall("account ([0-9]{12}): ", several)) == told
    assert "account 123456789012: " not in rendered(name, REPORTS["full"])


def test_the_new_formats_load_nothing_beyond_the_standard_library() -> None:
    formats = sorted({*plugins.plugin_names("report.formats")} - {"table"})
    script = (
        "import sys\n"
        "from koding_audit import plugins\n"
        f"for name in {formats!r}: plugins.load_plugin('report.formats', name)\n"
        "tops = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(tops - {*sys.stdlib_module_names, 'koding_audit', '__main__'}))\n"
    )
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_gap_that_no_finding_tells_is_told_all_the_same() -> None:
    report = Report((audit(gaps=(Gap(Fact.SUMMARY, "iam:GetAccountSummary", "AccessDenied", "", "iam:Get"),)),))
    (row,) = rows(report)
    assert (row["rule"], row["severity"], row["todo"]) == ("not-checked", "error", "grant the caller iam:Get")
    assert "iam:GetAccountSummary: AccessDenied" in row["message"]


def test_an_error_of_the_run_is_told_with_what_to_do() -> None:
    (row,) = rows(Report((), errors=(Problem("no credentials", "run aws sso login"),)))
    assert (row["rule"], row["message"], row["todo"]) == ("run-error", "no credentials", "run aws sso login")


def test_the_order_of_equal_findings_is_that_of_their_ids() -> None:
    found = [row["id"] for row in rows(many(30))]
    assert found == sorted(found)


def test_a_finding_with_an_unknown_rule_has_its_own_words() -> None:
    lone = Finding(rule="new-rule", severity="warning", subject=ACCOUNT.root_arn, message="m")
    (rule,) = sarif(Report((audit(findings=(lone,)),)))["tool"]["driver"]["rules"]
    assert rule["shortDescription"]["text"] == "koding-audit's rule new-rule"
