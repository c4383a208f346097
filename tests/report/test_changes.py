"""What is told of a report and the one before it; and that each receiver's message is inert, whatever is in it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from koding_audit import plugins
from koding_audit.io.text import escape
from koding_audit.model.account import Account
from koding_audit.model.finding import Finding
from koding_audit.model.report import Problem, Report
from koding_audit.report.change_text import MOST, changes_headline, changes_lines, changes_text
from koding_audit.report.changes import AccountChanges, ReportChanges, compare_reports
from tests.report.formats.reports import HOSTILE, NOW, REPORTS, audit, hostile, policy_missing

ONE = policy_missing()
TWO = policy_missing("arn:aws:iam::aws:policy/AmazonEC2FullAccess")
RECEIVERS = plugins.plugin_names("report.notify")


def report(*findings: Finding, hours: int = 0, **more: object) -> Report:
    return Report((audit(findings=findings, taken_at=NOW + timedelta(hours=hours), **more),))


def of(now: Report, before: Report | None) -> AccountChanges:
    (account,) = compare_reports(now, before).accounts
    return account


INCOMPLETE = REPORTS["gapped"].audits[0].gaps


def test_without_a_report_before_it_all_that_stands_is_told() -> None:
    waived = replace(TWO, status="waived")
    told = of(report(ONE, waived), None)
    assert (told.new, told.gone, told.waived, told.unresolved) == ((ONE,), (), (), 1)


def test_only_what_changed_is_told() -> None:
    told = of(report(ONE, TWO, hours=1), report(ONE))
    assert (told.new, told.gone) == ((TWO,), ())
    told = of(report(TWO, hours=1), report(ONE, TWO))
    assert (told.new, told.gone) == ((), (ONE,))


def test_what_was_known_and_counts_now_is_news_and_what_became_known_is_none() -> None:
    known = replace(ONE, known=True)
    assert of(report(ONE, hours=1), report(known)).new == (ONE,)
    assert not of(report(known, hours=1), report(ONE)).has_changes
    shown = "\n".join(changes_lines(compare_reports(report(known, TWO), None), NOW))
    assert "- error, known: policy-missing: group Developers lacks IAMReadOnlyAccess" in shown
    assert "- error: policy-missing: group Developers lacks AmazonEC2FullAccess" in shown


def test_nothing_that_changed_is_nothing_to_tell() -> None:
    told = compare_reports(report(ONE, hours=1), report(ONE))
    assert not told.is_worth_sending
    assert changes_headline(told) == "koding-audit: account 123456789012: nothing new; findings"


def test_what_an_incomplete_audit_did_not_see_is_not_known_and_not_gone() -> None:
    told = compare_reports(report(TWO, hours=1, gaps=INCOMPLETE), report(ONE))
    (account,) = told.accounts
    assert (account.new, account.gone, account.unknown) == ((TWO,), (), (ONE,))
    assert told.is_worth_sending


def test_an_incomplete_audit_is_told_also_where_nothing_changed() -> None:
    told = compare_reports(report(ONE, hours=1, gaps=INCOMPLETE), report(ONE, gaps=INCOMPLETE))
    assert (told.accounts[0].has_changes, told.is_worth_sending) == (False, True)


def test_a_run_that_audited_nothing_leaves_all_of_it_not_known_and_says_why() -> None:
    told = compare_reports(REPORTS["empty"], report(ONE))
    assert (told.accounts[0].unknown, told.accounts[0].taken_at, told.status) == ((ONE,), None, "incomplete")
    shown = "\n".join(changes_lines(told, NOW))
    assert "error: no such key: polices" in shown
    assert "Account 123456789012 (koding-prod) was not audited" in shown


def test_an_error_of_the_run_beside_a_whole_audit_does_not_hide_what_is_gone() -> None:
    full = replace(report(hours=1), errors=(Problem("the history cannot be used"),))
    told = compare_reports(full, report(ONE))
    assert (told.accounts[0].gone, told.status) == ((ONE,), "incomplete")


def test_an_account_that_is_not_in_the_report_any_more_is_not_known() -> None:
    other = replace(audit(findings=(ONE,)), account=Account("210987654321", "aws"))
    told = compare_reports(report(hours=1), Report((audit(), other)))
    assert [(each.account.id, each.unknown) for each in told.accounts] == [
        ("123456789012", ()),
        ("210987654321", (ONE,)),
    ]
    assert (told.status, told.is_worth_sending) == ("incomplete", True)


def test_what_was_fixed_is_gone_and_what_is_accepted_is_told_as_that() -> None:
    told = of(report(replace(ONE, status="fixed"), replace(TWO, status="waived"), hours=1), report(ONE, TWO))
    assert ([each.id for each in told.gone], [each.id for each in told.waived]) == ([ONE.id], [TWO.id])
    assert told.new == ()


def test_a_waiver_that_ended_and_a_severity_that_rose_are_news() -> None:
    assert of(report(ONE, hours=1), report(replace(ONE, status="waived"))).new == (ONE,)
    assert of(report(ONE, hours=1), report(replace(ONE, severity="note"))).new == (ONE,)
    assert of(report(replace(ONE, severity="note"), hours=1), report(ONE)).new == ()


def test_a_report_that_is_no_newer_than_the_one_before_is_told_for_the_audit_may_have_stopped() -> None:
    told = compare_reports(report(ONE), report(ONE))
    assert told.is_worth_sending
    assert "no newer audit than the one before" in changes_headline(told)
    assert any("does the scheduled audit still run?" in each for each in changes_lines(told, NOW))


def test_the_text_says_what_when_and_how_many_are_left_out() -> None:
    many = [policy_missing(f"arn:aws:iam::aws:policy/P{number:02}") for number in range(MOST + 3)]
    told = "\n".join(changes_lines(compare_reports(report(*many, hours=1), report(ONE)), NOW + timedelta(hours=4)))
    assert told.startswith("koding-audit: account 123456789012: 18 new, 1 gone; findings\n\n")
    audited = "audited 3 hours ago, at 2026-11-23T21:00:00Z: findings, 18 findings standing\n"
    assert f"Account 123456789012 (koding-prod), {audited}" in told
    assert "New (18):\n- error: policy-missing: group Developers lacks P00, which set stack-build requires\n" in told
    assert "\n... and 3 more\nGone (1):\n" in told


def test_what_a_receiver_would_not_take_is_cut_and_said_to_be() -> None:
    told = changes_text(compare_reports(report(ONE, TWO), None), NOW, 120)
    assert len(told) == 120
    assert told.endswith("\n... cut here: the report has all of it")


# --- receivers ----------------------------------------------------------------------------------


def body(receiver: str, told: ReportChanges) -> str:
    found: str = plugins.load_plugin("report.notify", receiver).message(told, NOW).body
    return found


@pytest.mark.parametrize("receiver", RECEIVERS)
@pytest.mark.parametrize("name", REPORTS)
def test_every_report_can_be_told_to_everybody(name: str, receiver: str) -> None:
    message = plugins.load_plugin("report.notify", receiver).message(
        compare_reports(REPORTS[name], REPORTS["full"]), NOW
    )
    assert "koding-audit" in message.body
    assert len(message.body.encode()) < 256 * 1024
    if message.content_type == "application/json":
        json.loads(message.body)


@pytest.mark.parametrize("receiver", RECEIVERS)
def test_a_huge_report_is_told_in_what_each_takes(receiver: str) -> None:
    many = tuple(policy_missing(f"arn:aws:iam::aws:policy/P{number}", message="<&>" * 9_000) for number in range(3_000))
    found = body(receiver, compare_reports(Report((audit(findings=many),), errors=(Problem("x" * 99_999),) * 99), None))
    assert len(found.encode()) < {"slack": 200_000, "sns": 262_144, "webhook": 1 << 20}[receiver]
    if receiver == "slack":
        assert len(json.loads(found)["text"]) <= 40_000


MENTIONS = "<!channel> <@U024BE7LH> <https://evil.example|here> @channel @here ada@example.com &lt;!here&gt; *x* _@all_"


def test_in_slack_a_hostile_text_mentions_nobody_and_links_nowhere() -> None:
    value = json.loads(body("slack", compare_reports(hostile(f"{HOSTILE} {MENTIONS}"), None)))
    told = value["text"]
    assert not set("<>") & set(told)
    assert set(re.findall(r"&(\w*;?)", told)) == {"amp;", "lt;", "gt;"}
    assert set(re.findall(r"(\S?)@", told)) == {"a"}
    assert "ada@example.com" in told
    assert all(escape(line) == line for line in told.split("\n"))
    assert "\n::set-output" not in told
    assert (value["mrkdwn"], value["parse"], value["link_names"]) == (False, "none", False)


def test_the_webhook_is_told_by_ids_and_exact_texts() -> None:
    value = json.loads(body("webhook", compare_reports(report(TWO, hours=1), report(ONE))))
    assert (value["kind"], value["version"], value["told_at"]) == ("koding-audit-news", 1, "2026-11-23T20:00:00Z")
    (account,) = value["accounts"]
    assert (account["new"]["count"], account["new"]["findings"][0]["id"]) == (1, TWO.id)
    assert account["gone"]["findings"][0]["message"] == ONE.message
    assert body("webhook", compare_reports(hostile(), None)).isascii()


def test_the_subject_for_sns_is_short_and_plain() -> None:
    message = plugins.load_plugin("report.notify", "sns").message(
        compare_reports(hostile("\u00e4" + HOSTILE), None), NOW
    )
    assert len(message.subject) <= 100
    assert message.subject.isascii()
    assert message.subject.isprintable()
    assert all(escape(line) == line for line in message.body.split("\n"))
