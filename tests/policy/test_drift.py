"""How a live document differs in meaning from the one that was written."""

from __future__ import annotations

import json

from koding_audit.policy.drift import find_drift
from tests.values import statement


def test_the_same_meaning_is_no_drift() -> None:
    assert find_drift(statement(), statement("S3:GETOBJECT")) is None


def test_what_was_gained_and_lost_is_told_with_the_first_of_each_and_a_count() -> None:
    drift = find_drift(statement(["iam:GetUser", "iam:GetRole"]), statement("s3:GetObject"))
    assert drift is not None
    assert drift.evidence["verdict"] == "different"
    assert [each["action"] for each in drift.evidence["gained"]] == ["iam:GetRole", "iam:GetUser"]
    assert [each["action"] for each in drift.evidence["lost"]] == ["s3:GetObject"]
    assert "iam:GetRole on * and 1 more" in drift.description
    assert "s3:GetObject on *" in drift.description


def test_of_many_changes_the_first_are_carried_and_the_rest_is_counted() -> None:
    drift = find_drift(statement([f"s3:Do{number:03}" for number in range(50)]), statement("iam:GetUser"))
    assert drift is not None
    assert len(drift.evidence["gained"]) == 20
    assert drift.evidence["more_gained"] == 30


def test_of_a_condition_its_value_is_not_told() -> None:
    live = statement(Condition={"StringEquals": {"aws:SourceVpc": "vpc-PLANTED"}})
    drift = find_drift(live, statement())
    assert drift is not None
    assert "aws:sourcevpc" in json.dumps(drift.evidence)
    assert "PLANTED" not in drift.description + json.dumps(drift.evidence)


def test_a_document_that_cannot_be_read_is_told_as_undecided() -> None:
    drift = find_drift('{"Statement": [{"Effect": "Maybe"}]}', statement())
    assert drift is not None
    assert drift.evidence["verdict"] == "undecided"
    assert drift.evidence["why"] in drift.description
