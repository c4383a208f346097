"""trust-changed: a role that others may assume than the file says."""

from __future__ import annotations

from koding_audit.scan.rules import trust_changed
from tests.scan.rules.documents import only
from tests.values import compare, desired, live_role, role, snapshot, trust, written


def test_another_trust_is_an_error_that_names_who_may_and_is_never_fixed() -> None:
    wanted = desired(role(trust=written(trust())))
    finding = only(trust_changed.check(compare(wanted, snapshot(live_role(trusting=trust("lambda.amazonaws.com"))))))
    assert (finding.severity, finding.fix) == ("error", None)
    assert "lambda.amazonaws.com" in finding.message
    assert "ec2.amazonaws.com" in finding.message


def test_the_same_trust_in_other_words_or_no_trust_in_the_file_is_no_finding() -> None:
    other_words = (
        '{"Statement":{"Effect":"Allow","Action":["sts:AssumeRole"],"Principal":{"Service":["ec2.amazonaws.com"]}}}'
    )
    live = snapshot(live_role(trusting=other_words))
    assert list(trust_changed.check(compare(desired(role(trust=written(trust()))), live))) == []
    assert list(trust_changed.check(compare(desired(role()), live))) == []
