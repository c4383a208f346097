"""SARIF 2.1.0, the OASIS standard for results of static analysis, as GitHub's code scanning accepts it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from koding_audit import __version__
from koding_audit.io.json_text import format_time, json_parts
from koding_audit.io.text import escape
from koding_audit.model.arn import subject_label
from koding_audit.model.finding import NOT_CHECKED, SEVERITIES, Advice, Severity
from koding_audit.model.report import Report
from koding_audit.report import rule_help
from koding_audit.report.codec import baseline_value, finding_value
from koding_audit.report.results import (
    AUDIT_NOTE,
    NOT_WRITTEN,
    RUN_ERROR,
    Result,
    audit_results,
    results_by_severity,
    run_error_results,
)
from koding_audit.report.rule_help import strip_links
from koding_audit.report.status import Tally, audit_status, count_findings

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"
_SPECIAL = re.compile(r"[\\\[\]]")  # characters of links in a message


def render(report: Report) -> Iterator[str]:
    """Yields the SARIF file, with one run for all accounts, because GitHub accepts one run of each category.

    Fixed findings are left out, because GitHub would open an alert for each. Each cause of an incomplete run is a
    result as well as a notification, because a run that read nothing must not look like a clean one.
    """
    seen = _ResultIndex(report)
    run = {
        "tool": {"driver": _tool_driver(report, seen)},
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The folder in which the scan ran: the checkout."}}},
        "invocations": iter([_invocation(report, seen)]),
        "results": (_result_value(each, seen) for each in results_by_severity(report) if each.status != "fixed"),
        "properties": {
            "status": seen.status,
            "failOn": report.fail_on,
            "skipped": [{"account": each.account_id, "state": each.state} for each in report.skipped],
            "audits": _audit_properties(report),
        },
    }
    yield from json_parts({"$schema": _SCHEMA, "version": "2.1.0", "runs": iter([run])})
    yield "\n"


class _ResultIndex:
    """Facts about all results that are needed before the first one is written.

    status: of the run
    worst_severities: the worst severity of each rule's results
    rule_indexes: the index of each rule in the file
    has_suppressions: whether any result is suppressed; the standard then requires `suppressions` in every result
    has_baseline: whether any audit has a baseline
    """

    def __init__(self, report: Report) -> None:
        tally = Tally(report.fail_on)
        worst: dict[str, Severity] = {}
        self.has_suppressions = self.has_baseline = False
        for each in run_error_results(report):
            self._add_result(each, worst)
        for audit in report.audits:
            tally.add_audit(audit)
            self.has_baseline = self.has_baseline or audit.baseline is not None
            for each in audit_results(audit, report):
                self._add_result(each, worst)
        self.status = tally.status(len(report.errors))
        self.worst_severities = dict(sorted(worst.items()))
        self.rule_indexes = {name: index for index, name in enumerate(self.worst_severities)}

    def _add_result(self, result: Result, worst: dict[str, Severity]) -> None:
        if result.status != "fixed":
            worst[result.rule] = min(worst.get(result.rule, SEVERITIES[-1]), result.severity, key=SEVERITIES.index)
            self.has_suppressions = self.has_suppressions or result.status == "waived"


def _tool_driver(report: Report, seen: _ResultIndex) -> dict[str, Any]:
    return {
        "name": "koding-audit",
        "version": escape(report.made_by or __version__),
        "rules": [
            _rule_descriptor(name, report.advice.get(name) or _default_advice(name), worst)
            for name, worst in seen.worst_severities.items()
        ],
        "notifications": [{"id": name} for name in sorted((NOT_CHECKED, NOT_WRITTEN, RUN_ERROR))],
    }


def _default_advice(rule: str) -> Advice:
    """Returns the advice for an unknown rule, an error of the run, an unfinished write and a note."""
    known = {
        RUN_ERROR: Advice("The run failed, so parts of the desired state were not checked."),
        AUDIT_NOTE: Advice("A reader of the report has to know this about how the account was read."),
        NOT_WRITTEN: Advice("A write failed or could not be verified, so the account may differ from the plan."),
    }
    return known.get(rule) or Advice(f"koding-audit's rule {rule}")


def _rule_descriptor(name: str, advice: Advice, worst: Severity) -> dict[str, Any]:
    """Returns the descriptor of a rule. worst: the worst severity of its results; it can vary between results."""
    what = strip_links(advice.help.looks_at) if advice.help else advice.why
    return {
        "id": escape(name),
        "name": "".join(part.title() for part in re.findall(r"[A-Za-z0-9]+", name)) or "Rule",
        "shortDescription": {"text": _escape_message(advice.why)},
        "fullDescription": {"text": _escape_message(what)},
        "help": {
            "text": _escape_lines(rule_help.help_text(advice) or advice.why),
            "markdown": _escape_lines(strip_links(rule_help.help_markdown(advice)) or advice.why),
        },
        "defaultConfiguration": {"level": worst},
        "properties": {"tags": ["iam"]},
    }


def _invocation(report: Report, seen: _ResultIndex) -> dict[str, Any]:
    complete = seen.status != "incomplete"
    return {
        "executionSuccessful": complete,
        "toolExecutionNotifications": (
            {
                "level": "error",
                "descriptor": {"id": each.rule},
                "message": {"text": _message_text(each)},
                "locations": _locations(each),
            }
            for each in (results_by_severity(report) if not complete else ())
            if each.effect == "incomplete"
        ),
    }


def _result_value(result: Result, seen: _ResultIndex) -> dict[str, Any]:
    """Returns a result; findings that are gone from a baseline have none, because GitHub would open an alert."""
    value: dict[str, Any] = {
        "ruleId": escape(result.rule),
        "ruleIndex": seen.rule_indexes[result.rule],
        "level": result.severity,
        "message": {"text": _message_text(result)},
        "locations": _locations(result),
        "partialFingerprints": {
            "koding-audit/v1": hashlib.sha256(result.id.encode("utf-8", "surrogatepass")).hexdigest()
        },
    }
    if seen.has_suppressions:
        value["suppressions"] = _suppressions(result)
    if seen.has_baseline:
        value["baselineState"] = "unchanged" if result.known else "new"
    properties = {"id": result.id, "account": result.account, "status": result.status}
    if result.finding:
        finding = finding_value(result.finding)
        properties |= {"policySet": finding["policy_set"], "evidence": finding["evidence"], "fix": finding["fix"]}
    return {**value, "properties": properties}


def _suppressions(result: Result) -> list[dict[str, Any]]:
    """Returns the waiver of a result with its reason and location; [] if the result is not waived."""
    if result.status != "waived":
        return []
    suppression: dict[str, Any] = {
        "kind": "external",
        "status": "accepted",
        "justification": escape(result.todo),
    }
    waiver = result.finding.waiver if result.finding else None
    if waiver and waiver.location:
        region = {"startLine": waiver.location.line, "startColumn": waiver.location.column}
        place = {"artifactLocation": _artifact_location(waiver.location.path), "region": region}
        suppression["location"] = {"physicalLocation": place}
    return [suppression]


def _locations(result: Result) -> list[dict[str, Any]]:
    """Returns the declaring line, else the first desired-state file: GitHub drops a result without a location."""
    location: dict[str, Any] = {}
    if result.location:
        region = {"startLine": result.location.line, "startColumn": result.location.column}
        location["physicalLocation"] = {"artifactLocation": _artifact_location(result.location.path), "region": region}
    elif result.file:
        location["physicalLocation"] = {"artifactLocation": _artifact_location(result.file), "region": {"startLine": 1}}
    if result.subject:
        name = {
            "fullyQualifiedName": escape(result.subject),
            "name": escape(subject_label(result.subject)),
        }
        location["logicalLocations"] = [{**name, "kind": "resource"}]
    return [location] if location else []


def _artifact_location(path: str) -> dict[str, str]:
    """Returns a path as a URI: relative to the checkout, or a file URI if it is absolute."""
    uri = quote(escape(path))
    return {"uri": f"file://{uri}"} if path.startswith("/") else {"uri": uri.removeprefix("./"), "uriBaseId": _ROOT}


def _audit_properties(report: Report) -> Iterator[dict[str, Any]]:
    return (
        {
            "account": each.account.id,
            "partition": each.account.partition,
            "takenAt": format_time(each.taken_at),
            "source": each.source,
            **({"hosts": list(each.hosts)} if each.hosts else {}),
            "status": audit_status(each, report.fail_on),
            "summary": count_findings(each.findings),
            **({"allowedLater": list(each.allowed_later)} if each.allowed_later else {}),
            **({"baseline": baseline_value(each.baseline)} if each.baseline else {}),
        }
        for each in report.audits
    )


def _message_text(result: Result) -> str:
    return _escape_message(result.line)


def _escape_message(text: str) -> str:
    """Returns a message without links and placeholders, escaped as the standard requires."""
    return _escape_markup(escape(text).strip() or "-")


def _escape_lines(text: str) -> str:
    """Returns a text with several lines, escaped; only the tool's own texts have line breaks."""
    return "\n".join(_escape_markup(escape(line)) for line in text.rstrip().split("\n"))


def _escape_markup(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text).replace("{", "{{").replace("}", "}}")
