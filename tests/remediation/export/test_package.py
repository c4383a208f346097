"""What every export shares: comments, quoted texts and short names."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from koding_audit.model.errors import InputError
from koding_audit.model.finding import Action
from koding_audit.model.plan import Step
from koding_audit.model.verb import Verb
from koding_audit.remediation.export import (
    LeftOutStep,
    account_comment,
    finding_comment,
    left_out_comments,
    names_digest,
    quote_ascii,
)
from tests.values import ACCOUNT

STEP = Step(Action(Verb.CREATE_GROUP, {"GroupName": "Ops"}), "group-missing/x\nrm -rf /", "create", {})


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_quoted_text_is_ascii_on_one_line_and_comes_back(text: str) -> None:
    quoted = quote_ascii(text)
    assert quoted.isascii()
    assert "\n" not in quoted
    assert yaml.safe_load(quoted) == text


def test_half_a_character_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        quote_ascii("a\ud800")
    assert caught.value.hint
    assert caught.value.message.isascii()


def test_a_comment_stays_one_line_whatever_it_says() -> None:
    comments = [account_comment(ACCOUNT), finding_comment(STEP), *left_out_comments(LeftOutStep(STEP, "no\nword"))[1:]]
    assert all(each.startswith("# ") and "\n" not in each for each in comments)
    assert ACCOUNT.id in comments[0]


def test_a_digest_tells_names_apart_and_is_the_same_on_every_day() -> None:
    assert names_digest("a", "bc") != names_digest("ab", "c")
    assert names_digest("a", "b") == "3554d2b8"
