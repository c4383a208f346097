"""`schema`: JSON for an editor."""

from __future__ import annotations

import json

import pytest

from koding_audit.cli import main


def test_the_schema_is_json_for_an_editor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$schema"].startswith("http://json-schema.org/draft-07")
    assert main(["schema", "guards"]) == 0
    assert set(json.loads(capsys.readouterr().out)["properties"]) == {
        "version",
        "protected",
        "forbidden",
        "max_changes",
    }
