"""What tools add to a message is removed, and the lines of a wrapped one follow each other."""

from __future__ import annotations

import json

import pytest

from koding_audit.denials.lines import clean_text


@pytest.mark.parametrize(
    "line",
    [
        "\u2502 one two",
        "> one two",
        "api-1  | one two",
        "E   one two",
        "2026-01-02T03:04:05.123Z one two",
        "[2026-01-02 03:04:05,123] one two",
        "03:04:05 one two",
        "#12 3.456 one two",
        "\u2502 one two   \u2502",
        "\x1b[31mone\x1b[0m two",
        "one\u200b two\r",
    ],
)
def test_what_a_tool_adds_to_a_line_is_removed(line: str) -> None:
    assert clean_text(line).strip() == "one two"


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_escapes_of_json_are_decoded_at_several_levels(levels: int) -> None:
    text = 'a "b"\nc'
    for _ in range(levels):
        text = json.dumps(text)
    assert clean_text(text).strip('"') == 'a "b"\nc'


def test_entities_of_xml_are_decoded_and_others_are_left() -> None:
    assert clean_text("&quot;a&quot; &lt;b&gt; ?x=1&region=y") == '"a" <b> ?x=1&region=y'


def test_soft_breaks_of_a_mail_are_joined() -> None:
    assert clean_text("User: arn=3Dx is no=\nt allowed") == "User: arn=x is not allowed"


def test_a_message_that_runs_down_a_column_is_in_one_piece() -> None:
    table = (
        "CREATE_FAILED   AWS::SNS::Topic   Alerts    User: kim is not\n"
        "                                  Topic     authorized to\n"
        "                                            perform\n"
        "ROLLBACK        AWS::X::Y         stack     done\n"
    )
    assert "User: kim is not\nauthorized to\nperform\n" in clean_text(table)


def test_an_indented_text_without_columns_keeps_its_words() -> None:
    assert clean_text("a\n        b\n        c") == "a\nb\nc"
