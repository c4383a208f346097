"""What other rooms ask of this one, and what it costs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from koding_audit import desired
from koding_audit.model.errors import InputError
from tests import generate
from tests.desired.files import loaded

CONTENT = """version: 1
policy_sets: {a: {}, b: {}, c: {}}
groups:
  G: {required: [a], optional: [b, c]}
  H: {required: [c]}
users:
  u: {optional: [b]}
"""


def test_a_set_that_the_run_asks_for_is_required_where_it_was_optional(tmp_path: Path) -> None:
    before = loaded(tmp_path, CONTENT)
    after = desired.require_sets(before, ["b"])
    assert [use.name for use in after.groups["G"].required] == ["a", "b"]
    assert after.groups["G"].required[1] == before.groups["G"].optional[0]
    assert [use.name for use in after.groups["G"].optional] == ["c"]
    assert ([use.name for use in after.users["u"].required], after.users["u"].optional) == (["b"], ())
    assert after.groups["H"] is before.groups["H"]


def test_no_set_asked_for_changes_nothing(tmp_path: Path) -> None:
    before = loaded(tmp_path, CONTENT)
    assert desired.require_sets(before, []) is before


def test_an_unknown_set_asked_for_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no policy set `d`") as caught:
        desired.require_sets(loaded(tmp_path, CONTENT), ["a", "d"])
    assert caught.value.hint == "the policy sets are: a, b, c"
    assert caught.value.location is None


def test_the_default_file_is_the_first_of_four(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Path(desired.default_desired_path({})).read_text(encoding="utf-8").startswith("# policies/koding.yaml")
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "koding.yaml").write_text("")
    assert desired.default_desired_path({}) == "policies/koding.yaml"
    (tmp_path / "koding-audit.yaml").symlink_to("nowhere")
    assert desired.default_desired_path({"KODING_AUDIT_FILE": ""}) == "koding-audit.yaml"
    assert desired.default_desired_path({"KODING_AUDIT_FILE": "mine.yaml"}) == "mine.yaml"


def test_a_broken_default_file_is_told_and_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "koding-audit.yaml").symlink_to("nowhere")
    with pytest.raises(InputError, match="No such file"):
        desired.load_desired([desired.default_desired_path({})])


def test_only_the_variable_says_a_file() -> None:
    assert desired.environment_path({"KODING_AUDIT_FILE": "mine.yaml"}) == "mine.yaml"
    assert desired.environment_path({"KODING_AUDIT_FILE": ""}) is None
    assert desired.environment_path({}) is None


def imported(code: str) -> set[str]:
    """The modules that a fresh interpreter has after running the code."""
    command = [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def test_the_schema_costs_neither_yaml_nor_jsonschema_nor_botocore() -> None:
    modules = imported("from koding_audit import desired; desired.desired_schema()")
    assert not modules & {"yaml", "jsonschema", "fastjsonschema", "botocore", "boto3", "koding_audit.model.report"}


def test_a_good_file_costs_no_jsonschema(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(CONTENT)
    modules = imported(f"from koding_audit import desired; desired.load_desired([{str(path)!r}])")
    assert "yaml" in modules
    assert not modules & {"jsonschema", "fastjsonschema", "botocore"}


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
