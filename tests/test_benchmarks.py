"""The simulated organization that the proof of many accounts is measured on, and what that proof would notice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import crowd, organization
from benchmarks.bench import clean_environment, control, serving
from benchmarks.server import Account
from koding_audit.cli import main
from tests.simulator.quick import quickened

WELL, DENIED, UNREAD, THROTTLED, DRIFTED = (f"1000000000{number:02}" for number in (1, 7, 17, 27, 47))
ASKED = (WELL, DENIED, UNREAD, THROTTLED, DRIFTED)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Any]]:
    """The report of one account of each trouble but slowness, and what the server counted."""
    folder = tmp_path_factory.mktemp("organization")
    file, report = folder / "desired.yaml", folder / "report.json"
    file.write_text(organization.desired_state(accounts=ASKED))
    with serving("benchmarks.crowd", 100, 50, 5, 0) as url, quickened(), pytest.MonkeyPatch.context() as patch:
        for name, value in clean_environment(folder).items():
            patch.setenv(name, value)
        assert main(["scan", str(file), "--endpoint-url", url, "--output", f"json:{report}"]) == 2
        yield report, control(url, "told")


@pytest.mark.slow
def test_each_account_of_the_simulated_organization_ends_as_its_trouble_asks_for(seen: tuple[Path, Any]) -> None:
    report, told = seen
    assert [organization.wanted(each) for each in ASKED] == [
        "clean",
        "denied",
        "unread",
        "clean",
        "group-000 lacks a policy",
    ]
    assert list(organization.strange(report, ASKED)) == []
    assert told["entered"] == dict.fromkeys((WELL, UNREAD, THROTTLED, DRIFTED), 1)


def lose(report: Any) -> None:
    del report["audits"][0]


def count_twice(report: Any) -> None:
    report["audits"].append(report["audits"][0])


def mistake_for_another(report: Any) -> None:
    report["audits"][0]["account"]["id"] = DENIED


def forget_the_error(report: Any) -> None:
    report["errors"] = []


def forget_the_drift(report: Any) -> None:
    report["audits"][-1].update(findings=[], status="clean")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lose, [f"not in the report: 1, {WELL} the first"]),
        (count_twice, [f"more than once in it: 1, {WELL} the first"]),
        (
            mistake_for_another,
            [
                f"not in the report: 1, {WELL} the first",
                f"more than once in it: 1, {DENIED} the first",
                f"{DENIED}: clean",
            ],
        ),
        (forget_the_error, [f"not in the report: 1, {DENIED} the first"]),
        (forget_the_drift, [f"{DRIFTED}: clean"]),
    ],
)
def test_a_report_that_is_not_what_the_accounts_ask_for_is_noticed(
    seen: tuple[Path, Any], tmp_path: Path, change: Callable[[Any], None], told: list[str]
) -> None:
    report = json.loads(seen[0].read_text())
    change(report)
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(report))
    assert list(organization.strange(changed, ASKED)) == told


def test_the_units_of_the_simulated_organization_hold_each_account_once_in_pages_as_aws_gives_them() -> None:
    simulated = crowd.Organization(250, 1, 1, 0.0)
    units = [each["Id"] for each in pages(simulated, "ListOrganizationalUnitsForParent", crowd.ROOT)]
    found = [each["Id"] for unit in units for each in pages(simulated, "ListAccountsForParent", unit)]
    assert (len(units), found) == (3, crowd.ids(250))
    assert list(pages(simulated, "ListAccountsForParent", crowd.ROOT)) == []


def pages(simulated: crowd.Organization, operation: str, parent: str) -> Iterator[Any]:
    asked = {"ParentId": parent}
    while True:
        body = json.loads(simulated.listed(operation, asked).partition(b"\r\n\r\n")[2])
        members = body["Accounts" if "Accounts" in body else "OrganizationalUnits"]
        assert len(members) <= 20
        yield from members
        if "NextToken" not in body:
            return
        asked["NextToken"] = body["NextToken"]


def test_what_only_peers_ask_of_the_account_is_answered_as_of_what_is_in_it() -> None:
    account = Account(2, 2)
    policy = "arn:aws:iam::aws:policy/AmazonEC2FullAccess"
    assert account.reply("ListPolicies", (("Scope", "AWS"),)).count(b"<PolicyName>") == 2
    assert account.reply("ListPolicies", (("Scope", "Local"),)).count(b"<PolicyName>") == 0
    assert account.reply("ListEntitiesForPolicy", (("PolicyArn", policy),)).count(b"<GroupName>") == 3
    assert b"ec2%3A%2A" in account.reply("GetPolicyVersion", (("PolicyArn", policy), ("VersionId", "v1")))
    assert account.reply("GetAccountPasswordPolicy", ()).startswith(b"HTTP/1.1 404 ")
