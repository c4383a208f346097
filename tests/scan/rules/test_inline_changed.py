"""inline-changed: an inline policy that means something else than the file's."""

from __future__ import annotations

import pytest

from koding_audit.scan.rules import inline_changed
from tests.scan.rules.documents import SAME_IN_OTHER_WORDS, only, with_inline
from tests.values import compare, desired, live_user, snapshot, statement, user, written


def test_another_meaning_is_told_with_what_is_gained_and_lost() -> None:
    live = '{"Statement": [{"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": "arn:aws:s3:::logs/*"}]}'
    finding = only(inline_changed.check(with_inline(live)))
    assert finding.message == (
        "inline policy own of user koding-user differs from the file: "
        "it also allows s3:PutObject on arn:aws:s3:::logs/*; "
        "it does not allow s3:GetObject on *"
    )
    assert finding.evidence["verdict"] == "different"
    assert [each["action"] for each in finding.evidence["gained"]] == ["s3:PutObject"]
    assert finding.evidence["lost"][0]["resource"] == "*"
    assert finding.change == "replace"


@pytest.mark.parametrize("live", [statement(), SAME_IN_OTHER_WORDS])
def test_a_change_of_text_alone_is_no_finding(live: str) -> None:
    assert list(inline_changed.check(with_inline(live))) == []


def test_an_explicit_deny_more_is_told_as_one() -> None:
    live = (
        '{"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},'
        ' {"Effect": "Deny", "Action": "iam:CreateUser", "Resource": "*"}]}'
    )
    finding = only(inline_changed.check(with_inline(live)))
    assert "it also denies iam:CreateUser" in finding.message


def test_thousands_of_changes_are_counted_and_not_all_carried() -> None:
    finding = only(inline_changed.check(with_inline(statement("*"), statement("a:b"))))
    assert len(finding.evidence["gained"]) <= 20
    assert len(finding.message) < 400


def test_a_live_document_that_cannot_be_read_as_a_policy_is_a_finding_that_says_so() -> None:
    finding = only(inline_changed.check(with_inline('{"Statement": [{"Effect": "Maybe"}]}')))
    assert "it cannot be compared" in finding.message
    assert finding.evidence["verdict"] == "undecided"


def test_a_document_that_was_not_read_is_no_finding() -> None:
    wanted = desired(user(inline={"own": written(statement())}))
    assert list(inline_changed.check(compare(wanted, snapshot(live_user(inline=["own"]))))) == []
