"""`make deploy-check`: what is in deploy/ before the programs that read it, and the commands that build the image.

What comes from the package registry (cfn-lint, the schemas of Kubernetes) goes into .venv/deploy; what is a program of
the machine (shellcheck, actionlint, hadolint) is run where it is installed, and named where it is not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.deploy.test_docker import copied, stage

CHECKOUT = Path(__file__).parents[2]
DEPLOY = CHECKOUT / "deploy"
TOOLS = CHECKOUT / ".venv" / "deploy"
PACKAGES = ("cfn-lint >= 1.51", "kubernetes-validate >= 1.34")


def run(*command: str | Path, folder: Path = CHECKOUT) -> None:
    shown = " ".join(map(str, command))
    print(f"$ {shown}", flush=True)
    subprocess.run([str(each) for each in command], cwd=folder, check=True)


def installed() -> None:
    """The checkers, in a virtual environment of their own."""
    if not (TOOLS / "bin" / "cfn-lint").exists():
        run(sys.executable, "-m", "venv", TOOLS)
        run(TOOLS / "bin" / "pip", "install", "--quiet", *PACKAGES)


def check() -> None:
    run(TOOLS / "bin" / "cfn-lint", "--include-checks", "I", "--", DEPLOY / "aws" / "roles.yaml")
    run(TOOLS / "bin" / "kubernetes-validate", "--strict", DEPLOY / "kubernetes" / "cronjob.yaml")
    of_the_machine = {
        "shellcheck": sorted(DEPLOY.rglob("*.sh")),
        "hadolint": [DEPLOY / "docker" / "Dockerfile"],
        "actionlint": sorted((DEPLOY / "github").glob("audit*.yml")),
    }
    for program, files in of_the_machine.items():
        if shutil.which(program) and files:
            run(program, *files)
        else:
            print(f"not checked by {program}: it is not installed", flush=True)


def built(folder: Path) -> None:
    """The commands of the image's first stage, in a folder in place of an image, with this machine's Python."""
    source = folder / "src"
    for name in copied():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        if (CHECKOUT / name).is_dir():
            shutil.copytree(CHECKOUT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(CHECKOUT / name, source / name)
    for word, rest in stage("build"):
        if word == "RUN":
            command = rest.replace("/opt/", f"{folder}/opt/").replace("python -m", f"{sys.executable} -I -m")
            run("sh", "-ec", command, folder=source)
    tool = folder / "opt" / "koding-audit" / "bin" / "koding-audit"
    run(tool, "--version", folder=folder)
    run(tool, "permissions", "audit", "--account", "123456789012", "--quiet", folder=folder)


def action_installed(folder: Path) -> None:
    """What the GitHub action installs, as it does."""
    environment = {**os.environ, "RUNNER_TEMP": str(folder), "GITHUB_ACTION_PATH": str(DEPLOY / "github")}
    command = ["bash", str(DEPLOY / "github" / "install.sh")]
    print(f"$ {' '.join(command)}", flush=True)
    subprocess.run(command, cwd=folder, env=environment, check=True)
    run(folder / "koding-audit-tool" / "bin" / "python", "-I", "-m", "koding_audit", "--version", folder=folder)


if __name__ == "__main__":
    installed()
    check()
    with tempfile.TemporaryDirectory() as name:
        built(Path(name))
        action_installed(Path(name))
