"""Every module imports alone: none of them needs that another one was imported before it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unmeasured import told_by

CHECKOUT = Path(__file__).parent.parent
PACKAGE = CHECKOUT / "koding_audit"

# Forks a child for each name, which imports that one and nothing of ours before it. What they import that is not ours
# is imported before the forks, so that it is loaded once; a first child, which imports everything, lists it.
IMPORTING = """
import gc, importlib, os, sys, tempfile, traceback

def imported(name):
    try:
        importlib.import_module(name)
    except BaseException:
        return traceback.format_exc()

def is_ours(name):
    return name.partition(".")[0] == "koding_audit"

gc.disable()
names = sys.argv[1:]
with tempfile.TemporaryFile("w+") as told:
    if not (child := os.fork()):
        for name in names:
            imported(name)
        print(*sys.modules, file=told, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    told.seek(0)
    others = [name for name in told.read().split() if not is_ours(name)]
for name in others:
    imported(name)
assert not any(map(is_ours, sys.modules))
gc.freeze()
for name in names:
    if not (child := os.fork()):
        wrong = imported(name)
        if wrong:
            print("---", name, wrong, flush=True)
        os._exit(bool(wrong))
    if os.waitpid(child, 0)[1]:
        print("---", name, "does not import alone", flush=True)
"""


def modules() -> list[str]:
    """The dotted name of every module and package of the tool."""
    paths = (path.relative_to(CHECKOUT).with_suffix("") for path in PACKAGE.rglob("*.py"))
    return sorted(".".join(path.parts).removesuffix(".__init__") for path in paths)


@pytest.mark.slow
def test_every_module_imports_alone() -> None:
    names = modules()
    assert "koding_audit.__main__" in names
    command = [sys.executable, "-W", "ignore", "-c", IMPORTING, *names]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=900, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


OFFLINE = ("logging", "concurrent.futures", "email.utils", "socket", "ssl", "difflib", "koding_audit.aws.call")
UNUSED = ("difflib", "moto", "unittest", "asyncio", "koding_audit.remediation.recovery")
"""Modules that take milliseconds, and that a command without a call to AWS, and a scan of the demo, do not use."""


@pytest.mark.parametrize(
    ("arguments", "unused"),
    [
        (["validate", "policies/koding.yaml"], OFFLINE),
        (["explain"], OFFLINE),
        (["scan", "policies/koding.yaml", "--source", "demo"], UNUSED),
    ],
    ids=["validate", "explain", "scan"],
)
def test_a_command_does_not_load_what_it_does_not_use(arguments: list[str], unused: tuple[str, ...]) -> None:
    script = (
        "import sys\n"
        "from koding_audit.cli import main\n"
        f"assert main({arguments!r}) in (0, 1)\n"
        f"print([name for name in {unused!r} if name in sys.modules])\n"
    )
    assert told_by(script) == "[]"
