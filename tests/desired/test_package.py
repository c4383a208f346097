"""What importing the package costs, and its generated files, which are in step."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import generate

CONTENT = """version: 1
policy_sets: {a: {}, b: {}, c: {}}
groups:
  G: {required: [a], optional: [b, c]}
  H: {required: [c]}
users:
  u: {optional: [b]}
"""


def imported(code: str) -> set[str]:
    """The modules that a fresh interpreter has after running the code."""
    command = [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def test_the_schema_costs_neither_yaml_nor_jsonschema_nor_botocore() -> None:
    modules = imported("from koding_audit import desired; desired.desired_schema()")
    assert not modules & {"yaml", "jsonschema", "botocore", "boto3", "koding_audit.model.report"}


def test_a_good_file_costs_no_jsonschema(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(CONTENT)
    modules = imported(f"from koding_audit import desired; desired.load_desired([{str(path)!r}])")
    assert "yaml" in modules
    assert not modules & {"jsonschema", "botocore"}


def test_good_guards_cost_no_jsonschema(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(CONTENT)
    (tmp_path / "guards.yaml").write_text("version: 1\nprotected: [user/break-glass]\nmax_changes: 5\n")
    modules = imported(f"from koding_audit import desired; desired.load_desired([{str(path)!r}])")
    assert "jsonschema" not in modules


def test_every_generated_file_is_in_step() -> None:
    assert generate.main(["--check"]) == 0


def test_a_generated_file_that_is_not_in_step_is_told_and_then_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "TOP", tmp_path)
    monkeypatch.setattr(generate, "GENERATED", {"new.txt": lambda _: "new"})
    assert generate.main(["--check"]) == 1
    assert not (tmp_path / "new.txt").exists()
    assert generate.main([]) == 0
    assert (tmp_path / "new.txt").read_text() == "new"
    assert generate.main(["--check"]) == 0
    assert capsys.readouterr().out.splitlines() == ["new.txt: not in step, run `make generate`", "new.txt: written"]


def test_a_generated_part_needs_its_place() -> None:
    assert generate.between("a", "x\n<!-- generated: a -->\nold\n<!-- end -->\ny", "new").splitlines() == [
        "x",
        "<!-- generated: a -->",
        "new",
        "<!-- end -->",
        "y",
    ]
    with pytest.raises(SystemExit):
        generate.between("b", "<!-- generated: a -->\n<!-- end -->", "new")
