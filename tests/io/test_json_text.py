"""Claims about JSON that comes from a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from koding_audit.io import json_text
from koding_audit.io.json_text import (
    Item,
    format_time,
    locate_duplicate_key,
    locate_in_json,
    parse_json,
    parse_json_lazily,
    write_json,
)
from koding_audit.model.errors import InputError
from koding_audit.model.location import Location

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.slow
@given(VALUES, st.sampled_from([None, 2]))
@example("\x7f\x1b\u202e", None)
def test_what_is_written_is_printable_ascii_and_is_read_back(value: object, indent: int | None) -> None:
    text = write_json(value, indent=indent)
    usual = json.dumps(value, indent=indent, separators=(",", ":" if indent is None else ": "))
    assert text == usual.replace("\x7f", "\\u007f")
    assert all(line.isascii() and (line.isprintable() or not line) for line in text.split("\n"))
    assert parse_json(text, "x") == value


@given(st.text() | st.text(alphabet='[]{}",:0123456789truefalsn.-+eE \n\\'))
@example("[" * 100_000)
@example("9" * 5000)
@example('{"a": NaN}')
@example("\ufeff{}")
@example("1e999")
@example("")
def test_any_text_is_a_value_or_a_named_refusal(text: str) -> None:
    refused = None
    try:
        parse_json(text, "x.json")
    except InputError as error:
        refused = error
    assert refused is None or refused.location is not None


OBJECTS = st.dictionaries(st.sampled_from("abc") | st.text(), VALUES, min_size=1)


@pytest.mark.slow
@given(OBJECTS, st.sampled_from([None, 2]))
@example({"a": [], "b": 1}, 2)
@example({"b": {"a": [1]}, "a": [[2], {"a": [3]}]}, None)
def test_a_list_that_is_read_apart_and_what_is_around_it_are_the_whole(
    value: dict[str, Any], indent: int | None
) -> None:
    text = write_json(value, indent=indent)
    around, items = parse_json_lazily(text, "x", "a")
    assert isinstance(around, dict)
    if isinstance(value.get("a"), list):
        assert around["a"] == []
        assert {**around, "a": list(items)} == value
    else:
        assert (around, items) == (value, ())


@pytest.mark.parametrize(("text", "parses"), [('{"a": [{"b": 1}], "c": 2}', 1), ('{"a": [{"b": 1}, {"b": 2}]}', 4)])
def test_a_list_of_one_item_is_parsed_once(text: str, parses: int, monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[str] = []
    reject = json_text._reject_duplicates
    monkeypatch.setattr(
        json_text, "_reject_duplicates", lambda pairs: keys.extend(name for name, _ in pairs) or reject(pairs)
    )
    _, items = parse_json_lazily(text, "x", "a")
    assert list(items) == json.loads(text)["a"]
    assert keys.count("b") == parses


@pytest.mark.slow
@given(OBJECTS, st.data())
@example({"a": [float(1)]}, None)
def test_what_is_refused_whole_is_refused_with_the_same_words_where_a_list_is_read_apart(
    value: dict[str, Any], data: st.DataObject | None
) -> None:
    text = write_json({"a": [1], **value})
    at = data.draw(st.integers(0, len(text) - 1)) if data else len(text) - 2
    broken = (
        text[:at] + (data.draw(st.sampled_from(["", ",", "]", "NaN", '"', "x"])) if data else "NaN") + text[at + 1 :]
    )
    assert _told(lambda: parse_json_lazily(broken, "x", "a")[0]) == _told(lambda: parse_json(broken, "x"))


def _told(read: Callable[[], object]) -> tuple[str, Location | None] | None:
    try:
        read()
    except InputError as error:
        return error.message, error.location
    return None


def test_a_file_that_is_cut_short_is_told_with_line_and_column() -> None:
    with pytest.raises(InputError, match="not JSON") as caught:
        parse_json('{"a": 1,\n "b": [1, 2', "x.json")
    assert caught.value.location is not None
    assert (caught.value.location.path, caught.value.location.line, caught.value.location.column) == ("x.json", 2, 12)


def test_a_key_that_is_there_twice_is_refused() -> None:
    with pytest.raises(InputError, match=r'^duplicate key "a"$') as caught:
        parse_json('{"a": 1,\n "a": 2}', "x.json")
    assert caught.value.location == Location("x.json", 2, 2)


@pytest.mark.parametrize(
    ("read", "hint"),
    [
        (lambda text: parse_json(text, "x.json"), "remove one of them"),
        (lambda text: parse_json(text, "x.json", is_own=True), "the file was edited"),
        (lambda text: parse_json_lazily(text, "x.json", "audits"), "the file was edited"),
    ],
    ids=["another file", "own", "report"],
)
@pytest.mark.parametrize(
    ("text", "column"), [('{"a": 1, "audits": [{"b": [{"c": 1, "c": 1}]}]}', 37), ('{"audits": [], "audits": []}', 16)]
)
def test_a_repeated_key_in_a_file_of_this_tool_is_an_edit(
    read: Callable[[str], object], hint: str, text: str, column: int
) -> None:
    with pytest.raises(InputError, match=r"^duplicate key") as caught:
        read(text)
    assert caught.value.hint.startswith(hint)
    assert caught.value.location == Location("x.json", 1, column)


@given(VALUES, st.sampled_from([None, 2]), st.data())
def test_every_value_of_a_text_is_found_by_its_name(value: object, indent: int | None, data: st.DataObject) -> None:
    """By the names that messages use. A name that two values share (`a.b`) is the first one's or the other's."""
    text = json.dumps(value, indent=indent)
    name, inner = "", value
    member: str | None = None
    while inner and isinstance(inner, (dict, list)):
        if isinstance(inner, dict):
            member = data.draw(st.sampled_from(sorted(inner)))
            name, inner = f"{name}.{member}" if name else member, inner[member]
        else:
            index = data.draw(st.integers(0, len(inner) - 1))
            name, inner, member = f"{name}[{index}]", inner[index], None
    place = locate_in_json(text, "x.json", name)
    rest = "\n".join(text.split("\n")[place.line - 1 :])[place.column - 1 :]
    found = json.JSONDecoder().raw_decode(rest)[0]
    assert place.path == "x.json"
    if all(sign not in name for sign in '."') and member not in ("", None):
        assert found == member
    elif member is None and "." not in name:
        assert found == inner


def test_what_is_not_there_is_placed_at_what_would_hold_it() -> None:
    text = '{"a": 1,\n "b": [{}, {"c": 2}]}'
    for where, line, column in (("b[1].d", 2, 12), ("b[7]", 2, 2), ("z", 1, 1), ("ab", 1, 1), ("b[1].c.d", 2, 13)):
        place = locate_in_json(text, "x.json", where)
        assert (place.line, place.column) == (line, column), where


def test_a_key_that_is_there_twice_is_placed_at_the_second() -> None:
    place = locate_duplicate_key('{"a": {"b": 1},\n "c": [{"b": 1},\n {"b": 1, "b": 2}]}', "x.json")
    assert (place.line, place.column) == (3, 11)
    assert (locate_duplicate_key("{}", "x.json").line, locate_duplicate_key("", "x.json").column) == (1, 1)


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("NaN", "NaN is not a JSON value"),
        ("-Infinity", "-Infinity is not a JSON value"),
        ("1e999", "a number is too large"),
        ("-1.5e400", "a number is too large"),
        ("9" * 5000, "a number has more than 100 digits"),
    ],
)
def test_what_is_no_number_here_is_refused_at_its_place(word: str, problem: str) -> None:
    with pytest.raises(InputError, match=f"^{problem}$") as caught:
        parse_json(f'{{"NaN": "1e999",\n "b": [{word}]}}', "x.json")
    assert caught.value.location == Location("x.json", 2, 8)


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"b":'])
def test_a_text_that_is_nested_too_deeply_is_told_where(opening: str) -> None:
    with pytest.raises(InputError, match="nested too deeply") as caught:
        parse_json(opening * 100_000, "x.json")
    assert caught.value.location is not None
    assert caught.value.location.column > 500


def test_nan_is_never_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(float("nan"))


@pytest.mark.parametrize(
    ("method", "good", "bad"),
    [
        ("text", "", [1, None, True, [], {}]),
        ("integer", 3, ["3", True, 3.0, None]),
        ("boolean", False, [0, "false", None]),
        ("time", "2026-11-23T20:00:00Z", ["2026-11-23", "2026-13-23T20:00:00Z", "2026-11-23T20:00:00+01:00", 5, None]),
        ("items", [], [{}, "", None]),
        ("mapping", {}, [[], "", None]),
    ],
)
def test_each_type_is_checked(method: str, good: object, bad: list[object]) -> None:
    getattr(Item(good, "x"), method)()
    for value in bad:
        with pytest.raises(InputError, match="must be"):
            getattr(Item(value, "x"), method)()


def test_a_refusal_names_the_file_and_the_item() -> None:
    item = (
        Item({"principals": [{"arn": 5}]}, "x.json").fields("principals")["principals"].items()[0].fields("arn")["arn"]
    )
    with pytest.raises(InputError) as caught:
        item.text()
    assert caught.value.message == "x.json: principals[0].arn: must be text"


def test_missing_and_unknown_keys_are_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"^x: arn: missing$"):
        Item({}, "x").fields("arn")
    with pytest.raises(InputError, match=r'^x: unknown key "role\\u202e"$'):
        Item({"role\u202e": 1}, "x").fields()


def test_a_choice_says_what_there_is() -> None:
    with pytest.raises(InputError, match="must be one of user, group"):
        Item(["user"], "x").choice(("user", "group"))


@pytest.mark.parametrize("version", [0, -1, 1.0, True, "1", None, [1]])
def test_a_version_that_is_none_is_refused(version: object) -> None:
    with pytest.raises(InputError, match="version: must be 1"):
        Item({"kind": "k", "version": version}, "x").file_fields("k", 1)


def test_a_newer_version_is_refused_before_its_keys_are_looked_at() -> None:
    with pytest.raises(InputError, match="version 2 is newer") as caught:
        Item({"kind": "k", "version": 2, "more": 1}, "x").file_fields("k", 1)
    assert caught.value.hint == "upgrade koding-audit to read it"


def test_another_kind_of_file_is_refused() -> None:
    with pytest.raises(InputError, match="this is not a k"):
        Item(json.loads('{"kind": "other", "version": 2}'), "x").file_fields("k", 1)


@given(st.datetimes(timezones=st.just(timezone.utc)))
def test_a_time_is_read_back(time: datetime) -> None:
    assert Item(format_time(time), "x").time() == time


def test_a_time_is_written_in_utc() -> None:
    assert format_time(datetime(2026, 11, 23, 21, 0, tzinfo=timezone(timedelta(hours=1)))) == "2026-11-23T20:00:00Z"
