"""The same work for many items in processes, real ones; see tests/endtoend/test_processes.py for accounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from koding_audit.accounts.engines import processes
from koding_audit.accounts.engines.processes import ProcessesUnusableError, run_each
from koding_audit.model.errors import AuditError
from tests.accounts.engines.work import Scripted


def scripted(total: int, **words: Sequence[int]) -> list[tuple[int, str]]:
    """So many items, in which something befalls those of these numbers."""
    by_number = {number: word.replace("_", " ") for word, numbers in words.items() for number in numbers}
    return [(number, by_number.get(number, "")) for number in range(total)]


def results(pairs: Sequence[tuple[tuple[int, str], object]]) -> dict[int, object]:
    """What each item ended with: its number for a result, the message of an error."""
    assert len(pairs) == len({number for (number, _), _ in pairs})
    return {
        number: found.message if isinstance(found, AuditError) else found[0]  # type: ignore[index]
        for (number, _), found in pairs
    }


def begun(folder: Path) -> dict[int, int]:
    return {int(each.name): len(each.read_text()) for each in folder.iterdir() if each.name.isdigit()}


def workers() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if "serve_process" in " ".join(each.cmdline())]


def test_every_item_has_its_result_once_whoever_is_killed_and_only_the_one_that_kills_has_an_error(
    tmp_path: Path,
) -> None:
    items = scripted(60, kills=[20], kills_once=[3, 41], speaks=[0, 30])
    found = results(list(run_each(Scripted(tmp_path), items, 5, 2)))
    assert found == {number: number for number in range(60)} | {20: "its audit killed several workers"}
    times = begun(tmp_path)
    assert set(times) == set(range(60))
    assert times[20] in (2, 3)  # twice alone, and before that beside others
    assert sum(each > 1 for each in times.values()) <= 5 * 3  # what the killed processes had
    assert max(times.values()) <= 3
    assert workers() == []


def test_no_more_than_the_window_is_under_way_and_as_much_begun_ahead_and_an_end_before_the_last_ends_the_processes(
    tmp_path: Path,
) -> None:
    taken = 0

    def items() -> Iterator[tuple[int, str]]:
        nonlocal taken
        for item in scripted(100):
            taken += 1
            yield item

    pairs = run_each(Scripted(tmp_path), items(), 5, 2)
    first = [next(pairs) for _ in range(40)]
    assert taken <= 40 + 5
    assert {len(found) for _, found in first if not isinstance(found, AuditError)} == {2}
    assert len({found[1] for _, found in first if not isinstance(found, AuditError)}) == 2
    most = {int(each.name.split("-")[2]) for each in tmp_path.glob("most-*")}
    assert most == {1, 2, 3}
    assert len(workers()) == 2
    pairs.close()
    assert workers() == []


def test_what_is_left_when_no_process_can_be_started_again_is_an_error_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "MAX_STARTS", 2)
    found = results(list(run_each(Scripted(tmp_path), scripted(6, kills=range(6)), 2, 2)))
    assert found.keys() == set(range(6))
    assert set(found.values()) <= {
        "not audited: all worker processes died several times",
        "its audit killed several workers",
    }
    assert found[5] == "not audited: all worker processes died several times"
    assert 5 not in begun(tmp_path)


def test_an_unexpected_error_of_the_work_is_raised_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"KeyError in befall, line \d+ of .*work\.py: 7"):
        list(run_each(Scripted(tmp_path), scripted(30, crashes=[7]), 2, 1))
    assert workers() == []


def test_a_process_that_cannot_do_the_work_is_an_error_before_any_item_is_taken(tmp_path: Path) -> None:
    items = iter(scripted(3))
    with pytest.raises(ProcessesUnusableError, match="cannot do the work: no credentials here") as caught:
        list(run_each(Scripted(tmp_path, "no credentials here"), items, 2, 2))
    assert caught.value.hint == "sign in first"
    assert len(list(items)) == 3
    assert workers() == []


def test_where_no_process_can_be_started_nothing_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "gone"))
    with pytest.raises(ProcessesUnusableError, match="could not be started"):
        list(run_each(Scripted(tmp_path), scripted(3), 2, 2))
