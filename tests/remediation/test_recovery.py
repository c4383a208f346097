"""What a run says of one before it that ended before its end: from the lock and the journal, and trusting neither."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from koding_audit.io import lock
from koding_audit.io.terminal import Terminal
from koding_audit.model.finding import Action
from koding_audit.model.plan import Entry
from koding_audit.model.verb import Verb
from koding_audit.remediation import recovery
from koding_audit.remediation.journal import JournalFile
from koding_audit.remediation.options import WriteOptions
from tests.remediation.test_write import Account, plan
from tests.scripted import carried_out
from tests.values import ACCOUNT, NOW, aws

ATTACH = Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Developers", "PolicyArn": aws("IAMReadOnlyAccess")})
ADD = Action(Verb.ADD_USER_TO_GROUP, {"GroupName": "Developers", "UserName": "ada"})
PUT = Action(Verb.PUT_USER_POLICY, {"UserName": "ada", "PolicyName": "own", "PolicyDocument": "{}"})
RUN = "The run of 2026-11-23T20:00:00Z (process 4711) was interrupted"

Died = Callable[..., Path]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the account's journals, and of its lock."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "state" / "koding-audit" / ACCOUNT.id
    lock.create_private_folder(folder)
    return folder


@pytest.fixture
def died(state: Path) -> Died:
    """The journal of a run that ended like that, before its end, and left the lock as it was."""

    def run(*entries: Entry, path: Path | None = None) -> Path:
        path = path or state / "journal.jsonl"
        file = JournalFile(str(path), ACCOUNT, NOW, ())
        for index, entry in enumerate(entries):
            file.append(index, entry)
        file.close()
        (state / "lock").write_text(f"process 4711 since 2026-11-23T20:00:00Z, journal {path}\n")
        return path

    return run


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    def tell(journal: str = "") -> list[str]:
        terminal = Terminal(quiet=True)
        recovery.print_unfinished_run(ACCOUNT, journal, terminal)
        recovery.print_unfinished_run(ACCOUNT, journal, terminal)
        return capsys.readouterr().err.splitlines()

    return tell


def test_it_says_how_much_was_done_what_is_not_known_and_how_to_take_it_back(
    died: Died, told: Callable[..., list[str]]
) -> None:
    path = died(Entry(ATTACH, "done"), Entry(ADD, "started"), Entry(PUT, "unknown"), Entry(PUT, "failed"))
    assert told() == [
        f"{RUN}: 1 change done, 2 unknown; its journal is {path}; run `koding-audit undo {path}` to undo its changes.",
        "  unknown: AddUserToGroup GroupName=Developers UserName=ada",
        "  unknown: PutUserPolicy PolicyName=own UserName=ada",
    ]


def test_of_a_run_that_wrote_nothing_nothing_is_to_be_taken_back(died: Died, told: Callable[..., list[str]]) -> None:
    path = died()
    assert told() == [f"{RUN}: 0 changes done, 0 unknown; its journal is {path}."]


def test_a_long_list_is_cut(died: Died, told: Callable[..., list[str]]) -> None:
    died(*(Entry(ADD, "started") for _ in range(13)))
    assert [line.strip() for line in told()[-2:]] == [
        "unknown: AddUserToGroup GroupName=Developers UserName=ada",
        "and 3 more",
    ]


def test_a_torn_last_line_is_told(died: Died, told: Callable[..., list[str]]) -> None:
    path = died(Entry(ATTACH, "done"))
    with path.open("a") as file:
        file.write('{"time":"2026')
    assert (
        told()[-1] == "  The last line of the journal is incomplete: the run was interrupted while it wrote this line."
    )


def test_a_journal_that_is_gone_edited_or_none_is_told(died: Died, told: Callable[..., list[str]]) -> None:
    path = died(Entry(ATTACH, "done"))
    path.write_text(path.read_text().replace("Developers", "Administrators"))
    (line,) = told()
    assert line.startswith(f"{RUN}: its writes are unknown, because its journal cannot be used: ")
    assert "the journal was changed after its run" in line
    assert line.endswith("line 2.")
    path.write_text("")
    assert "has no complete first line" in told()[0]
    path.unlink()
    assert told() == [
        f"{RUN}: it wrote nothing, or its journal was moved: {path} does not exist, and a run creates it before its"
        " first write."
    ]
    os.mkfifo(path)
    assert "this is a device, a pipe or a socket, not a file" in told()[0]


def test_a_path_that_a_shell_would_obey_is_quoted(died: Died, told: Callable[..., list[str]], tmp_path: Path) -> None:
    path = died(Entry(ATTACH, "done"), path=tmp_path / "a; rm -rf $HOME.jsonl")
    assert f"run `koding-audit undo '{path}'` to undo its changes" in told()[0]


@pytest.mark.parametrize("hostile", ["\x1b[2J" * 1000, "process 1 since \x9b, journal /dev/zero\n", "x" * 100_000])
def test_what_no_run_leaves_in_the_lock_is_told_inert_and_short(
    hostile: str, state: Path, told: Callable[..., list[str]]
) -> None:
    (state / "lock").write_text(hostile)
    (line,) = told()
    assert "has a note that this tool did not write" in line
    assert line.isprintable()
    assert len(line) < 500


def test_a_note_of_a_device_is_no_journal(state: Path, told: Callable[..., list[str]]) -> None:
    (state / "lock").write_text("process 1 since 2026-11-23T20:00:00Z, journal /dev/zero\n")
    assert "this is a device, a pipe or a socket, not a file" in told()[0]


def test_the_journal_of_another_account_is_named_as_such(
    died: Died, told: Callable[..., list[str]], state: Path, tmp_path: Path
) -> None:
    path = tmp_path / "other.jsonl"
    JournalFile(str(path), replace(ACCOUNT, id="999999999999"), NOW, ()).close()
    (state / "lock").write_text(f"process 4711 since 2026-11-23T20:00:00Z, journal {path}\n")
    assert "its journal of account 999999999999 is" in told()[0]


def test_nothing_is_said_while_the_run_goes_on_or_after_it_ended_in_order(
    state: Path, told: Callable[..., list[str]]
) -> None:
    with lock.lock_account(str(state / "lock"), NOW, "journal.jsonl"):
        assert told() == []
    assert told() == []
    (state / "lock").unlink()
    assert told() == []


def test_a_lock_beside_the_journal_is_looked_at_too(
    told: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME", raising=False)
    (tmp_path / "lock").write_text("hostile")
    assert told() == []
    assert len(told(str(tmp_path / "journal.jsonl"))) == 1


# --- by whoever writes next ---------------------------------------------------------------------


def options(journal: Path, *, dry_run: bool = False) -> WriteOptions:
    return WriteOptions(yes=True, dry_run=dry_run, journal=str(journal))


@pytest.fixture
def account() -> Account:
    made = Account()
    made.add_group("Developers")
    made.add_user("ada")
    return made


def test_the_next_run_that_writes_says_it_goes_on_and_lets_go(
    died: Died, state: Path, account: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = died(Entry(ATTACH, "started"))
    journal, _ = carried_out(plan(ATTACH), account, options(tmp_path / "next.jsonl"), Terminal(quiet=True))
    assert journal is not None
    assert [entry.outcome for entry in journal.entries] == ["done"]
    assert f"0 changes done, 1 unknown; its journal is {path}" in capsys.readouterr().err
    assert (state / "lock").read_bytes() == b""


def test_what_is_left_stays_until_a_run_that_writes_took_note_of_it(
    died: Died, state: Path, account: Account, tmp_path: Path
) -> None:
    died(Entry(ATTACH, "started"))
    left = (state / "lock").read_bytes()
    for nothing, dry_run in ((plan(ATTACH), True), (plan(), True)):
        carried_out(nothing, account, options(tmp_path / "next.jsonl", dry_run=dry_run), Terminal())
        assert (state / "lock").read_bytes() == left
    carried_out(plan(), account, options(tmp_path / "next.jsonl"), Terminal())
    assert (state / "lock").read_bytes() == b""
    assert not (tmp_path / "next.jsonl").exists()
