"""`scan` over the accounts of targets, each through its role, at a simulated organization over real HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from koding_audit.accounts import checkpoint
from koding_audit.cli import main
from tests.simulator.account import ACCOUNT, AWS, Account
from tests.simulator.faults import FAULTS
from tests.simulator.organization import ROOT, Organization
from tests.simulator.quick import quickened
from tests.simulator.scenario import Run, command
from tests.simulator.server import listening

ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"
REST = """
policy_sets:
  read: {policies: [ReadOnlyAccess]}
groups:
  Readers: {required: [read], members: [ada]}
"""
LISTED = f"""version: 1
targets:
  live: {{accounts: ["{ONE}", "{TWO}"], role: team/audit, external_id: abc}}
  test: {{accounts: ["{THREE}"], role: audit}}
{REST}"""
FOUND = "version: 1\ntargets:\n  all: {%s, role: audit}\n" + REST


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with quickened():
        yield


@pytest.fixture
def organization() -> Iterator[Organization]:
    """Three accounts: the first as it is to be, in the others the group lacks its policy."""
    members = {each: account(attached=each == ONE) for each in (ONE, TWO, THREE)}
    with listening(Organization(Account(), members=members)) as server:
        yield server


def account(*, attached: bool) -> Account:
    made = Account()
    made.add_policy(f"{AWS}ReadOnlyAccess")
    made.add("Group", "Readers", attached=[f"{AWS}ReadOnlyAccess"] if attached else [])
    made.add("User", "ada", groups={"Readers"})
    return made


def scan(organization: Organization, folder: Path, *more: str, file: str = LISTED) -> Run:
    (folder / "desired.yaml").write_text(file)
    said = ["scan", str(folder / "desired.yaml"), "--output", "json", *more]
    return command(organization, folder, *said, journal=False)


def audits(seen: Run) -> dict[str, list[str]]:
    """The rules of what stands, by account, in the report's order."""
    standing = {"open", "failed", "pending"}
    return {
        each["account"]["id"]: [found["rule"] for found in each["findings"] if found["status"] in standing]
        for each in seen.report["audits"]
    }


def errors(seen: Run) -> list[str]:
    return [each["message"] for each in seen.report["errors"]]


def timeless(text: str) -> str:
    return re.sub(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "TIME", text)


def test_each_account_of_the_targets_is_audited_through_its_role_and_stands_in_one_report(
    organization: Organization, tmp_path: Path
) -> None:
    seen = scan(organization, tmp_path)
    assert audits(seen) == {ONE: [], TWO: ["policy-missing"], THREE: ["policy-missing"]}
    assert seen.status == 1
    assert sorted(organization.assumed) == [
        (f"arn:aws:iam::{ONE}:role/team/audit", "abc"),
        (f"arn:aws:iam::{TWO}:role/team/audit", "abc"),
        (f"arn:aws:iam::{THREE}:role/audit", ""),
    ]


def test_what_names_targets_holds_in_their_accounts_only(organization: Organization, tmp_path: Path) -> None:
    more = "  Writers: {targets: [test], members: [ada, bob]}\n"
    found = audits(scan(organization, tmp_path, file=LISTED + more))
    assert found[ONE] == []
    assert sorted(found[THREE]) == ["group-missing", *["membership-missing"] * 2, "policy-missing", "user-missing"]


def test_a_waiver_of_one_target_waives_nothing_elsewhere(organization: Organization, tmp_path: Path) -> None:
    waiver = '{rule: policy-missing, targets: [test], reason: it goes, owner: web, expires: "2999-12-31"}'
    found = audits(scan(organization, tmp_path, file=f"{LISTED}waivers:\n  - {waiver}\n"))
    assert found == {ONE: [], TWO: ["policy-missing"], THREE: []}


