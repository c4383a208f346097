"""The hook that checks desired-state files before they are committed, as pre-commit runs it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import yaml

from tests.endtoend.harness import CHECKOUT, GUIDE

HOOKS = yaml.safe_load((CHECKOUT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
(HOOK,) = (each for each in HOOKS if each["id"] == "koding-audit-validate")


def hooked(folder: Path, *files: str) -> subprocess.CompletedProcess[str]:
    """The entry with the files after it, from the repository's root."""
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(folder)}
    line = [*shlex.split(HOOK["entry"]), *files]
    return subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_each_file_is_checked_by_itself_and_a_wrong_one_fails_with_its_line(tmp_path: Path) -> None:
    guide = Path(GUIDE).read_text(encoding="utf-8")
    for name in ("one", "an other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "koding-audit.yaml").write_text(guide)
    (tmp_path / "wrong.yaml").write_text("version: 1\ngruops: {}\n")
    right = ("one/koding-audit.yaml", "an other/koding-audit.yaml")
    assert hooked(tmp_path, *right).returncode == 0
    done = hooked(tmp_path, *right, "wrong.yaml")
    assert (done.returncode, "wrong.yaml:2:1" in done.stderr) == (2, True)


def test_without_more_it_is_for_the_files_that_a_scan_finds() -> None:
    assert re.search(HOOK["files"], "iam/koding-audit.yaml")
    assert re.search(HOOK["files"], "koding-audit.yaml")
    assert not re.search(HOOK["files"], "my-koding-audit.yaml")
