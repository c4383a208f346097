"""What benchmarks measure with: a simulated organization, servers that are far away, and ratios."""

from __future__ import annotations

import contextlib
import json
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.httpsession import DEFAULT_CA_BUNDLE

from benchmarks import crowd, measuring, organization, waivers
from benchmarks.certificates import Certificates, made
from benchmarks.measuring import clean_environment
from benchmarks.moto_times import Fractions
from benchmarks.server import Account
from benchmarks.serving import Served, control, served, serving
from koding_audit.cli import main
from tests.simulator.quick import quickened

POLICIES = measuring.CHECKOUT / "policies"
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


ROUND_TRIP = 40  # ms


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Certificates]]:
    """An account over http and TLS, near and far."""
    certificates = made(tmp_path_factory.mktemp("certificates"))
    with served("benchmarks.server", 0, 1, certificates=certificates, round_trips=(0, ROUND_TRIP)) as account:
        yield account, certificates


def asked(connection: HTTPConnection) -> float:
    """Seconds that one call takes on a connection."""
    start = time.perf_counter()
    connection.request("POST", "/", "Action=GetAccountSummary&Version=2010-05-08", {"Authorization": "////"})
    reply = connection.getresponse()
    assert (reply.status, b"AccountMFAEnabled" in reply.read()) == (200, True)
    return time.perf_counter() - start


@pytest.mark.parametrize(("scheme", "handshakes"), [("http", 1), ("https", 2)])
def test_who_is_far_away_pays_the_handshakes_and_then_a_round_trip_a_call(
    far: tuple[Served, Certificates], scheme: str, handshakes: int
) -> None:
    """Of TCP one, of TLS 1.3 one more. No timer is early, so less than that is never seen."""
    account, certificates = far
    parts = urlsplit(account.urls[scheme, ROUND_TRIP])
    host, port = str(parts.hostname), parts.port
    trusted = ssl.create_default_context(cafile=certificates.bundle)
    trusted.minimum_version = ssl.TLSVersion.TLSv1_3
    connection = HTTPSConnection(host, port, context=trusted) if scheme == "https" else HTTPConnection(host, port)
    with contextlib.closing(connection):
        start = time.perf_counter()
        connection.connect()
        asked(connection)
        first = time.perf_counter() - start
        later = [asked(connection) for _ in range(3)]
    assert first >= (handshakes + 1) * ROUND_TRIP / 1000
    assert all(each >= ROUND_TRIP / 1000 for each in later)


def test_the_servers_certificate_is_verified_by_the_bundle_and_by_no_other(far: tuple[Served, Certificates]) -> None:
    account, certificates = far
    url = f"{account.urls['https', 0]}/-/calls"
    with urllib.request.urlopen(
        url, context=ssl.create_default_context(cafile=certificates.bundle), timeout=10
    ) as reply:
        assert reply.status == 200
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(url, context=ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE), timeout=10)


def test_the_bundle_is_botocores_and_one_authority_more(far: tuple[Served, Certificates]) -> None:
    theirs, ours = Path(DEFAULT_CA_BUNDLE).read_bytes(), far[1].bundle.read_bytes()
    assert ours.startswith(theirs)
    assert (ours.count(b"BEGIN CERTIFICATE"), theirs.count(b"BEGIN CERTIFICATE") > 100) == (
        theirs.count(b"BEGIN CERTIFICATE") + 1,
        True,
    )


def test_a_scan_far_away_over_tls_makes_the_same_calls_as_one_near_by(
    far: tuple[Served, Certificates], tmp_path: Path
) -> None:
    account, certificates = far
    bench = measuring.Bench(tmp_path, certificates, measuring.Build("this", measuring.CHECKOUT), None)
    seen = []
    for way in (("http", 0), ("https", ROUND_TRIP)):
        words = ("scan", str(POLICIES / "koding.yaml"), "--endpoint-url", account.urls[way])
        seen.append(measuring.measure(bench.ours.case(bench, *words, calls=account.calls), tmp_path).calls)
    near, away = (sorted(map(repr, calls)) for calls in seen)
    assert near == away
    assert len(near) > 5


def test_what_is_sent_arrives_in_its_order_though_it_is_sent_at_once(far: tuple[Served, Certificates]) -> None:
    """A reply of many pieces comes through the proxy as it was sent."""
    account, _ = far
    near, away = (account.urls["http", distance] for distance in (0, ROUND_TRIP))
    policy = "Action=GetPolicyVersion&PolicyArn=arn:aws:iam::aws:policy/AmazonEC2FullAccess&VersionId=v1&Version=1"
    replies = []
    for url in (near, away):
        request = urllib.request.Request(url, policy.encode(), {"Authorization": "////"})
        with urllib.request.urlopen(request, timeout=10) as reply:
            replies.append(reply.read())
    assert replies[0] == replies[1]
    assert b"ec2%3A%2A" in replies[0]


def run_of(cpu: float) -> measuring.Run:
    return measuring.Run(wall=1.0, cpu=cpu, memory=1.0)


def test_a_ratio_is_that_of_single_turns_and_a_slow_turn_of_both_does_not_change_it() -> None:
    ours = measuring.Case("ours", [], {}, runs=[run_of(each) for each in (1.0, 5.0, 1.0)])
    base = measuring.Case("base", [], {}, runs=[run_of(each) for each in (2.0, 10.0, 2.0)])
    assert measuring.ratio(ours, base, "cpu") == "0.50 (0.50 to 0.50)"


def test_a_command_that_ends_otherwise_than_expected_is_not_measured(tmp_path: Path) -> None:
    fails = measuring.Case("fails", [sys.executable, "-c", "raise SystemExit('no such thing')"], {})
    with pytest.raises(SystemExit, match="ended with 1:\nno such thing"):
        measuring.measure(fails, tmp_path)


def test_the_time_of_a_command_has_that_of_the_processes_which_it_started(tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}], check=True)"
    assert measuring.measure(measuring.Case("", [sys.executable, "-c", parent], {}), tmp_path).cpu >= 0.3


def test_the_account_with_fractions_of_seconds_is_the_other_but_for_its_times() -> None:
    asked_for = ("GetAccountAuthorizationDetails", (("MaxItems", "1000"),))
    whole, fractions = (each(3, 1).reply(*asked_for).partition(b"\r\n\r\n")[2] for each in (Account, Fractions))
    assert fractions.count(b".123456Z") == whole.count(b"00:00:00Z") > 3
    assert fractions.replace(b".123456Z", b"Z") == whole


def test_the_file_of_waivers_names_findings_that_there_are(far: tuple[Served, Certificates], tmp_path: Path) -> None:
    """As many are waived as there are waivers, and the rest stays open."""
    certificates = far[1]
    bench = measuring.Bench(tmp_path, certificates, measuring.Build("this", measuring.CHECKOUT), None)
    path, report = tmp_path / "waivers.yaml", tmp_path / "report.json"
    path.write_text(waivers.desired_state(3))
    with served("benchmarks.server", 5, 1, certificates=certificates, round_trips=()) as account:
        words = ("scan", str(path), "--endpoint-url", account.urls["https", 0], "--output", f"json:{report}")
        measuring.measure(bench.ours.case(bench, *words, status=1), tmp_path)
    found = [
        each for each in json.loads(report.read_text())["audits"][0]["findings"] if each["rule"] == "user-unexpected"
    ]
    assert (len(found), sum(bool(each["waiver"]) for each in found)) == (5, 3)
