"""The hooks that check desired-state files and stack scripts before they are committed, as pre-commit runs them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.endtoend.harness import CHECKOUT, GUIDE

HOOKS = yaml.safe_load((CHECKOUT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
(HOOK,) = (each for each in HOOKS if each["id"] == "koding-audit-validate")
(OFFLINE,) = (each for each in HOOKS if each["id"] == "koding-audit-stack-offline")


def hooked(folder: Path, *files: str, hook: dict[str, Any] = HOOK) -> subprocess.CompletedProcess[str]:
    """The entry with its arguments and the files after it, from the repository's root."""
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(folder)}
    line = [*shlex.split(hook["entry"]), *files]
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


def test_a_stack_that_cannot_be_built_is_not_committed_and_no_account_is_asked(tmp_path: Path) -> None:
    (tmp_path / "koding-audit.yaml").write_text(Path(GUIDE).read_text(encoding="utf-8"))
    (tmp_path / "a stack.yml").write_text((CHECKOUT / "policies" / "stacks" / "web.yml").read_text(encoding="utf-8"))
    (tmp_path / "none.json").write_text('{"resource": {}}')
    done = hooked(tmp_path, "koding-audit.yaml", "demo", "a stack.yml", hook=OFFLINE)
    assert (done.returncode, done.stdout.splitlines()[0]) == (
        1,
        "Cannot be built: koding-user is not a member of Developers",
    )
    assert hooked(tmp_path, "koding-audit.yaml", "demo", "none.json", hook=OFFLINE).returncode == 0
    assert hooked(tmp_path, "koding-audit.yaml", "snapshot:lost.json", "none.json", hook=OFFLINE).returncode == 2


def test_the_offline_hook_is_for_stack_scripts() -> None:
    assert all(re.search(OFFLINE["files"], name) for name in ("a.yml", "b/c.yaml", "d.json", "e.tf", "e.tf.json"))
    assert not re.search(OFFLINE["files"], "README.md")
