"""`init`: a first file that is never laid over another, and with `--adopt` one with which a scan is clean at once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from koding_audit import desired
from koding_audit.io.codec.snapshot import encode_snapshot
from koding_audit.model.snapshot import Snapshot
from tests.endtoend.harness import Command
from tests.servers.forks import Forks
from tests.servers.moto_account import MotoAccount
from tests.values import aws, live_group, live_policy, live_user, own, root_use, snapshot, statement, trust

FILE = "koding-audit.yaml"
SCHEMA = "koding-audit.schema.json"
ALLOW = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}})


@pytest.fixture
def offline(tmp_path: Path, forks: Forks) -> Command:
    """The command, with no endpoint said."""
    return Command(tmp_path, "", forks)


def test_the_starter_is_a_file_that_scans_and_its_schema_stands_beside_it(offline: Command) -> None:
    result = offline("init")
    assert (result.status, result.stdout) == (0, "")
    assert f"Wrote {FILE}" in result.stderr
    text = (offline.home / FILE).read_text()
    assert text.splitlines()[0] == f"# yaml-language-server: $schema=./{SCHEMA}"
    assert json.loads((offline.home / SCHEMA).read_text()) == desired.desired_schema()
    wanted = desired.load_desired([str(offline.home / FILE)])
    assert set(wanted.groups) == {"Developers"}


@pytest.mark.parametrize("there", ["file", "link"])
@pytest.mark.parametrize("adopt", [(), ("--adopt", "--source", "demo")])
def test_a_file_that_is_there_is_left_alone(offline: Command, there: str, adopt: tuple[str, ...]) -> None:
    path = offline.home / FILE
    if there == "file":
        path.write_text("version: 1\nroot: {}\n")
    else:
        path.symlink_to("nowhere.yaml")
    result = offline("init", *adopt)
    assert result.status == 2
    assert "koding-audit.yaml already exists" in result.stderr
    assert [each.name for each in offline.home.iterdir()] == [FILE]


def test_a_schema_that_is_there_is_left_alone_and_told(offline: Command) -> None:
    (offline.home / SCHEMA).write_text("mine")
    result = offline("init")
    assert result.status == 0
    assert f"{SCHEMA} exists already" in result.stderr
    assert (offline.home / SCHEMA).read_text() == "mine"


def test_an_account_that_nobody_reads_is_not_to_be_named(offline: Command) -> None:
    result = offline("init", "--profile", "admin")
    assert result.status == 2
    assert "--profile needs --adopt" in result.stderr
    assert not (offline.home / FILE).exists()


@pytest.mark.slow
def test_the_demo_account_as_it_is_scans_clean(offline: Command) -> None:
    assert offline("init", "--adopt", "--source", "demo").status == 0
    result = offline.json("scan", "--source", "demo")
    assert (result.status, result.findings) == (0, {})
    assert result.audit["desired"][0]["path"] == FILE


def test_a_live_account_as_it_is_scans_clean_and_nothing_is_written_to_it(
    command: Command, account: MotoAccount
) -> None:
    iam: Any = account.iam
    iam.create_group(GroupName="NO", Path="/{odd}#:/")
    iam.create_user(UserName="012", Path="/ci/")
    iam.create_user(UserName="+b=@-")
    iam.add_user_to_group(GroupName="NO", UserName="+b=@-")
    made = iam.create_policy(PolicyName="team-s3", Path="/team/", PolicyDocument=ALLOW)["Policy"]["Arn"]
    iam.attach_group_policy(GroupName="NO", PolicyArn=made)
    iam.attach_user_policy(UserName="012", PolicyArn="arn:aws:iam::aws:policy/job-function/Billing")
    iam.put_user_policy(UserName="012", PolicyName="+inline", PolicyDocument=ALLOW)
    iam.create_role(
        RoleName="app",
        AssumeRolePolicyDocument=trust(),
    )
    account.forget()
    result = command("init", "--adopt")
    assert result.status == 0, result.stderr
    assert "account 123456789012 as it is, 1 group, 2 users, 1 role" in result.stderr
    assert account.writes() == []
    again = command.json("scan")
    assert (again.status, again.findings) == (0, {}), again.stdout
    iam.detach_group_policy(GroupName="NO", PolicyArn=made)
    assert set(command.json("scan").findings) == {"policy-missing/group/{odd}#:/NO/policy/team/team-s3"}


def test_an_account_that_cannot_be_read_whole_is_refused_with_what_was_missing(
    command: Command, account: MotoAccount
) -> None:
    account.fail("GetAccountAuthorizationDetails")
    result = command("init", "--adopt")
    assert result.status == 2
    assert "all-users could not be read: iam:GetAccountAuthorizationDetails: AccessDenied" in result.stderr
    assert "could not be read completely; grant the caller iam:GetAccountAuthorizationDetails" in result.stderr
    assert list(command.home.iterdir()) == []


def test_what_no_file_makes_right_is_told(command: Command, account: MotoAccount) -> None:
    account.overlay(summary={"AccountMFAEnabled": 0, "AccountAccessKeysPresent": 1, "AccountPasswordPresent": 1})
    result = command("init", "--adopt")
    assert result.status == 0
    told = [line for line in result.stderr.splitlines() if line.startswith("A scan will find: ")]
    assert len(told) == 2
    assert command.json("scan").status == 1


def thousand() -> Snapshot:
    """1,000 users in 20 groups, some with policies and inline policies of their own."""
    names = [f"user-{number:04}" for number in range(1000)]
    team = own("team/base")
    users = [
        live_user(
            name,
            groups=[f"group-{number % 20}"] if number % 10 else [],
            attached=[team] if number % 7 == 0 else [],
            inline=["own"] if number % 5 == 0 else [],
            path="/ci/" if number % 3 == 0 else "/",
        )
        for number, name in enumerate(names)
    ]
    groups = [live_group(f"group-{number}", attached=[aws("IAMReadOnlyAccess")]) for number in range(20)]
    inline = {f"user/{each.name}/own": statement(f"s3:Get{each.name[-4:]}*") for each in users if each.inline}
    return snapshot(
        *users,
        *groups,
        listed=frozenset({"user", "group", "role"}),
        documents={**inline, team: statement()},
        summary={"AccountAccessKeysPresent": 0, "AccountMFAEnabled": 1, "AccountSigningCertificatesPresent": 0},
        root_use=root_use(),
    )


def test_an_account_of_1000_users_as_it_is_scans_clean(offline: Command) -> None:
    live = replace(thousand(), policies=live_policy("team/base"))
    (offline.home / "account.json").write_text(encode_snapshot(live))
    source = ("--source", "snapshot:account.json")
    result = offline("init", "--adopt", *source)
    assert result.status == 0, result.stderr
    assert "20 groups, 1,000 users, 0 roles" in result.stderr
    scanned = offline.json("scan", *source)
    assert (scanned.status, scanned.findings) == (0, {})
    assert (offline.home / FILE).stat().st_size < 1 << 20
