"""A history: since when each finding stands, what came and went; what was not seen is gone only where it could be."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from koding_audit.model.finding import Finding
from koding_audit.model.frozen import replace
from koding_audit.model.report import AuditScope, RunStatus
from koding_audit.report.history import AuditRecord, History, HistoryKey, build_histories
from tests.values import NOW

TRACK = HistoryKey("aws", "123456789012", "live", "")
POLICY = Finding("policy-missing", "error", "arn:aws:iam::123456789012:group/Dev", "lacks it", key="a")
USER = Finding("user-missing", "error", "arn:aws:iam::123456789012:user/ada", "user ada does not exist")
ROOT = Finding("root-access-key", "error", "arn:aws:iam::123456789012:root", "the root user has an access key")


def day(number: int) -> datetime:
    return NOW + timedelta(days=number)


def audit(number: int, *findings: Finding, status: RunStatus = "findings", **more: Any) -> AuditRecord:
    return AuditRecord(
        **{"history_key": TRACK, "taken_at": day(number), "status": status, "rules": None, "findings": findings, **more}
    )


def of(*audits: AuditRecord) -> History:
    (history,) = build_histories(audits)
    return history


def stand(history: History) -> list[tuple[str, datetime, datetime, bool]]:
    return [(each.finding.rule, each.since, each.last_seen, each.is_confirmed) for each in history.tracked]


def events(history: History) -> list[tuple[datetime, str, str]]:
    return [(each.at, each.kind, each.finding.rule) for each in history.events]


def as_fixed(finding: Finding) -> Finding:
    return Finding(finding.rule, finding.severity, finding.subject, finding.message, finding.key, status="fixed")


def test_a_finding_stands_since_the_first_audit_from_which_on_it_was_always_seen() -> None:
    history = of(audit(0, POLICY), audit(1, POLICY, USER), audit(2, POLICY, USER))
    assert stand(history) == [
        ("policy-missing", day(0), day(2), True),
        ("user-missing", day(1), day(2), True),
    ]
    assert events(history) == [(day(0), "came", "policy-missing"), (day(1), "came", "user-missing")]


def test_what_a_complete_audit_does_not_show_went_and_stands_anew_when_it_comes_again() -> None:
    history = of(audit(0, POLICY), audit(1, status="clean"), audit(2, POLICY))
    assert stand(history) == [("policy-missing", day(2), day(2), True)]
    assert [kind for _, kind, _ in events(history)] == ["came", "went", "came"]


def test_what_an_incomplete_audit_does_not_show_is_not_known_and_not_gone() -> None:
    history = of(audit(0, POLICY), audit(1, status="incomplete"), audit(2, status="incomplete"))
    assert stand(history) == [("policy-missing", day(0), day(0), False)]
    assert events(history) == [(day(0), "came", "policy-missing")]


def test_what_was_not_known_for_a_time_stands_since_it_was_first_seen() -> None:
    history = of(audit(0, POLICY), audit(1, status="incomplete"), audit(2, POLICY))
    assert stand(history) == [("policy-missing", day(0), day(2), True)]
    assert len(history.events) == 1


def test_what_was_not_known_for_a_time_and_is_not_there_then_went() -> None:
    history = of(audit(0, POLICY), audit(1, status="incomplete"), audit(2, status="clean"))
    assert stand(history) == []
    assert events(history)[-1] == (day(2), "went", "policy-missing")


def test_what_an_incomplete_audit_does_show_came_all_the_same() -> None:
    history = of(audit(0, status="clean"), audit(1, USER, status="incomplete"))
    assert stand(history) == [("user-missing", day(1), day(1), True)]


def test_what_a_rule_would_find_that_did_not_run_is_not_known() -> None:
    history = of(audit(0, POLICY, USER), audit(1, rules=frozenset({"user-missing"})))
    assert stand(history) == [("policy-missing", day(0), day(0), False)]
    assert events(history)[-1] == (day(1), "went", "user-missing")
    assert [each.partial for each in history.series] == [False, True]


def test_what_was_not_checked_is_over_with_a_complete_audit_whichever_rules_ran() -> None:
    unread = Finding(
        "not-checked", "error", "arn:aws:iam::123456789012:root", "it could not be read", "account-summary"
    )
    history = of(audit(0, unread, status="incomplete"), audit(1, status="clean", rules=frozenset({"user-missing"})))
    assert history.tracked == ()


def test_what_a_run_fixed_went_with_it() -> None:
    history = of(audit(0, POLICY), audit(1, as_fixed(POLICY), status="clean"), audit(2, status="clean"))
    assert stand(history) == []
    assert events(history) == [(day(0), "came", "policy-missing"), (day(1), "fixed", "policy-missing")]


def test_what_was_found_and_fixed_in_one_run_came_and_was_fixed() -> None:
    history = of(audit(0, as_fixed(POLICY), status="clean"))
    assert [kind for _, kind, _ in events(history)] == ["came", "fixed"]
    assert (history.series[0].new_count, history.series[0].resolved_count) == (1, 1)


def test_a_waived_finding_stands_as_waived_since_it_was_first_seen() -> None:
    waived = Finding(POLICY.rule, POLICY.severity, POLICY.subject, POLICY.message, POLICY.key, status="waived")
    history = of(audit(0, POLICY), audit(1, waived, status="clean"))
    (standing,) = history.tracked
    assert (standing.finding.status, standing.since) == ("waived", day(0))
    assert len(history.events) == 1


def test_a_reworded_message_is_the_same_finding() -> None:
    reworded = Finding(POLICY.rule, "warning", POLICY.subject, "lacks a policy", POLICY.key)
    (standing,) = of(audit(0, POLICY), audit(1, reworded)).tracked
    assert (standing.finding.message, standing.finding.severity, standing.since) == (
        "lacks a policy",
        "warning",
        day(0),
    )


def test_the_trend_counts_each_audit() -> None:
    history = of(audit(0, POLICY, ROOT), audit(1, POLICY, USER), audit(2, status="incomplete"))
    assert [
        (each.at, each.status, each.counts["error"], each.new_count, each.resolved_count) for each in history.series
    ] == [
        (day(0), "findings", 2, 2, 0),
        (day(1), "findings", 2, 1, 1),
        (day(2), "incomplete", 0, 0, 0),
    ]
    assert (history.audits, history.last) == (3, history.series[2])


def test_accounts_and_ways_of_reading_are_told_apart() -> None:
    other = TRACK._replace(account="210987654321")
    saved = TRACK._replace(source="snapshot")
    histories = build_histories(
        [audit(0, POLICY), audit(1, USER, history_key=other), audit(2, status="clean", history_key=saved)]
    )
    assert [(each.history_key, len(each.tracked)) for each in histories] == [(TRACK, 1), (saved, 0), (other, 1)]


def test_what_an_audit_of_other_files_does_not_show_is_not_known_and_not_gone() -> None:
    ours, theirs = {"ours.yaml": "1"}, {"theirs.yaml": "2"}
    history = of(audit(0, POLICY, files=ours), audit(1, USER, files=theirs), audit(2, POLICY, files=ours))
    assert stand(history) == [
        ("policy-missing", day(0), day(2), True),
        ("user-missing", day(1), day(1), False),
    ]
    assert [kind for _, kind, _ in events(history)] == ["came", "came"]
    gone = of(audit(0, POLICY, files=ours), audit(1, status="clean", files=ours | theirs))
    assert (stand(gone), [kind for _, kind, _ in events(gone)]) == ([], ["came", "went"])


def test_what_an_audit_of_a_changed_file_does_not_show_is_gone_and_not_resolved() -> None:
    before, after = {"iam.yaml": "1", "other.yaml": "2"}, {"iam.yaml": "3", "other.yaml": "2"}
    history = of(audit(0, POLICY, USER, files=before), audit(1, USER, files=after), audit(2, files=after))
    assert stand(history) == []
    assert events(history)[2:] == [(day(1), "changed", "policy-missing"), (day(2), "went", "user-missing")]


def test_a_file_that_was_moved_is_the_same_file() -> None:
    history = of(audit(0, POLICY, files={"/ci/1/iam.yaml": "1"}), audit(1, files={"/ci/2/iam.yaml": "1"}))
    assert [kind for _, kind, _ in events(history)] == ["came", "went"]


@pytest.mark.parametrize("part", ["targets", "with_sets", "stacks"])
def test_what_an_audit_with_fewer_targets_sets_or_scripts_does_not_show_is_not_known(part: str) -> None:
    finding = replace(POLICY, rule="stack-not-buildable") if part == "stacks" else POLICY
    more, fewer = AuditScope(**{part: ("a", "b")}), AuditScope(**{part: ("a",)})
    assert not of(audit(0, finding, scope=more), audit(1, scope=fewer)).tracked[0].is_confirmed
    assert of(audit(0, finding, scope=fewer), audit(1, scope=more)).tracked == ()


def test_an_audit_that_was_recorded_before_its_files_and_its_scope_were_is_compared_with_every_other() -> None:
    for before, after in ((None, {"a.yaml": "1"}), ({"a.yaml": "1"}, None), ({"a.yaml": ""}, {"a.yaml": "1"})):
        history = of(audit(0, POLICY, files=before), audit(1, status="clean", files=after, scope=AuditScope(("a",))))
        assert [kind for _, kind, _ in events(history)] == ["came", "went"]


def test_an_audit_that_two_runs_recorded_counts_once() -> None:
    elsewhere = audit(0, POLICY, history_key=TRACK._replace(account="210987654321"))
    here, other = build_histories([audit(0, POLICY), elsewhere, audit(0, POLICY), audit(1, POLICY), elsewhere])
    assert ((here.audits, len(here.series)), other.audits) == ((2, 2), 1)
    assert build_histories([audit(0, POLICY), audit(0, USER)])[0].audits == 2


def test_nothing_has_no_history() -> None:
    assert build_histories([]) == ()
