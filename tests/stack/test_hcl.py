"""Terraform's own language as a script."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from koding_audit.stack.loader import read_script
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
