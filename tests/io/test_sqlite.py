"""SQLite files of this tool's own: their mode, their kind, their versions and their transactions."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

from koding_audit.io.sqlite import DatabaseKind, check_database_path, create_database, open_database
from koding_audit.model.errors import AuditError, InputError

FIRST = ("CREATE TABLE note (text TEXT)",)
SECOND = ("ALTER TABLE note ADD COLUMN owner TEXT DEFAULT 'nobody'",)
OLD = DatabaseKind("diary", "--diary", "write --diary FILE", 0x64696172, (FIRST,))
NEW = DatabaseKind("diary", "--diary", "write --diary FILE", 0x64696172, (FIRST, SECOND))


def written(path: Path, kind: DatabaseKind = OLD) -> str:
    create_database(str(path), kind)
    with open_database(str(path), kind, "BEGIN IMMEDIATE") as database:
        database.execute("INSERT INTO note (text) VALUES ('kept')")
    return str(path)


def run_statements(path: str, *statements: str) -> None:
    with open_database(path, OLD, "BEGIN IMMEDIATE") as database:
        for each in statements:
            database.execute(each)


def rows(path: str, kind: DatabaseKind) -> list[tuple[str, ...]]:
    with open_database(path, kind, "BEGIN") as database:
        return list(database.execute("SELECT * FROM note"))


def test_a_file_is_for_its_owner_alone_and_keeps_what_it_holds(tmp_path: Path) -> None:
    path = written(tmp_path / "diary")
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    create_database(path, OLD)
    assert rows(path, OLD) == [("kept",)]


def test_an_error_in_the_block_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = written(tmp_path / "diary")
    with pytest.raises(AuditError, match="no such table"):
        run_statements(path, "DELETE FROM note", "DELETE FROM nowhere")
    assert rows(path, OLD) == [("kept",)]


def test_an_older_file_is_migrated_with_what_it_holds_and_a_newer_one_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "diary")
    assert rows(path, NEW) == [("kept", "nobody")]
    with pytest.raises(AuditError, match="version 2"):
        rows(path, OLD)


def test_the_file_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(AuditError, match="another program"):
        rows(str(path), OLD)


def test_a_link_and_a_second_name_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "diary")
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(AuditError, match="link"):
        rows(str(tmp_path / "link"), OLD)
    (tmp_path / "hard").hardlink_to(path)
    with pytest.raises(AuditError, match="link"):
        rows(path, OLD)


@pytest.mark.parametrize("name", ["-", "folder/", "."])
def test_what_is_no_name_of_a_file_is_refused_before_there_is_anything_to_store(name: str) -> None:
    with pytest.raises(InputError, match="--diary"):
        check_database_path(name, OLD)


def test_a_file_needs_a_folder(tmp_path: Path) -> None:
    check_database_path(str(tmp_path / "new"), OLD)
    with pytest.raises(InputError, match="--diary"):
        check_database_path(str(tmp_path / "nowhere" / "new"), OLD)
