"""Scripts in every format become the same resources, each with its line; what is no script is refused, or told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from koding_audit.stack.loader import read_script
from tests.stack.script_files import SCRIPTS, places, refusal, write


def test_a_stack_of_a_team_is_read_with_the_line_of_each_resource() -> None:
    script = read_script(str(SCRIPTS / "koding.yml"))
    assert places(script)["aws_instance.example_1"] == 66
    assert places(script)["aws_eip.web"] == 63
    assert len(script.resources) == 9
    assert script.others == {"github_repository": 1, "vagrant_instance": 1}
    assert script.unread == ()


def test_the_same_stack_in_yaml_json_and_hcl_has_the_same_resources(tmp_path: Path) -> None:
    value = {"resource": {"aws_s3_bucket": {"a": {"bucket": "x"}}, "aws_eip": {"b": {}}}}
    json_file = write(tmp_path, json.dumps(value), "a.tf.json")
    yaml_file = write(tmp_path, "resource:\n  aws_s3_bucket:\n    a: {bucket: x}\n  aws_eip:\n    b:\n")
    hcl_file = write(tmp_path, 'resource "aws_s3_bucket" "a" {\n  bucket = "x"\n}\nresource "aws_eip" "b" {}\n', "a.tf")
    scripts = [read_script(each) for each in (json_file, yaml_file, hcl_file)]
    assert {tuple(each.address for each in script.resources) for script in scripts} == {
        ("aws_s3_bucket.a", "aws_eip.b")
    }
    texts = {each.body.node("bucket").value for script in scripts for each in script.resources[:1]}  # type: ignore[union-attr]
    assert texts == {"x"}


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.yml"
    with path.open("wb") as file:
        file.truncate((16 << 20) + 1)
    assert "16 MiB" in refusal(str(path)).message


# --- folders ----------------------------------------------------------------------------------------


def test_a_folder_is_its_scripts_in_order_without_the_hidden_ones(tmp_path: Path) -> None:
    write(tmp_path, "resource: {aws_eip: {b: }}", "b.yml")
    write(tmp_path, "resource: {aws_eip: {a: }}", "a.yaml")
    write(tmp_path, "resource: {aws_eip: {no: }}", ".hidden.yml")
    write(tmp_path, "resource: {aws_eip: {no: }}", "notes.txt")
    script = read_script(str(tmp_path))
    assert list(places(script)) == ["aws_eip.a", "aws_eip.b"]
    assert [Path(each.path).name for each in script.files] == ["a.yaml", "b.yml"]


def test_what_is_no_script_in_a_folder_is_told(tmp_path: Path) -> None:
    write(tmp_path, "resource: {aws_eip: {b: }}")
    write(tmp_path, '{"name": "app"}', "package.json")
    write(tmp_path, "a: &x b\nc: *x\n", "compose.yml")
    notes = read_script(str(tmp_path)).notes
    assert len(notes) == 2
    assert "compose.yml is not a stack script" in notes[0]
    assert "package.json is not a stack script" in notes[1]


def test_a_script_of_a_folder_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "resource: {aws_eip: {b: }}")
    write(tmp_path, "resource: &x {aws_eip: {c: }}\n", "broken.yml")
    assert "anchor" in refusal(str(tmp_path)).message


def test_a_folder_without_a_script_is_refused(tmp_path: Path) -> None:
    assert "the folder has no stack script" in refusal(str(tmp_path)).message


@pytest.mark.parametrize(
    "path",
    [*SCRIPTS.iterdir(), *(Path(__file__).parents[2] / "policies" / "stacks").iterdir()],
    ids=lambda path: path.name,
)
def test_every_script_that_we_have_is_read_whole_and_each_resource_stands_at_its_own_line(path: Path) -> None:
    script = read_script(str(path))
    lines = path.read_text(encoding="utf-8").splitlines()
    assert script.resources
    for each in script.resources:
        name = each.address.rpartition(".")[2]
        assert name in lines[each.location.line - 1], each.address
