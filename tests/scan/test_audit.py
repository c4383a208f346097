"""The rules over a snapshot, and what became of the findings after a fix."""

from __future__ import annotations

from koding_audit.model.plan import Entry, Journal, ScanRequest
from koding_audit.model.query import Fact, Gap
from koding_audit.model.traits import find_rule_traits
from koding_audit.remediation.plan import make_plan
from koding_audit.report.status import audit_status
from koding_audit.scan.audit import audit_after_fix, audit_snapshot, completed_rules
from koding_audit.scan.catalog import AuditRule, load_rules
from tests.report.formats.reports import audit
from tests.scan.waived import EC2, GUIDE, LIVE, READ, S3, wanted
from tests.values import ACCOUNT, NOW, desired, live_group, live_user, managed, snapshot, waiver


def test_the_report_after_a_fix_still_knows_what_is_waived() -> None:
    state = wanted(waiver("policy-missing"))
    first = audit_snapshot(state, LIVE, load_rules())
    made = make_plan(first.findings, state, LIVE, ScanRequest(), NOW)
    done = Journal("j", ACCOUNT, tuple(Entry(step.action, "done") for step in made.steps))
    later = snapshot(live_group(attached=[EC2, S3]), live_user(groups=["Developers"]), policies=managed(EC2, READ))
    merged = audit_after_fix(first, audit_snapshot(state, later, load_rules()), made, done)
    assert sorted((each.rule, each.status) for each in merged.findings) == [
        ("membership-missing", "fixed"),
        ("policy-missing", "waived"),
        ("policy-unexpected", "open"),
    ]
    assert audit_status(merged, "warning") == "clean"


def test_a_write_that_failed_is_not_hidden_by_a_waiver() -> None:
    """Were something planned before its waiver held, the journal's word would come first."""
    first = audit_snapshot(desired(*GUIDE), LIVE, load_rules())
    made = make_plan(first.findings, desired(*GUIDE), LIVE, ScanRequest(), NOW)
    failed = Journal("j", ACCOUNT, tuple(Entry(step.action, "failed", "AccessDenied") for step in made.steps))
    both = wanted(waiver("policy-missing"), waiver("membership-missing", 71))
    merged = audit_after_fix(first, audit_snapshot(both, LIVE, load_rules()), made, failed)
    assert {each.status for each in merged.findings if each.severity == "error"} == {"failed"}
    assert audit_status(merged, "warning") == "incomplete"


def test_a_rule_that_lacks_what_was_not_read_or_has_no_stack_had_no_say() -> None:
    chosen = tuple(
        AuditRule(name, frozenset(), lambda _: iter(()), find_rule_traits(name))
        for name in ("policy-missing", "root-used", "stack-not-buildable")
    )
    gap = Gap(Fact.CREDENTIAL_REPORT, "iam:GetCredentialReport", "AccessDenied")
    found = audit(gaps=(gap,), blocked_rules=(("root-used",),))
    assert completed_rules(found, desired(), chosen) == {"policy-missing"}
