"""Names that a person may take for guards.yaml, and names of other files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koding_audit.desired.guards_names import has_guard_and_format, is_copy_of_guards, is_misnamed_guards_file

MISNAMED = [
    *("guards", "guard.yaml", "guards.yml", "Guards.yaml", "GUARDS.YAML", ".guards.yaml", "_guards.yml"),
    *("guards.yaml ", "guards(1).yaml", "guards (1).yaml", "guards 1.yaml", "guards1.yaml"),
    *("guards..yaml", "guards.ymal", "guards.yam", "guardes.yaml", "gaurds.yaml", "gurds.yaml"),
    *("gruads.yaml", "guards_yaml", "guards-yaml", "guardsyaml", "gua-rds.yaml", "guards.json"),
    *("guards.json5", "guards.jsonc", "guards.toml", "guards.txt", "guards.yaml.txt", "guards.yaml.any"),
    *("guards.yaml.bak", "guards.yaml~", "#guards.yaml#", ".guards.yaml.swp", "Copy of guards.yaml"),
    *("guards.old.yaml", "koding-guards.yaml", "koding-audit.guards.yaml", "gu\u0430rds.yaml"),
    *("guards.y\u0430ml", "\u0261uar\u0501\u0455.yaml", "guards\u200b.yaml", "gu\xadards.yaml"),
    *("\uff47\uff55\uff41\uff52\uff44\uff53.yaml", "g\xfaards.yaml", "guards\xa0.yaml"),
    *("guards\udcff.yaml", "gu\u3164ards.yaml", "guards\u3002yaml"),
]
ORDINARY = [
    *("guards.yaml", "", ".", "koding.yaml", "guardduty.yaml", "guardians.yaml", "safeguards.yaml", "boards.yaml"),
    *("guards.py", "guards.md", "guards.tf", "guards-eu.yaml", "team-guards.yaml", "a-guards.yaml", "wards.yml"),
    *("\u0433\u0443\u0430\u0440\u0434\u0441.yaml", "\u6587\u4ef6.yaml", "yaml", "guarded.yaml", "rearguard.json"),
]


@pytest.mark.parametrize("name", MISNAMED, ids=ascii)
def test_each_of_these_looks_like_guards(name: str) -> None:
    assert is_misnamed_guards_file(name)


@pytest.mark.parametrize("name", ORDINARY, ids=ascii)
def test_each_of_these_is_another_file(name: str) -> None:
    assert not is_misnamed_guards_file(name)


def test_a_word_like_guards_and_a_format_make_a_name_whose_content_decides() -> None:
    assert all(map(has_guard_and_format, ["guards-eu.yaml", "team-guards.json", "guards.prod.yml", "gaurds_eu.yaml"]))
    assert not any(map(has_guard_and_format, ["guards.yaml", "guards.py", "guards", "guardduty.yaml", "x.yaml"]))


def test_copies_of_people_and_of_editors_are_copies() -> None:
    assert all(map(is_copy_of_guards, ["guards.yaml.bak", "guards.yaml~", "#guards.yaml#", ".#guards.yaml"]))
    assert is_copy_of_guards(".guards.yaml.swp")
    assert not any(map(is_copy_of_guards, ["guards(1).yaml", "guards.yml", ".guards.yaml", "koding-guards.yaml"]))


@given(st.integers(0, 5), st.sampled_from("xqz?\u0430"), st.sampled_from(["yaml", "yml", "json"]))
def test_one_wrong_letter_is_no_other_name(position: int, letter: str, ending: str) -> None:
    wrong = "guards"[:position] + letter.replace("?", "") + "guards"[position + 1 :]
    assert is_misnamed_guards_file(f"{wrong}.{ending}")


@given(st.text(max_size=30))
def test_no_name_is_too_odd_to_decide_on(name: str) -> None:
    assert is_misnamed_guards_file(name) in (True, False)
    assert has_guard_and_format(name) in (True, False)
