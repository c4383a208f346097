"""A script in JSON: read with its lines, or refused at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from koding_audit.stack.json_source import _FastScanner, _JsonScanner, _UnusualError
from koding_audit.stack.loader import read_script
from tests.stack.script_files import SCRIPTS, places, refused, write


def test_json_with_tabs_and_letters_beyond_ascii_is_read_with_lines() -> None:
    script = read_script(str(SCRIPTS / "google.json"))
    assert places(script) == {"aws_db_instance.db": 11, "aws_instance.api": 19}
    assert script.others == {"google_compute_instance": 1}
    assert {each.region for each in script.resources} == {"eu-west-1"}


def test_json_under_another_name_is_read_too(tmp_path: Path) -> None:
    assert places(read_script(write(tmp_path, '{"resource": {"aws_eip": {"a": {}}}}', "stack"))) == {"aws_eip.a": 1}
    assert places(read_script(write(tmp_path, "{resource: {aws_eip: {a: {}}}}", "flow.yml"))) == {"aws_eip.a": 1}


def test_json_with_text_after_its_end_is_refused_at_that_text(tmp_path: Path) -> None:
    line, column, message = refused(tmp_path, '{"resource": {}}\n  }', "stack.json")
    assert (line, column) == (2, 3)
    assert "text after the end" in message


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"resource": {"aws_eip": {"a": {}, "a": {}}}}', (1, 36)),
        ('{"resource" {}}', (1, 13)),
        ('{"resource": {"aws_eip": {"a": {}}', (1, 35)),
        ('{"resource": {"x": NaN}}', (1, 20)),
        ('{"resource": {"x": "a\nb"}}', (1, 22)),
        ("{resource: 1}", (1, 2)),
        ("", (1, 1)),
    ],
)
def test_json_that_is_none_is_refused_at_its_place(tmp_path: Path, text: str, place: tuple[int, int]) -> None:
    line, column, _ = refused(tmp_path, text, "stack.json")
    assert (line, column) == place


def test_deep_json_is_refused_and_not_followed(tmp_path: Path) -> None:
    assert "nested more than 50 levels deep" in refused(tmp_path, '{"resource":' + "[" * 100_000, "deep.json")[2]


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "b": [true, null, -1.5e3], "c": {}, "d": [], "e": ""}',
        '{\r\n\t"a": "b\\u00e9",\n "c" : [ "d" , {"e": "\\\\"} ] }\n',
        '[{"a": "é😀"}, [], ["x"]]',
        ' {"a":{"b":{"c":"d"}}}',
    ],
)
def test_the_fast_scanner_reads_what_the_careful_one_reads(text: str) -> None:
    assert _FastScanner(text, "a").read_document() == _JsonScanner(text, "a").read_document()


@pytest.mark.parametrize(
    "text",
    [
        '"a"',
        "1",
        "{",
        "[1,]",
        '{"a": 1,}',
        '{"a" 1}',
        '{"a": 1, "a": 2}',
        "[1] 2",
        '["\\x"]',
        "[" * 60,
        "[nul]",
        '{"a": [1}',
    ],
)
def test_what_the_fast_scanner_does_not_read_is_left_to_the_careful_one(text: str) -> None:
    with pytest.raises(_UnusualError):
        _FastScanner(text, "a").read_document()
