"""Credentials that expire in the middle of a run: what was written is told, and nothing is called a bug."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.wire import READS
from tests.simulator import cases, key_death
from tests.simulator.account import Account
from tests.simulator.cases import EXPIRING, Case
from tests.simulator.oracles import Converging
from tests.simulator.scenario import RUNS, SECRET, World, begun, command, expiring, explored
from tests.simulator.server import Simulator, serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with serving(Account()) as server:
        yield server


@pytest.fixture(scope="module")
def worlds(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    return {name: explored(simulator, tmp_path_factory.mktemp(name), name) for name in EXPIRING}


def first_write(world: World) -> int:
    """How many calls there are before the first write."""
    return next(number for number, (asked, _) in enumerate(world.calls) if not asked.startswith(READS))


@pytest.mark.parametrize("mode", EXPIRING)
def test_credentials_that_expire_in_any_kind_of_run_break_no_promise(
    mode: str, worlds: dict[str, World], simulator: Simulator, tmp_path: Path
) -> None:
    world, after = worlds[mode], Converging()
    at = first_write(world)
    for place in (0, 15, at + 1, len(world.calls) - 1):
        case = Case(over=place, mode=mode)
        assert cases.judged(world, simulator, tmp_path, case, after) == [], case


def test_each_call_of_each_kind_of_run_is_a_case_of_the_sweep(worlds: dict[str, World]) -> None:
    every = list(cases.expiries(worlds))
    for mode, world in worlds.items():
        program = [case.over for case in every if case.mode == mode and case.over is not None]
        refused = [case.everything[0] for case in every if case.mode == mode and case.everything]
        assert program == [0, *refused]
        assert len(refused) == len(world.calls)


def test_each_write_is_told_as_done_or_as_not_known_when_the_credentials_expire(
    worlds: dict[str, World], simulator: Simulator, tmp_path: Path
) -> None:
    write = worlds["fix"].writes[3]
    begun(simulator, tmp_path, "fix")
    with expiring(tmp_path) as end:
        simulator.before[write, 1] = end  # it is answered, and cannot be read back
        seen = RUNS["fix"](simulator, tmp_path)
    assert (seen.status, len(seen.writes)) == (2, 4)
    last = {line["index"]: line for line in seen.journal if "outcome" in line}
    outcomes = [last[index]["outcome"] for index in sorted(last)]
    assert outcomes == ["done", "done", "done", "pending", *["skipped"] * (len(outcomes) - 4)]
    assert "accepted, but not read back: iam:" in seen.output
    assert "not tried: the credentials are not valid any more (ExpiredCredentials)" in seen.output
    assert "bug" not in seen.output
    assert SECRET not in seen.output


@pytest.mark.parametrize("calls", [1, 6, 11, 14, 17, 20])
def test_a_key_is_made_once_or_not_at_all_when_the_credentials_expire(
    calls: int, simulator: Simulator, tmp_path: Path
) -> None:
    simulator.account = Account()
    user = simulator.account.add("User", key_death.USER)
    simulator.forget()
    (tmp_path / "desired.yaml").write_text(key_death.FILE)
    with expiring(tmp_path) as end:
        simulator.moments[calls - 1] = end
        seen = command(simulator, tmp_path, *key_death.arguments(tmp_path), journal=False)
    assert len(simulator.calls) >= calls, "the run ends before"
    assert "bug" not in seen.output
    assert seen.status == 0 or "expired" in seen.output.lower()
    kept = key_death.saved(tmp_path)
    assert user.keys == ([kept] if kept else []), "no key is left whose secret is lost"
