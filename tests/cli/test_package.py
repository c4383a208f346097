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


def test_a_wrong_command_line_loads_no_command() -> None:
    script = (
        "import sys, json\n"
        "from koding_audit.cli import main\n"
        "print(json.dumps([main(['scan', '--nope']), 'koding_audit.cli.dispatch' in sys.modules]))\n"
    )
    assert json.loads(told_by(script)) == [2, False]
