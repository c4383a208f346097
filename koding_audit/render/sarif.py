"""SARIF 2.1.0, the OASIS standard for results of static analysis, as GitHub's code scanning takes it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from koding_audit import __version__, explanation
from koding_audit.arns import short_name
from koding_audit.codec import baseline_value, finding_value
from koding_audit.explanation import unlinked
from koding_audit.jsontext import instant, json_parts
from koding_audit.model import SEVERITIES, Advice, Report, Severity
from koding_audit.results import NOT_WRITTEN, RUN_ERROR, Result, errors, results_of, worst_first
from koding_audit.text import inert
from koding_audit.verdict import NOT_CHECKED, Tally, audit_status, summary

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"
_SPECIAL = re.compile(r"[\\\[\]]")  # in a message they make links


def render(report: Report) -> Iterator[str]:
    """One run for all accounts, for GitHub takes one of each category.

    What was fixed is left out: GitHub would open an alert for it. What keeps the run from being complete is a result
    too, beside the notification: a run that saw nothing must not look as one that found nothing.
    """
    seen = _Seen(report)
    run = {
        "tool": {"driver": _driver(report, seen)},
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The folder in which the scan ran: the checkout."}}},
        "invocations": iter([_invocation(report, seen)]),
        "results": (_result(each, seen) for each in worst_first(report) if each.status != "fixed"),
        "properties": {"status": seen.status, "failOn": report.fail_on, "audits": _audits(report)},
    }
    yield from json_parts({"$schema": _SCHEMA, "version": "2.1.0", "runs": iter([run])})
    yield "\n"


class _Seen:
    """What has to be known of all results before the first is written.

    rules: the worst severity of each rule; numbers: its place among them; suppresses: some result is suppressed: then
    each has to say whether it is, as the standard wants it; compares: there is a baseline.
    """

    def __init__(self, report: Report) -> None:
        tally = Tally(report.fail_on)
        worst: dict[str, Severity] = {}
        self.suppresses = self.compares = False
        for each in errors(report):
            self._add(each, worst)
        for audit in report.audits:
            tally.add(audit)
            self.compares = self.compares or audit.baseline is not None
            for each in results_of(audit, report):
                self._add(each, worst)
        self.status = tally.status(len(report.errors))
        self.rules = dict(sorted(worst.items()))
        self.numbers = {name: index for index, name in enumerate(self.rules)}

    def _add(self, result: Result, worst: dict[str, Severity]) -> None:
        if result.status != "fixed":
            worst[result.rule] = min(worst.get(result.rule, SEVERITIES[-1]), result.severity, key=SEVERITIES.index)
            self.suppresses = self.suppresses or result.status == "waived"


def _driver(report: Report, seen: _Seen) -> dict[str, Any]:
    return {
        "name": "koding-audit",
        "version": inert(report.made_by or __version__),
        "rules": [_rule(name, report.advice.get(name) or _advice(name), worst) for name, worst in seen.rules.items()],
        "notifications": [{"id": name} for name in sorted((NOT_CHECKED, NOT_WRITTEN, RUN_ERROR))],
    }


def _advice(rule: str) -> Advice:
    """What stands for a rule of which nothing is known, and for what is no rule."""
    known = {
        RUN_ERROR: Advice("The run itself went wrong: what could not be audited is not known to be right."),
        NOT_WRITTEN: Advice("A write failed or was not read back: the account may not be as it was planned."),
    }
    return known.get(rule) or Advice(f"koding-audit's rule {rule}")


def _rule(name: str, advice: Advice, worst: Severity) -> dict[str, Any]:
    """worst: of its results, for some rules are a note here and an error there."""
    what = unlinked(advice.help.looks_at) if advice.help else advice.why
    return {
        "id": inert(name),
        "name": "".join(part.title() for part in re.findall(r"[A-Za-z0-9]+", name)) or "Rule",
        "shortDescription": {"text": _text(advice.why)},
        "fullDescription": {"text": _text(what)},
        "help": {
            "text": _page(explanation.plain(advice) or advice.why),
            "markdown": _page(unlinked(explanation.markdown(advice)) or advice.why),
        },
        "defaultConfiguration": {"level": worst},
        "properties": {"tags": ["iam"]},
    }


def _invocation(report: Report, seen: _Seen) -> dict[str, Any]:
    complete = seen.status != "incomplete"
    return {
        "executionSuccessful": complete,
        "toolExecutionNotifications": (
            {
                "level": "error",
                "descriptor": {"id": each.rule},
                "message": {"text": _message(each)},
                "locations": _locations(each),
            }
            for each in (worst_first(report) if not complete else ())
            if each.verdict == "incomplete"
        ),
    }


def _result(result: Result, seen: _Seen) -> dict[str, Any]:
    """What is gone from a baseline is no result: GitHub would open an alert for it."""
    value: dict[str, Any] = {
        "ruleId": inert(result.rule),
        "ruleIndex": seen.numbers[result.rule],
        "level": result.severity,
        "message": {"text": _message(result)},
        "locations": _locations(result),
        "partialFingerprints": {
            "koding-audit/v1": hashlib.sha256(result.id.encode("utf-8", "surrogatepass")).hexdigest()
        },
    }
    if seen.suppresses:
        value["suppressions"] = _suppressions(result)
    if seen.compares:
        value["baselineState"] = "unchanged" if result.known else "new"
    about = {"id": result.id, "account": result.account, "status": result.status}
    if result.finding:
        found = finding_value(result.finding)
        about |= {"policySet": found["policy_set"], "evidence": found["evidence"], "fix": found["fix"]}
    return {**value, "properties": about}


def _suppressions(result: Result) -> list[dict[str, Any]]:
    """Of what is waived: why, by whom and until when, and the waiver's own line; else none."""
    if result.status != "waived":
        return []
    suppression: dict[str, Any] = {"kind": "external", "status": "accepted", "justification": inert(result.todo)}
    waiver = result.finding.waiver if result.finding else None
    if waiver and waiver.source:
        region = {"startLine": waiver.source.line, "startColumn": waiver.source.column}
        place = {"artifactLocation": _artifact(waiver.source.path), "region": region}
        suppression["location"] = {"physicalLocation": place}
    return [suppression]


