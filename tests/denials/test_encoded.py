"""An encoded message is taken whole, and no word after it."""

from __future__ import annotations

import pytest

from koding_audit.denials.encoded import find_encoded, read_encoded_alone
from koding_audit.denials.lines import clean_text
from koding_audit.denials.passage import Passage
from tests.denials.texts import ENCODED

MARK = "Encoded authorization failure message: "


def found(text: str) -> str:
    passage = Passage(clean_text(text))
    return find_encoded(passage, 0, len(passage.lowered))[0]


@pytest.mark.parametrize(
    "after",
    ["", "\n\tstatus code: 403, request id: x", '"', ".", "\nError: Process", "\nTerraform\nnext", " (Service: x"],
)
def test_a_message_ends_at_its_last_sign(after: str) -> None:
    assert found(f"{MARK}{ENCODED}{after}") == ENCODED


@pytest.mark.parametrize("width", [60, 76, 77, 100])
@pytest.mark.parametrize("prefix", ["", "\u2502 ", "E   "])
def test_a_message_in_lines_is_joined(width: int, prefix: str) -> None:
    lines = "\n".join(f"{prefix}{ENCODED[at : at + width]}" for at in range(0, len(ENCODED), width))
    assert found(f"{prefix}{MARK}\n{lines}\n{prefix}next words here") == ENCODED


def test_a_placeholder_is_not_a_message() -> None:
    assert found(f"{MARK}<redacted>") == found(f"{MARK}short") == found("nothing") == ""


def test_a_text_that_is_nothing_else_is_a_message_and_a_token_is_not() -> None:
    assert read_encoded_alone(f"{ENCODED[:100]}\n{ENCODED[100:]}") == ENCODED
    for other in (f"IQoJ{ENCODED}", ENCODED[:50], f"{ENCODED} word", "a" * 300):
        assert read_encoded_alone(other) == ""
