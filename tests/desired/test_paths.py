"""Which file is read where none is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from koding_audit import desired
from koding_audit.model.errors import InputError


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
