"""Every test is run by one of `make test` and `make test-slow`; CI runs both, where only ../shared excuses a skip."""

from __future__ import annotations

import configparser
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared import NOT_HERE

CHECKOUT = Path(__file__).parent.parent
MAKEFILE = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
CI = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")


def recipe(target: str) -> list[str]:
    """The words of a target's only command."""
    found = re.search(rf"^{target}:.*\n\t(.*)\n(?!\t)", MAKEFILE, re.MULTILINE)
    assert found is not None, target
    return shlex.split(found[1])


def test_the_two_targets_run_the_same_but_for_the_marker() -> None:
    ours, others = recipe("test"), recipe("test-slow")
    assert [ours.pop(at := ours.index("-m", 3)), ours.pop(at)] == ["-m", "not slow"]
    assert [others.pop(at := others.index("-m", 3)), others.pop(at)] == ["-m", "slow"]
    assert ours == others == ["$(BIN)/python", "-m", "pytest", "-n", "$(WORKERS)", "--dist", "worksteal"]


def test_nothing_else_says_which_tests_are_run() -> None:
    settings = configparser.ConfigParser()
    settings.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    assert settings["tool:pytest"]["testpaths"] == "tests"
    assert settings["tool:pytest"]["addopts"].split() == ["--strict-markers", "--strict-config", "-ra"]
    assert not {"python_files", "python_functions", "norecursedirs", "collect_ignore"} & set(settings["tool:pytest"])


def test_ci_runs_both_and_allows_no_other_skip() -> None:
    lines = CI.splitlines()
    assert lines[-3:] == ["make check", "make test", "make test-slow"]
    assert "export KODING_AUDIT_NO_SKIP=1" in lines


TESTS = """
import pytest
from tests.shared import needs, SHARED

@pytest.mark.slow
def test_slow(): pass

def test_quick(): pass

@needs(SHARED / "nowhere")
def test_shared(): pass
"""
SKIPS = """
import pytest

def test_program(): pytest.skip("no program")
"""
MODULE = """
import pytest
pytest.importorskip("no_such_module", reason="no module")

def test_module(): pass
"""
ELSEWHERE = """
import pytest
from tests.conftest import pytest as elsewhere

def test_marked(): pass

globals()["pytestmark"] = getattr(elsewhere.mark, "sl" + "ow")
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A folder of tests with this suite's conftest as theirs."""
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n")
    (tmp_path / "test_some.py").write_text(TESTS)
    return tmp_path


def run(suite: Path, *more: str, no_skip: bool = False) -> tuple[int, str]:
    """The status of pytest over a folder, and what it shows."""
    options = ["-q", "-p", "no:cacheprovider", "-c", str(CHECKOUT / "setup.cfg"), "--rootdir", str(suite)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *more, str(suite)],
        cwd=CHECKOUT,
        env={"PATH": "", **({"KODING_AUDIT_NO_SKIP": "1"} if no_skip else {})},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_each_test_is_in_one_of_the_two_and_a_skip_for_shared_is_counted(suite: Path) -> None:
    status, shown = run(suite, "-m", "not slow", no_skip=True)
    assert (status, "1 passed, 1 skipped, 1 deselected" in shown) == (0, True)
    assert f"skipped: 1 for `{NOT_HERE}`" in shown
    status, shown = run(suite, "-m", "slow", no_skip=True)
    assert (status, "1 passed, 2 deselected" in shown) == (0, True)


@pytest.mark.slow
def test_another_skip_is_told_and_in_ci_a_failure(suite: Path) -> None:
    (suite / "test_skips.py").write_text(SKIPS)
    (suite / "test_module.py").write_text(MODULE)
    status, shown = run(suite)
    assert status == 0
    assert f"skipped: 1 for `{NOT_HERE}`, 1 for `no module`, 1 for `no program`" in shown
    status, shown = run(suite, "--continue-on-collection-errors", no_skip=True)
    assert status == 1
    assert "1 failed, 2 passed, 1 skipped, 1 error" in shown
    assert "skipped: no program; KODING_AUDIT_NO_SKIP is set" in shown


@pytest.mark.slow
def test_a_marker_that_the_file_does_not_name_is_refused(suite: Path) -> None:
    (suite / "test_elsewhere.py").write_text(ELSEWHERE)
    status, shown = run(suite, "-m", "not slow")
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "has the marker `slow` from elsewhere" in shown
