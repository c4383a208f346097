"""The same account by each way of reading it: few calls, the whole listing, a saved file, the embedded one."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import accounts, measuring, serving, size, start, states
from koding_audit import desired
from koding_audit.aws.connection import connect
from koding_audit.aws.settings import Settings
from koding_audit.aws.sources import live
from koding_audit.model.snapshot import Snapshot
from koding_audit.scan.catalog import load_rules
from koding_audit.scan.read_plan import scan_query
from tests.endtoend.harness import GUIDE, Command
from tests.servers.moto_account import MotoAccount

WITH_CREDENTIALS = """\
users:
  koding-user: {access_keys: {max_active: 1, max_age_days: 90}, console: mfa}
  nobody: {console: forbidden}
"""


@pytest.fixture
def credentials(drifted: MotoAccount) -> MotoAccount:
    """The drifted account, whose user has two keys and a password."""
    drifted.iam.create_login_profile(UserName="koding-user", Password="correct-horse-1")
    for _ in range(2):
        drifted.iam.create_access_key(UserName="koding-user")
    drifted.iam.put_user_policy(UserName="koding-user", PolicyName="extra", PolicyDocument=DOCUMENT)
    drifted.forget()
    return drifted


DOCUMENT = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}
)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    path = tmp_path / "credentials.yaml"
    path.write_text(f"version: 1\n{WITH_CREDENTIALS}", encoding="utf-8")
    return [GUIDE, str(path)]


def test_few_calls_and_the_whole_listing_give_the_same_snapshot(
    credentials: MotoAccount, files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    found: list[Snapshot] = []
    asked: list[set[str]] = []
    for calls in (live.TARGETED_CALLS, 0):
        monkeypatch.setattr(live, "TARGETED_CALLS", calls)
        credentials.forget()
        with connect(Settings(endpoint_url=credentials.url)) as connection:
            account, _ = connection.identity()
            snapshot = live.collect_snapshot(
                scan_query(desired.load_desired(files).bind(account), account, load_rules()), connection
            )
        found.append(replace(snapshot, taken_at=found[0].taken_at if found else snapshot.taken_at))
        asked.append({call.action for call in credentials.calls()})
    targeted, listed = found
    assert not targeted.gaps
    assert targeted.principals.keys() == {("group", "developers"), ("user", "koding-user")}
    assert replace(listed, listed=frozenset()) == targeted
    assert "GetAccountAuthorizationDetails" in asked[1] - asked[0]
    assert "GetUser" in asked[0] - asked[1]


def test_a_saved_account_gives_the_findings_of_the_live_one_without_a_call(
    command: Command, credentials: MotoAccount, files: list[str], tmp_path: Path
) -> None:
    saved = tmp_path / "account.json"
    done = command("snapshot", "--out", str(saved))
    assert done.status == 0, done.stderr
    assert credentials.writes() == []
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    live_result = command.json("scan", *files)
    credentials.forget()
    command.url = ""
    offline = command.json("scan", *files, "--source", f"snapshot:{saved}", env={"AWS_ACCESS_KEY_ID": None})
    assert offline.status == live_result.status == 1
    assert set(offline.findings) == set(live_result.findings)
    assert {each["rule"] for each in offline.findings.values()} >= {"access-key-extra", "console-mfa-missing"}
    assert credentials.calls() == []


def test_a_snapshot_is_never_written_over_a_file(command: Command, account: MotoAccount, tmp_path: Path) -> None:
    saved = tmp_path / "account.json"
    saved.write_text("mine", encoding="utf-8")
    assert command("snapshot", "--out", str(saved)).status == 2
    assert saved.read_text(encoding="utf-8") == "mine"


def test_a_cut_snapshot_is_refused_by_name(command: Command, clean: MotoAccount, tmp_path: Path) -> None:
    saved = tmp_path / "account.json"
    assert command("snapshot", "--out", str(saved)).status == 0
    text = saved.read_text(encoding="utf-8")
    saved.write_text(text[: len(text) // 2], encoding="utf-8")
    result = command("scan", GUIDE, "--source", f"snapshot:{saved}")
    assert result.status == 2
    assert "account.json" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_thousand_users_in_a_hundred_groups_take_at_most_ten_calls(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "full.yaml"
    path.write_text(states.members_only(accounts.USERS, accounts.GROUPS), encoding="utf-8")
    with serving.server(accounts.USERS, accounts.GROUPS) as url:
        command.url = url
        result = command.json("scan", str(path))
        calls = serving.control(url, "calls")
    assert (result.status, result.findings) == (0, {})
    assert len(calls) <= 10


def test_an_account_whose_users_are_all_written_down_is_as_its_file_says(command: Command, tmp_path: Path) -> None:
    """The largest account of `make bench`, with fewer in it."""
    path = tmp_path / "written.yaml"
    path.write_text(states.written_down(20, 3), encoding="utf-8")
    with serving.server(20, 3) as url:
        command.url = url
        result = command.json("scan", str(path))
        recorded = serving.control(url, "calls")
        bare = [sys.executable, "-m", "benchmarks.bare", url, json.dumps(recorded)]
        subprocess.run(bare, cwd=serving.CHECKOUT, env=measuring.clean_environment(tmp_path), check=True)
        repeated = serving.control(url, "calls")
    assert (result.status, result.findings) == (0, {})
    assert sorted(map(repr, repeated)) == sorted(map(repr, recorded))  # the floor asks for just the same


def test_the_fullest_account_is_closed_and_as_its_file_says(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account of `make bench-size`, with fewer in it: what is measured is a whole scan that ends clean."""
    sizes = {"USERS": 20, "GROUPS": 3, "ROLES": 10, "POLICIES": 15}
    for name, value in sizes.items():
        monkeypatch.setattr(size, name, value)
    path = tmp_path / "full.yaml"
    path.write_text(size.desired_state(), encoding="utf-8")
    with serving.server(*sizes.values()) as url:
        command.url = url
        result = command.json("scan", str(path))
    assert (result.status, result.audit["gaps"]) == (0, [])
    assert {each["rule"] for each in result.findings.values()} == {"inline-unexpected"}
    assert len(result.findings) == sizes["ROLES"]


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("schema",), ("scan", "--help")], ids=" ".join)
def test_what_needs_no_account_imports_neither_botocore_nor_moto(arguments: tuple[str, ...], command: Command) -> None:
    command.url = ""
    heavy = start.imported(command.line(*arguments), command.environment)
    assert not {"boto3", "botocore", "moto", "jsonschema"} & set(heavy)


