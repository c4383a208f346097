"""The GitHub action that asks about stack scripts: offline, as a process with GitHub's variables."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from koding_audit.stack import hcl_grammar
from tests.endtoend.harness import CHECKOUT, GUIDE

pytestmark = pytest.mark.slow

FOLDER = CHECKOUT / "deploy" / "github" / "stack"
ACTION = yaml.safe_load((FOLDER / "action.yml").read_text(encoding="utf-8"))
WEB = (CHECKOUT / "policies" / "stacks" / "web.yml").read_text(encoding="utf-8")
EIP = '{"resource": {"aws_eip": {"web": {}}}}'
USER = {
    "Path": "/",
    "UserName": "koding-user",
    "UserId": "AIDA1",
    "Arn": "arn:aws:iam::123456789012:user/koding-user",
    "AttachedManagedPolicies": [],
    "UserPolicyList": [
        {
            "PolicyName": "own",
            "PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}},
        }
    ],
    "GroupList": [],
}
SNAPSHOT = {"UserDetailList": [USER], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}


@dataclass(frozen=True)
class Ended:
    status: int
    told: str
    outputs: str
    summary: str


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "stacks").mkdir(parents=True)
    (folder / "koding-audit.yaml").write_text(Path(GUIDE).read_text(encoding="utf-8"))
    (folder / "stacks" / "web.yml").write_text(WEB)
    (folder / "stacks" / "eip.json").write_text(EIP)
    (folder / "snapshot.json").write_text(json.dumps(SNAPSHOT))
    return folder


def run(checkout: Path, *scripts: str, source: str = "snapshot:snapshot.json", **more: str) -> Ended:
    outputs, summary = checkout.parent / "output", checkout.parent / "summary"
    outputs.write_text("")
    summary.write_text("")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(checkout.parent),
        "RUNNER_TEMP": str(checkout.parent),
        "GITHUB_OUTPUT": str(outputs),
        "GITHUB_STEP_SUMMARY": str(summary),
        "STACK_PYTHON": sys.executable,
        "STACK_SCRIPTS": "\n".join(scripts),
        "STACK_FILES": "koding-audit.yaml\n",
        "STACK_SOURCE": source,
        "STACK_PRINCIPAL": "",
    }
    line = ["bash", str(FOLDER / "run.sh")]
    done = subprocess.run(line, cwd=checkout, env={**environment, **more}, capture_output=True, text=True, check=False)
    return Ended(done.returncode, done.stdout + done.stderr, outputs.read_text(), summary.read_text())


def test_a_stack_that_can_be_built_ends_with_0(checkout: Path) -> None:
    ended = run(checkout, "stacks/eip.json")
    assert (ended.status, ended.outputs) == (0, "status=can-be-built\n"), ended.told
    assert "    Can be built" in ended.summary
    assert "::error" not in ended.told


def test_one_that_cannot_is_annotated_with_the_cause_and_all_are_asked_about(checkout: Path) -> None:
    ended = run(checkout, "  stacks/web.yml ", "", "stacks/eip.json")
    assert (ended.status, ended.outputs) == (1, "status=cannot-be-built\n"), ended.told
    assert re.search(r"^::error file=stacks/web.yml,title=koding-audit::Cannot be built: ", ended.told, re.MULTILINE)
    assert "    Cannot be built: " in ended.summary
    assert "    Can be built" in ended.summary


def test_a_script_that_cannot_be_read_is_worse_than_one_that_cannot_be_built(checkout: Path) -> None:
    (checkout / "stacks" / "broken.yml").write_text("resource: [")
    ended = run(checkout, "stacks/broken.yml", "stacks/web.yml")
    assert (ended.status, ended.outputs) == (2, "status=not-known\n"), ended.told
    assert "::error file=stacks/broken.yml," in ended.told


def test_the_demo_is_a_source_and_another_principal_can_be_asked_about(checkout: Path) -> None:
    assert run(checkout, "stacks/web.yml", source="demo").status == 1
    ended = run(checkout, "stacks/eip.json", STACK_PRINCIPAL="role/nobody")
    assert (ended.status, "there is no role nobody" in ended.told) == (1, True)


@pytest.mark.parametrize("source", ["", "live", "snapshot:", "demo --policy"])
def test_no_source_but_a_snapshot_and_the_demo_is_taken(checkout: Path, source: str) -> None:
    ended = run(checkout, "stacks/web.yml", source=source)
    assert (ended.status, ended.outputs) == (2, "status=not-known\n")
    assert "neither snapshot:PATH nor demo" in ended.told


def test_an_input_is_never_an_option_or_a_command(checkout: Path) -> None:
    for script in ("--policy", "$(touch made)", "`touch made`", "; touch made"):
        assert run(checkout, script).status == 2
    assert not (checkout / "made").exists()


def test_without_scripts_or_files_nothing_is_asked(checkout: Path) -> None:
    assert run(checkout, " ").status == 2
    assert run(checkout, "stacks/eip.json", STACK_FILES=" ").status == 2


def test_every_input_reaches_the_script_and_no_script_holds_an_expression() -> None:
    (step,) = (each for each in ACTION["runs"]["steps"] if each.get("id") == "stack")
    used = re.findall(r"inputs\.([\w-]+)", " ".join(step["env"].values()))
    assert set(used) == set(ACTION["inputs"])
    assert all("${{" not in each["run"] for each in ACTION["runs"]["steps"])
    script = (FOLDER / "run.sh").read_text(encoding="utf-8")
    assert all(name in script for name in step["env"])
    assert subprocess.run(["bash", "-n", str(FOLDER / "run.sh")], check=False).returncode == 0


def test_the_lock_for_hcl_holds_the_versions_of_the_parse_tables() -> None:
    tables = json.loads(Path(hcl_grammar.__file__).with_suffix(".json").read_text(encoding="ascii"))
    lock = (CHECKOUT / "deploy" / "hcl-requirements.txt").read_text(encoding="utf-8")
    assert f"\nlark=={tables['lark']} " in lock
    assert f"\npython-hcl2=={tables['python-hcl2']} " in lock
    assert "http" not in lock
