"""The examples that `--help` prints are commands that the parser takes."""

from __future__ import annotations

import re
import shlex

import pytest

from koding_audit.cli.examples import EXAMPLES
from koding_audit.cli.parser import build_parser


@pytest.mark.parametrize("line", re.findall(r"^  koding-audit (.+?)  +\S", EXAMPLES, re.MULTILINE))
def test_an_example_is_a_command_that_the_parser_takes(line: str) -> None:
    assert build_parser().parse_args(shlex.split(line)).command == line.split(maxsplit=1)[0]


def test_the_examples_end_with_what_the_exit_statuses_mean() -> None:
    assert EXAMPLES.rstrip().splitlines()[-1].startswith("exit status: 0 ")
