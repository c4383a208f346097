"""How old the data are."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from koding_audit.reference import age
from koding_audit.reference.actions import load_actions
from koding_audit.reference.age import describe_age, read_date

DAYS = age.MOST_DAYS
MADE = date(2026, 9, 26)


def test_the_date_is_that_of_the_list_of_actions() -> None:
    assert read_date() == load_actions().origin.date


def test_data_older_than_180_days_are_described_with_their_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(age, "MOST_DAYS", DAYS)
    assert DAYS == 180
    assert not describe_age("2026-09-26", MADE + timedelta(days=180))
    assert describe_age("2026-09-26", MADE + timedelta(days=181)) == (
        "the data about AWS in this version are of 2026-09-26, 181 days ago; update koding-audit"
    )
