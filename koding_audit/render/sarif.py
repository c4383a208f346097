"""SARIF 2.1.0, the OASIS standard for results of static analysis, as GitHub's code scanning takes it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from koding_audit import __version__, explanation
from koding_audit.arns import short_name
from koding_audit.codec import baseline_value, finding_value
from koding_audit.explanation import unlinked
from koding_audit.jsontext import instant, write_json
from koding_audit.model import SEVERITIES, Advice, Report
from koding_audit.results import NOT_WRITTEN, RUN_ERROR, Result, results, worst_first
from koding_audit.text import inert
from koding_audit.verdict import NOT_CHECKED, audit_status, status_of, summary

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"
_SPECIAL = re.compile(r"[\\\[\]]")  # in a message they make links


def render(report: Report) -> str:
    """One run for all accounts, for GitHub takes one of each category.

    What was fixed is left out: GitHub would open an alert for it. What keeps the run from being complete is a result
    too, beside the notification: a run that saw nothing must not look as one that found nothing.
    """
    told = worst_first([each for each in results(report) if each.status != "fixed"])
    rules = sorted({each.rule for each in told})
    suppresses = any(each.status == "waived" for each in told)
    compares = any(each.baseline for each in report.audits)
    run = {
        "tool": {"driver": _driver(report, told, rules)},
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The folder in which the scan ran: the checkout."}}},
        "invocations": [_invocation(report, told)],
        "results": [_result(each, rules.index(each.rule), suppresses=suppresses, compares=compares) for each in told],
        "properties": {"status": status_of(report), "failOn": report.fail_on, "audits": _audits(report)},
    }
    return write_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _driver(report: Report, told: Iterable[Result], rules: Iterable[str]) -> dict[str, Any]:
    told = list(told)
    return {
        "name": "koding-audit",
        "version": inert(report.made_by or __version__),
        "rules": [_rule(name, report.advice.get(name) or _advice(name), told) for name in rules],
        "notifications": [{"id": name} for name in sorted((NOT_CHECKED, NOT_WRITTEN, RUN_ERROR))],
    }


def _advice(rule: str) -> Advice:
    """What stands for a rule of which nothing is known, and for what is no rule."""
    known = {
        RUN_ERROR: Advice("The run itself went wrong: what could not be audited is not known to be right."),
        NOT_WRITTEN: Advice("A write failed or was not read back: the account may not be as it was planned."),
    }
    return known.get(rule) or Advice(f"koding-audit's rule {rule}")


def _rule(name: str, advice: Advice, told: Iterable[Result]) -> dict[str, Any]:
    """Its level is that of the worst of its results: some rules are a note here and an error there."""
    worst = min((each.severity for each in told if each.rule == name), key=SEVERITIES.index)
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


def _invocation(report: Report, told: Iterable[Result]) -> dict[str, Any]:
    return {
        "executionSuccessful": status_of(report) != "incomplete",
        "toolExecutionNotifications": [
            {
                "level": "error",
                "descriptor": {"id": each.rule},
                "message": {"text": _message(each)},
                "locations": _locations(each),
            }
            for each in told
            if each.verdict == "incomplete"
        ],
    }


def _result(result: Result, index: int, *, suppresses: bool, compares: bool) -> dict[str, Any]:
    """suppresses: some result is suppressed; then each has to say whether it is, as the standard wants it.

    compares: there is a baseline. What is gone from it is no result: GitHub would open an alert for it.
    """
    value: dict[str, Any] = {
        "ruleId": inert(result.rule),
        "ruleIndex": index,
        "level": result.severity,
        "message": {"text": _message(result)},
        "locations": _locations(result),
        "partialFingerprints": {
            "koding-audit/v1": hashlib.sha256(result.id.encode("utf-8", "surrogatepass")).hexdigest()
        },
    }
    if suppresses:
        value["suppressions"] = _suppressions(result)
    if compares:
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


def _audits(report: Report) -> list[dict[str, Any]]:
    return [
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
    ]


def _message(result: Result) -> str:
    return _text(f"{result.message}; {result.todo}" if result.todo else result.message)


def _text(text: str) -> str:
    """As the standard wants what is no link and no placeholder: with a backslash, and with doubled braces."""
    return _escaped(inert(text).strip() or "-")


def _page(text: str) -> str:
    """The same for what has lines of its own, which our own texts have, and nothing of an account's."""
    return "\n".join(_escaped(inert(line)) for line in text.rstrip().split("\n"))


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text).replace("{", "{{").replace("}", "}}")