def test_an_account_that_cannot_be_entered_makes_the_run_incomplete_and_the_others_are_reported(
    organization: Organization, tmp_path: Path
) -> None:
    organization.closed.add(ONE)
    seen = scan(organization, tmp_path)
    assert audits(seen) == {TWO: ["policy-missing"], THREE: ["policy-missing"]}
    assert errors(seen) == [
        f"account {ONE}: role arn:aws:iam::{ONE}:role/team/audit cannot be assumed: AccessDenied",
    ]
    assert seen.status == 2


def test_an_account_whose_later_changes_are_not_known_says_so_in_the_report_and_on_standard_error(
    organization: Organization, tmp_path: Path
) -> None:
    names = [f"user-{number}" for number in range(201)]
    for account_id, each in organization.members.items():
        for name in names:
            each.add("User", name)
        each.make_report()
        each.answer("CreateLoginProfile", {"UserName": "user-7"})
        each.trail_refusal = "AccessDeniedException" if account_id == TWO else ""
    users = "users:\n" + "".join(f"  {name}: {{console: forbidden}}\n" for name in names)
    seen = scan(organization, tmp_path, file=LISTED + users)
    found = {each["account"]["id"]: each for each in seen.report["audits"]}
    assert [found[each]["credentials_as_of"] is not None for each in (ONE, TWO, THREE)] == [False, True, False]
    assert ["console-unexpected" in audits(seen)[each] for each in (ONE, TWO, THREE)] == [True, False, True]
    assert seen.output.count(f"Account {TWO}: keys and sign-in as of ") == 1
    assert seen.output.count("keys and sign-in as of ") == 2  # the report's own is the other one


def test_target_and_account_narrow_the_run(organization: Organization, tmp_path: Path) -> None:
    assert list(audits(scan(organization, tmp_path, "--target", "live"))) == [ONE, TWO]
    assert list(audits(scan(organization, tmp_path, "--account", TWO))) == [TWO]
    unknown = scan(organization, tmp_path, "--target", "lives")
    assert (unknown.status, errors(unknown)) == (2, ["--target lives is not in the desired state"])
    elsewhere = scan(organization, tmp_path, "--account", ACCOUNT)
    assert (elsewhere.status, errors(elsewhere)) == (2, [f"account {ACCOUNT} is in none of the targets"])


