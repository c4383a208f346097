"""docs/desired-state.md: its examples load, and it names every key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from koding_audit.desired import load_desired
from tests.desired.files import write

TEXT = (Path(__file__).parents[2] / "docs" / "desired-state.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == TEXT.count("```yaml") > 5


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_is_a_whole_file_that_loads(tmp_path: Path, example: str) -> None:
    assert load_desired([write(tmp_path, example)]).files


def test_the_first_and_the_other_file_of_the_page_load_together(tmp_path: Path) -> None:
    more = next(example for example in EXAMPLES if "linus" in example)
    desired = load_desired([write(tmp_path, EXAMPLES[0], "0.yaml"), write(tmp_path, more, "1.yaml")])
    assert list(desired.users) == ["koding-user", "linus", "margaret"]


def test_what_the_page_says_of_limits_is_so(tmp_path: Path) -> None:
    [example] = [example for example in EXAMPLES if "user_defaults" in example]
    limits = load_desired([write(tmp_path, example)]).users["deploy"].access_keys
    assert limits is not None
    assert (limits.max_active, limits.max_age_days, limits.unused_days) == (1, 30, 45)
