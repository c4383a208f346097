"""The files that Terraform reads beside a script's own."""

from __future__ import annotations

from pathlib import Path

from koding_audit.stack.loader import read_script
from koding_audit.stack.terraform_files import TerraformInputs, code_files


def test_a_file_of_opentofu_takes_the_place_of_one_of_terraform(tmp_path: Path) -> None:
    for name in ("a.tf", "a.tofu", "b.tf.json", "c.txt", ".d.tf"):
        (tmp_path / name).write_text("", encoding="utf-8")
    assert [Path(each).name for each in code_files(str(tmp_path))] == ["a.tofu", "b.tf.json"]


def test_later_values_win_as_in_terraform(tmp_path: Path) -> None:
    script = 'variable "n" {}\nresource "aws_sqs_queue" "q" {\n  name = var.n\n}\n'
    values = {"s.tf": script, "terraform.tfvars": 'n = "a"\n', "z.auto.tfvars": 'n = "b"\n', "more.tfvars": 'n = "c"\n'}
    for name, text in values.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    def name_with(inputs: TerraformInputs) -> str:
        (queue,) = read_script(str(tmp_path), inputs=inputs).resources
        return queue.body.text("name")

    files = (str(tmp_path / "more.tfvars"),)
    assert name_with(TerraformInputs()) == "b"
    assert name_with(TerraformInputs(variable_files=files)) == "c"
    assert name_with(TerraformInputs({"n": "d"}, files)) == "d"
