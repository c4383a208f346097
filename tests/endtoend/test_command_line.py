"""Command lines that cannot be meant: each is one clear error and status 2, before anything is read or written.

What each option takes is in tests/cli/test_parser.py; who may write, in test_refusals.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks import serving
from koding_audit.cli import main
from tests.endtoend.harness import ACCOUNT, PINNED, Command

WIDE = 120_000  # Linux takes no longer argument
SCAN = "version: 1\npolicy_sets: {s: {policies: [ReadOnlyAccess]}}\ngroups: {Developers: {required: [s]}}\n"


@pytest.fixture(scope="module")
def guided() -> Iterator[str]:
    """The address of an account that lacks what the file above wants."""
    with serving.server(0, 1) as url:
        yield url


Said = Callable[..., str]


@pytest.fixture
def refused(
    guided: str,
    aws_environment: pytest.MonkeyPatch,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Said:
    """Runs a command over that account in a folder with a file.yaml; what it says, after it ended with 2, in a line."""
    monkeypatch.chdir(tmp_path)
    Path("file.yaml").write_text(SCAN, encoding="utf-8")

    def run(*said: str) -> str:
        serving.control(guided, "calls")
        assert main([*said, "--endpoint-url", guided]) == 2
        assert serving.control(guided, "calls") == []
        printed = capsys.readouterr().err
        assert "Traceback" not in printed
        assert "error: unexpected" not in printed
        assert len([line for line in printed.splitlines() if "error: " in line]) == 1
        return printed

    return run


# --- options ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (["--fxi"], "the nearest is --fix; see `koding-audit scan --help`"),
        (["--prof", "x"], "the nearest is --profile"),
        (["--max-change=3"], "the nearest is --max-changes"),
        (["--zzzzz"], "for a file of that name, write ./--zzzzz"),
        (["-x.yaml"], "for a file of that name, write ./-x.yaml"),
        (["--timeout", "--"], "--timeout: expected one argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_option_that_there_is_not_is_told_with_the_nearest(said: list[str], told: str, refused: Said) -> None:
    assert told in refused("scan", "file.yaml", *said)


def test_a_file_whose_name_begins_like_an_option_can_be_named(refused: Said) -> None:
    Path("-x.yaml").write_text("version: 2\n", encoding="utf-8")
    assert "-x.yaml:1:10: error:" in refused("scan", "./-x.yaml")


def test_after_two_hyphens_everything_is_a_file(run: Command) -> None:
    (run.home / "-x.yaml").write_text(SCAN, encoding="utf-8")
    line = ["scan", "--endpoint-url", run.url, "--", "-x.yaml"]
    run.url = ""
    assert run(*line).status == 1
    assert "--fix:1:1: error: the file cannot be read" in run(*line, "--fix").stderr


@pytest.fixture
def run(tmp_path: Path, guided: str) -> Command:
    return Command(tmp_path, guided)


@pytest.mark.parametrize(
    "said",
    [
        ["scan", "x" * WIDE],
        ["scan", "file.yaml", "--profile", "x" * WIDE],
        ["scan", "file.yaml", "--only", "x" * WIDE],
        ["scan", "file.yaml", "--output", f"json:{'x' * WIDE}"],
        ["scan", "file.yaml", f"--{'x' * WIDE}"],
        ["scan", "file.yaml", "--account", "x" * WIDE],
        ["scan", "file.yaml", "--region", "x" * WIDE],
        ["scan", "file.yaml", "--with", "x" * WIDE],
        ["scan", "file.yaml", "--source", "x" * WIDE],
        ["plan", "file.yaml", "--out", "x" * WIDE],
    ],
    ids=lambda said: " ".join(each[:12] for each in said),
)
def test_an_argument_as_wide_as_the_system_takes_is_refused_in_a_short_line(said: list[str], refused: Said) -> None:
    assert len(refused(*said)) < 12_000


@pytest.mark.parametrize("option", ["--timeout", "--max-changes"])
@pytest.mark.parametrize("value", ["-1", "1e9", "9" * 30, "", "nan", "0x10", "\u0661"])
def test_a_limit_that_is_no_number_in_its_bounds_is_refused(option: str, value: str, refused: Said) -> None:
    assert f"{option}: {value!r} is not a number of" in refused(
        "scan", "file.yaml", "--fix", "--dry-run", option, value
    )


# --- what is written, and where -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("file.yaml", "is a file that this run reads or writes"),
        ("./sub/../file.yaml", "is a file that this run reads"),
        ("link.yaml", "is a file that this run reads"),
        ("scp.json", "is a file that this run reads"),
        ("-", "or json alone for standard output"),
        ("", "or json alone for standard output"),
        (".", "is not a regular file"),
        ("sub", "is not a regular file"),
        ("new/", "is not a regular file"),
        ("nowhere/report.json", "nowhere is not a writable folder"),
        ("file.yaml/report.json", "file.yaml is not a writable folder"),
    ],
)
def test_a_report_that_has_no_place_of_its_own_is_refused_before_anything_is_read(
    path: str, told: str, refused: Said
) -> None:
    Path("sub").mkdir()
    Path("link.yaml").symlink_to("file.yaml")
    Path("scp.json").write_text('{"Version": "2012-10-17", "Statement": []}', encoding="utf-8")
    assert told in refused("scan", "file.yaml", "--scp", "scp.json", "--output", f"json:{path}")
    assert Path("file.yaml").read_text(encoding="utf-8") == SCAN


def test_two_reports_are_not_written_over_each_other(refused: Said) -> None:
    told = refused("scan", "file.yaml", "--output", "json:report", "--output", "table:./report")
    assert "./report is the file of another report" in told


def test_a_default_file_is_not_written_over_either(refused: Said) -> None:
    Path("koding-audit.yaml").write_text(SCAN, encoding="utf-8")
    assert "is a file that this run reads" in refused("scan", "--output", "json:koding-audit.yaml")


@pytest.mark.parametrize("command", [["plan", "file.yaml"], ["snapshot"]], ids=["plan", "snapshot"])
@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("file.yaml", "already exists"),
        (".", "already exists"),
        ("/dev/full", "already exists"),
        ("-", "only a report can go to standard output"),
        ("", "an empty name is not a file name"),
        ("new/", "not a file name"),
        ("nowhere/new", "is not a folder"),
    ],
)
def test_what_is_saved_is_a_new_file_or_nothing(command: list[str], path: str, told: str, refused: Said) -> None:
    assert told in refused(*command, "--out", path)
    assert Path("file.yaml").read_text(encoding="utf-8") == SCAN


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("file.yaml", "already exists"),
        ("/dev/full", "already exists"),
        ("-", "only a report"),
        ("new/", "not a file name"),
    ],
)
def test_a_journal_is_a_new_file_and_that_is_told_before_anything_is_read(path: str, told: str, refused: Said) -> None:
    assert told in refused("scan", "file.yaml", "--fix", "--yes", *PINNED, "--journal", path)


# --- plans --------------------------------------------------------------------------------------


def made_plan(run: Command) -> str:
    (run.home / "file.yaml").write_text(SCAN, encoding="utf-8")
    assert run("plan", "file.yaml", "--out", "made.plan").status == 0
    return (run.home / "made.plan").read_text(encoding="utf-8")


def test_a_plan_that_is_not_what_was_saved_is_refused(run: Command) -> None:
    text = made_plan(run)
    newer = json.dumps({**json.loads(text), "version": 99})
    plans = {
        "of another account": (text.replace(ACCOUNT, "999999999999"), "the plan is for account 999999999999"),
        "edited by hand": (text.replace("ReadOnlyAccess", "AdministratorAccess"), "differs from one that is made now"),
        "truncated": (text[: len(text) // 2], "not JSON"),
        "empty": ("", "not JSON"),
        "of a newer version": (newer, "version 99 is newer than this koding-audit supports"),
        "no plan": (SCAN, "not JSON"),
    }
    for name, (changed, told) in plans.items():
        path = run.home / "changed.plan"
        path.write_text(changed, encoding="utf-8")
        result = run("apply", str(path), "--yes", *PINNED)
        assert result.status == 2, name
        assert told in result.stderr, name
        assert "; " in result.stderr.splitlines()[-1], name  # a next step
        assert "Traceback" not in result.stderr, name
        assert not {call[1] for call in serving.control(run.url, "calls")} & {"AttachGroupPolicy"}, name


@pytest.mark.parametrize("path", ["-", "/dev/full", "/dev/zero", ".", "nowhere.plan"])
@pytest.mark.parametrize("command", ["apply", "undo"])
def test_a_plan_or_a_journal_that_is_no_file_is_refused_and_not_waited_for(
    command: str, path: str, refused: Said
) -> None:
    assert f"{path}:1:1: error: " in refused(command, path, "--yes", *PINNED)


def test_a_report_over_the_plan_that_is_applied_is_refused(run: Command) -> None:
    made = made_plan(run)
    result = run("apply", "made.plan", "--dry-run", "--output", "json:made.plan")
    assert result.status == 2
    assert "is a file that this run reads" in result.stderr
    assert (run.home / "made.plan").read_text(encoding="utf-8") == made
