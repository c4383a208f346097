"""A slice of `make faults`: every kind of fault, rival and twin, with the promises held against each."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.httpsession import URLLib3Session

from tests.servers.tls import NAMED
from tests.servers.wire import READS
from tests.simulator import cases, rivals, sweep, twins
from tests.simulator.cases import PAGED, SOURCES, Case
from tests.simulator.faults import FAULTS
from tests.simulator.mutants import CHECKOUT, MUTANTS, TEXT_TEST, Mutant
from tests.simulator.oracles import Converging, broken, common, holdings
from tests.simulator.rivals import ACTS, MOMENTS, Rivalry
from tests.simulator.scenario import SECRET, Run, World, begun, drifted, explored, run
from tests.simulator.server import Simulator, Target, serving

pytestmark = pytest.mark.slow

Judge = Callable[[Case | Rivalry], list[str]]

SEED = 20261125
KINDS = [
    name for name in FAULTS if not name.startswith("cut at") or name in ("cut at 10 %", "cut at 50 %", "cut at 90 %")
]
OF_READS = [name for name in KINDS if FAULTS[name].group not in ("D refusal", "E rights")]
OF_READS += ["NoSuchEntity 404", "ValidationError 400", "AccessDenied 403", "ExpiredToken 403"]
OF_WRITES = [name for name in KINDS if not FAULTS[name].lists_only]


@pytest.fixture(scope="module")
def standing() -> Iterator[Simulator]:
    with serving(drifted()) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def worlds(standing: Simulator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    folder = tmp_path_factory.mktemp("worlds")
    return {name: explored(standing, folder, name) for name in SOURCES}


@pytest.fixture(scope="module")
def after() -> Converging:
    return Converging()


@pytest.fixture
def judged(worlds: dict[str, World], standing: Simulator, tmp_path: Path, after: Converging) -> Judge:
    def of(case: Case | Rivalry) -> list[str]:
        if isinstance(case, Rivalry):
            return rivals.judged(worlds[case.mode], standing, tmp_path, case)
        return cases.judged(worlds[case.mode], standing, tmp_path, case, after)

    return of


def drawn(world: World, name: str, *, write: bool) -> Target:
    """A call for a fault to befall; the same one in each run of the test."""
    calls = sorted(set(world.calls))
    lists = [each for each in calls if each[0].startswith(PAGED)]
    fitting = [each for each in calls if each[0].startswith(READS) is not write]
    return random.Random(f"{SEED} {name} {write}").choice(lists if FAULTS[name].lists_only else fitting)


@pytest.mark.parametrize("name", OF_READS)
def test_no_fault_of_a_read_for_ever_breaks_a_promise(name: str, worlds: dict[str, World], judged: Judge) -> None:
    asked, _ = drawn(worlds["fix"], name, write=False)
    case = Case((((asked, 1), name),), times=0)
    assert judged(case) == [], case


@pytest.mark.parametrize("name", OF_WRITES)
def test_no_fault_of_a_write_breaks_a_promise(name: str, worlds: dict[str, World], judged: Judge) -> None:
    case = Case(((drawn(worlds["fix"], name, write=True), name),))
    assert judged(case) == [], case


@pytest.mark.parametrize("name", [name for name in KINDS if FAULTS[name].group in cases.PASSES])
def test_what_passes_within_three_tries_is_not_seen(name: str, worlds: dict[str, World], judged: Judge) -> None:
    case = Case(((drawn(worlds["fix"], name, write=len(name) % 2 == 0), name),), times=3)
    assert judged(case) == [], case


def test_a_read_of_an_audit_that_is_denied_for_ever_makes_it_incomplete(
    worlds: dict[str, World], standing: Simulator, tmp_path: Path
) -> None:
    world = worlds["fix"]
    asks = {asked for asked, _ in world.calls[: world.audit]} - {"GetCallerIdentity"}
    assert len(asks) > 20
    for asked in sorted(asks)[::3]:  # all of them are cases of the whole sweep
        begun(standing, tmp_path, "fix")
        cases.befall(standing, Case((((asked, 1), "AccessDenied 403"),), times=0))
        seen = run(standing, tmp_path)
        assert broken(world, standing, seen) == [], asked
        assert seen.status == 2 or asked not in standing.unanswered(), asked


def test_a_denial_that_passes_is_named_in_the_report_and_on_standard_error(
    worlds: dict[str, World], standing: Simulator, tmp_path: Path
) -> None:
    asked = min(asked for asked, _ in worlds["fix"].calls if asked.startswith("GetAccountSummary"))
    case = Case((((asked, 1), "AccessDenied 403"),))
    begun(standing, tmp_path, "fix")
    cases.befall(standing, case)
    seen = run(standing, tmp_path)
    assert seen.status == 0
    assert seen.report["audits"][0]["allowed_later"] == ["iam:GetAccountSummary"]
    assert "AWS denied iam:GetAccountSummary at first and allowed it later" in seen.output


@pytest.mark.parametrize("name", ["AccessDenied 403", "Throttling 400", "no end said"])
def test_a_fault_of_a_second_page_breaks_no_promise(
    name: str, standing: Simulator, tmp_path: Path, judged: Judge
) -> None:
    case = Case((), page=1)
    begun(standing, tmp_path, "fix")
    cases.befall(standing, case)
    run(standing, tmp_path)
    last = max(standing.paged, key=standing.calls.index)
    assert judged(replace(case, befalls=((last, name),))) == []


@pytest.mark.parametrize(
    "name", ["AccessDenied 403", "closed after", "never applied", "no request id", "LimitExceeded 409"]
)
@pytest.mark.parametrize("mode", ["apply", "undo", "listed", "replace"])
def test_no_fault_of_another_run_than_a_fix_breaks_a_promise(
    mode: str, name: str, worlds: dict[str, World], judged: Judge
) -> None:
    write = len(mode + name) % 2 == 0
    case = next(
        each
        for each in cases.once_each(mode, worlds[mode].calls)
        if each.befalls[0][1] == name and each.befalls[0][0][0].startswith(READS) is not write
    )
    assert judged(case) == [], case


def test_a_conflict_of_three_minutes_is_given_up_after_two(worlds: dict[str, World], judged: Judge) -> None:
    for name in ("ConcurrentModification 409", "EntityTemporarilyUnmodifiable 409"):
        case = Case(((drawn(worlds["fix"], name, write=True), name),), times=0, seconds=180.0)
        assert judged(case) == [], case


@pytest.mark.parametrize("lag", [5.0, 60.0, 130.0])
def test_no_lag_breaks_a_promise(lag: float, judged: Judge) -> None:
    assert judged(Case(lag=lag, flapping=lag > 100, page=1)) == []
    assert judged(Case(listing_lag=lag, mode="listed")) == []


@pytest.mark.parametrize("habit", list(cases.REPORTED))
def test_a_report_that_leaves_a_fact_unknown_is_never_clean(habit: str, judged: Judge) -> None:
    assert judged(Case(report=habit)) == []


@pytest.mark.parametrize("place", [1, 20, 40, 80, 140])
def test_credentials_that_expire_stop_the_run_at_once(place: int, judged: Judge) -> None:
    assert judged(Case(everything=(place, "ExpiredToken 403"))) == []


@pytest.mark.parametrize("identity", list(cases.IDENTITIES))
@pytest.mark.parametrize("when", [1, 2])
def test_whose_the_credentials_are_is_asked_before_the_first_write(identity: str, when: int, judged: Judge) -> None:
    assert judged(Case(identity=(when, identity))) == []


@pytest.mark.parametrize("name", list(NAMED))
@pytest.mark.parametrize(("first", "times"), [(1, 0), (2, 0), (2, 3)])
def test_no_fault_of_tls_breaks_a_promise(first: int, times: int, name: str, judged: Judge) -> None:
    assert judged(Case(tls=(first, name), times=times)) == []


def test_a_request_over_a_connection_that_is_not_verified_would_be_seen(
    judged: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def verify_nothing(_session: URLLib3Session, pool: Any, *_: Any) -> None:
        pool.cert_reqs = "CERT_NONE"

    monkeypatch.setattr(URLLib3Session, "_setup_ssl_cert", verify_nothing)
    with pytest.warns(Warning, match="Unverified"):
        failed = judged(Case(tls=(1, "expired"), times=0))
    assert "V a request over a connection that is not verified" in failed


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("act", list(ACTS))
def test_no_rival_breaks_a_promise(act: str, moment: str, worlds: dict[str, World], judged: Judge) -> None:
    every = [each for each in rivals.cases(worlds) if (each.act, each.moment) == (act, moment)]
    case = random.Random(f"{SEED} {act} {moment}").choice(every)
    assert judged(case) == [], case


@pytest.mark.parametrize("act", ["deletes", "makes anew"])
@pytest.mark.parametrize("mode", ["fix", "listed"])
def test_an_entity_that_goes_between_two_pages_breaks_no_promise(
    mode: str, act: str, standing: Simulator, tmp_path: Path, judged: Judge
) -> None:
    every = rivals.between_pages({mode: cases.later_pages(standing, tmp_path, mode)})
    case = random.Random(f"{SEED} {act} {mode}").choice([each for each in every if each.act == act])
    assert judged(case) == [], case


@pytest.mark.parametrize(
    ("mode", "write"),
    [
        ("fix", "PutUserPolicy PolicyName=own UserName=ada"),
        ("fix", "CreatePolicy Path=/team/ PolicyName=team-logs"),
        ("replace", "PutUserPolicy PolicyName=own UserName=ada"),
        ("replace", "CreatePolicyVersion PolicyArn=arn:aws:iam::123456789012:policy/team-logs SetAsDefault=true"),
    ],
)
def test_a_document_that_somebody_wrote_since_the_audit_is_not_written_over(
    mode: str, write: str, worlds: dict[str, World], standing: Simulator, tmp_path: Path
) -> None:
    case = Rivalry(mode, write, "puts another document", "before the look")
    begun(standing, tmp_path, mode)
    rivals.arm(worlds[mode], standing, case)
    seen = run(standing, tmp_path, mode)
    assert seen.status == 2
    assert write not in seen.writes
    assert not any("team-logs" in each for each in seen.writes if "CreatePolicy" in write), "nor is it attached"
    changed = ("with another document", "was changed since the audit", "has another default version since the audit")
    changed += ("the document of customer:team-logs was changed since the guards checked it",)
    assert any(text in seen.output for text in changed)


def test_on_one_machine_the_second_of_two_is_refused_and_on_two_nothing_is_written_twice(
    worlds: dict[str, World],
) -> None:
    write = worlds["fix"].writes[4]
    assert twins.on_one_machine(write) == []
    assert twins.on_two_machines(write) == []


@pytest.mark.parametrize("seed", range(SEED, SEED + 5))
def test_several_faults_in_one_run_break_no_promise(seed: int, worlds: dict[str, World], judged: Judge) -> None:
    case = cases.several(worlds, seed)
    assert judged(case) == [], case


def test_a_case_that_hangs_is_told_and_the_next_one_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(_world: World, _simulator: Simulator, _folder: Path, case: Case, _after: Converging) -> list[str]:
        if case.lag:
            threading.Event().wait()
        return []

    monkeypatch.setattr(sweep, "PATIENCE", 1)
    monkeypatch.setattr(sweep, "known", lambda: ({"fix": None}, []))
    monkeypatch.setattr(cases, "judged", hangs)
    found, _ = sweep.work([Case(lag=1.0), Case()])
    assert [broke for _, _, broke in found] == [["I8 not at its end after 1 seconds"], []]


# --- the promises themselves -----------------------------------------------------------------------------


def honest(standing: Simulator, world: World, folder: Path) -> Run:
    """A fix whose last write is denied."""
    begun(standing, folder, "fix")
    standing.faults[world.writes[-1], 1] = FAULTS["AccessDenied 403"]
    seen = run(standing, folder)
    assert broken(world, standing, seen) == []
    return seen


def test_the_promises_see_what_a_tool_that_lies_would_do(
    worlds: dict[str, World], standing: Simulator, tmp_path: Path
) -> None:
    world = worlds["fix"]
    seen = honest(standing, world, tmp_path)
    planned = [line for line in seen.output.splitlines() if not line.startswith("  + CreateUser")]
    lies = {
        "I4 status 0, and the account is not as wanted": replace(seen, status=0),
        "P3 a write that was not in the plan, or not in its order": replace(seen, writes=seen.writes[::-1]),
        "I2 something was taken away": replace(seen, writes=(*seen.writes, "DetachUserPolicy UserName=ada")),
        "I5 a write before the journal knew of it": replace(seen, unrecorded=("CreateUser UserName=new",)),
        "I5 a write that the journal does not know": replace(seen, journal=seen.journal[:3]),
        "I7 a secret": replace(seen, files=seen.files + SECRET),
        "I7 a control character": replace(seen, output="\x1b[2J"),
        "I7 a crash": replace(seen, output=seen.output + "this is a bug"),
        "I8 too long": replace(seen, seconds=10_000.0),
        "I9 no report": replace(seen, report={}),
    }
    for name, lie in lies.items():
        assert name in broken(world, standing, lie), name
    without = replace(seen, output="\n".join(planned))
    assert "P3 a write that was not in the plan, or not in its order" in broken(world, standing, without)
    standing.account.state.entities["Group", "developers"].attached.clear()
    assert "I3 the account is not between before and after" in broken(world, standing, seen)
    assert holdings(standing.account.state) != holdings(world.after)


def test_an_unread_fact_at_the_end_is_seen_without_asking_the_tool(
    worlds: dict[str, World], standing: Simulator, tmp_path: Path
) -> None:
    world = worlds["fix"]
    begun(standing, tmp_path, "fix")
    cases.befall(standing, Case(((("GetUser UserName=ada", 1), "AccessDenied 403"),), times=0))
    seen = run(standing, tmp_path)
    assert standing.unanswered() == ["GetUser UserName=ada"]
    assert common(world, standing, replace(seen, status=0))["P1 unread at the end, and the status is not 2"]


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=list(MUTANTS))
def test_the_text_that_a_mutant_replaces_occurs_once_in_its_file(
    mutant: Mutant, request: pytest.FixtureRequest
) -> None:
    compile(mutant.mutated_text(CHECKOUT), mutant.file, "exec")  # a mutant with a syntax error would prove nothing
    assert request.node.nodeid.startswith(f"{TEXT_TEST}[")  # `make mutants` deselects this test by its name
