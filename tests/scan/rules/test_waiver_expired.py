"""waiver-expired: a waiver whose last day is over."""

from __future__ import annotations

from koding_audit.scan.rules import waiver_expired
from tests.values import ACCOUNT, aws, compare, desired, snapshot, user, waiver


def test_a_waiver_whose_last_day_is_over_is_a_warning_at_its_line() -> None:
    accepted = waiver("policy-unexpected", days=-1, subject="group/Developers", policy=aws("AmazonS3ReadOnlyAccess"))
    [found] = waiver_expired.check(compare(desired(user(), waivers=(accepted,)), snapshot()))
    assert (found.severity, found.subject, found.fix) == ("warning", ACCOUNT.root_arn, None)
    assert found.key == f"policy-unexpected/group/Developers/{aws('AmazonS3ReadOnlyAccess')}"
    assert found.message == (
        "the waiver of policy-unexpected for group/Developers and AmazonS3ReadOnlyAccess expired on 2026-11-22"
    )
    assert found.evidence == {"expires": "2026-11-22", "owner": "platform", "reason": "it moves"}
    assert found.location == accepted.location


def test_one_that_ends_today_still_holds() -> None:
    assert not list(waiver_expired.check(compare(desired(waivers=(waiver("user-missing", days=0),)), snapshot())))
