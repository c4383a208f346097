"""Encodes a report as JSON, and decodes and checks a saved one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import chain
from typing import Any, get_args

from koding_audit import __version__
from koding_audit.io.codec.fields import (
    JSON_PRINCIPAL_KINDS,
    OUTCOMES,
    TOOL,
    VERSION,
    account_value,
    action_value,
    caller_value,
    decode_account,
    decode_action,
    decode_caller,
    decode_kind,
    decode_root_use,
    decode_source_file,
    optional_time_value,
    root_use_value,
    sorted_json_value,
    source_file_value,
)
from koding_audit.io.json_text import Item, format_time, json_parts, parse_json_lazily
from koding_audit.model.account import Account
from koding_audit.model.desired import Waiver
from koding_audit.model.finding import SEVERITIES, Action, Finding, FindingStatus, Severity
from koding_audit.model.location import Location, SourceFile
from koding_audit.model.plan import Entry, Journal
from koding_audit.model.query import Fact, Gap
from koding_audit.model.report import (
    Audit,
    AuditNote,
    AuditScope,
    Baseline,
    Outline,
    OutlinePrincipal,
    Problem,
    Report,
    RootState,
    RunIdentity,
    RunStatus,
    Shard,
    SkippedAccount,
    TrendPoint,
    WaiverUse,
)
from koding_audit.model.traits import find_rule_traits
from koding_audit.report.saved_findings import FINDING_KEYS, MAX_EVIDENCE_DEPTH, read_saved_finding
from koding_audit.report.spool import spool_audits
from koding_audit.report.status import (
    audit_status,
    count_findings,
    gaps_with_rules,
    is_unresolved,
    report_status,
    sort_findings,
    worst_status,
)

_STATUSES: tuple[FindingStatus, ...] = get_args(FindingStatus)

_RUN_STATUSES: tuple[RunStatus, ...] = get_args(RunStatus)

_AUDIT_FIELDS = (
    *("account", "caller", "taken_at", "source", "endpoint", "credential_report_generated", "status", "desired"),
    *("summary", "findings", "gaps", "not_seen", "journal", "root", "outline"),
)

_ADDED_AUDIT_FIELDS = (
    "credentials_as_of",
    "notes",
    "trend",
    "baseline",
    "waiver_use",
    "allowed_later",
    "hosts",
    "scope",
)


def encode_report(report: Report) -> str:
    """Returns the JSON report, version 1."""
    return "".join(report_json_parts(report))


def report_json_parts(report: Report) -> Iterator[str]:
    """Yields the text of `encode_report`, one audit at a time."""
    yield from json_parts(report_value(report))
    yield "\n"


def report_value(report: Report) -> dict[str, Any]:
    """Returns a report as JSON values, in the order of the format; `audits` is an iterator."""
    return {
        "version": VERSION,
        "tool": {"name": TOOL, "version": report.made_by or __version__},
        "status": report_status(report),
        "fail_on": report.fail_on,
        "run": None if report.run is None else _run_value(report.run),
        "errors": [
            {"message": each.message, "hint": each.hint, "location": _location_value(each.location)}
            for each in report.errors
        ],
        "skipped": [{"account": each.account_id, "state": each.state} for each in report.skipped],
        "audits": (_audit_value(audit, audit_status(audit, report.fail_on)) for audit in report.audits),
    }


def _audit_value(audit: Audit, status: RunStatus) -> dict[str, Any]:
    return {
        "account": account_value(audit.account),
        "caller": caller_value(audit.caller),
        "taken_at": format_time(audit.taken_at),
        "source": audit.source,
        "endpoint": audit.endpoint,
        "hosts": list(audit.hosts),
        "credential_report_generated": optional_time_value(audit.report_generated),
        "credentials_as_of": optional_time_value(audit.credentials_as_of),
        "status": status,
        "desired": [source_file_value(each) for each in audit.desired],
        "scope": None if audit.scope is None else _scope_value(audit.scope),
        "summary": count_findings(audit.findings),
        "findings": [finding_value(each) for each in sort_findings(audit.findings)],
        "gaps": [_blocked_gap_value(gap, rules) for gap, rules in gaps_with_rules(audit)],
        "not_seen": sorted(audit.not_seen),
        "notes": [{"topic": each.topic, "message": each.message, "hint": each.hint} for each in audit.notes],
        "journal": None if audit.journal is None else _report_journal_value(audit.journal),
        "root": _root_state_value(audit.root),
        "outline": None if audit.outline is None else _outline_value(audit.outline),
        "trend": None if audit.trend is None else [_trend_point_value(each) for each in audit.trend],
        "baseline": None if audit.baseline is None else baseline_value(audit.baseline),
        "waiver_use": None if audit.waiver_use is None else _waiver_use_value(audit.waiver_use),
        "allowed_later": list(audit.allowed_later),
    }


def _scope_value(scope: AuditScope) -> dict[str, Any]:
    return {
        "targets": list(scope.targets),
        "with": list(scope.with_sets),
        "only": list(scope.only),
        "skip": list(scope.skip),
        "stacks": list(scope.stacks),
    }


def _run_value(run: RunIdentity) -> dict[str, Any]:
    shard = run.shard
    return {
        "id": run.id,
        "inputs": run.inputs,
        "shard": None
        if shard is None
        else {"number": shard.number, "count": shard.count, "inputs": shard.inputs, "accounts": shard.accounts},
    }


def _waiver_use_value(use: WaiverUse) -> dict[str, Any]:
    return {
        "used": [_location_value(each) for each in use.used],
        "unused": [finding_value(each) for each in sort_findings(use.unused)],
    }


def finding_value(finding: Finding) -> dict[str, Any]:
    """Returns a finding as JSON values, in the order of the format."""
    return {
        "id": finding.id,
        "rule": finding.rule,
        "severity": finding.severity,
        "status": finding.status,
        "subject": finding.subject,
        "policy_set": finding.policy_set,
        "message": finding.message,
        "evidence": sorted_json_value(finding.evidence),
        "location": _location_value(finding.location),
        "fix": None if finding.fix is None else _redacted_action_value(finding.fix),
        "waiver": None if finding.waiver is None else _waiver_value(finding.waiver),
        "known": finding.known,
    }


def baseline_value(baseline: Baseline) -> dict[str, Any]:
    """Returns a baseline as JSON values."""
    return {**source_file_value(baseline.file), "taken_at": format_time(baseline.taken_at), "gone": list(baseline.gone)}


def _waiver_value(waiver: Waiver) -> dict[str, Any]:
    return {
        "subject": waiver.subject,
        "policy": waiver.policy,
        "reason": waiver.reason,
        "owner": waiver.owner,
        "expires": waiver.expires.isoformat(),
        "location": _location_value(waiver.location),
    }


def _blocked_gap_value(gap: Gap, rules: tuple[str, ...]) -> dict[str, Any]:
    return {
        "fact": gap.fact.value,
        "call": gap.call,
        "reason": gap.reason,
        "rules": list(rules),
        "subject": gap.subject,
        "permission": gap.permission,
    }


def _report_journal_value(journal: Journal) -> dict[str, Any]:
    entries = [
        {**_redacted_action_value(each.action), "outcome": each.outcome, "detail": each.detail}
        for each in journal.entries
    ]
    return {"path": journal.path, "entries": entries}


def _root_state_value(root: RootState) -> dict[str, Any]:
    return {
        "access_keys": root.access_keys,
        "mfa": root.mfa,
        "use": None if root.use is None else root_use_value(root.use),
    }


def _outline_value(outline: Outline) -> dict[str, Any]:
    return {
        "declared": {kind: outline.declared[kind] for kind in JSON_PRINCIPAL_KINDS},
        "principals": [_outline_principal_value(each) for each in outline.principals],
        "policy_sets": [{"name": name, "policies": list(arns)} for name, arns in sorted(outline.policy_sets.items())],
    }


def _outline_principal_value(each: OutlinePrincipal) -> dict[str, Any]:
    return {
        "kind": each.kind,
        "name": each.name,
        "arn": each.arn,
        "groups": list(each.groups),
        "members": each.members,
        "required": list(each.required),
        "optional": [{"name": name, "attached": attached} for name, attached in each.optional],
    }


def _trend_point_value(each: TrendPoint) -> dict[str, Any]:
    return {
        "taken_at": format_time(each.taken_at),
        "status": each.status,
        "partial": each.partial,
        **{severity: getattr(each, severity) for severity in SEVERITIES},
    }


def _redacted_action_value(action: Action) -> dict[str, Any]:
    """Returns an action without its policy document; a report has more readers than a plan or a journal."""
    parameters = {name: each for name, each in action.parameters.items() if name != "PolicyDocument"}
    return action_value(Action(action.verb, parameters))


def parse_report(text: str, path: str) -> Report:
    """Returns a saved report, without the advice of its rules; its audits are spooled.

    Raises InputError, also if its status or counts do not match its findings.
    """
    value, audits = parse_json_lazily(text, path, "audits")
    return decode_report(value, path, audits)


def decode_report(value: object, path: str, audits: Iterable[object] = ()) -> Report:
    """Returns the report of a JSON value. Raises InputError.

    The status and the counts must match the findings, so that every format shows the same.

    audits: audits that are not in the value
    """
    top = Item(value, path)
    if isinstance(value, dict) and "kind" in value:
        top.refuse("this is not a report", "make one with `scan FILE --output json:REPORT`")
    top.check_version(VERSION)
    fields = top.fields("version", "tool", "status", "fail_on", "errors", "audits", added=("run", "skipped"))
    tool = fields["tool"].fields("name", "version")
    tool["name"].choice([TOOL])
    fail_on = fields["fail_on"].choice(SEVERITIES)
    errors = fields["errors"].tuple_of(_decode_problem)
    items = chain(fields["audits"].items(), (Item(each, path, f"audits[{at}]") for at, each in enumerate(audits)))
    statuses: set[RunStatus] = set()
    report = Report(
        spool_audits(_decode_audits(items, fail_on, statuses)),
        fail_on,
        errors,
        made_by=tool["version"].text(),
        run=fields["run"].optional(_decode_run),
        skipped=fields["skipped"].optional(lambda found: found.tuple_of(_decode_skipped)) or (),
    )
    _check_computed(fields["status"], "incomplete" if errors else worst_status(statuses))
    return report


def _decode_run(item: Item) -> RunIdentity:
    fields = item.fields("id", "shard", added=("inputs",))
    inputs = fields["inputs"].optional(Item.text) or ""
    return RunIdentity(fields["id"].text(), fields["shard"].optional(_decode_shard), inputs)


def _decode_shard(item: Item) -> Shard:
    fields = item.fields("number", "count", "inputs", "accounts")
    number, count = fields["number"].integer(), fields["count"].integer()
    if not 1 <= number <= count:
        fields["number"].refuse("must be from 1 to the count")
    return Shard(number, count, fields["inputs"].text(), fields["accounts"].text())


def _decode_waiver_use(item: Item) -> WaiverUse:
    fields = item.fields("used", "unused")
    unused = fields["unused"].tuple_of(_decode_finding)
    for found, each in zip(fields["unused"].items(), unused, strict=True):
        if not find_rule_traits(each.rule).needs_waiver_use:
            found.refuse("must be a finding about an unused waiver", "the report was edited: make it again")
    return WaiverUse(fields["used"].tuple_of(_decode_location), unused)


def _decode_audits(items: Iterable[Item], fail_on: Severity, statuses: set[RunStatus]) -> Iterator[Audit]:
    """Yields the audits, after checking their status and counts, and adds each status to `statuses`."""
    for item in items:
        audit = _decode_audit(item)
        fields, computed = item.fields(*_AUDIT_FIELDS, added=_ADDED_AUDIT_FIELDS), count_findings(audit.findings)
        summary = fields["summary"].fields(*computed)
        status = audit_status(audit, fail_on)
        _check_computed(fields["status"], status)
        for name, number in computed.items():
            _check_computed(summary[name], number)
        statuses.add(status)
        yield audit


def _check_computed(item: Item, computed: str | int) -> None:
    if item.value != computed or isinstance(item.value, bool):
        item.refuse(f"must be {computed}, as its findings give", "the report was edited: make it again")


def _decode_audit(item: Item) -> Audit:
    fields = item.fields(*_AUDIT_FIELDS, added=_ADDED_AUDIT_FIELDS)
    account, calls = decode_account(fields["account"]), fields["allowed_later"].optional(_decode_texts)
    gaps = fields["gaps"].tuple_of(_decode_blocked_gap)
    baseline = fields["baseline"].optional(_decode_baseline)
    return Audit(
        account=account,
        caller=fields["caller"].optional(decode_caller),
        **_decode_reading(fields),
        desired=fields["desired"].tuple_of(decode_source_file),
        findings=_decode_findings(fields["findings"], baseline),
        gaps=tuple(gap for gap, _ in gaps),
        blocked_rules=tuple(rules for _, rules in gaps),
        not_seen=fields["not_seen"].tuple_of(Item.text),
        journal=fields["journal"].optional(lambda found: _decode_report_journal(found, account)),
        root=_decode_root_state(fields["root"]),
        outline=fields["outline"].optional(_decode_outline),
        trend=fields["trend"].optional(lambda found: found.tuple_of(_decode_trend_point)),
        baseline=baseline,
        waiver_use=fields["waiver_use"].optional(_decode_waiver_use),
        allowed_later=calls or (),
    )


def _decode_texts(item: Item) -> tuple[str, ...]:
    return item.tuple_of(Item.text)


def _decode_reading(fields: Mapping[str, Item]) -> dict[str, Any]:
    """Decodes the fields of an audit about how and when the account was read."""
    return {
        "taken_at": fields["taken_at"].time(),
        "source": fields["source"].text(),
        "endpoint": fields["endpoint"].optional(Item.text),
        "hosts": fields["hosts"].optional(_decode_texts) or (),
        "report_generated": fields["credential_report_generated"].optional(Item.time),
        "credentials_as_of": fields["credentials_as_of"].optional(Item.time),
        "notes": fields["notes"].optional(lambda found: found.tuple_of(_decode_note)) or (),
        "scope": fields["scope"].optional(_decode_scope),
    }


def _decode_scope(item: Item) -> AuditScope:
    names = ("targets", "with", "only", "skip", "stacks")
    fields = item.fields(*names)
    return AuditScope(*(_decode_texts(fields[name]) for name in names))


def _decode_note(item: Item) -> AuditNote:
    fields = item.fields("topic", "message", "hint")
    return AuditNote(*(fields[name].text() for name in ("topic", "message", "hint")))


def _decode_findings(item: Item, baseline: Baseline | None) -> tuple[Finding, ...]:
    """Refuses a known finding without a baseline, one that is resolved, or one that cannot be waived."""
    findings = item.tuple_of(_decode_finding, usual=read_saved_finding)
    for index, each in enumerate(findings):
        if each.known and not (baseline and is_unresolved(each) and find_rule_traits(each.rule).is_waivable):
            item.items()[index].refuse("this finding cannot be known", "the report was edited: make it again")
    return findings


def _decode_finding(item: Item) -> Finding:
    *names, added = FINDING_KEYS
    fields = item.fields(*names, added=(added,))
    rule, subject, name = (fields[each].text() for each in ("rule", "subject", "id"))
    start = f"{rule}/{subject}"
    if name != start and not (name.startswith(f"{start}/") and len(name) > len(start) + 1):
        fields["id"].refuse("must be rule/subject, or rule/subject/key")
    return Finding(
        rule=rule,
        severity=fields["severity"].choice(SEVERITIES),
        subject=subject,
        message=fields["message"].text(),
        key=name[len(start) + 1 :],
        location=fields["location"].optional(_decode_location),
        policy_set=fields["policy_set"].optional(Item.text),
        evidence={name: _decode_evidence(each) for name, each in fields["evidence"].mapping().items()},
        fix=fields["fix"].optional(_decode_fix),
        status=fields["status"].choice(_STATUSES),
        waiver=fields["waiver"].optional(lambda found: _decode_waiver(found, rule)),
        known=bool(fields["known"].optional(Item.boolean)),
    )


def _decode_baseline(item: Item) -> Baseline:
    fields = item.fields("path", "sha256", "taken_at", "gone")
    file = SourceFile(fields["path"].text(), fields["sha256"].text())
    return Baseline(file, fields["taken_at"].time(), fields["gone"].tuple_of(Item.text))


def _decode_waiver(item: Item, rule: str) -> Waiver:
    fields = item.fields("subject", "policy", "reason", "owner", "expires", "location")
    return Waiver(
        rule=rule,
        reason=fields["reason"].text(),
        owner=fields["owner"].text(),
        expires=_decode_date(fields["expires"]),
        subject=fields["subject"].text(),
        policy=fields["policy"].text(),
        location=fields["location"].optional(_decode_location),
    )


def _decode_date(item: Item) -> date:
    text = item.text()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # Since Python 3.11, fromisoformat accepts other forms too.
    return day if day is not None and day.isoformat() == text else item.refuse("must be a date such as 2027-01-31")


def _decode_evidence(item: Item, depth: int = 1) -> Any:
    if depth > MAX_EVIDENCE_DEPTH:
        item.refuse("this is nested too deeply", "the report was edited: make it again")
    if isinstance(item.value, dict):
        return {name: _decode_evidence(each, depth + 1) for name, each in item.mapping().items()}
    return [_decode_evidence(each, depth + 1) for each in item.items()] if isinstance(item.value, list) else item.value


def _decode_fix(item: Item) -> Action:
    return decode_action(item.fields("action", "parameters"), omitted="PolicyDocument")


def _decode_blocked_gap(item: Item) -> tuple[Gap, tuple[str, ...]]:
    fields = item.fields("fact", "call", "reason", "rules", "subject", "permission")
    fact = Fact(fields["fact"].choice([fact.value for fact in Fact]))
    texts = (fields[name].text() for name in ("call", "reason", "subject", "permission"))
    return Gap(fact, *texts), fields["rules"].tuple_of(Item.text)


def _decode_report_journal(item: Item, account: Account) -> Journal:
    fields = item.fields("path", "entries")
    return Journal(fields["path"].text(), account, fields["entries"].tuple_of(_decode_report_entry))


def _decode_root_state(item: Item) -> RootState:
    fields = item.fields("access_keys", "mfa", "use")
    keys, mfa = (fields[name].optional(Item.boolean) for name in ("access_keys", "mfa"))
    return RootState(keys, mfa, fields["use"].optional(decode_root_use))


def _decode_outline(item: Item) -> Outline:
    fields = item.fields("declared", "principals", "policy_sets")
    declared = fields["declared"].fields(*JSON_PRINCIPAL_KINDS)
    sets = (each.fields("name", "policies") for each in fields["policy_sets"].items())
    return Outline(
        declared={kind: declared[kind].integer() for kind in JSON_PRINCIPAL_KINDS},
        principals=fields["principals"].tuple_of(_decode_outline_principal),
        policy_sets={each["name"].text(): each["policies"].tuple_of(Item.text) for each in sets},
    )


def _decode_outline_principal(item: Item) -> OutlinePrincipal:
    fields = item.fields("kind", "name", "arn", "groups", "members", "required", "optional")
    optional = (each.fields("name", "attached") for each in fields["optional"].items())
    return OutlinePrincipal(
        kind=decode_kind(fields["kind"]),
        name=fields["name"].text(),
        arn=fields["arn"].text(),
        groups=fields["groups"].tuple_of(Item.text),
        members=fields["members"].integer(),
        required=fields["required"].tuple_of(Item.text),
        optional=tuple((each["name"].text(), each["attached"].optional(Item.boolean)) for each in optional),
    )


def _decode_trend_point(item: Item) -> TrendPoint:
    fields = item.fields("taken_at", "status", "partial", *SEVERITIES)
    error, warning, note = (fields[severity].integer() for severity in SEVERITIES)
    status = fields["status"].choice(_RUN_STATUSES)
    return TrendPoint(fields["taken_at"].time(), status, fields["partial"].boolean(), error, warning, note)


def _decode_report_entry(item: Item) -> Entry:
    fields = item.fields("action", "parameters", "outcome", "detail")
    action = decode_action(fields, omitted="PolicyDocument")
    return Entry(action, fields["outcome"].choice(OUTCOMES), fields["detail"].text())


def _decode_problem(item: Item) -> Problem:
    fields = item.fields("message", "hint", "location")
    return Problem(fields["message"].text(), fields["hint"].text(), fields["location"].optional(_decode_location))


def _decode_skipped(item: Item) -> SkippedAccount:
    fields = item.fields("account", "state")
    return SkippedAccount(fields["account"].text(), fields["state"].text())


def _decode_location(item: Item) -> Location:
    fields = item.fields("path", "line", "column")
    for name in ("line", "column"):
        if fields[name].integer() < 1:
            fields[name].refuse("must be 1 or more")
    return Location(fields["path"].text(), fields["line"].integer(), fields["column"].integer())


def _location_value(source: Location | None) -> dict[str, Any] | None:
    return None if source is None else {"path": source.path, "line": source.line, "column": source.column}
