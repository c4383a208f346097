"""Names and ARNs end where they end, and nothing masked is an ARN."""

from __future__ import annotations

import pytest

from koding_audit.denials.passage import Passage
from koding_audit.denials.tokens import is_arn, is_cut, read_name, trim_name
from tests.denials.texts import ROLE


@pytest.mark.parametrize(
    "text",
    [
        ROLE,
        "arn:aws:s3:::logs",
        "arn:aws-cn:s3:::a/b c",
        "arn:aws:iam::aws:policy/X",
        "arn:aws:ec2:eu-west-1:210987654321:instance/*",
    ],
)
def test_an_arn_is_one(text: str) -> None:
    assert is_arn(text)


@pytest.mark.parametrize(
    "text",
    [
        "role web",
        "arn:aws:iam::***:role/x",
        "arn:aws:iam::XXXXXXXXXXXX:role/x",
        "arn:aws:iam::<ACCOUNT>:role/x",
        "arn:aws:iam::${AWS::AccountId}:role/x",
        "arn:aws:iam::********3333:role/x",
        "arn:aws:iam::12345:role/x",
        "arn:aws:iam::210987654321:",
    ],
)
def test_a_masked_or_incomplete_arn_is_not_one(text: str) -> None:
    assert not is_arn(text)


@pytest.mark.parametrize("after", [".", '"', '",', "')", '\\"', "</Message>", ";", ":", "`", "]"])
def test_signs_after_a_name_are_not_part_of_it(after: str) -> None:
    assert trim_name(f"{ROLE}{after}") == ROLE


def test_a_colon_at_the_end_of_a_log_group_is_a_part_of_it() -> None:
    group = "arn:aws:logs:eu-west-1:210987654321:log-group:/x:log-stream:"
    assert trim_name(group) == group


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"{ROLE} because", ROLE),
        (f'"{ROLE}" because', ROLE),
        ('"arn:aws:s3:::b/my file (1).txt", next', "arn:aws:s3:::b/my file (1).txt"),
        ("`arn:aws:s3:::b' x", "arn:aws:s3:::b"),
        ("arn:aws:sns:us-\neast-1:210987654321:t x", "arn:aws:sns:us-east-1:210987654321:t"),
        (f"{ROLE}\nError: next", ROLE),
        ("role web because", "role web"),
        ("instance profile web\nnext", "instance profile web"),
        ("my-secret\nnext", "my-secret"),
        ("", ""),
    ],
)
def test_a_name_is_read_to_its_end(text: str, name: str) -> None:
    assert read_name(Passage(text), 0, 0)[0] == name


def test_a_quote_that_does_not_close_ends_at_the_word() -> None:
    passage = Passage(f'"{ROLE} and more')
    assert read_name(passage, 0, 0)[0] == ROLE


def test_a_name_before_an_ellipsis_may_be_cut() -> None:
    passage = Passage('"arn:aws:s3:::buck (truncated...)"')
    _, end = read_name(passage, 0, 0)
    assert is_cut(passage, end)
    assert not is_cut(Passage("arn. Go"), 3)
