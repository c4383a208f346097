"""`render`: a saved report becomes what the scan itself would have written, and nothing else is taken for one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from koding_audit import plugins
from koding_audit.cli import main
from koding_audit.report.codec import encode_report
from koding_audit.scan.catalog import advice_for_report
from tests.report.formats.reports import REPORTS, rendered

FORMATS = plugins.plugin_names("report.formats")


def saved(folder: Path, name: str = "full") -> Path:
    path = folder / "report.json"
    path.write_text(encode_report(REPORTS[name]), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", REPORTS)
def test_a_saved_report_becomes_what_the_scan_would_have_written(name: str, tmp_path: Path) -> None:
    wanted = [f"--output={each}:{tmp_path / each}" for each in FORMATS]
    assert main(["render", str(saved(tmp_path, name)), *wanted]) == 0
    report = replace(REPORTS[name], advice=advice_for_report(REPORTS[name]))
    for each in FORMATS:
        expected = rendered(each, report)
        assert (tmp_path / each).read_bytes().decode() == expected


def test_the_table_goes_to_standard_output_where_nothing_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", str(saved(tmp_path))]) == 0
    assert "Result   findings: 8 at or above warning" in capsys.readouterr().out


def test_the_errors_of_a_saved_run_are_told_and_the_status_is_that_of_the_rendering(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", str(saved(tmp_path, "empty"))]) == 0
    assert "error: no such key: polices; did you mean policies?" in capsys.readouterr().err


def test_a_report_is_not_rendered_over_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path)
    before = path.read_bytes()
    assert main(["render", str(path), "--output", f"csv:{path}"]) == 2
    assert "a file that this run reads" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_nothing_that_talks_to_aws_is_loaded(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from koding_audit.cli import main\n"
        f"status = main(['render', {str(saved(tmp_path))!r}, '--output', 'csv:{tmp_path}/x.csv'])\n"
        "print(status, [name for name in ('boto3', 'botocore', 'yaml', 'tabulate', 'ssl') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "0 []\n"


def version(value: Any) -> None:
    value["version"] = 2


def status(value: Any) -> None:
    value["status"] = "clean"


def count(value: Any) -> None:
    value["audits"][0]["summary"]["error"] = 0


def renamed(value: Any) -> None:
    value["audits"][0]["findings"][0]["id"] = "other"


def line(value: Any) -> None:
    value["audits"][0]["findings"][0]["location"]["line"] = 0


def more(value: Any) -> None:
    value["audits"][0]["more"] = 1


def plan(value: Any) -> None:
    value["kind"] = "koding-audit-plan"


def deep(value: Any) -> None:
    nested: Any = []
    for _ in range(200):
        nested = [nested]
    value["audits"][0]["findings"][0]["evidence"] = {"x": nested}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (version, "version 2 is newer than this koding-audit supports (1); upgrade koding-audit to read it"),
        (status, "status: must be findings, as its findings give; the report was edited: make it again"),
        (count, "audits[0].summary.error: must be 6, as its findings give"),
        (renamed, "audits[0].findings[0].id: must be rule/subject, or rule/subject/key"),
        (line, "audits[0].findings[0].location.line: must be 1 or more"),
        (more, 'audits[0]: unknown key "more"'),
        (plan, "this is not a report; make one with `scan FILE --output json:REPORT`"),
        (deep, "this is nested too deeply"),
    ],
)
def test_what_is_no_whole_report_is_refused_with_its_place(
    change: Callable[[Any], None], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = saved(tmp_path)
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")
    assert main(["render", str(path), "--output", f"csv:{tmp_path / 'out'}"]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_finding_of_a_rule_that_this_version_does_not_have_is_rendered(tmp_path: Path) -> None:
    path = saved(tmp_path)
    text = path.read_text(encoding="utf-8").replace("root-access-key", "__init__").replace("user-missing", "os.path")
    path.write_text(text, encoding="utf-8")
    assert main(["render", str(path), "--output", f"sarif:{tmp_path / 'out'}"]) == 0
    rules = json.loads((tmp_path / "out").read_text(encoding="utf-8"))["runs"][0]["tool"]["driver"]["rules"]
    assert {"__init__", "os.path"} <= {each["id"] for each in rules}
