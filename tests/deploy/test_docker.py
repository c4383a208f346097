"""The image's recipe: pinned, from files that are there, run as nobody. `make deploy-check` runs its commands."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.endtoend.harness import CHECKOUT

TEXT = (CHECKOUT / "deploy" / "docker" / "Dockerfile").read_text(encoding="utf-8")
LOCK = (CHECKOUT / "deploy" / "requirements.txt").read_text(encoding="utf-8")
BUILD_LOCK = (CHECKOUT / "deploy" / "build-requirements.txt").read_text(encoding="utf-8")


def instructions(text: str = TEXT) -> list[tuple[str, str]]:
    """Each instruction and what follows it, with its continued lines joined."""
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines if line)]


def copied() -> list[str]:
    """The files and folders of the checkout that the image is built from."""
    found = [rest.split() for word, rest in instructions() if word == "COPY"]
    return [source for words in found if not words[0].startswith("--from=") for source in words[:-1]]


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps a path out: its last pattern that is about the path decides."""
    out = False
    for line in (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!")
        parents = [str(each) for each in [Path(path), *Path(path).parents]]
        name = pattern.removeprefix("**/")
        hit = name in Path(path).parts if name != pattern else any(fnmatchcase(each, pattern) for each in parents)
        if line and not line.startswith("#") and hit:
            out = not line.startswith("!")
    return out


def test_the_base_is_pinned_by_a_digest_and_is_the_same_in_both_stages() -> None:
    stages = dict(reversed(rest.partition(" AS ")[::2]) for word, rest in instructions() if word == "FROM")
    assert list(stages) == ["build", "tool", "with-git", ""]
    assert stages["build"] == stages["tool"]
    assert stages["with-git"] == stages[""] == "tool"
    assert re.fullmatch(r"python:[\w.-]+@sha256:[0-9a-f]{64}", stages["tool"])


def test_what_is_copied_is_there_and_is_not_ignored() -> None:
    assert len(copied()) >= 8
    for source in copied():
        assert (CHECKOUT / source).exists(), source
        assert not ignored(source), source


@pytest.mark.parametrize(
    "path",
    [".git/config", ".venv/bin/python", "tests/conftest.py", "report.json", "koding-audit.yaml", ".aws/credentials"],
)
def test_nothing_else_of_a_checkout_reaches_the_builder(path: str) -> None:
    assert ignored(path)
    assert ignored("koding_audit/__pycache__/aws.pyc")
    assert not ignored("koding_audit/cli/dispatch.py")


def stage(name: str) -> list[tuple[str, str]]:
    """The instructions of a stage."""
    parts = re.split(r"^(?=FROM )", TEXT, flags=re.MULTILINE)
    (found,) = (part for part in parts if part.splitlines()[0].endswith(f" AS {name}"))
    return instructions(found)


def test_the_image_runs_as_nobody_and_holds_no_secret_and_no_pip() -> None:
    for name in ("tool", "with-git"):
        *_, last = (rest for word, rest in stage(name) if word == "USER")
        assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", last)
    words = {word for word, _ in instructions()}
    assert words == {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
    assert ("HEALTHCHECK", "NONE") in stage("tool")
    assert "uninstall --yes pip" in stage("build")[-1][1]
    assert "RUN" not in {word for word, _ in stage("tool")}


def test_every_installation_is_by_hash_and_leaves_no_cache() -> None:
    commands = [each for word, rest in instructions() if word == "RUN" for each in rest.split(" && ")]
    pips = [each for each in commands if "/pip install" in each or "/pip wheel" in each]
    assert len(pips) == 4
    for each in pips:
        assert "--no-cache-dir" in each
        assert "--require-hashes" in each or "--no-deps" in each


def pinned(lock: str) -> dict[str, list[str]]:
    """Each package of a lock with the hashes of its files."""
    entries = re.split(r"\n(?=[a-z])", re.sub(r"^#.*\n", "", lock, flags=re.MULTILINE))
    return {
        re.split(r"==", entry, maxsplit=1)[0] + "==" + entry.split("==", 1)[1].split()[0]: re.findall(
            r"--hash=sha256:([0-9a-f]{64})", entry
        )
        for entry in entries
    }


def wanted(section: str) -> list[Requirement]:
    text = (CHECKOUT / "setup.cfg").read_text(encoding="utf-8")
    (found,) = re.findall(rf"^{section} =\n((?: {{4}}.+\n)+)", text, re.MULTILINE)
    return [Requirement(line) for line in found.split("\n") if line.strip()]


def test_the_lock_holds_whatever_the_tool_needs_in_a_version_that_it_takes() -> None:
    locked = dict(each.lower().split("==") for each in pinned(LOCK))
    for each in wanted("install_requires"):
        assert each.specifier.contains(locked[each.name.lower()]), each
    (setuptools,) = (each.split("==")[1] for each in pinned(BUILD_LOCK))
    (asked,) = (each for each in wanted("dev") if each.name == "setuptools")
    assert asked.specifier.contains(setuptools)


def test_every_package_of_the_locks_has_hashes_and_the_locks_name_no_registry() -> None:
    for lock in (LOCK, BUILD_LOCK):
        assert all(pinned(lock).values())
        assert "http" not in lock
