"""The JSON report has the shape that pipelines rely on, in every state that a run can end in."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from tests.endtoend.harness import GUIDE, PINNED, Command
from tests.servers.moto_account import MotoAccount


def record(**members: Any) -> dict[str, Any]:
    """An object that has all of these members; more are allowed, as additions to the report are."""
    return {"type": "object", "properties": members, "required": sorted(members)}


def maybe(shape: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [shape, {"type": "null"}]}


def listed(shape: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": shape}


def one_of(*words: str) -> dict[str, Any]:
    return {"enum": list(words)}


TEXT: dict[str, Any] = {"type": "string"}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
MAPPING: dict[str, Any] = {"type": "object"}
STATUS = one_of("clean", "findings", "incomplete")
SEVERITY = one_of("error", "warning", "note")
LOCATION = maybe(record(path=TEXT, line={"type": "integer", "minimum": 1}, column={"type": "integer", "minimum": 1}))
TOTALS = record(**dict.fromkeys(("error", "warning", "note", "waived", "fixed", "not_checked"), COUNT))
FINDING = record(
    id=TEXT,
    rule=TEXT,
    severity=SEVERITY,
    status=one_of("open", "fixed", "failed", "pending", "waived"),
    subject={"type": "string", "pattern": "^arn:"},
    policy_set=maybe(TEXT),
    message=TEXT,
    evidence=MAPPING,
    location=LOCATION,
    fix=maybe(record(action=TEXT, parameters=MAPPING)),
    waiver=maybe(record(subject=TEXT, policy=TEXT, reason=TEXT, owner=TEXT, expires=TEXT, location=LOCATION)),
)
ENTRY = record(
    action=TEXT,
    parameters=MAPPING,
    outcome=one_of("started", "done", "failed", "skipped", "pending", "unknown"),
    detail=TEXT,
)
AUDIT = record(
    account=record(id={"type": "string", "pattern": "^[0-9]{12}$"}, partition=TEXT, alias=maybe(TEXT)),
    caller=maybe(record(arn=TEXT, root={"type": "boolean"})),
    taken_at={"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
    source=TEXT,
    endpoint=maybe(TEXT),
    status=STATUS,
    desired=listed(record(path=TEXT, sha256={"type": "string", "pattern": "^[0-9a-f]{64}$"})),
    summary=TOTALS,
    findings=listed(FINDING),
    gaps=listed(record(fact=TEXT, call=TEXT, reason=TEXT, rules=listed(TEXT))),
    not_seen=listed(TEXT),
    journal=maybe(record(path=TEXT, entries=listed(ENTRY))),
)
REPORT = record(
    version={"const": 1},
    tool=record(name={"const": "koding-audit"}, version=TEXT),
    status=STATUS,
    fail_on=SEVERITY,
    errors=listed(record(message=TEXT, hint=TEXT, location=LOCATION)),
    audits=listed(AUDIT),
)


def assert_shape(report: dict[str, Any]) -> None:
    jsonschema.validate(report, REPORT)
    for audit in report["audits"]:
        ranks = [("error", "warning", "note").index(each["severity"]) for each in audit["findings"]]
        order = [(rank, each["id"]) for rank, each in zip(ranks, audit["findings"], strict=True)]
        assert order == sorted(order)
        assert sum(audit["summary"].values()) == len(audit["findings"])


def test_a_clean_report_has_the_shape(command: Command, clean: MotoAccount) -> None:
    result = command.json("scan", GUIDE)
    assert_shape(result.report)
    assert result.report["status"] == "clean"


def test_a_report_with_findings_has_the_shape(command: Command, drifted: MotoAccount) -> None:
    result = command.json("scan", GUIDE, "--fail-on", "note")
    assert_shape(result.report)
    assert result.report["fail_on"] == "note"
    missing = result.findings["policy-missing/group/Developers/IAMReadOnlyAccess"]
    assert missing["location"] == {"path": GUIDE, "line": 7, "column": 37}
    assert missing["policy_set"] == "stack-build"
    assert missing["fix"] == {
        "action": "AttachGroupPolicy",
        "parameters": {"GroupName": "Developers", "PolicyArn": "arn:aws:iam::aws:policy/IAMReadOnlyAccess"},
    }


def test_a_report_of_a_fix_has_the_shape(command: Command, drifted: MotoAccount) -> None:
    result = command.json("scan", GUIDE, "--fix", "--yes", *PINNED)
    assert_shape(result.report)
    assert result.audit["summary"]["fixed"] == 2


def test_a_report_with_gaps_has_the_shape(command: Command, drifted: MotoAccount) -> None:
    drifted.fail("GetGroup")
    assert_shape(command.json("scan", GUIDE).report)


def test_a_report_without_an_audit_has_the_shape(command: Command) -> None:
    result = command.json("scan", "nowhere.yaml")
    assert_shape(result.report)
    assert result.report["audits"] == []


def test_the_same_account_gives_the_same_bytes_but_for_the_time(command: Command, drifted: MotoAccount) -> None:
    first, second = (command.json("scan", GUIDE).report for _ in range(2))
    for report in (first, second):
        report["audits"][0].pop("taken_at")
    assert first == second


@pytest.mark.parametrize("arguments", [(), ("--output", "json")], ids=["table", "json"])
def test_no_secret_is_in_any_output(arguments: tuple[str, ...], command: Command, drifted: MotoAccount) -> None:
    secret = {"AWS_SECRET_ACCESS_KEY": "sesame-open", "AWS_SESSION_TOKEN": "token-of-session"}
    result = command("scan", GUIDE, "-v", *arguments, env=secret)
    assert result.status == 1
    for word in secret.values():
        assert word not in result.stdout + result.stderr


def test_the_table_fits_80_columns_and_has_no_escape_in_a_pipe(command: Command, drifted: MotoAccount) -> None:
    result = command("scan", GUIDE, env={"COLUMNS": "80"})
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "\x1b" not in result.stdout + result.stderr
    assert "IAMReadOnlyAccess" in result.stdout
