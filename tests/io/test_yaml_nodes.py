"""The tree of a YAML file: what is asked of a mapping, and what an absent key gives."""

from __future__ import annotations

from koding_audit.io.yaml_nodes import (
    MappingEntry,
    MappingNode,
    ScalarNode,
    SequenceNode,
    YamlFile,
    YamlNode,
    mappings_of_files,
)
from koding_audit.model.location import SourceFile
from tests.values import line


def scalar(text: str, *, plain: bool = True) -> ScalarNode:
    return ScalarNode(text, plain, line(2))


def mapping(**entries: YamlNode) -> MappingNode:
    return MappingNode({key: MappingEntry(line(3, 5), node) for key, node in entries.items()}, line(2))


TREE = mapping(path=scalar("/"), closed=scalar("true"), names=SequenceNode((scalar("a"), scalar("b")), line(4)))


def test_a_value_is_found_by_its_key() -> None:
    assert (TREE.text("path"), TREE.is_true("closed"), TREE.is_true("path")) == ("/", True, False)
    assert TREE.scalar("path") == scalar("/")
    assert [each.value for each in TREE.scalars("names")] == ["a", "b"]


def test_a_key_that_is_not_there_gives_nothing() -> None:
    assert (TREE.text("x"), TREE.is_true("x"), TREE.scalar("x"), TREE.node("x")) == ("", False, None, None)
    assert TREE.scalars("x") == ()
    assert list(TREE.mappings("x")) == []


def test_nothing_written_differs_from_an_empty_text() -> None:
    assert scalar("").is_empty
    assert not scalar("", plain=False).is_empty


def test_mappings_of_several_files_come_in_their_order_with_the_place_of_each_name() -> None:
    files = [
        YamlFile(SourceFile(name, ""), (0, number), mapping(groups=mapping(**{name: mapping()})))
        for number, name in enumerate("ab")
    ]
    assert [(name, place) for name, place, _ in mappings_of_files(files, "groups")] == [
        ("a", line(3, 5)),
        ("b", line(3, 5)),
    ]
    assert list(mappings_of_files(files, "users")) == []
