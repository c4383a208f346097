"""Values whose methods are made late are, from outside, those of the standard library."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import importlib
import inspect
import pickle
import pkgutil
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import koding_audit
from koding_audit.model import frozen
from koding_audit.model.location import Location, Reference
from tests.unmeasured import told_by


@frozen.dataclass(frozen=True, slots=True)
class Ours:
    name: str
    count: int = 3
    held: Mapping[str, int] = dataclasses.field(default_factory=dict)
    noted: str = dataclasses.field(default="", compare=False)
    weight: tuple[int, ...] = dataclasses.field(default=(), hash=False)

    @property
    def doubled(self) -> int:
        return 2 * self.count


Theirs = dataclasses.make_dataclass(
    "Ours",
    [
        ("name", str),
        ("count", int, 3),
        ("held", Mapping[str, int], dataclasses.field(default_factory=dict)),
        ("noted", str, dataclasses.field(default="", compare=False)),
        ("weight", tuple[int, ...], dataclasses.field(default=(), hash=False)),
    ],
    frozen=True,
    slots=True,
)

FIELDS = {
    "name": st.sampled_from("ab"),
    "count": st.integers(2, 4),
    "held": st.just(()),  # in place of a mapping, which has no hash
    "noted": st.sampled_from("cd"),
    "weight": st.sampled_from([(), (1,)]),
}
GIVEN = st.fixed_dictionaries({"name": FIELDS["name"]}, optional={name: FIELDS[name] for name in list(FIELDS)[1:]})


@given(GIVEN, GIVEN)
def test_equality_hash_and_representation_are_the_standard_librarys(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (Ours(**one) == Ours(**other)) is (Theirs(**one) == Theirs(**other))
    assert repr(Ours(**one)) == repr(Theirs(**one))
    if "held" in one:
        assert hash(Ours(**one)) == hash(Theirs(**one))


@given(GIVEN, GIVEN)
def test_replace_fields_and_asdict_are_the_standard_librarys(given: dict[str, Any], changes: dict[str, Any]) -> None:
    ours, theirs = dataclasses.replace(Ours(**given), **changes), dataclasses.replace(Theirs(**given), **changes)
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert [each.name for each in dataclasses.fields(Ours)] == [each.name for each in dataclasses.fields(Theirs)]
    assert dataclasses.is_dataclass(Ours)


@given(GIVEN, GIVEN)
def test_a_replaced_value_is_what_the_standard_library_makes_of_it(
    given: dict[str, Any], changes: dict[str, Any]
) -> None:
    for usual in (Ours, Theirs):  # with and without methods that are made late
        value = usual(**given)
        assert frozen.replace(value, **changes) == dataclasses.replace(value, **changes)
        assert frozen.replace(value, **changes).noted == dataclasses.replace(value, **changes).noted
    with pytest.raises(TypeError, match="unexpected keyword argument 'unknown'"):
        frozen.replace(Ours("a"), unknown=1)


@pytest.mark.parametrize("arguments", [(), ("a", 1, {}, "", (), "one too many")])
def test_wrong_arguments_are_a_type_error(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match="__init__"):
        Ours(*arguments)
    with pytest.raises(TypeError, match="unexpected keyword argument 'unknown'"):
        Ours("a", unknown=1)  # type: ignore[call-arg]


@pytest.mark.parametrize("before", [0, 1, 20])
def test_an_object_is_made_or_refused_alike_with_and_without_objects_before_it(before: int) -> None:
    @frozen.dataclass(frozen=True, slots=True)
    class Fresh:
        name: str
        count: int = 3
        held: Mapping[str, int] = dataclasses.field(default_factory=dict)
        noted: str = dataclasses.field(default="n", compare=False)

    for _ in range(before):
        assert Fresh("b", held={"c": 1}) == Fresh("b", 3, {"c": 1}, "other")
    for wrong in ((), ("a", 1, {}, "", "one too many")):
        with pytest.raises(TypeError, match=r"Fresh\.__init__"):
            Fresh(*wrong)
    with pytest.raises(TypeError, match="multiple values for argument 'name'"):
        Fresh("a", name="b")  # type: ignore[misc]
    with pytest.raises(TypeError, match="unexpected keyword argument 'unknown'"):
        Fresh("a", unknown=1)  # type: ignore[call-arg]
    assert repr(Fresh("a")).endswith("Fresh(name='a', count=3, held={}, noted='n')")
    assert Fresh("a").held is not Fresh("a").held


def test_nothing_can_be_set_deleted_or_added() -> None:
    value = Ours("a")
    for name in ("name", "unknown"):
        with pytest.raises(dataclasses.FrozenInstanceError, match=f"cannot assign to field '{name}'"):
            setattr(value, name, "b")
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'name'"):
        del value.name  # type: ignore[misc]
    assert not hasattr(value, "__dict__")


def test_a_default_that_is_made_is_made_anew_for_each() -> None:
    assert Ours("a").held == {}
    assert Ours("a").held is not Ours("a").held


def test_properties_match_statements_and_another_class_are_as_usual() -> None:
    match Ours("a", 5):
        case Ours(name, count):
            assert (name, count) == ("a", 5)
    assert Ours("a", 5).doubled == 10
    assert Ours("a") != Theirs("a")
    assert Ours("a") != "a"


def test_copies_and_pickles_are_equal_to_what_they_were_made_from() -> None:
    value = Ours("a", 2, {"b": 1}, "c", (1,))
    for made in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert (made, made.noted) == (value, "c")
    assert copy.deepcopy(value).held is not value.held


def test_a_pickle_can_be_compared_hashed_and_shown_where_no_object_was_made_before() -> None:
    value = pickle.dumps(Reference("a", Location("f", 1, 2)))
    script = (
        f"import pickle; one, two, three = (pickle.loads({value!r}) for _ in range(3))\n"
        "print(one == two, len({two, three}), repr(three).startswith('Reference(name='))"
    )
    assert told_by(script) == "True 1 True"


def test_threads_that_make_the_first_objects_at_once_all_get_whole_ones() -> None:
    for _ in range(20):

        @frozen.dataclass(frozen=True, slots=True)
        class Fresh:
            name: str
            count: int = 3

        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(Fresh, "abababab"))
        assert {each.name: each.count for each in made} == {"a": 3, "b": 3}
        assert len(set(made)) == 2


def test_what_it_cannot_do_is_refused_where_the_class_is_made() -> None:
    class Based(Ours):
        more: str

    with pytest.raises(TypeError, match="Based has a base"):
        frozen.dataclass(frozen=True, slots=True)(Based)
    with pytest.raises(TypeError, match="not frozen"):
        frozen.dataclass(frozen=True, slots=False)


def every_value() -> list[type]:
    """Each class of the package that this makes."""
    found = []
    for info in pkgutil.walk_packages(koding_audit.__path__, "koding_audit."):
        if not info.name.endswith(("__main__", "sources.demo", "policies")):
            module = importlib.import_module(info.name)
            members = [each for each in vars(module).values() if inspect.isclass(each)]
            found += [each for each in members if each.__module__ == info.name and "_given_" in vars(each)]
    return found


def test_no_value_of_the_package_asks_for_what_is_not_done_here() -> None:
    values = every_value()
    assert len(values) > 100
    for value in values:
        assert "__post_init__" not in vars(value), value
        for field in dataclasses.fields(value):
            assert (field.init, field.repr, field.kw_only) == (True, True, False), (value, field.name)
            assert "ClassVar" not in str(field.type), (value, field.name)
            assert "InitVar" not in str(field.type), (value, field.name)


def test_two_threads_may_ask_at_once_what_a_class_looks_like(monkeypatch: pytest.MonkeyPatch) -> None:
    usual, both = dataclasses.dataclass, threading.Barrier(2)

    def slow(**said: Any) -> Any:
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.2)  # until the other one is here too, or waits for its turn
        return usual(**said)

    monkeypatch.setattr(dataclasses, "dataclass", slow)

    @frozen.dataclass(frozen=True, slots=True)
    class Value:
        name: str

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda name: dataclasses.replace(Value(name), name="b"), "ac"))
    assert found == [Value("b"), Value("b")]
