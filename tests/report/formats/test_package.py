"""`schema report`: every report fits it, what is no report does not, and it knows every field that there is."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from koding_audit.cli import main
from koding_audit.report import formats
from tests.report.formats.reports import GOLDEN, REPORTS, rendered

SCHEMA = formats.report_schema()
GOOD = json.loads((GOLDEN / "full.json").read_text(encoding="utf-8"))


def test_it_is_a_schema_and_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert main(["schema", "report"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_every_report_fits_and_has_no_field_that_the_schema_does_not_know(name: str) -> None:
    report = json.loads(rendered("json", REPORTS[name]))
    jsonschema.Draft7Validator(SCHEMA).validate(report)
    jsonschema.Draft7Validator(closed(SCHEMA)).validate(report)


def closed(schema: Any) -> Any:
    """The schema with no room for a field that it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: closed(each) for name, each in schema.items()}
    return {**found, "additionalProperties": False} if "required" in schema and "properties" in schema else found


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a report: of lists the first entry, of evidence and parameters nothing within."""
    if path:
        yield path
    if path[-1:] in (("evidence",), ("parameters",)):
        return
    inner = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for name, each in inner:
        yield from places(each, (*path, name))


@pytest.mark.parametrize("path", list(places(GOOD)), ids=lambda path: ".".join(map(str, path)))
def test_a_value_of_another_kind_is_refused_everywhere(path: tuple[Any, ...]) -> None:
    changed = copy.deepcopy(GOOD)
    holder = changed
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = 1.5
    assert not jsonschema.Draft7Validator(SCHEMA).is_valid(changed)
