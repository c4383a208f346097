"""trust-changed: a role that others may assume than the file says."""

from __future__ import annotations

import json

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


def of_github(subject: str, external_id: str = "") -> str:
    """A trust policy for the tokens of a repository."""
    condition = {"StringLike": {"token.actions.githubusercontent.com:sub": subject}}
    condition |= {"StringEquals": {"sts:ExternalId": external_id}} if external_id else {}
    allow = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},
        "Condition": condition,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


def test_who_may_assume_the_role_now_is_told_by_the_values_of_the_conditions() -> None:
    wanted = desired(role(trust=written(of_github("repo:o/r:*"))))
    finding = only(trust_changed.check(compare(wanted, snapshot(live_role(trusting=of_github("repo:o/*"))))))
    key = "token.actions.githubusercontent.com:sub StringLike"
    assert f"when {key} repo:o/* and not ({key} repo:o/r:*)" in finding.message
    [gained] = finding.evidence["gained"]
    assert gained["condition"] == f"{key} repo:o/* and not ({key} repo:o/r:*)"


def test_an_external_id_is_told_as_changed_and_never_by_its_value() -> None:
    wanted = desired(role(trust=written(of_github("repo:o/r:*", "PLANTED-wanted"))))
    live = snapshot(live_role(trusting=of_github("repo:o/r:*", "PLANTED-live")))
    finding = only(trust_changed.check(compare(wanted, live)))
    assert "sts:externalid StringEquals (1 value)" in finding.message
    assert "repo:o/r:*" in finding.message
    assert "PLANTED" not in finding.message + json.dumps(dict(finding.evidence))
