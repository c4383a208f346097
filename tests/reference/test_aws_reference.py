"""The tables together, and their age."""

from __future__ import annotations

from datetime import date, timedelta

from tests.values import REFERENCE


def test_data_older_than_180_days_are_mentioned_with_their_date() -> None:
    made = date.fromisoformat(REFERENCE.date)
    assert REFERENCE.age_warning(made + timedelta(days=180)) == ""
    assert REFERENCE.age_warning(made + timedelta(days=181)) == (
        f"this tool's data about AWS are of {REFERENCE.date}, 181 days ago: update koding-audit"
    )


def test_the_resource_matters_where_the_evaluator_asks_about_it() -> None:
    assert REFERENCE.depends_on_resource("sts:assumerole")
    assert REFERENCE.depends_on_resource("kms:decrypt")
    assert REFERENCE.depends_on_resource("iam:createpolicyversion")
    assert not REFERENCE.depends_on_resource("kms:listkeys")
    assert not REFERENCE.depends_on_resource("ec2:runinstances")
