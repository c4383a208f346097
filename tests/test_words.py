"""Numbers and ages in messages."""

from __future__ import annotations

import pytest

from koding_audit.words import age, counted
from tests.values import NOW, ago


@pytest.mark.parametrize(
    ("span", "words"),
    [
        ({"days": 400}, "400 days"),
        ({"days": 1, "hours": 23}, "1 day"),
        ({"hours": 23, "minutes": 59}, "23 hours"),
        ({"hours": 1}, "1 hour"),
        ({"minutes": 59}, "less than an hour"),
        ({"days": -1}, "less than an hour"),
    ],
)
def test_an_age_is_rounded_down_and_one_that_is_still_to_come_is_short(span: dict[str, float], words: str) -> None:
    assert age(ago(**span), NOW) == words


def test_one_of_something_is_singular_and_none_is_plural() -> None:
    assert [counted(number, "key") for number in (0, 1, 2, 2000)] == ["0 keys", "1 key", "2 keys", "2,000 keys"]
