"""JUnit XML, which CI servers show as tests: a suite for each account, a test case for each finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET

from koding_audit.io.json_text import format_time
from koding_audit.io.text import escape
from koding_audit.model.report import Audit, Report, RunStatus
from koding_audit.report.results import Result, audit_results, run_error_results
from koding_audit.report.status import audit_status, tally_audits
from koding_audit.report.wording import status_sentence

_TOOL = "koding-audit"


def render(report: Report) -> Iterator[str]:
    """What counts is a failure, what keeps the run from being complete an error, what is waived or known is skipped.

    Each account has a case that says whether it was audited completely, so that a clean run has one that passed.
    """
    top = ET.Element("testsuites", name=_TOOL)
    outcomes = Counter(_case_outcome(each) for each in run_error_results(report))
    for audit in report.audits:
        outcomes.update(_account_outcomes(audit_status(audit, report.fail_on), audit_results(audit, report)))
    _set_totals(top, outcomes)
    top.text = "\n"  # so that it is written with an end
    beginning, _, end = _xml_text(top).partition("\n")
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n{beginning}'
    for suite in _test_suites(report):
        ET.indent(suite, level=1)
        yield f"\n  {_xml_text(suite)}"
    yield f"\n{end}\n"


def _xml_text(element: ET.Element) -> str:
    """As ASCII with references for the rest: whatever the encoding of the file or stream is, it is right."""
    text: bytes = ET.tostring(element, encoding="us-ascii", xml_declaration=False)
    return text.decode("ascii")


def _test_suites(report: Report) -> Iterator[ET.Element]:
    of_the_run = list(run_error_results(report))
    if of_the_run:
        suite = ET.Element("testsuite", name=f"{_TOOL}: the run")
        suite.extend(map(_test_case, of_the_run))
        _set_totals(suite, Counter(map(_case_outcome, of_the_run)))
        yield suite
    yield from (_account_suite(audit, report) for audit in report.audits)


def _account_suite(audit: Audit, report: Report) -> ET.Element:
    name = f"{_TOOL}: account {escape(audit.account.id)}"
    suite = ET.Element("testsuite", name=name, timestamp=format_time(audit.taken_at).removesuffix("Z"))
    case = ET.SubElement(suite, "testcase", classname=_TOOL, name="the account was audited completely")
    status, told = audit_status(audit, report.fail_on), audit_results(audit, report)
    if status == "incomplete":
        said = status_sentence(tally_audits([audit], report.fail_on))
        ET.SubElement(case, "error", type="incomplete", message=said).text = said
    suite.extend(map(_test_case, told))
    _set_totals(suite, Counter(_account_outcomes(status, told)))
    return suite


def _account_outcomes(status: RunStatus, told: Iterable[Result]) -> Iterator[str]:
    """How each case of an account ended, that of its own first."""
    yield "error" if status == "incomplete" else ""
    yield from map(_case_outcome, told)


def _case_outcome(result: Result) -> str:
    """The element that says how a case ended, "" for one that passed."""
    if result.status == "waived" or result.rank == 1:
        return "skipped"
    return {"incomplete": "error", "fails": "failure", "passes": ""}[result.effect]


def _test_case(result: Result) -> ET.Element:
    """Named by facts alone, so that a CI server knows it again when its message is reworded."""
    about = result.id.removeprefix(result.rule).strip("/")
    case = ET.Element("testcase", classname=_escape_xml(result.rule), name=_escape_xml(about))
    if result.location:
        case.attrib |= {"file": _escape_xml(result.location.path), "line": str(result.location.line)}
    message = _escape_xml(result.message)
    told = "\n".join([message, f"to do: {_escape_xml(result.todo)}"] if result.todo else [message])
    if result.status == "waived":
        ET.SubElement(case, "skipped", message=f"{_escape_xml(result.todo)}; {message}")
    elif result.rank == 1:
        ET.SubElement(case, "skipped", message=f"known from the baseline, {result.severity}; {message}")
    elif result.effect == "passes":
        word = result.status if result.status == "fixed" else result.severity
        ET.SubElement(case, "system-out").text = f"{word}: {told}"
    else:
        ET.SubElement(case, _case_outcome(result), type=result.severity, message=message).text = told
    return case


def _set_totals(suite: ET.Element, outcomes: Counter[str]) -> None:
    """The totals that the format wants in the attributes of a suite, and of all of them."""
    suite.set("tests", str(outcomes.total()))
    for total, outcome in (("errors", "error"), ("failures", "failure"), ("skipped", "skipped")):
        suite.set(total, str(outcomes[outcome]))
    suite.set("time", "0")


def _escape_xml(text: str) -> str:
    """Without the characters that XML 1.0 does not have: inert text has none of them."""
    return escape(text).strip() or "-"
