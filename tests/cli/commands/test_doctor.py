"""`doctor`: what it asks of an account over real HTTP, and what it says; it waits for nobody and writes nothing."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from koding_audit import desired
from koding_audit.aws import credentials
from koding_audit.aws.connection import Connection, connect
from koding_audit.aws.deadline import Deadline
from koding_audit.aws.permission_probes import ProbeVerdict
from koding_audit.aws.settings import Settings
from koding_audit.cli import main
from koding_audit.cli.diagnosis import missing_permissions
from koding_audit.cli.handlers.doctor import probe_reads
from koding_audit.cli.handlers.permissions import policy_for_mode
from koding_audit.model.account import Account
from tests.age_note import without_age_note
from tests.aws.replies import KEYS, config_file
from tests.aws.test_credentials import ASKS
from tests.cli.commands.test_permissions import EVERYTHING
from tests.endtoend.harness import Command
from tests.servers.always import always
from tests.servers.moto_account import MotoAccount
from tests.servers.replay import Replay, identity, recorded
from tests.servers.wire import error_xml
from tests.simulator.scenario import FILE, drifted
from tests.simulator.server import Simulator, serving

GUIDE = str(Path(__file__).parents[3] / "policies" / "koding.yaml")


class Ended(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    @property
    def verdicts(self) -> dict[str, str]:
        return {each["name"]: each["verdict"] for each in self.json["checks"]}

    def says(self, name: str) -> str:
        (message,) = (each["message"] for each in self.json["checks"] if each["name"] == name)
        return str(message)


Doctor = Callable[..., Ended]


@pytest.fixture
def doctor(aws_environment: pytest.MonkeyPatch, impatient: None, capsys: pytest.CaptureFixture[str]) -> Doctor:
    """Looks at an endpoint with planted secrets, which must not be told whatever happens."""
    aws_environment.setenv("AWS_SECRET_ACCESS_KEY", "PLANTED-SECRET")

    def run(url: str, *more: str) -> Ended:
        status = main(["doctor", *(more if "--output" in more else (*more, "--output", "json")), "--endpoint-url", url])
        ended = Ended(status, *capsys.readouterr())
        assert "PLANTED" not in ended.out + ended.err
        assert "AKIAEXAMPLE" not in ended.out + ended.err
        return ended

    return run


# --- all of an account --------------------------------------------------------------------------


def test_where_a_scan_can_do_its_work_the_status_is_0_and_each_read_was_asked_once(
    doctor: Doctor, account: MotoAccount
) -> None:
    ended = doctor(account.url, GUIDE)
    assert (ended.status, ended.err) == (0, "")
    assert set(ended.verdicts.values()) == {"ok"}
    assert ended.json["status"] == "ok"
    assert ended.json["account"] == {"id": "123456789012", "partition": "aws"}
    assert abs(ended.json["clock_skew_seconds"]) < 60
    assert {each["answer"] for each in ended.json["reads"]} == {"permitted"}
    (statement,) = ended.json["policy"]["Statement"]
    asked = [str(call) for call in account.calls()]
    assert sorted(asked) == sorted([*statement["Action"], "sts:GetCallerIdentity"])
    assert account.writes() == []


def test_a_denied_read_is_told_with_the_rules_that_hang_on_it_and_is_status_1(
    doctor: Doctor, account: MotoAccount
) -> None:
    account.fail("GenerateCredentialReport")
    ended = doctor(account.url, GUIDE)
    assert ended.status == 1
    assert ended.verdicts["reads"] == "not-ok"
    assert ended.json["missing"] == ["iam:GenerateCredentialReport"]
    (denied,) = (each for each in ended.json["reads"] if each["answer"] == "denied")
    assert {"root-used", "root-key-used"} <= set(denied["rules"])
    assert "group-missing" not in denied["rules"]
    text = doctor(account.url, GUIDE, "--output", "table").out
    assert "not ok     reads        11 of 12 permitted, 1 denied" in text
    assert "  denied     iam:GenerateCredentialReport: AccessDenied; without it not checked: root-" in text
    assert "for this audit; the caller lacks iam:GenerateCredentialReport\n{" in text
    assert json.loads(text[text.index("\n{") :]) == ended.json["policy"]


def test_a_session_token_that_iam_does_not_take_is_told_from_one_that_lacks_permissions(
    doctor: Doctor, account: MotoAccount, aws_environment: pytest.MonkeyPatch
) -> None:
    aws_environment.setenv("AWS_ACCESS_KEY_ID", "ASIAPLANTEDEXAMPLEMPLE")
    aws_environment.setenv("AWS_SESSION_TOKEN", "PLANTED-TOKEN")
    for action in ("Get", "List", "Generate"):
        for call in (each for each in policy_actions() if each.startswith(f"iam:{action}")):
            account.fail(call.partition(":")[2], "error", status=403, code="InvalidClientTokenId")
    ended = doctor(account.url, GUIDE)
    assert ended.status == 2
    assert (ended.verdicts["credentials"], ended.verdicts["reads"]) == ("not-ok", "unknown")
    assert ended.says("credentials").startswith("temporary key ****MPLE of the environment: the session is from Get")


def policy_actions() -> list[str]:
    given = Account("123456789012", "aws")
    found: list[str] = policy_for_mode("audit", desired.load_desired([GUIDE]).bind(given), given)["Statement"][0][
        "Action"
    ]
    return found


def test_everything_that_a_file_can_ask_for_is_tried_and_organizations_are_no_must(
    doctor: Doctor, account: MotoAccount, tmp_path: Path
) -> None:
    (tmp_path / "all.yaml").write_text(EVERYTHING)
    for name in ("DescribeOrganization", "ListParents", "ListPoliciesForTarget", "DescribePolicy"):
        account.fail(name)
    ended = doctor(account.url, str(tmp_path / "all.yaml"))
    (statement,) = ended.json["policy"]["Statement"]
    assert [each["permission"] for each in ended.json["reads"]] == statement["Action"]
    assert [each["permission"] for each in ended.json["reads"] if each["optional"]] == [
        f"organizations:{each}"
        for each in ("DescribeOrganization", "DescribePolicy", "ListParents", "ListPoliciesForTarget")
    ]
    assert {each["answer"] for each in ended.json["reads"] if each["optional"]} == {"denied"}
    assert (ended.status, ended.json["missing"]) == (0, [])


def test_another_account_than_the_pinned_one_is_not_read(doctor: Doctor, account: MotoAccount) -> None:
    ended = doctor(account.url, GUIDE, "--account", "210987654321")
    assert ended.status == 2
    assert {name: each for name, each in ended.verdicts.items() if each != "ok"} == {
        "account": "not-ok",
        "reads": "unknown",
    }
    assert [each.action for each in account.calls()] == ["GetCallerIdentity"]


def test_a_caller_of_a_hostile_name_moves_nothing_on_a_terminal(doctor: Doctor, account: MotoAccount) -> None:
    account.overlay(caller="arn:aws:iam::123456789012:user/a\u202eb")
    text = doctor(account.url, GUIDE, "--output", "table").out
    assert "user/a\\u202eb" in text
    assert "\u202e" not in text


# --- the policy that it prints ------------------------------------------------------------------


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with serving(drifted()) as server:
        yield server


def test_with_the_printed_policy_nothing_is_missing_and_without_one_of_its_actions_that_one_is(
    simulator: Simulator, aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """IAM's answers by the caller's own policy; what the simulator has no answer to is not asked by this file."""
    (tmp_path / "file.yaml").write_text(FILE)
    wanted, given = desired.load_desired([str(tmp_path / "file.yaml")]), Account("123456789012", "aws")
    document = policy_for_mode("audit", wanted.bind(given), given)
    actions = document["Statement"][0]["Action"]
    with connect(Settings(endpoint_url=simulator.url)) as connection:
        for lacking in (None, *actions):
            statement = {**document["Statement"][0], "Action": [each for each in actions if each != lacking]}
            simulator.account.permissions = json.dumps({**document, "Statement": [statement]})
            reads = list(probe_reads(connection, wanted, given))
            assert {each.verdict.answer for each in reads} <= {"permitted", "denied"}
            assert missing_permissions(reads) == ((lacking,) if lacking else ())
    assert simulator.writes == []


@pytest.mark.parametrize("strict", [False, True])
def test_to_look_up_events_is_needed_by_a_strict_audit_of_many_users_alone(
    strict: bool, simulator: Simulator, aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    users = "".join(f"  user-{number}: {{console: forbidden}}\n" for number in range(201))
    (tmp_path / "many.yaml").write_text(f"version: 1\nstrict: {str(strict).lower()}\nusers:\n{users}")
    wanted, given = desired.load_desired([str(tmp_path / "many.yaml")]), Account("123456789012", "aws")
    document = policy_for_mode("audit", wanted.bind(given), given)
    actions = document["Statement"][0]["Action"]
    lacking = "cloudtrail:LookupEvents"
    assert lacking in actions
    with connect(Settings(endpoint_url=simulator.url)) as connection:
        for allowed in (actions, [each for each in actions if each != lacking]):
            statement = {**document["Statement"][0], "Action": allowed}
            simulator.account.permissions = json.dumps({**document, "Statement": [statement]})
            (read,) = (each for each in probe_reads(connection, wanted, given) if each.permission == lacking)
            assert read.verdict.answer == ("permitted" if lacking in allowed else "denied")
            assert read.optional is not strict
            assert ("console-unexpected" in read.rules) is strict


# --- what keeps it from the account -------------------------------------------------------------


@pytest.mark.parametrize("more", [(), ("--role-arn", "arn:aws:iam::123456789012:role/audit")])
def test_a_clock_that_is_wrong_is_told_in_seconds_and_neither_key_nor_role_is_blamed(
    more: tuple[str, ...], doctor: Doctor
) -> None:
    with always(403, error_xml("sts", "SignatureDoesNotMatch"), clock=1200) as server:
        ended = doctor(server.url, GUIDE, *more)
    assert ended.status == 2
    assert (ended.verdicts["clock"], ended.verdicts["credentials"]) == ("not-ok", "unknown")
    assert "seconds behind AWS's" in ended.says("clock")
    assert -1210 <= ended.json["clock_skew_seconds"] <= -1190


def test_a_key_that_aws_does_not_know_is_the_credentials_fault_and_the_endpoint_is_well(doctor: Doctor) -> None:
    with always(403, error_xml("sts", "InvalidClientTokenId")) as server:
        ended = doctor(server.url, GUIDE)
    assert ended.status == 2
    found = ended.verdicts
    assert (found["credentials"], found["endpoint"], found["clock"]) == ("not-ok", "ok", "ok")


def test_a_server_that_never_answers_is_left_at_the_deadline(doctor: Doctor) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        ended = doctor(f"http://127.0.0.1:{silent.getsockname()[1]}", GUIDE, "--timeout", "1")
    assert (ended.status, ended.verdicts["endpoint"]) == (2, "not-ok")
    assert "the run's time was up" in ended.says("endpoint")


def test_a_profile_that_asks_for_a_code_is_told_and_not_asked_even_at_a_terminal(
    doctor: Doctor, account: MotoAccount, aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config_file(aws_environment, tmp_path, ASKS)
    aws_environment.setattr(credentials, "_has_terminal", lambda: True)
    ended = doctor(account.url, GUIDE, "--profile", "p")
    assert (ended.status, ended.verdicts["credentials"]) == (2, "not-ok")
    assert "profile p needs an MFA code of arn:aws:iam::123456789012:mfa/ada" in ended.says("credentials")
    assert account.calls() == []


def test_a_role_that_cannot_be_assumed_and_a_region_that_is_none_are_told_where_they_belong(
    doctor: Doctor, account: MotoAccount
) -> None:
    role = "arn:aws:iam::123456789012:role/audit"
    account.fail("AssumeRole")
    ended = doctor(account.url, GUIDE, "--role-arn", role)
    assert (ended.status, ended.verdicts["credentials"]) == (2, "not-ok")
    assert ended.says("credentials") == f"role {role} cannot be assumed: AccessDenied"
    nowhere = doctor("http://127.0.0.1:1", GUIDE, "--role-arn", role)
    assert (nowhere.verdicts["credentials"], nowhere.verdicts["endpoint"]) == ("unknown", "not-ok")
    region = doctor(account.url, GUIDE, "--region", "a b")
    assert (region.verdicts["credentials"], region.verdicts["endpoint"]) == ("unknown", "not-ok")


def test_a_role_whose_keys_are_of_another_account_is_told_and_not_read_with(doctor: Doctor, replay: Replay) -> None:
    replay.answer("AssumeRole", recorded({"Credentials": KEYS}))
    replay.answer("GetCallerIdentity", identity("210987654321", "arn:aws:sts::210987654321:assumed-role/audit/x"))
    ended = doctor(replay.url, GUIDE, "--role-arn", "arn:aws:iam::123456789012:role/audit")
    assert (ended.status, ended.verdicts["credentials"], ended.verdicts["reads"]) == (2, "not-ok", "unknown")
    assert "the keys are of account 210987654321" in ended.says("credentials")
    assert {call.service for call in replay.calls} == {"sts"}


def test_a_read_that_the_deadline_cuts_off_is_unknown_and_not_missing(connection: Connection, replay: Replay) -> None:
    late = replace(connection, deadline=Deadline(0.0))
    reads = list(probe_reads(late, desired.load_desired([GUIDE]), Account("123456789012", "aws")))
    assert {each.verdict for each in reads} == {ProbeVerdict("unknown", "DeadlineExceeded")}
    assert missing_permissions(reads) == ()
    assert replay.calls == []


def test_what_of_the_environment_is_not_obeyed_and_a_proxy_are_told_without_their_secrets(
    doctor: Doctor, account: MotoAccount, aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    aws_environment.setenv("AWS_ENDPOINT_URL_IAM", "https://PLANTED.example")
    aws_environment.setenv("AWS_PROFILE", "other")
    aws_environment.setenv("HTTPS_PROXY", "http://someone:PLANTED@proxy.example:3128")
    config_file(aws_environment, tmp_path, "[profile other]\nregion = us-east-1\n")
    ended = doctor(account.url, GUIDE)
    assert "AWS_ENDPOINT_URL_IAM is ignored" in ended.says("endpoint")
    assert "HTTPS_PROXY leads through proxy.example:3128" in ended.says("endpoint")
    assert "AWS_ACCESS_KEY_ID takes precedence over profile other" in ended.says("credentials")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--endpoint-url", "http://iam.example"), "http is allowed for a loopback address only"),
        (("--external-id", "x"), "--external-id needs --role-arn"),
    ],
)
def test_what_no_command_takes_is_refused_before_anything_is_looked_at(
    more: tuple[str, ...], told: str, aws_environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", GUIDE, *more]) == 2
    ended = capsys.readouterr()
    assert ended.out == ""
    assert told in ended.err


def test_a_machine_without_credentials_is_told_so_by_a_real_process(tmp_path: Path) -> None:
    command = Command(tmp_path, "http://127.0.0.1:1")
    ended = command("doctor", GUIDE, env={"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None})
    assert (ended.status, without_age_note(ended.stderr)) == (2, "")
    assert "not ok     credentials  no AWS credentials were found\n" in ended.stdout
    assert "do: run `aws configure`" in ended.stdout
    assert '"iam:GetAccountSummary"' in ended.stdout
