"""JUnit XML, which CI servers show as tests: a suite for each account, a test case for each finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from xml.etree import ElementTree as ET

from koding_audit.io.json_text import format_time
from koding_audit.io.text import escape
from koding_audit.model.report import Audit, Report, RunStatus, SkippedAccount
from koding_audit.report.results import Result, audit_results, run_error_results
from koding_audit.report.status import audit_status, tally_audits
from koding_audit.report.wording import SKIPPED, allowed_later_sentence, skipped_message, status_sentence

_TOOL = "koding-audit"


def render(report: Report) -> Iterator[str]:
    """Yields the XML: a failing result is a failure, an incomplete one an error, a waived or known one is skipped.

    Each account has a case for "was audited completely", so that a clean run has a case that passes.
    """
    top = ET.Element("testsuites", name=_TOOL)
    outcomes = Counter([*map(_case_outcome, run_error_results(report)), *(["skipped"] * len(report.skipped))])
    for audit in report.audits:
        outcomes.update(_account_outcomes(audit_status(audit, report.fail_on), audit_results(audit, report)))
    _set_totals(top, outcomes)
    top.text = "\n"  # gives an end tag
    beginning, _, end = _xml_text(top).partition("\n")
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n{beginning}'
    for suite in _test_suites(report):
        ET.indent(suite, level=1)
        yield f"\n  {_xml_text(suite)}"
    yield f"\n{end}\n"


def _xml_text(element: ET.Element) -> str:
    """Returns an element in ASCII with character references, which is correct in any encoding of the output."""
    text: bytes = ET.tostring(element, encoding="us-ascii", xml_declaration=False)
    return text.decode("ascii")


def _test_suites(report: Report) -> Iterator[ET.Element]:
    errors = list(run_error_results(report))
    if errors:
        suite = ET.Element("testsuite", name=f"{_TOOL}: the run")
        suite.extend(map(_test_case, errors))
        _set_totals(suite, Counter(map(_case_outcome, errors)))
        yield suite
    yield from (_account_suite(audit, report) for audit in report.audits)
    if report.skipped:
        yield _skipped_suite(report.skipped)


def _skipped_suite(skipped: Sequence[SkippedAccount]) -> ET.Element:
    suite = ET.Element("testsuite", name=f"{_TOOL}: accounts that cannot be used")
    for each in skipped:
        case = ET.SubElement(suite, "testcase", classname=SKIPPED, name=_escape_xml(each.account_id))
        ET.SubElement(case, "skipped", message=_escape_xml(skipped_message(each)))
    _set_totals(suite, Counter(["skipped"] * len(skipped)))
    return suite


def _account_suite(audit: Audit, report: Report) -> ET.Element:
    name = f"{_TOOL}: account {escape(audit.account.id)}"
    suite = ET.Element("testsuite", name=name, timestamp=format_time(audit.taken_at).removesuffix("Z"))
    case = ET.SubElement(suite, "testcase", classname=_TOOL, name="the account was audited completely")
    status, results = audit_status(audit, report.fail_on), audit_results(audit, report)
    if status == "incomplete":
        message = status_sentence(tally_audits([audit], report.fail_on))
        ET.SubElement(case, "error", type="incomplete", message=message).text = message
    elif audit.allowed_later:
        ET.SubElement(case, "system-out").text = _escape_xml(allowed_later_sentence(audit.allowed_later))
    suite.extend(map(_test_case, results))
    _set_totals(suite, Counter(_account_outcomes(status, results)))
    return suite


def _account_outcomes(status: RunStatus, results: Iterable[Result]) -> Iterator[str]:
    """Yields the outcome of each case of an account, starting with the case of the account itself."""
    yield "error" if status == "incomplete" else ""
    yield from map(_case_outcome, results)


def _case_outcome(result: Result) -> str:
    """Returns the name of the element for a case's outcome, "" if the case passes."""
    if result.status == "waived" or result.rank == 1:
        return "skipped"
    return {"incomplete": "error", "fails": "failure", "passes": ""}[result.effect]


def _test_case(result: Result) -> ET.Element:
    """Returns a test case; its name has only facts, so that a CI server recognizes it when its message changes."""
    about = result.id.removeprefix(result.rule).strip("/")
    case = ET.Element("testcase", classname=_escape_xml(result.rule), name=_escape_xml(about))
    if result.location:
        case.attrib |= {"file": _escape_xml(result.location.path), "line": str(result.location.line)}
    message = _escape_xml(result.message)
    text = "\n".join([message, f"to do: {_escape_xml(result.todo)}"] if result.todo else [message])
    if result.status == "waived":
        ET.SubElement(case, "skipped", message=f"{_escape_xml(result.todo)}; {message}")
    elif result.rank == 1:
        ET.SubElement(case, "skipped", message=f"known from the baseline, {result.severity}; {message}")
    elif result.effect == "passes":
        word = result.status if result.status == "fixed" else result.severity
        ET.SubElement(case, "system-out").text = f"{word}: {text}"
    else:
        ET.SubElement(case, _case_outcome(result), type=result.severity, message=message).text = text
    return case


def _set_totals(suite: ET.Element, outcomes: Counter[str]) -> None:
    """Sets the totals that the format requires as attributes of a suite and of the root element."""
    suite.set("tests", str(outcomes.total()))
    for total, outcome in (("errors", "error"), ("failures", "failure"), ("skipped", "skipped")):
        suite.set(total, str(outcomes[outcome]))
    suite.set("time", "0")


def _escape_xml(text: str) -> str:
    """Returns a text without the characters that XML 1.0 does not allow; escaped text has none of them."""
    return escape(text).strip() or "-"
