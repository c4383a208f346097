"""JUnit XML, which CI servers show as tests: a suite for each account, a test case for each finding."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from koding_audit.conclusion import judged
from koding_audit.jsontext import instant
from koding_audit.model import Audit, Report
from koding_audit.results import Result, errors, results_of
from koding_audit.text import inert
from koding_audit.verdict import audit_status

_TOOL = "koding-audit"


def render(report: Report) -> str:
    """What counts is a failure, what keeps the run from being complete an error, what is waived or known is skipped.

    Each account has a case that says whether it was audited completely, so that a clean run has one that passed.
    """
    suites = [_suite(audit, report) for audit in report.audits]
    of_the_run = errors(report)
    if of_the_run:
        suites.insert(0, ET.Element("testsuite", name=f"{_TOOL}: the run"))
        suites[0].extend(_case(each) for each in of_the_run)
    top = ET.Element("testsuites", name=_TOOL)
    top.extend(suites)
    for suite in (*suites, top):
        _count(suite)
    ET.indent(top)
    # As ASCII with references for the rest: whatever the encoding of the file or stream is, it is right.
    body = ET.tostring(top, encoding="us-ascii", xml_declaration=False).decode("ascii")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _suite(audit: Audit, report: Report) -> ET.Element:
    name = f"{_TOOL}: account {inert(audit.account.id)}"
    suite = ET.Element("testsuite", name=name, timestamp=instant(audit.taken_at).removesuffix("Z"))
    status = audit_status(audit, report.fail_on)
    case = ET.SubElement(suite, "testcase", classname=_TOOL, name="the account was audited completely")
    if status == "incomplete":
        said = judged([audit], status, 0, report.fail_on)
        ET.SubElement(case, "error", type="incomplete", message=said).text = said
    suite.extend(_case(each) for each in results_of(audit, report))
    return suite


def _case(result: Result) -> ET.Element:
    """Named by facts alone, so that a CI server knows it again when its message is reworded."""
    about = result.id.removeprefix(result.rule).strip("/")
    case = ET.Element("testcase", classname=_shown(result.rule), name=_shown(about))
    if result.place:
        case.attrib |= {"file": _shown(result.place.path), "line": str(result.place.line)}
    message = _shown(result.message)
    told = "\n".join([message, f"to do: {_shown(result.todo)}"] if result.todo else [message])
    if result.status == "waived":
        ET.SubElement(case, "skipped", message=f"{_shown(result.todo)}; {message}")
    elif result.rank == 1:
        ET.SubElement(case, "skipped", message=f"known from the baseline, {result.severity}; {message}")
    elif result.verdict == "passes":
        word = result.status if result.status == "fixed" else result.severity
        ET.SubElement(case, "system-out").text = f"{word}: {told}"
    else:
        outcome = "error" if result.verdict == "incomplete" else "failure"
        ET.SubElement(case, outcome, type=result.severity, message=message).text = told
    return case


def _count(suite: ET.Element) -> None:
    """The totals that the format wants in the attributes of a suite, and of all of them."""
    cases = list(suite.iter("testcase"))
    outcomes = {"errors": "error", "failures": "failure", "skipped": "skipped"}
    suite.set("tests", str(len(cases)))
    for total, outcome in outcomes.items():
        suite.set(total, str(sum(case.find(outcome) is not None for case in cases)))
    suite.set("time", "0")


def _shown(text: str) -> str:
    """Without the characters that XML 1.0 does not have: inert text has none of them."""
    return inert(text).strip() or "-"
