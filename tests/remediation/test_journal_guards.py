"""The guards of an undo: from which folders they come, and when it is not known which those are."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from koding_audit.model.errors import AuditError
from koding_audit.model.location import SourceFile
from koding_audit.model.plan import Journal
from koding_audit.model.query import Query
from koding_audit.remediation.journal_guards import (
    declared_roles_query,
    load_journal_guards,
    locate_desired_files,
    missing_file_lines,
)
from tests.values import ACCOUNT

STATE = "version: 1\ngroups: {Reporters: {}}\n"


def journal_of_files(*paths: Path | str, text: str = STATE) -> Journal:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Journal("j", ACCOUNT, (), desired=tuple(SourceFile(str(each), digest) for each in paths))


def protected(past: Journal, folder: str = "") -> list[str]:
    located = locate_desired_files(past, folder)
    return [name for _, name in load_journal_guards(located, folder).protected]


def refusal(past: Journal, folder: str = "") -> AuditError:
    with pytest.raises(AuditError) as caught:
        locate_desired_files(past, folder)
    return caught.value


def place(folder: Path, user: str = "ada") -> Path:
    """A desired state in a folder, with guards that protect a user."""
    folder.mkdir(exist_ok=True)
    (folder / "desired.yaml").write_text(STATE)
    (folder / "guards.yaml").write_text(f"version: 1\nprotected: [user/{user}]\n")
    return folder / "desired.yaml"


def test_the_guards_that_are_in_the_folder_now_apply_also_if_the_file_is_gone(tmp_path: Path) -> None:
    past = journal_of_files(place(tmp_path))
    assert protected(past) == ["ada"]
    assert list(missing_file_lines(locate_desired_files(past, ""))) == []
    (tmp_path / "desired.yaml").unlink()
    assert protected(past) == ["ada"]
    told = f"{tmp_path}/desired.yaml does not exist any more: only the guards that are in its folder now apply."
    assert list(missing_file_lines(locate_desired_files(past, ""))) == [told]


def test_guards_that_the_run_had_and_that_are_gone_are_told(tmp_path: Path) -> None:
    past = journal_of_files(place(tmp_path), tmp_path / "guards.yaml")
    (tmp_path / "guards.yaml").unlink()
    assert protected(past) == []
    told = f"The run had guards that do not apply now: {tmp_path}/guards.yaml does not exist any more."
    assert list(missing_file_lines(locate_desired_files(past, ""))) == [told]


def test_a_folder_that_is_gone_is_a_refusal_until_another_one_is_named(tmp_path: Path) -> None:
    past = journal_of_files(tmp_path / "gone" / "desired.yaml")
    error = refusal(past)
    assert "gone/desired.yaml does not exist any more, so the guards of the run are not known" in error.message
    assert "--guards-from FOLDER" in (error.hint or "")
    place(tmp_path / "new")
    assert protected(past, str(tmp_path / "new")) == ["ada"]
    located = locate_desired_files(past, str(tmp_path / "new"))
    assert [each.path for each in located.desired] == [str(tmp_path / "new" / "desired.yaml")]
    assert "is not a folder" in refusal(past, str(tmp_path / "nowhere")).message


def test_the_folder_of_a_links_target_must_exist_too(tmp_path: Path) -> None:
    target = place(tmp_path / "target")
    link = tmp_path / "link.yaml"
    link.symlink_to(target)
    assert protected(journal_of_files(link)) == ["ada"]
    (tmp_path / "target").rename(tmp_path / "moved")
    assert "the guards of the run are not known" in refusal(journal_of_files(link)).message


def test_a_named_folder_adds_guards_and_lifts_none(tmp_path: Path) -> None:
    past = journal_of_files(place(tmp_path / "first"))
    place(tmp_path / "second", "eve")
    assert protected(past, str(tmp_path / "second")) == ["ada", "eve"]
    (tmp_path / "empty").mkdir()
    assert protected(past, str(tmp_path / "empty")) == ["ada"]


@pytest.mark.parametrize("name", ["desired.yaml", "./desired.yaml", "sub/../desired.yaml"])
def test_a_relative_path_of_an_earlier_version_leads_only_to_the_same_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(tmp_path / "first")
    (tmp_path / "first" / "sub").mkdir()
    past = journal_of_files(name, "guards.yaml")
    monkeypatch.chdir(tmp_path / "first")
    assert protected(past) == ["ada"]
    monkeypatch.chdir(tmp_path)
    error = refusal(past)
    assert error.message == f"{name} is not here as the run read it, so the guards of the run are not known"
    assert "run this in the folder of that run" in (error.hint or "")
    assert protected(past, "first") == ["ada"]
    (tmp_path / "desired.yaml").write_text(STATE + "# another one\n")
    (tmp_path / "sub").mkdir()
    assert refusal(past).message == error.message


def test_a_folder_that_may_not_be_entered_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "guards of the run are not known" in refusal(journal_of_files("/no\0name/desired.yaml")).message
    past = journal_of_files(place(tmp_path))

    def refuse(_: str) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.path.realpath", refuse)
    assert "guards of the run are not known" in refusal(past).message


def test_the_roles_that_the_files_declare_are_read_as_far_as_the_files_are_valid(tmp_path: Path) -> None:
    file = tmp_path / "desired.yaml"
    past = journal_of_files(file)
    assert declared_roles_query(past) == Query()
    file.write_text("version: 1\nroles: {boss: {}, app: {}}\n")
    assert set(declared_roles_query(past).roles) == {"boss", "app"}
    file.write_text("version: 1\nroles: [boss]\n")
    assert declared_roles_query(past) == Query()