def test_the_demo_runs_its_tour_without_credentials_and_without_the_network(command: Command) -> None:
    command.url = ""
    nothing = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    # Whatever would leave the machine would go to a proxy that is not there.
    result = command("demo", env={**nothing, "HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1"})
    assert result.status == 0, result.stderr
    assert "IAMReadOnlyAccess" in result.stdout
    assert command.journals() == []


@pytest.mark.parametrize("arguments", [("demo",), ("scan", GUIDE, "--source", "demo")], ids=" ".join)
def test_the_demo_as_it_is_recorded_does_not_load_moto(arguments: tuple[str, ...], command: Command) -> None:
    command.url = ""
    done = subprocess.run(
        command.line(*arguments),
        env={**command.environment, "PYTHONPROFILEIMPORTTIME": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "botocore" in loaded, done.stderr
    assert not loaded & {"moto", "boto3", "unittest", "asyncio"}


def test_the_demo_account_is_a_source_like_any_other(command: Command) -> None:
    command.url = ""
    found = command.json("scan", GUIDE, "--source", "demo")
    assert found.status == 1
    assert found.audit["source"] == "demo"
    assert set(found.findings) >= {
        "policy-missing/group/Developers/IAMReadOnlyAccess",
        "membership-missing/user/koding-user/Developers",
        "optional-set-incomplete/group/Developers/route53",
        "policy-unexpected/group/Developers/AmazonS3ReadOnlyAccess",
    }
    fixed = command.json("scan", GUIDE, "--source", "demo", "--fix", "--yes", "--with", "route53", "--fail-on", "error")
    assert fixed.status == 0, fixed.stderr
    assert fixed.audit["summary"]["fixed"] == 3
