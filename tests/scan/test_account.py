"""What is read before the account is known: beside GetCallerIdentity, and of no use where the account is refused."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from koding_audit.aws.sources.live import account_independent_part
from koding_audit.cli import main
from koding_audit.desired import load_desired
from koding_audit.model.account import Account as AccountId
from koding_audit.model.account import principal_key
from koding_audit.model.desired import Desired, Guards, Reference
from koding_audit.model.frozen import replace
from koding_audit.scan.catalog import load_rules
from koding_audit.scan.read_plan import account_independent_query, applicable_rules, scan_query
from tests.servers.wire import error_xml
from tests.simulator.faults import XML, Fault, Reply
from tests.simulator.scenario import FILE, REPLACING, drifted
from tests.simulator.server import Simulator, listening
from tests.values import line

CHECKOUT = Path(__file__).parents[2]
OTHER = "210987654321"
OF_THE_ACCOUNT = ("Developers", "AmazonS3ReadOnlyAccess", "grace")
ROLE = "arn:aws:iam::123456789012:role/audit"

Ended = tuple[int, dict[str, Any], str]


@pytest.fixture
def simulator(aws_environment: pytest.MonkeyPatch, impatient: None) -> Iterator[Simulator]:
    with listening(Simulator(drifted())) as found:
        yield found


@pytest.fixture
def scan(simulator: Simulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Scans the account with a file that says nothing of its id; gives status, report and standard error."""
    file = tmp_path / "desired.yaml"
    file.write_text("\n".join(line for line in FILE.splitlines() if not line.startswith("account:")))

    def run(*more: str) -> Ended:
        status = main(["scan", str(file), "--endpoint-url", simulator.url, "--output", "json", *more])
        printed = capsys.readouterr()
        return status, json.loads(printed.out), printed.err

    return run


def stalled(simulator: Simulator) -> threading.Event:
    """STS does not answer until the event is set."""
    answered = threading.Event()
    simulator.stalls["GetCallerIdentity", 1] = answered
    return answered


def reads(simulator: Simulator) -> list[str]:
    return [asked for asked, _ in simulator.calls if not asked.startswith("GetCallerIdentity")]


# --- beside the caller's identity -----------------------------------------------------------------------


def test_the_first_reads_do_not_wait_for_the_caller_s_identity(
    simulator: Simulator, scan: Callable[..., Ended]
) -> None:
    answered = stalled(simulator)
    simulator.after["GetAccountSummary", 1] = answered.set
    assert scan("--timeout", "20")[0] == 1
    assert answered.is_set()


def test_nothing_is_read_twice(simulator: Simulator, scan: Callable[..., Ended]) -> None:
    answered = stalled(simulator)
    simulator.after["GetAccountSummary", 1] = answered.set
    scan()
    twice = [asked for asked, times in Counter(reads(simulator)).items() if times > 1]
    assert twice in ([], ["GetCredentialReport"])  # which is read again once it was made


def test_a_second_scan_of_the_same_source_reads_all_again(simulator: Simulator, scan: Callable[..., Ended]) -> None:
    status, report, _ = scan("--fix", "--create", "--yes", "--account", "123456789012")
    assert status == 0
    assert report["audits"][0]["summary"]["fixed"] > 0
    assert Counter(reads(simulator))["GetGroup GroupName=Developers"] >= 2


# --- an account that is refused -------------------------------------------------------------------------


@pytest.mark.parametrize("command", [(), ("--fix", "--create", "--yes")])
def test_of_an_account_that_is_refused_nothing_is_shown_or_stored(
    command: tuple[str, ...], simulator: Simulator, scan: Callable[..., Ended], tmp_path: Path
) -> None:
    answered = stalled(simulator)
    simulator.after["GetAccountSummary", 1] = answered.set
    history, journal = tmp_path / "history.db", tmp_path / "journal.jsonl"
    stored = ["--history", str(history), *(["--journal", str(journal)] if command else [])]
    status, report, message = scan("--account", OTHER, "--verbose", *stored, *command)
    assert status == 2
    assert f"these credentials are for account 123456789012, but --account is {OTHER}" in message
    assert (report["audits"], report["status"]) == ([], "incomplete")
    assert [each for each in OF_THE_ACCOUNT if each in json.dumps(report) + message] == []
    assert not journal.exists()
    assert not history.exists() or b"Developers" not in history.read_bytes()
    assert len(reads(simulator)) > 1  # they were made, and are of no use
    assert simulator.writes == []


def test_credentials_that_sts_refuses_are_reported_as_if_nothing_had_been_read(
    simulator: Simulator, scan: Callable[..., Ended]
) -> None:
    refusal = Reply(403, XML, error_xml("sts", "InvalidClientTokenId", "as AWS words it"))
    simulator.faults["GetCallerIdentity", 1] = Fault("refused", "E rights", False, lambda _reply, _call: refusal)
    status, report, message = scan()
    assert status == 2
    assert "could not get the caller's identity: sts:GetCallerIdentity failed: InvalidClientTokenId" in message
    assert "not-checked" not in message
    assert report["audits"] == []


def test_root_is_named_as_the_caller_and_the_account_is_read(simulator: Simulator, scan: Callable[..., Ended]) -> None:
    simulator.account.caller = "arn:aws:iam::123456789012:root"
    status, report, message = scan()
    assert status == 1
    assert "caller-is-root" in message
    assert report["audits"][0]["caller"]["root"] is True


def test_with_a_role_nothing_is_read_before_its_account_is_known(
    simulator: Simulator, scan: Callable[..., Ended]
) -> None:
    scan("--role-arn", ROLE)
    asked = [each.partition(" ")[0] for each, _ in simulator.calls]
    assert asked[:2] in (["AssumeRole", "GetCallerIdentity"], ["AssumeRole"])


# --- what does not depend on the account ----------------------------------------------------------------


def desired_states(folder: Path) -> Iterator[Desired]:
    users = "".join(f"  user-{number}: {{access_keys: {{max_active: 1}}, console: mfa}}\n" for number in range(201))
    texts = {
        "fix": FILE,
        "replace": REPLACING,
        "closed": f"{FILE}closed: {{users: true, groups: true}}\n",
        "many": f"version: 1\nusers:\n{users}",
    }
    guards = Guards(protected={principal_key("user", "eve"): Reference("user/eve", line(2, 13))})
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
        loaded = load_desired([str(folder / f"{name}.yaml")])
        yield from (loaded, replace(loaded, guards=guards))
    yield load_desired([str(CHECKOUT / "policies" / "koding.yaml")])


@pytest.mark.parametrize("only", [[], ["group-missing"], ["policy-missing"], ["root-used"]], ids=str)
def test_the_reads_that_start_early_are_those_of_the_scan(only: list[str], tmp_path: Path) -> None:
    """Else they would be made in vain, and made again."""
    account = AccountId("123456789012", "aws-cn")
    for desired in desired_states(tmp_path):
        if desired.stacks:
            continue
        chosen = load_rules(only, [])
        early = account_independent_query(desired, applicable_rules(desired, chosen))
        later = scan_query(desired.bind(account), account, chosen)
        assert account_independent_part(early) == account_independent_part(later)
