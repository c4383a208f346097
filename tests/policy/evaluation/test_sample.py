"""The third-party sample of requests with their policies, where it stands beside the checkout."""

from __future__ import annotations

import json

import pytest

from koding_audit.cli import main
from koding_audit.policy.evaluation.cases import read_cases
from tests.shared import SHARED, needs
from tests.values import REFERENCE

SAMPLE = SHARED / "vectors" / "sample.jsonl"

pytestmark = needs(SAMPLE)


def test_every_case_of_the_sample_is_decided_as_expected() -> None:
    cases = list(read_cases(SAMPLE.read_text(encoding="utf-8"), "sample.jsonl"))
    assert len(cases) == 70
    decisions = [(case, case.decide(REFERENCE)) for case in cases]
    assert [(case.id, case.expected, each) for case, each in decisions if not case.accepts(each.verdict)] == []


def test_the_command_answers_each_case_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["can", "--cases", str(SAMPLE)]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    asked = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    assert [each["id"] for each in answers] == [each["id"] for each in asked]
    assert {each["verdict"] for each in answers} <= {"allowed", "explicit-deny", "implicit-deny"}
    assert all(each["because"] for each in answers)
