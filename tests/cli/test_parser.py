"""The command line: what it accepts, its values, and its errors."""

from __future__ import annotations

import re

import pytest

from koding_audit import __version__, plugins
from koding_audit.cli import main
from koding_audit.cli.commands import SUMMARIES as COMMANDS
from koding_audit.cli.parser import build_parser
from tests.unmeasured import told_by


def test_scan_alone_reads_the_live_account_and_writes_nothing() -> None:
    options = build_parser().parse_args(["scan"])
    assert (options.files, options.source, options.output, options.fail_on) == ([], "live", [], "warning")
    switches = ("fix", "create", "replace", "yes", "dry_run", "exit_zero")
    assert [name for name in switches if getattr(options, name)] == []
    assert (options.with_sets, options.only, options.skip, options.timeout) == ([], [], [], 300.0)


def test_what_is_repeatable_adds_up() -> None:
    said = ["scan", "a.yaml", "b.yaml", "--with", "one", "--with", "two", "--output", "json:x", "--output", "table"]
    options = build_parser().parse_args(said)
    assert options.files == ["a.yaml", "b.yaml"]
    assert options.with_sets == ["one", "two"]
    assert options.output == ["json:x", "table"]


def test_one_run_does_not_leave_options_for_the_next() -> None:
    build_parser().parse_args(["scan", "--only", "policy-missing"])
    assert build_parser().parse_args(["scan"]).only == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ([], "COMMAND"),
        (["scna"], "'scna'"),
        (["scan", "--fxi"], "--fxi"),
        (["scan", "--prof", "x"], "--prof"),
        (["scan", "--account", "12"], "'12' is not an account id, which has 12 digits"),
        (["scan", "--account", "12345678901a"], "12 digits"),
        (["scan", "--account", "\u0661\u0662\u0663456789012"], "12 digits"),
        (["scan", "--timeout", "soon"], "'soon' is not a number of seconds from 1 to 86400"),
        (["scan", "--timeout", "0"], "from 1 to 86400"),
        (["scan", "--timeout", "-1"], "--timeout"),
        (["scan", "--timeout", "nan"], "from 1 to 86400"),
        (["scan", "--timeout", "86401"], "from 1 to 86400"),
        (["scan", "--fail-on", "everything"], "'everything'"),
        (["plan", "x.yaml"], "--out"),
        (["apply"], "PLAN"),
        (["undo"], "JOURNAL"),
        (["snapshot"], "--out"),
        (["demo", "--fix"], "--fix"),
        (["schema", "x"], "x"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_command_line_is_one_line_that_says_where_to_look(
    said: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(said) == 2
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert line.startswith("error: ")
    assert told in line
    assert "--help`" in line
    assert printed.out == ""


def test_a_control_character_on_the_command_line_does_not_reach_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["scan", "--\x1b[31m"]) == 2
    assert "\\x1b[31m" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["1", "86400", "0001", "1.5"])
def test_a_timeout_may_be_a_second_or_a_day(seconds: str) -> None:
    assert 1 <= build_parser().parse_args(["scan", "--timeout", seconds]).timeout <= 86_400


def test_help_and_version_are_status_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"koding-audit {__version__}\n"
    assert main(["--help"]) == 0
    assert "exit status: 0" in capsys.readouterr().out


def test_every_command_has_a_module_and_each_module_is_a_command() -> None:
    assert sorted(COMMANDS) == plugins.plugin_names("cli.commands")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_is_for_by_one_sentence_and_examples(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    module = plugins.load_plugin("cli.commands", command)
    assert COMMANDS[command] == module.SUMMARY
    assert callable(module.run)
    assert module.EXAMPLES
    assert {said.partition(" ")[0] for said, _ in module.EXAMPLES} == {command}
    assert main([command, "--help"]) == 0
    assert f"usage: koding-audit {command} [-h]" in capsys.readouterr().out


def test_help_shows_the_commands_in_their_order_and_loads_none(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    shown = re.findall(r"^    ([a-z]+)\s", capsys.readouterr().out, re.MULTILINE)
    assert shown == list(COMMANDS)
    script = (
        "import sys\n"
        "from koding_audit.cli import main\n"
        "main(['--help'])\n"
        "print([name for name in sys.modules if name.startswith('koding_audit.cli.commands.')])\n"
    )
    assert told_by(script) == "[]"


def test_only_the_command_that_is_said_is_loaded_and_its_help_does_no_work() -> None:
    script = (
        "import sys\n"
        "from koding_audit.cli import main\n"
        "main(['can', '--help'])\n"
        "print(sorted(name for name in sys.modules if name.startswith(('koding_audit.cli.commands.',"
        " 'koding_audit.cli.handlers', 'koding_audit.scan'))))\n"
    )
    assert told_by(script) == "['koding_audit.cli.commands.can']"


@pytest.mark.parametrize("columns", ["20", "500"])
def test_help_is_the_same_in_any_terminal(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["scan", "--help"])
    usual = capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", columns)
    main(["scan", "--help"])
    assert capsys.readouterr().out == usual
    assert max(map(len, usual.splitlines())) <= 100
    assert "./koding-audit.yaml," in usual


def test_the_formats_that_help_names_are_those_on_disk(capsys: pytest.CaptureFixture[str]) -> None:
    main(["scan", "--help"])
    assert f"FORMAT[:PATH]  {', '.join(plugins.plugin_names('report.formats'))};" in capsys.readouterr().out
