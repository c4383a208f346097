"""A file that is written is whole or not there, and lies over nothing that it must not."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from koding_audit.io.output_files import check_new_file, create_file, replace_file
from koding_audit.model.errors import AuditError, InputError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_report_replaces_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("old and longer")
    replace_file(str(path), ["new"])
    assert path.read_text() == "new"
    assert names(tmp_path) == ["report"]


def fail(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("write", [replace_file, create_file])
def test_a_full_disk_leaves_nothing_and_spoils_nothing(
    write: Callable[[str, str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    if write is replace_file:
        path.write_text("old")
    before = names(tmp_path)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(AuditError, match="No space left"):
        write(str(path), "new")
    assert names(tmp_path) == before
    assert write is create_file or path.read_text() == "old"


@pytest.mark.parametrize("raised", [KeyboardInterrupt, AuditError("the rest cannot be read"), RuntimeError("a bug")])
def test_a_report_that_cannot_be_made_to_its_end_leaves_nothing_and_spoils_nothing(
    raised: BaseException | type[BaseException], tmp_path: Path
) -> None:
    path = tmp_path / "report"
    path.write_text("old")

    def parts() -> Iterator[str]:
        yield "new" * 100_000  # more than any buffer holds
        assert len(names(tmp_path)) == 2
        raise raised

    with pytest.raises(type(raised) if isinstance(raised, BaseException) else raised):
        replace_file(str(path), parts())
    assert names(tmp_path) == ["report"]
    assert path.read_text() == "old"


def test_a_device_is_written_to_and_not_replaced() -> None:
    replace_file("/dev/null", ["text"])
    assert not Path("/dev/null").is_file()
    with pytest.raises(AuditError, match="/dev/full"):
        replace_file("/dev/full", ["text"])


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "plan"
    create_file(str(path), "text")
    assert path.read_text() == "text"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("check", [lambda path: create_file(path, "new"), check_new_file], ids=["create", "check"])
def test_a_new_file_is_never_laid_over_another(check: Callable[[str], None], tmp_path: Path) -> None:
    there, link = tmp_path / "there", tmp_path / "link"
    there.write_text("old")
    link.symlink_to(tmp_path / "nowhere")
    for path in (there, link, tmp_path):
        with pytest.raises(InputError, match="already exists") as caught:
            check(str(path))
        assert caught.value.hint
    assert there.read_text() == "old"
    assert not (tmp_path / "nowhere").exists()


def test_a_new_file_needs_a_folder_and_that_is_told_before_anything_is_read(tmp_path: Path) -> None:
    path = str(tmp_path / "nowhere" / "plan")
    with pytest.raises(InputError, match="is not a folder"):
        check_new_file(path)
    with pytest.raises(AuditError, match="cannot be written"):
        create_file(path, "text")
    check_new_file(str(tmp_path / "plan"))
    assert names(tmp_path) == []


@contextmanager
def umask(value: int) -> Iterator[None]:
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize(("mask", "report"), [(0o000, 0o644), (0o022, 0o644), (0o077, 0o600)])
def test_nobody_else_may_write_a_report_or_read_a_plan_whatever_the_umask(
    mask: int, report: int, tmp_path: Path
) -> None:
    with umask(mask):
        replace_file(str(tmp_path / "report"), ["text"])
        create_file(str(tmp_path / "plan"), "text")
    assert stat.S_IMODE((tmp_path / "report").stat().st_mode) == report
    assert stat.S_IMODE((tmp_path / "plan").stat().st_mode) == 0o600


def test_a_report_keeps_the_mode_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.touch()
    path.chmod(0o640)
    replace_file(str(path), ["text"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_of_a_link_the_link_is_replaced_and_not_what_it_leads_to(tmp_path: Path) -> None:
    link, precious = tmp_path / "report", tmp_path / "precious"
    precious.write_text("precious")
    for target in (precious, tmp_path / "nowhere", Path("/dev/full")):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        replace_file(str(link), ["text"])
        assert not link.is_symlink()
        assert link.read_text() == "text"
    assert precious.read_text() == "precious"
    assert names(tmp_path) == ["precious", "report"]


def test_a_pipe_is_written_to_where_somebody_reads_it_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(AuditError, match="no process reads this pipe"):
        replace_file(str(path), ["text"])
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    replace_file(str(path), ["text"])
    assert os.read(reader, 100) == b"text"
    os.close(reader)
    assert stat.S_ISFIFO(path.stat().st_mode)


@pytest.mark.parametrize("name", ["/dev/fd/{}", "/proc/self/fd/{}"])
def test_a_stream_goes_on_where_it_is_and_stays_open(name: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb") as log:
        os.write(log.fileno(), b"before ")
        replace_file(name.format(log.fileno()), ["report"])
        os.write(log.fileno(), b" after")
    assert path.read_text() == "before report after"


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_standard_output_may_be_named_as_a_device(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    before = os.lstat(f"/dev/{name}")
    replace_file(f"/dev/{name}", ["report"])
    assert "report" in capfd.readouterr()
    assert os.lstat(f"/dev/{name}") == before


def test_a_new_file_is_whole_when_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plan"
    link = os.link

    def seen(source: Any, target: Any) -> None:
        assert not path.exists()
        assert Path(source).read_text() == "text"
        assert Path(source).parent == tmp_path
        link(source, target)

    monkeypatch.setattr(os, "link", seen)
    create_file(str(path), "text")
    assert names(tmp_path) == ["plan"]


def test_a_file_system_without_hard_links_takes_a_new_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", none)
    create_file(str(tmp_path / "plan"), "text")
    assert (tmp_path / "plan").read_text() == "text"
    with pytest.raises(InputError, match="already exists"):
        create_file(str(tmp_path / "plan"), "other")
    assert names(tmp_path) == ["plan"]


def test_whoever_makes_the_file_in_between_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "lexists", lambda _: False)
    (tmp_path / "plan").write_text("theirs")
    with pytest.raises(InputError, match="already exists"):
        create_file(str(tmp_path / "plan"), "text")
    assert (tmp_path / "plan").read_text() == "theirs"
    assert names(tmp_path) == ["plan"]
