"""Outputs without their wording: after a change of texts everything else has to be as it was."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import yaml

# Fields that hold prose, anywhere in JSON, JSON lines and databases: of them only emptiness is compared.
# Fields that are not named here may not change with the wording.
WORDING: Mapping[str, str] = {
    "message": "JSON report, doctor, history: what is wrong",
    "hint": "JSON report, doctor: what to do about it",
    "why": "can, stack: why a statement decides; the SARIF and JSON reports have it of a rule",
    "detail": "journal: why an entry is not `done`",
    "reason": "gaps of a snapshot and a report: why something was not read (a waiver's reason is not told apart)",
    "headline": "notify --to webhook: the first line",
    "errors": "notify and history: errors as texts; a list of objects is compared, but for their fields named here",
    "text": "SARIF: messages, descriptions, help; Slack: paragraphs",
    "markdown": "SARIF: help of a rule",
    "justification": "SARIF: the waiver of a suppression, as a sentence",
    "description": "JSON Schemas, GitLab's report, CloudFormation: prose",
    "title": "JSON Schemas: what an editor shows",
    "patternErrorMessage": "JSON Schemas: likewise",
}
COLUMNS = ("message", "todo")  # of the CSV report
ATTRIBUTES = ("message",)  # of JUnit's elements; their text is wording too
HUMAN = (".md", ".markdown", ".html", ".table", ".github", ".txt")  # files of which only emptiness is compared
_WORDS = "<words>"
_CSV = "account,severity,status,"


def database(path: Path) -> str:
    """The schema and the rows of a SQLite file, a line of JSON each; JSON in a column is told as such."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as opened:
        opened.row_factory = sqlite3.Row
        about = [dict(row) for row in opened.execute("SELECT name, sql FROM sqlite_master ORDER BY name")]
        pragmas = {name: opened.execute(f"PRAGMA {name}").fetchone()[0] for name in ("user_version", "application_id")}
        tables = [row["name"] for row in about if row["sql"] and row["sql"].startswith("CREATE TABLE")]
        rows = [
            {"table": table, **{name: _opened(row[name]) for name in row.keys()}}  # noqa: SIM118 - of Row, not a dict
            for table in tables
            for row in opened.execute(f'SELECT * FROM "{table}"')
        ]
    return "".join(f"{json.dumps(each)}\n" for each in [pragmas, *about, *rows])


def _opened(value: object) -> object:
    if isinstance(value, str) and value.startswith(("{", "[")):
        return json.loads(value)
    return value


def without_words(name: str, text: str, *, code: bool) -> str:
    """A part of what a step left, without its wording; name: as in Parts, code: a program with comments."""
    if name in ("calls", "exit status"):
        return text
    if not name.startswith("file "):
        return "\n".join(_program(text)) if code and name == "stdout" else _structure(text) or _emptiness(text)
    mode, _, content = text.partition("\n")
    if name.endswith(HUMAN):
        return f"{mode}\n{_emptiness(content)}"
    if name.endswith(".yaml"):
        return f"{mode}\n{_json(yaml.safe_load(content))}"
    return f"{mode}\n{_structure(content) or content}"


def _emptiness(text: str) -> str:
    return "<text>" if text.strip() else ""


def _structure(text: str) -> str:
    """What a program reads of it, "" for what is for people."""
    if text.startswith(_CSV):
        return "\n".join(_rows(text))
    if text.startswith("<?xml"):
        with contextlib.suppress(ET.ParseError):
            return "\n".join(_elements(ET.fromstring(text)))
        return text
    with contextlib.suppress(ValueError):
        return _json(json.loads(text))
    with contextlib.suppress(ValueError):
        return "\n".join(_json(json.loads(line)) for line in text.splitlines())
    return ""


def _json(value: Any) -> str:
    return json.dumps(_masked(value), indent=1)


def _masked(value: Any) -> Any:
    """JSON in which each field of WORDING that is a text, or holds texts, is masked."""
    if isinstance(value, list):
        return [_masked(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {key: _prose(each) if key in WORDING else _masked(each) for key, each in value.items()}


def _prose(value: Any) -> Any:
    if isinstance(value, str):
        return _WORDS if value else ""
    return [_prose(each) for each in value] if isinstance(value, list) else _masked(value)


def _rows(text: str) -> Iterator[str]:
    for row in csv.DictReader(io.StringIO(text)):
        yield _json({key: _prose(each) if key in COLUMNS else each for key, each in row.items()})


def _elements(element: ET.Element) -> Iterator[str]:
    attributes = {key: _prose(each) if key in ATTRIBUTES else each for key, each in element.attrib.items()}
    if element.tag == "testcase" and attributes["classname"] == "koding-audit":
        attributes["name"] = _prose(attributes["name"])  # `the account was audited completely`
    yield f"{element.tag} {attributes} {_emptiness(element.text or '')}"
    for each in element:
        yield from _elements(each)


def _program(text: str) -> Iterator[str]:
    """The lines of a script or of Terraform without comments; CloudFormation as JSON or YAML likewise."""
    for line in _structure(text).split("\n") if _structure(text) else text.split("\n"):
        if line.strip() and not line.lstrip().startswith("#"):
            yield re.sub(r"(error_message\s*=\s*|echo )\".*\"", rf"\1{_WORDS}", line)