def test_shards_that_are_merged_are_the_report_of_one_run_but_for_its_times(
    organization: Organization, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    organization.closed.add(TWO)
    paths = {name: str(tmp_path / f"{name}.json") for name in ("whole", "one", "two", "merged")}
    scan(organization, tmp_path, "--output", f"json:{paths['whole']}")
    for number, name in ((1, "one"), (2, "two")):
        scan(organization, tmp_path, "--shard", f"{number}/2", "--output", f"json:{paths[name]}")
    assert main(["merge", paths["two"], paths["one"], "--output", f"json:{paths['merged']}"]) == 2
    assert timeless(Path(paths["merged"]).read_text()) == timeless(Path(paths["whole"]).read_text())
    assert f"account {TWO}: " in capsys.readouterr().err


def test_beside_a_baseline_only_what_is_new_fails_and_all_of_an_account_that_has_joined_is_new(
    organization: Organization, tmp_path: Path
) -> None:
    known = str(tmp_path / "known.json")
    scan(organization, tmp_path, "--target", "live", "--output", f"json:{known}")
    live = scan(organization, tmp_path, "--target", "live", "--baseline", known)
    assert (live.status, audits(live)) == (0, {ONE: [], TWO: ["policy-missing"]})
    every = scan(organization, tmp_path, "--baseline", known)
    assert (every.status, errors(every)) == (1, [])
    assert [bool(each["baseline"]) for each in every.report["audits"]] == [True, True, False]


@pytest.mark.parametrize(
    ("before", "now", "is_gone"),
    [((), (), True), (("--target", "b"), (), True), ((), ("--target", "a"), False), (("--with", "read"), (), False)],
    ids=["the same", "one target more", "one target less", "one set less"],
)
def test_what_a_run_was_not_about_is_not_resolved_beside_a_baseline(
    organization: Organization, tmp_path: Path, before: tuple[str, ...], now: tuple[str, ...], is_gone: bool
) -> None:
    file = f"""version: 1
targets:
  a: {{accounts: ["{ONE}"], role: audit}}
  b: {{accounts: ["{ONE}"], role: audit}}
policy_sets: {{read: {{policies: [ReadOnlyAccess]}}}}
groups: {{Secret: {{targets: [b], optional: [read]}}}}
"""
    saved = str(tmp_path / "before.json")
    scan(organization, tmp_path, "--output", f"json:{saved}", *before, file=file)
    organization.members[ONE].add("Group", "Secret")
    (audit,) = scan(organization, tmp_path, "--baseline", saved, *now, file=file).report["audits"]
    assert (f"group-missing/arn:aws:iam::{ONE}:group/Secret" in audit["baseline"]["gone"]) is is_gone


def test_a_run_that_is_begun_again_reads_only_what_it_was_not_done_with_and_reports_as_one(
    organization: Organization, tmp_path: Path
) -> None:
    whole = scan(organization, tmp_path).report
    organization.closed.add(TWO)
    resume = ("--resume", str(tmp_path / "all.run"))
    first = scan(organization, tmp_path, *resume)
    assert (first.status, list(audits(first))) == (2, [ONE, THREE])
    organization.closed.clear()
    organization.assumed.clear()
    again = scan(organization, tmp_path, *resume)
    assert [arn.split(":")[4] for arn, _ in organization.assumed] == [TWO]
    assert (again.status, timeless(json.dumps(again.report))) == (1, timeless(json.dumps(whole)))
    assert "all.run: 2 of 3 accounts are in it already" in again.output


@pytest.mark.parametrize(
    "other",
    [("--skip", "root-used"), ("--strict",), ("--with", "read"), ("file",)],
    ids=["skip", "strict", "with", "another file"],
)
def test_what_another_run_found_is_not_taken_for_this_one(
    organization: Organization, tmp_path: Path, other: tuple[str, ...]
) -> None:
    resume = ("--resume", str(tmp_path / "all.run"), "--account", ONE)
    scan(organization, tmp_path, *resume)
    organization.assumed.clear()
    if other == ("file",):
        scan(organization, tmp_path, *resume, file=f"{LISTED}root: {{unused_days: 31}}\n")
    else:
        scan(organization, tmp_path, *resume, *other)
    assert len(organization.assumed) == 1


def test_an_account_is_read_again_where_another_part_of_the_file_holds_in_it(
    organization: Organization, tmp_path: Path
) -> None:
    overlapping = f"""version: 1
targets:
  a: {{accounts: ["{ONE}", "{TWO}"], role: audit}}
  b: {{accounts: ["{ONE}"], role: audit}}
groups:
  Secret: {{targets: [b]}}
"""
    resume = ("--resume", str(tmp_path / "all.run"))
    assert scan(organization, tmp_path, *resume, "--target", "a", file=overlapping).status == 0
    organization.assumed.clear()
    again = scan(organization, tmp_path, *resume, file=overlapping)
    assert (again.status, audits(again)) == (1, {ONE: ["group-missing"], TWO: []})
    assert [arn.split(":")[4] for arn, _ in organization.assumed] == [ONE]


def test_what_was_found_a_day_ago_is_asked_for_again(
    organization: Organization, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resume = ("--resume", str(tmp_path / "all.run"), "--account", ONE)
    monkeypatch.setattr(checkpoint, "CHECKPOINT_LIFETIME", timedelta(days=-1))
    for _ in range(2):
        scan(organization, tmp_path, *resume)
    assert len(organization.assumed) == 2


def test_a_fix_is_not_resumed(organization: Organization, tmp_path: Path) -> None:
    seen = scan(organization, tmp_path, "--fix", "--yes", "--resume", str(tmp_path / "all.run"))
    assert (seen.status, errors(seen)) == (2, ["--resume cannot be used with --fix"])
    assert not (tmp_path / "all.run").exists()


@pytest.mark.parametrize("name", ["-", "nowhere/all.run"])
def test_a_file_of_a_run_that_cannot_be_made_is_refused_before_anything_is_asked(
    organization: Organization, tmp_path: Path, name: str
) -> None:
    seen = scan(organization, tmp_path, "--resume", name)
    assert seen.status == 2
    assert errors(seen)[0].startswith(f"--resume: {name} ")
    assert (organization.assumed, organization.calls) == ([], [])


def test_the_file_of_a_run_is_no_history_and_no_report_is_laid_over_it(
    organization: Organization, tmp_path: Path
) -> None:
    path = str(tmp_path / "all.run")
    scan(organization, tmp_path, "--resume", path)
    laid = scan(organization, tmp_path, "--resume", path, "--output", f"csv:{path}")
    assert (laid.status, organization.written) == (2, [])
    kept = scan(organization, tmp_path, "--history", path)
    assert "it is a database of another program" in kept.output
    assert (tmp_path / "all.run").stat().st_mode & 0o777 == 0o600


def test_a_shard_without_an_account_is_refused(organization: Organization, tmp_path: Path) -> None:
    seen = scan(organization, tmp_path, "--shard", "4/4")
    assert (seen.status, errors(seen)) == (2, ["there is no account in shard 4/4"])


def test_a_fix_writes_account_by_account_and_measures_each_again(organization: Organization, tmp_path: Path) -> None:
    seen = scan(organization, tmp_path, "--fix", "--yes")
    assert (seen.status, audits(seen)) == (0, {ONE: [], TWO: [], THREE: []}), seen.output
    attach = f"AttachGroupPolicy GroupName=Readers PolicyArn={AWS}ReadOnlyAccess"
    assert organization.written == [(TWO, attach), (THREE, attach)]
    assert organization.writes == []


@pytest.mark.parametrize(("more", "written"), [((), []), (("--keep-going",), [THREE])])
def test_a_fix_stops_at_the_first_account_that_ends_other_than_expected_unless_told_to_go_on(
    organization: Organization, tmp_path: Path, more: tuple[str, ...], written: list[str]
) -> None:
    attach = f"AttachGroupPolicy GroupName=Readers PolicyArn={AWS}ReadOnlyAccess"
    organization.troubled[TWO] = {(attach, 1): FAULTS["AccessDenied 403"]}
    seen = scan(organization, tmp_path, "--fix", "--yes", *more)
    assert seen.status == 2
    assert [each for each, _ in organization.written] == written
    left = [each for each in errors(seen) if each.startswith(f"account {THREE} was not audited")]
    assert bool(left) is not bool(more), errors(seen)


def test_the_organization_tells_the_accounts_of_units_and_tags(organization: Organization, tmp_path: Path) -> None:
    organization.units = {ROOT: ["ou-abcd-11111111"], "ou-abcd-11111111": ["ou-abcd-22222222"]}
    organization.placed = {ONE: ROOT, TWO: "ou-abcd-22222222", THREE: "ou-abcd-11111111"}
    organization.tags = {ONE: {"stage": "live"}, TWO: {"stage": "live", "team": "web"}, THREE: {"stage": "test"}}

    def found(target: str) -> list[str]:
        return list(audits(scan(organization, tmp_path, file=FOUND % target)))

    assert found("ou: ou-abcd-11111111") == [TWO, THREE]
    assert found(f'ou: [{ROOT}], exclude: ["{TWO}"]') == [ONE, THREE]
    assert found("tag: {stage: live}") == [ONE, TWO]
    assert found("tag: {stage: live, team: web}") == [TWO]
    assert found("ou: ou-abcd-11111111, tag: {stage: test}") == [THREE]
    organization.suspended.add(THREE)
    assert found("ou: ou-abcd-11111111") == [TWO]


@pytest.mark.parametrize("state", ["SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION"])
def test_an_account_that_cannot_be_used_is_skipped_and_named_and_the_status_stays(
    state: str, organization: Organization, tmp_path: Path
) -> None:
    organization.states[TWO] = state
    organization.tags = {ONE: {"stage": "live"}, TWO: {"stage": "live"}}
    seen = scan(organization, tmp_path, "-q", file=FOUND % "tag: {stage: live}")
    assert (audits(seen), errors(seen), seen.status) == ({ONE: []}, [], 0)
    assert seen.report["skipped"] == [{"account": TWO, "state": state}]
    assert f"was not audited: {TWO} ({state})" in seen.output
    assert [arn.split(":")[4] for arn, _ in organization.assumed] == [ONE]
    pinned = scan(organization, tmp_path, "--account", TWO, file=FOUND % "tag: {stage: live}")
    assert errors(pinned) == [f"account {TWO} cannot be audited: its state in Organizations is {state}"]
    assert pinned.status == 2


@pytest.mark.parametrize("more", [(), ("--shard", "1/2")], ids=["a run", "a shard"])
def test_where_no_account_can_be_used_the_report_names_them_and_the_hint_is_about_them(
    organization: Organization, tmp_path: Path, more: tuple[str, ...]
) -> None:
    organization.states = {ONE: "SUSPENDED", TWO: "CLOSED", THREE: "CLOSED"}
    organization.tags = {each: {"stage": "live"} for each in (ONE, TWO, THREE)}
    seen = scan(organization, tmp_path, *more, file=FOUND % "tag: {stage: live}")
    assert (seen.status, errors(seen)) == (2, ["there is no account in the targets that can be audited"])
    assert [each["account"] for each in seen.report["skipped"]] == [ONE, TWO, THREE]
    assert "see their states in Organizations" in seen.output


def test_a_shard_without_an_account_keeps_the_accounts_that_were_skipped(
    organization: Organization, tmp_path: Path
) -> None:
    organization.states = {TWO: "CLOSED"}
    organization.tags = {each: {"stage": "live"} for each in (ONE, TWO)}
    seen = scan(organization, tmp_path, "--shard", "2/2", file=FOUND % "tag: {stage: live}")
    assert (seen.status, errors(seen)) == (2, ["there is no account in shard 2/2"])
    assert seen.report["skipped"] == [{"account": TWO, "state": "CLOSED"}]


@pytest.mark.parametrize(("state", "shown"), [("ASLEEP", "ASLEEP"), ("", '""')], ids=["unknown", "empty"])
def test_a_state_that_the_data_do_not_have_is_an_error_and_the_other_accounts_are_audited(
    organization: Organization, tmp_path: Path, state: str, shown: str
) -> None:
    organization.states[TWO] = state
    organization.tags = {ONE: {"stage": "live"}, TWO: {"stage": "live"}}
    seen = scan(organization, tmp_path, file=FOUND % "tag: {stage: live}")
    assert (audits(seen), seen.report["skipped"], seen.status) == ({ONE: []}, [], 2)
    assert errors(seen) == [f"account {TWO} was not audited: its state {shown} is not known"]


def test_skipped_accounts_of_shards_stand_once_in_what_they_are_merged_to(
    organization: Organization, tmp_path: Path
) -> None:
    organization.states[THREE] = "CLOSED"
    organization.tags = {each: {"stage": "live"} for each in (ONE, TWO, THREE)}
    for number in (1, 2):
        where = f"json:{tmp_path / f'{number}.json'}"
        scan(organization, tmp_path, "--shard", f"{number}/2", "--output", where, file=FOUND % "tag: {stage: live}")
    parts = [str(tmp_path / f"{number}.json") for number in (1, 2)]
    assert main(["merge", *parts, "--output", f"json:{tmp_path / 'merged.json'}"]) == 1
    merged = json.loads((tmp_path / "merged.json").read_text())
    assert merged["skipped"] == [{"account": THREE, "state": "CLOSED"}]
    assert [each["account"]["id"] for each in merged["audits"]] == [ONE, TWO]


def test_where_the_organization_tells_nothing_no_account_is_audited(organization: Organization, tmp_path: Path) -> None:
    organization.secretive = True
    seen = scan(organization, tmp_path, file=FOUND % "tag: {stage: live}")
    assert (seen.status, seen.report["audits"]) == (2, [])
    (error,) = seen.report["errors"]
    assert error["message"].startswith("could not list the accounts of target all: organizations:ListAccounts")
    assert (error["location"]["line"], organization.assumed) == (3, [])


def test_an_account_in_two_targets_of_different_roles_is_refused_before_it_is_entered(
    organization: Organization, tmp_path: Path
) -> None:
    two = f'tag: {{stage: live}}, role: audit}}\n  some: {{accounts: ["{ONE}"]'
    organization.tags = {ONE: {"stage": "live"}}
    seen = scan(organization, tmp_path, file=(FOUND % two).replace("], role: audit", "], role: other"))
    assert errors(seen) == [f"account {ONE} is in targets all and some, which name different roles"]
    assert organization.assumed == []


def test_an_account_that_the_file_does_not_pin_is_refused_before_any_is_entered(
    organization: Organization, tmp_path: Path
) -> None:
    organization.tags = {ONE: {"stage": "live"}, TWO: {"stage": "live"}}
    pinned = f'account: {{id: "{ONE}"}}\n'
    seen = scan(organization, tmp_path, file=(FOUND % "tag: {stage: live}") + pinned)
    assert errors(seen) == [f"account {TWO} is in the targets, but not in `account`"]
    assert (seen.status, organization.assumed) == (2, [])
    assert scan(organization, tmp_path, "--account", ONE, file=(FOUND % "tag: {stage: live}") + pinned).status == 0


def test_unattended_writes_need_accounts_that_the_file_names(organization: Organization, tmp_path: Path) -> None:
    organization.tags = {TWO: {"stage": "live"}}
    seen = scan(organization, tmp_path, "--fix", "--yes", file=FOUND % "tag: {stage: live}")
    assert seen.status == 2
    assert "needs a pinned account" in errors(seen)[0]
    pinned = scan(organization, tmp_path, "--fix", "--yes", "--account", TWO, file=FOUND % "tag: {stage: live}")
    assert (pinned.status, [each for each, _ in organization.written]) == (0, [TWO])


def test_a_journal_and_the_policies_of_an_organization_are_of_one_account(
    organization: Organization, tmp_path: Path
) -> None:
    journal = scan(organization, tmp_path, "--fix", "--yes", "--journal", str(tmp_path / "j"))
    assert errors(journal) == ["--journal needs --account"]
    (tmp_path / "scp.json").write_text(json.dumps(ALLOWING))
    given = scan(organization, tmp_path, "--scp", str(tmp_path / "scp.json"))
    assert errors(given) == ["--scp applies to one account, but the desired state has targets"]
    given = scan(organization, tmp_path, "--vpce", str(tmp_path / "vpce.json"))
    assert errors(given) == ["--vpce applies to one account, but the desired state has targets"]
    assert organization.assumed == []


ALLOWING: dict[str, Any] = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def test_commands_about_one_account_take_what_holds_in_it_and_refuse_one_that_is_in_no_target(
    organization: Organization, tmp_path: Path
) -> None:
    (tmp_path / "desired.yaml").write_text(LISTED.replace(THREE, ACCOUNT))
    plan = ["plan", str(tmp_path / "desired.yaml"), "--create", "--out", str(tmp_path / "a.plan")]
    made = command(organization, tmp_path, *plan, journal=False)
    assert made.status == 0, made.output
    (tmp_path / "desired.yaml").write_text(LISTED)
    plan[-1] = str(tmp_path / "b.plan")
    refused = command(organization, tmp_path, *plan, journal=False)
    assert refused.status == 2
    assert f"account {ACCOUNT} is in none of the targets: live, test" in refused.output
    (tmp_path / "desired.yaml").write_text(FOUND % "tag: {stage: live}")
    untold = command(organization, tmp_path, *plan, journal=False)
    assert (
        "desired.yaml:3:3: error: target all lists no accounts, and only `scan` reads them from the organization"
        in untold.output
    )


@pytest.mark.parametrize("option", [("--target", "live"), ("--shard", "1/2"), ("--keep-going",), ("--resume", "x.run")])
def test_what_is_about_targets_is_refused_where_the_file_has_none(
    organization: Organization, tmp_path: Path, option: tuple[str, ...]
) -> None:
    seen = scan(organization, tmp_path, *option, file=f"version: 1\n{REST}")
    assert seen.status == 2
    assert errors(seen) == [f"{option[0]} needs the accounts of targets, and there are none"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (["--engine", "dask", "--fix"], "--fix writes from this process only"),
        (["--engine", "processes", "--fix"], "--fix writes from this process only"),
        (["--workers", "2"], "--workers needs --engine processes or dask"),
        (["--engine", "processes", "--scheduler", "tls://a:1"], "--scheduler needs --engine dask"),
        (["--engine", "processes", "--workers", "2", "--parallel", "199"], "--parallel: these processes can audit 198"),
        (["--tls-ca", "ca.pem"], "--tls-ca needs --engine dask"),
        (["--parallel", "100"], "--parallel: one process can audit 99 accounts at the same time"),
        (["--scheduler", "tls://a:1", "--workers", "2"], "--workers starts processes on this machine"),
        (["--engine", "dask", "--tls-key", "key.pem"], "--tls-key needs --scheduler"),
        (["--scheduler", "tcp://a:1"], "--scheduler tcp://a:1 needs TLS, because it is not on this machine"),
    ],
)
def test_engines_and_options_that_do_not_go_together_are_refused_before_anything_is_asked(
    organization: Organization, tmp_path: Path, said: list[str], told: str
) -> None:
    seen = scan(organization, tmp_path, *said, *(["--dry-run"] if "--fix" in said else []))
    assert seen.status == 2
    assert errors(seen)[0].startswith(told)
    assert not organization.assumed
    assert not organization.calls


UNUSED = """waivers:
  - {rule: policy-missing, reason: it goes, owner: web, expires: "2999-12-31"}
  - {rule: group-missing, reason: it goes, owner: web, expires: "2999-12-31"}
"""


def test_a_waiver_that_matches_in_some_accounts_of_a_run_is_not_unused_in_the_others(
    organization: Organization, tmp_path: Path
) -> None:
    found = audits(scan(organization, tmp_path, file=LISTED + UNUSED))
    told = ["waiver-unused"]  # the one about groups, which matches nowhere
    assert found == {ONE: told, TWO: told, THREE: told}


def test_after_a_merge_of_shards_a_waiver_that_matches_in_another_shard_is_not_unused(
    organization: Organization, tmp_path: Path
) -> None:
    paths = [str(tmp_path / f"shard{number}.json") for number in (1, 2, 3)]
    file = LISTED + UNUSED.partition("  - {rule: group")[0]
    statuses = []
    for number, path in enumerate(paths, 1):
        seen = scan(organization, tmp_path, "--shard", f"{number}/3", file=file)
        Path(path).write_text(json.dumps(seen.report), encoding="utf-8")
        statuses.append(seen.status)
    assert statuses == [0, 0, 0], "no shard knows of the others"
    assert main(["merge", *paths, "--output", f"json:{tmp_path / 'merged.json'}"]) == 0
    merged = json.loads((tmp_path / "merged.json").read_text(encoding="utf-8"))
    assert {each["status"] for each in merged["audits"]} == {"clean"}
