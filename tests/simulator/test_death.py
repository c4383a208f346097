"""A slice of the deaths: real processes, from the start of Python to a signal at a call or at a write of a journal."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from koding_audit.remediation import journal
from tests.servers.wire import READS
from tests.simulator import key_death
from tests.simulator.death import Death, Scene, deaths, executed, judged, set_up
from tests.simulator.server import Target

pytestmark = pytest.mark.slow

SEED = 20261125


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with set_up() as made:
        yield made


def drawn(scene: Scene, when: str, *, write: bool) -> Target:
    """A call to die at; the same one in each run of the test."""
    fitting = sorted(each for each in set(scene.world.calls) if each[0].startswith(READS) is not write)
    return random.Random(f"{SEED} {when} {write}").choice(fitting)


@pytest.mark.parametrize("write", [False, True], ids=["read", "write"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_that_is_killed_at_a_call_breaks_no_promise(when: str, write: bool, scene: Scene) -> None:
    death = Death("call", drawn(scene, when, write=write), when)
    assert judged(scene, death, executed) == [], str(death)


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_interrupted_at_a_write_ends_in_order(by: signal.Signals, scene: Scene) -> None:
    death = Death("call", drawn(scene, by.name, write=True), "before", by)
    assert judged(scene, death, executed) == [], str(death)


@pytest.mark.parametrize(
    ("what", "number", "when"),
    [
        ("write", 1, "before"),  # the journal has no complete first line
        ("fsync", 2, "before"),  # its name may not be on the disk
        ("write", 20, "half"),
        ("write", 24, "after"),
        ("fsync", 30, "before"),
        ("write", 41, "after"),  # the end of the run, and the lock is still held
    ],
)
def test_a_run_that_dies_while_it_writes_its_journal_breaks_no_promise(
    what: str, number: int, when: str, scene: Scene
) -> None:
    death = Death(what, number, when)
    assert death in deaths(scene.world)
    assert judged(scene, death, executed) == [], str(death)


def test_the_promises_see_what_a_tool_that_forgets_would_do(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    death = Death("call", ("CreateGroup GroupName=Fresh", 1), "after")
    read = journal.read_journal

    def forgetful(path: str) -> object:
        past, torn = read(path)
        return replace(past, entries=()), torn

    monkeypatch.setattr(journal, "read_journal", forgetful)
    assert "a write that the journal does not know" in judged(scene, death, executed)
    monkeypatch.setattr("koding_audit.remediation.recovery.print_unfinished_run", lambda *_: None)
    monkeypatch.setattr("koding_audit.remediation.recovery.print_lock_note", lambda *_: None)
    assert any(each.startswith("the lock says 'process ") for each in judged(scene, death, executed))


@pytest.mark.parametrize(
    "death",
    [
        Death("call", (key_death.CALLS[2], 1), "after"),  # the key is made, and its secret is lost
        Death("call", (key_death.CALLS[2], 1), "before", signal.SIGTERM),
        Death("write", 3, "half"),  # the key is saved
    ],
    ids=str,
)
def test_after_a_death_behind_create_access_key_the_next_setup_says_so_and_makes_no_second_key(
    death: Death, scene: Scene
) -> None:
    assert death in list(key_death.deaths())
    assert key_death.judged(scene, death) == [], str(death)


def test_a_lost_key_that_iam_does_not_show_yet_is_waited_for(scene: Scene) -> None:
    death = Death("call", (key_death.CALLS[2], 1), "after")
    assert key_death.judged(scene, death, lag=20.0) == []


def test_a_lost_key_is_waited_for_also_if_a_run_that_wrote_since_has_emptied_the_lock(scene: Scene) -> None:
    death = Death("call", (key_death.CALLS[2], 1), "after")
    assert key_death.judged(scene, death, lag=20.0, between=key_death.written_between) == []
