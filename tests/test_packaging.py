"""What is built from the checkout holds everything that runs: by way of an sdist and the wheel made from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.age_note import without_age_note

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
BUILD = "from setuptools import build_meta as b; import sys; print(getattr(b, f'build_{sys.argv[1]}')(sys.argv[2]))"
SHIPPED = ("koding_audit", "policies", "setup.cfg", "pyproject.toml", "LICENSE", "NOTICE", "README.md")


def built(kind: str, source: Path, out: Path) -> Path:
    command = [sys.executable, "-c", BUILD, kind, str(out)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=True)
    return out / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the sdist of the checkout, unpacked where nothing else of the project is."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("out")
    copy_checkout(source)
    with tarfile.open(built("sdist", source, out)) as archive:
        archive.extractall(out / "unpacked", filter="data")
    (unpacked,) = (out / "unpacked").iterdir()
    wheel = built("wheel", unpacked, out)
    target = tmp_path_factory.mktemp("target")
    shutil.unpack_archive(wheel, target, "zip")
    return target


def copy_checkout(source: Path) -> None:
    """What the package is built from, with its links as they are."""
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, source / name)


def run(installed: Path, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The packaged tool, from a folder without any desired state."""
    environment = {"PYTHONPATH": str(installed), "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "koding_audit", *arguments]
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)


def test_every_module_and_data_file_is_in_the_wheel(installed: Path) -> None:
    here = {
        path.relative_to(ROOT)
        for path in (ROOT / "koding_audit").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    there = {path.relative_to(installed) for path in (installed / "koding_audit").rglob("*") if path.is_file()}
    assert here - there == set()


def test_an_editable_install_is_a_path_and_no_code_that_every_start_runs(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    copy_checkout(source)
    shutil.unpack_archive(built("editable", source, out), out, "zip")
    assert [path.read_text().strip() for path in out.glob("*.pth")] == [str(source)]
    assert not list(out.glob("*.py"))


def test_what_the_licences_ask_for_is_in_the_wheel(installed: Path) -> None:
    assert {path.name for path in installed.glob("*.dist-info/licenses/*")} == {"LICENSE", "NOTICE"}


def test_policies_ship_from_their_one_source(installed: Path) -> None:
    for path in (each for each in (ROOT / "policies").iterdir() if each.suffix in (".json", ".yaml")):
        assert (installed / "koding_audit" / "policies" / path.name).read_bytes() == path.read_bytes()


def test_the_packaged_tool_runs_from_its_own_files(installed: Path, tmp_path: Path) -> None:
    shown = "import koding_audit; print(koding_audit.__file__)"
    environment = {"PYTHONPATH": str(installed), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-c", shown]
    where = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert where.stdout.startswith(str(installed))
    assert run(installed, tmp_path, "--version").stdout.startswith("koding-audit ")
    assert '"$schema"' in run(installed, tmp_path, "schema").stdout


def test_a_scan_without_any_file_uses_the_packaged_guide(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "scan", "--source", "demo")
    assert (done.returncode, without_age_note(done.stderr)) == (1, "")
    assert "policies/koding.yaml" in done.stdout
