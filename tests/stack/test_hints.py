"""What CloudFormation's handlers call: which of its types a Terraform type is, and what of it is a row."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

from koding_audit.reference import actions
from koding_audit.stack import hints
from koding_audit.stack.hints import Hints

TOP = Path(__file__).parents[2]


def test_every_pair_of_names_leads_to_a_hint_and_is_there_once() -> None:
    lines = (TOP / "koding_audit" / "stack" / "cloudformation.txt").read_text(encoding="ascii").splitlines()
    pairs = [line.split() for line in lines]
    _, known = hints.load_hints()
    assert [name for name, _ in pairs] == sorted({name for name, _ in pairs})
    assert all(re.fullmatch(r"aws_[a-z0-9_]+", name) for name, _ in pairs)
    assert not {other for _, other in pairs} - set(known)


def test_a_hint_names_actions_that_aws_has() -> None:
    known = actions.load_actions()
    origin, texts = hints.load_hints()
    assert origin.counts == {"types": len(texts)}
    listed = {action for text in texts.values() for each in json.loads(text).values() for action in each}
    # Made of the same list, which may be another one day: what it does not know is left out then.
    assert len([each for each in listed if known.canonical_name(each) != each]) < len(listed) / 100


def test_notice_says_where_the_hints_are_from() -> None:
    origin, _ = hints.load_hints()
    notice = " ".join((TOP / "NOTICE").read_text(encoding="utf-8").split())
    assert f"{origin.source} {origin.version}, of {date.fromisoformat(origin.date)}" in notice
    assert f"Licence: {origin.licence}" in notice
    assert origin.copyright in notice


def test_a_hint_is_a_row_without_arguments_and_without_resources() -> None:
    row = Hints(actions.load_actions()).row("type", "aws_eip")
    assert row is not None
    assert "ec2:AllocateAddress" in row.operations["create"]
    assert (row.arguments, row.arn, row.checked) == ({}, (), ())


def test_there_is_no_hint_of_a_data_source_nor_of_a_type_that_nobody_mapped() -> None:
    known = Hints(actions.load_actions())
    assert known.row("data", "aws_eip") is None
    assert known.row("type", "aws_of_tomorrow") is None
