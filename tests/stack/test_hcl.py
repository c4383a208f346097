"""Terraform's own language as a script."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from koding_audit.stack.loader import read_script
from tests.stack.built import stack_of
from tests.stack.script_files import SCRIPTS, places, refusal, refused


def test_terraforms_own_language_is_read_without_what_stands_in_comments_and_texts() -> None:
    script = read_script(str(SCRIPTS / "web.tf"))
    assert places(script) == {
        "aws_iam_role.web": 7,
        "aws_iam_instance_profile.web": 15,
        "aws_instance.web": 20,
        "data.aws_ami.u": 38,
    }


def test_without_python_hcl2_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hcl2", None)
    error = refusal(str(SCRIPTS / "web.tf"))
    assert "python-hcl2" in error.message
    assert "koding-audit[hcl]" in error.hint


def test_hcl_that_is_none_is_refused_with_its_line(tmp_path: Path) -> None:
    assert refused(tmp_path, 'resource "aws_eip" "a" {\n  count = = 1\n}\n', "a.tf")[0] == 2


def buckets(tmp_path: Path, text: str) -> list[str]:
    """The names of the buckets that a script makes."""
    stack = stack_of(tmp_path, "s.tf", text)
    return sorted({each.resource for each in stack.needs if each.action == "s3:CreateBucket"})


def test_a_brace_in_a_text_swallows_no_line(tmp_path: Path) -> None:
    text = """
    resource "aws_instance" "w" {
      user_data            = "an open brace: $${"
      iam_instance_profile = "web-${var.env}"
      tags                 = { note = "and 100%%{" }
    }
    """
    actions = {each.action for each in stack_of(tmp_path, "s.tf", text).needs}
    assert {"iam:PassRole", "ec2:CreateTags"} <= actions


@pytest.mark.parametrize(
    "value",
    [
        "<<-EOT\n    acme-logs\n    EOT",
        "<<EOT\nacme-logs\nEOT ",
        '"${~ var.name ~}"',
        '"${\n  var.name\n}"',
        '"acme-${ "logs" }"',
        'join("-", ["acme", "logs"])',
        '"acme\\u002dlogs"',
    ],
)
def test_a_name_is_read_however_it_is_written(tmp_path: Path, value: str) -> None:
    script = f'variable "name" {{ default = "acme-logs" }}\nresource "aws_s3_bucket" "b" {{\n  bucket = {value}\n}}\n'
    assert buckets(tmp_path, script + 'resource "aws_sqs_queue" "q" {}\n') == ["arn:aws:s3:::acme-logs"]


def test_lines_are_those_of_the_file_behind_heredocs_and_texts_of_several_lines(tmp_path: Path) -> None:
    text = 'locals {\n  a = <<EOT\none "\ntwo ${x\n}\nEOT\n  b = "${\n  1 }"\n}\nresource "aws_eip" "a" {}\n'
    path = tmp_path / "s.tf"
    path.write_text(text, encoding="utf-8")
    assert places(read_script(str(path))) == {"aws_eip.a": 10}


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("x = 1\n  x {\n    y = 2\n  }", 4, "same name"),
        ("x {\n    y = 2\n  }\n  x = 1", 6, "same name"),
        ("x = 1\n  x = null", 4, "x has two values"),
        ("deep {\n    x = 1\n    x = 2\n  }", 5, "x has two values"),
    ],
)
def test_a_name_with_two_values_in_a_block_is_refused_with_its_line(
    tmp_path: Path, body: str, line: int, words: str
) -> None:
    text = f'locals {{}}\nresource "aws_eip" "a" {{\n  {body}\n}}\n'
    found, _, message = refused(tmp_path, text, "a.tf")
    assert (found, words in message) == (line, True)


def test_blocks_of_one_name_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.tf").write_text('resource "aws_eip" "a" {\n  x {}\n  x {}\n}\n', encoding="utf-8")
    assert places(read_script(str(tmp_path / "a.tf"))) == {"aws_eip.a": 1}


@pytest.mark.parametrize("text", ['a = "no end\n', "a = <<EOT\nno end\n", 'a = "${ no end"\n'])
def test_a_text_without_an_end_is_refused(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, f"locals {{\n  {text}}}\n", "a.tf")[0] == 2


def test_what_python_hcl2_cannot_read_is_told_as_that_and_does_not_refuse_a_folder(tmp_path: Path) -> None:
    (tmp_path / "good.tf").write_text('resource "aws_eip" "a" {}\n', encoding="utf-8")
    (tmp_path / "odd.tf").write_text('resource "aws_eip" "b" {\n  x = = 1\n}\n', encoding="utf-8")
    error = refusal(str(tmp_path / "odd.tf"))
    assert error.message == "python-hcl2 cannot read this line"
    assert "terraform show -json" in error.hint
    script = read_script(str(tmp_path))
    assert list(places(script)) == ["aws_eip.a"]
    assert [(each.what, each.location.line) for each in script.unread] == [(str(tmp_path / "odd.tf"), 2)]


def test_a_file_of_opentofu_takes_the_place_of_terraforms(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "aws_eip" "terraform" {}\n', encoding="utf-8")
    (tmp_path / "main.tofu").write_text('resource "aws_eip" "tofu" {}\n', encoding="utf-8")
    assert list(places(read_script(str(tmp_path)))) == ["aws_eip.tofu"]
