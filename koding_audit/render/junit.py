"""JUnit XML, which CI servers show as tests: a suite for each account, a test case for each finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET

from koding_audit.conclusion import judged
from koding_audit.jsontext import instant
from koding_audit.model import Audit, Report, RunStatus
from koding_audit.results import Result, errors, results_of
from koding_audit.text import inert
from koding_audit.verdict import audit_status, tallied

_TOOL = "koding-audit"


def render(report: Report) -> Iterator[str]:
    """What counts is a failure, what keeps the run from being complete an error, what is waived or known is skipped.

    Each account has a case that says whether it was audited completely, so that a clean run has one that passed.
    """
    top = ET.Element("testsuites", name=_TOOL)
    outcomes = Counter(_outcome(each) for each in errors(report))
    for audit in report.audits:
        outcomes.update(_outcomes(audit_status(audit, report.fail_on), results_of(audit, report)))
    _count(top, outcomes)
    top.text = "\n"  # so that it is written with an end
    beginning, _, end = _xml(top).partition("\n")
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n{beginning}'
    for suite in _suites(report):
        ET.indent(suite, level=1)
        yield f"\n  {_xml(suite)}"
    yield f"\n{end}\n"


def _xml(element: ET.Element) -> str:
    """As ASCII with references for the rest: whatever the encoding of the file or stream is, it is right."""
    text: bytes = ET.tostring(element, encoding="us-ascii", xml_declaration=False)
    return text.decode("ascii")


def _suites(report: Report) -> Iterator[ET.Element]:
    of_the_run = list(errors(report))
    if of_the_run:
        suite = ET.Element("testsuite", name=f"{_TOOL}: the run")
        suite.extend(map(_case, of_the_run))
        _count(suite, Counter(map(_outcome, of_the_run)))
        yield suite
    yield from (_suite(audit, report) for audit in report.audits)


def _suite(audit: Audit, report: Report) -> ET.Element:
    name = f"{_TOOL}: account {inert(audit.account.id)}"
    suite = ET.Element("testsuite", name=name, timestamp=instant(audit.taken_at).removesuffix("Z"))
    case = ET.SubElement(suite, "testcase", classname=_TOOL, name="the account was audited completely")
    status, told = audit_status(audit, report.fail_on), results_of(audit, report)
    if status == "incomplete":
        said = judged(tallied([audit], report.fail_on))
        ET.SubElement(case, "error", type="incomplete", message=said).text = said
    suite.extend(map(_case, told))
    _count(suite, Counter(_outcomes(status, told)))
    return suite


def _outcomes(status: RunStatus, told: Iterable[Result]) -> Iterator[str]:
    """How each case of an account ended, that of its own first."""
    yield "error" if status == "incomplete" else ""
    yield from map(_outcome, told)


def _outcome(result: Result) -> str:
    """The element that says how a case ended, "" for one that passed."""
    if result.status == "waived" or result.rank == 1:
        return "skipped"
    return {"incomplete": "error", "fails": "failure", "passes": ""}[result.verdict]


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
        ET.SubElement(case, _outcome(result), type=result.severity, message=message).text = told
    return case


def _count(suite: ET.Element, outcomes: Counter[str]) -> None:
    """The totals that the format wants in the attributes of a suite, and of all of them."""
    suite.set("tests", str(outcomes.total()))
    for total, outcome in (("errors", "error"), ("failures", "failure"), ("skipped", "skipped")):
        suite.set(total, str(outcomes[outcome]))
    suite.set("time", "0")


def _shown(text: str) -> str:
    """Without the characters that XML 1.0 does not have: inert text has none of them."""
    return inert(text).strip() or "-"
