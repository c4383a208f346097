"""A slice of `make faults`: every kind of fault, at a read and at a write, with the invariants held against each."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.wire import READS
from tests.simulator.faults import FAULTS
from tests.simulator.scenario import World, broken, drifted, explored, holdings, run
from tests.simulator.server import Simulator, Target, serving
from tests.simulator.sweep import Case, judged, known_world, models_read_once, several

SEED = 20261124


@pytest.fixture(scope="module")
def standing() -> Iterator[Simulator]:
    with models_read_once(), serving(drifted()) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def world(standing: Simulator, tmp_path_factory: pytest.TempPathFactory) -> World:
    return explored(standing, tmp_path_factory.mktemp("world"))


def drawn(world: World, name: str, *, write: bool) -> Target:
    """A call for a fault to befall; the same one in each run of the test."""
    lists = [each for each in world.calls if each[0].startswith("List")]
    fitting = [each for each in world.calls if each[0].startswith(READS) is not write]
    return random.Random(f"{SEED} {name} {write}").choice(sorted(lists if FAULTS[name].lists_only else fitting))


@pytest.mark.parametrize("sticky", [False, True], ids=["once", "for ever"])
@pytest.mark.parametrize("name", list(FAULTS))
def test_no_fault_of_a_read_breaks_an_invariant(
    name: str, sticky: bool, world: World, standing: Simulator, tmp_path: Path
) -> None:
    asked, number = drawn(world, name, write=False)
    case = Case((((asked, 1 if sticky else number), name),), sticky=sticky)
    assert judged(world, standing, tmp_path, case) == [], case


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if not fault.lists_only])
def test_no_fault_of_a_write_breaks_an_invariant(name: str, world: World, standing: Simulator, tmp_path: Path) -> None:
    case = Case(((drawn(world, name, write=True), name),))
    assert judged(world, standing, tmp_path, case) == [], case


def test_each_read_of_an_audit_that_is_denied_for_ever_makes_it_incomplete(
    world: World, standing: Simulator, tmp_path: Path
) -> None:
    first_write = next(number for number, (asked, _) in enumerate(world.calls) if not asked.startswith(READS))
    asks = {asked for asked, _ in world.calls[:first_write]} - {"GetCallerIdentity"}
    assert len(asks) > 20
    for asked in sorted(asks):
        standing.account = drifted()
        standing.forget()
        standing.faults[asked, 1] = FAULTS["AccessDenied 403"]
        standing.sticky = True
        seen = run(standing, tmp_path)
        standing.sticky = False
        assert broken(world, standing, seen) == [], asked
        asked_last = asked in {each for each, _ in standing.calls[_after_the_last_write(standing) :]}
        assert seen.status == 2 or not asked_last, asked


def _after_the_last_write(simulator: Simulator) -> int:
    writes = [number for number, (asked, _) in enumerate(simulator.calls) if not asked.startswith(READS)]
    return max(writes, default=-1) + 1


@pytest.fixture(scope="module")
def others() -> list[Case]:
    return known_world()[1]


@pytest.mark.parametrize("name", ["AccessDenied 403", "closed after", "never applied", "no request id"])
def test_no_fault_of_an_apply_or_an_undo_breaks_an_invariant(
    name: str, others: list[Case], world: World, standing: Simulator, tmp_path: Path
) -> None:
    chosen = [case for case in others if case.befalls[0][1] == name]
    assert [case.mode for case in chosen] == ["apply", "apply", "undo", "undo"]
    for case in chosen:
        assert judged(world, standing, tmp_path, case) == [], case


@pytest.mark.parametrize("lag", [5.0, 130.0])
def test_no_lag_breaks_an_invariant(lag: float, world: World, standing: Simulator, tmp_path: Path) -> None:
    assert judged(world, standing, tmp_path, Case((), lag=lag, flapping=lag > 100, page=1)) == []


@pytest.mark.parametrize("seed", range(SEED, SEED + 5))
def test_several_faults_in_one_run_break_no_invariant(
    seed: int, world: World, standing: Simulator, tmp_path: Path
) -> None:
    case = several(world, seed)
    assert judged(world, standing, tmp_path, case) == [], case


def test_the_invariants_see_what_a_tool_that_lies_would_do(world: World, standing: Simulator, tmp_path: Path) -> None:
    standing.account = drifted()
    standing.forget()
    standing.faults[world.calls[-1]] = FAULTS["AccessDenied 403"]
    honest = run(standing, tmp_path)
    assert broken(world, standing, honest) == []
    standing.account.state.entities["User", "ada"].attached.clear()
    assert "I3 the account is not between before and after" not in broken(world, standing, honest)
    standing.account.state.entities["Group", "developers"].attached.clear()
    assert "I3 the account is not between before and after" in broken(world, standing, honest)
    assert holdings(standing.account.state) != holdings(world.after)