def _locations(result: Result) -> list[dict[str, Any]]:
    """The line that asks for it, else the first desired-state file: GitHub drops a result without a place."""
    location: dict[str, Any] = {}
    if result.place:
        region = {"startLine": result.place.line, "startColumn": result.place.column}
        location["physicalLocation"] = {"artifactLocation": _artifact(result.place.path), "region": region}
    elif result.file:
        location["physicalLocation"] = {"artifactLocation": _artifact(result.file), "region": {"startLine": 1}}
    if result.subject:
        name = {"fullyQualifiedName": inert(result.subject), "name": inert(short_name(result.subject))}
        location["logicalLocations"] = [{**name, "kind": "resource"}]
    return [location] if location else []


def _artifact(path: str) -> dict[str, str]:
    """A path as a URI: below the checkout, or where it is absolute, of a file."""
    uri = quote(inert(path))
    return {"uri": f"file://{uri}"} if path.startswith("/") else {"uri": uri.removeprefix("./"), "uriBaseId": _ROOT}


def _audits(report: Report) -> Iterator[dict[str, Any]]:
    return (
        {
            "account": each.account.id,
            "partition": each.account.partition,
            "takenAt": instant(each.taken_at),
            "source": each.source,
            "status": audit_status(each, report.fail_on),
            "summary": summary(each.findings),
            **({"baseline": baseline_value(each.baseline)} if each.baseline else {}),
        }
        for each in report.audits
    )


def _message(result: Result) -> str:
    return _text(result.line)


def _text(text: str) -> str:
    """As the standard wants what is no link and no placeholder: with a backslash, and with doubled braces."""
    return _escaped(inert(text).strip() or "-")


def _page(text: str) -> str:
    """The same for what has lines of its own, which our own texts have, and nothing of an account's."""
    return "\n".join(_escaped(inert(line)) for line in text.rstrip().split("\n"))


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text).replace("{", "{{").replace("}", "}}")
