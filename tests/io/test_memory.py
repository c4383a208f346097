"""What reading a file may take: measured in a process of its own, with a file that takes twenty times its size."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from koding_audit.io.memory import limit_memory
from koding_audit.model.errors import InputError
from koding_audit.report import history_store
from tests.report.formats.reports import NOW, REPORTS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits all memory of a process"),
]

GUIDE = str(Path(__file__).parents[2] / "policies" / "koding.yaml")
MEASURED = """\
import sys
from koding_audit.cli import main
status = main(sys.argv[1:])
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(status, int(peak.split()[1]) // 1024)
"""


@pytest.fixture(scope="module")
def growing(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A JSON file of 24 MB that takes 600 MB as Python's lists."""
    path = tmp_path_factory.mktemp("growing") / "growing.json"
    path.write_text('{"version": 1, "audits": [[' + "[]," * 8_000_000 + "[]]]}")
    return str(path)


@pytest.fixture(scope="module")
def growing_history(growing: str) -> str:
    """A history in which a run has that as its rules."""
    path = growing.replace(".json", ".db")
    history_store.append_run(path, REPORTS["full"], None, NOW)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE runs SET rules = ?", (Path(growing).read_text(),))
    return path


@pytest.mark.parametrize(
    ("words", "most"),
    [
        (("render", "FILE"), 300),
        (("merge", "FILE", "FILE"), 300),
        (("apply", "FILE"), 300),
        (("undo", "FILE"), 300),
        (("notify", "FILE", "--to", "webhook", "--dry-run"), 300),
        (("scan", GUIDE, "--source", "demo", "--baseline", "FILE"), 300),
        (("can", "--cases", "FILE"), 300),
        (("history", "HISTORY"), 300),
        (("scan", GUIDE, "--source", "snapshot:FILE"), 500),
    ],
    ids=["render", "merge", "apply", "undo", "notify", "baseline", "cases", "history", "snapshot"],
)
def test_a_file_that_takes_more_is_refused_and_the_process_stays_below(
    words: tuple[str, ...], most: int, growing: str, growing_history: str
) -> None:
    command = [each.replace("FILE", growing).replace("HISTORY", growing_history) for each in words]
    done = subprocess.run([sys.executable, "-c", MEASURED, *command], capture_output=True, text=True, check=False)
    status, megabytes = map(int, done.stdout.split()[-2:])
    assert status == 2, done.stderr
    assert "MiB of memory" in done.stderr
    assert megabytes < most


def test_what_fits_is_read_and_the_limit_ends_with_the_block() -> None:
    with limit_memory("x", 1):
        assert len(bytearray(1 << 20)) == 1 << 20
    assert len(bytearray(200 << 20)) == 200 << 20


def test_what_does_not_fit_is_an_error_that_names_the_file() -> None:
    with pytest.raises(InputError, match=r"big\.json takes more than 1 MiB of memory"), limit_memory("big.json", 1):
        bytearray(200 << 20)
