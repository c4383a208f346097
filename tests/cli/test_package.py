"""`main`: what ends before any command is loaded."""

from __future__ import annotations

import json

import pytest

from koding_audit.cli import main
from tests.unmeasured import told_by


@pytest.mark.parametrize(("said", "status"), [(["--version"], 0), (["scan", "--help"], 0), (["scan", "--nope"], 2)])
def test_the_status_of_what_the_parser_ends(said: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(said) == status
    capsys.readouterr()


@pytest.mark.parametrize("said", [["scan", "a\ud800"], ["\udfff"], ["scan", "--output=json:\ud800"]])
def test_an_argument_that_is_no_text_is_refused_in_a_line(said: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(said) == 2
    printed = capsys.readouterr().err
    assert "is not valid text; see `koding-audit --help`" in printed
    assert printed.isascii()


def test_an_argument_with_bytes_of_another_encoding_is_the_name_of_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "a\udcff.yaml"]) == 2
    assert "the file cannot be read: No such file" in capsys.readouterr().err


def test_a_wrong_command_line_loads_no_command() -> None:
    script = (
        "import sys, json\n"
        "from koding_audit.cli import main\n"
        "print(json.dumps([main(['scan', '--nope']), 'koding_audit.cli.dispatch' in sys.modules]))\n"
    )
    assert json.loads(told_by(script)) == [2, False]
