"""The embedded account: in this process, whatever the environment says, and gone without a trace."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from koding_audit import desired
from koding_audit.aws.settings import Settings
from koding_audit.aws.sources import AccountSource, demo
from koding_audit.model.account import Account
from koding_audit.model.errors import InputError
from koding_audit.model.query import Fact, Query
from koding_audit.scan.audit import audit_snapshot
from koding_audit.scan.catalog import load_rules
from koding_audit.scan.read_plan import scan_query

DESIRED = """\
version: 1
policy_sets:
  stack-build: {policies: [AmazonEC2FullAccess, IAMReadOnlyAccess]}
  route53: {policies: [AmazonRoute53FullAccess, AmazonRoute53DomainsFullAccess]}
groups:
  Developers: {required: [stack-build], optional: [route53]}
users:
  koding-user: {groups: [Developers], console: forbidden, access_keys: {max_active: 1, max_age_days: 90}}
root: {access_keys: forbidden}
"""
JUNK = {
    "AWS_PROFILE": "nobody",
    "AWS_ENDPOINT_URL": "http://192.0.2.1:1",
    "AWS_ENDPOINT_URL_IAM": "no address at all",
    "AWS_REGION": "nonsense",
    "AWS_MAX_ATTEMPTS": "junk",
    "AWS_RETRY_MODE": "junk",
    "AWS_ACCESS_KEY_ID": "AKIAHALF",
}


DOCUMENT = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which no connection is to be had."""

    def refuse(*_: Any) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def junk(aws_environment: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """An environment that botocore could not use, without credentials; and that environment as it is."""
    aws_environment.delenv("AWS_SECRET_ACCESS_KEY")
    broken = tmp_path / "config"
    broken.write_text("[profile", encoding="utf-8")
    for name, value in {**JUNK, "AWS_CONFIG_FILE": str(broken)}.items():
        aws_environment.setenv(name, value)
    return environment()


def environment() -> dict[str, str]:
    """Without what pytest itself changes."""
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


@pytest.fixture
def source(offline: None, junk: dict[str, str]) -> Iterator[AccountSource]:
    with demo.open_source("", Settings(profile="nobody", region="nonsense", endpoint_url="http://192.0.2.1")) as made:
        yield made
    assert environment() == junk


def test_the_account_needs_no_credentials_and_no_network_and_has_the_drift_of_a_year(
    source: AccountSource, tmp_path: Path
) -> None:
    path = tmp_path / "desired.yaml"
    path.write_text(DESIRED, encoding="utf-8")
    account, caller = source.identity()
    assert account == Account("123456789012", "aws")
    assert caller is not None
    assert not caller.root
    state, chosen = desired.load_desired([str(path)]).bind(account), load_rules()
    snapshot = source.collect(scan_query(state, account, chosen))
    found = audit_snapshot(state, snapshot, chosen)
    assert (snapshot.source, snapshot.endpoint, found.gaps) == ("demo", None, ())
    assert sorted((each.rule, each.subject.rpartition(":")[2]) for each in found.findings) == [
        ("access-key-old", "user/koding-user"),
        ("membership-missing", "user/koding-user"),
        ("optional-set-incomplete", "group/Developers"),
        ("policy-missing", "group/Developers"),
        ("policy-unexpected", "group/Developers"),
    ]
    # A report made today, in which root has MFA, no key, and no use.
    assert found.report_generated is not None
    assert (snapshot.taken_at - found.report_generated).total_seconds() < 60
    assert snapshot.root_use is not None
    assert {snapshot.root_use.password_last_used, *snapshot.root_use.keys_last_used} == {None}


def test_the_account_can_be_written_and_read_in_bulk(source: AccountSource) -> None:
    assert source.connection is not None
    source.connection.call("AddUserToGroup", GroupName="Developers", UserName="koding-user")
    everything = Query(
        account=frozenset({Fact.SUMMARY, Fact.CREDENTIAL_REPORT}),
        listed=frozenset({"user", "group"}),
        facts_of_all=frozenset(Fact),
    )
    snapshot = source.collect(everything)
    assert snapshot.gaps == ()
    assert snapshot.principals["group", "developers"].members == {"koding-user"}
    assert len(snapshot.policies) > 500
    assert snapshot.policies_listed


def test_with_moto_imported_a_request_is_answered_once_and_by_the_account_that_is_open(source: AccountSource) -> None:
    import moto.core.models  # noqa: F401 - as an earlier account does

    for _ in range(2):  # the second time, moto has what the first account had
        with demo.open_source("", Settings()) as other:
            iam = other.connection and other.connection.iam
            arn = iam.create_policy(PolicyName="team", PolicyDocument=DOCUMENT)["Policy"]["Arn"]  # moto takes over
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)
            assert len(iam.list_policy_versions(PolicyArn=arn)["Versions"]) == 2
    snapshot = source.collect(Query(listed=frozenset({"group"}), facts_of_all=frozenset({Fact.GROUP})))
    assert ("group", "developers") in snapshot.principals


def test_a_users_boundary_is_kept_which_moto_does_not(source: AccountSource) -> None:
    assert source.connection is not None
    one = Query(users={"koding-user": frozenset({Fact.USER})})

    def bounds() -> set[str]:
        found = [source.collect(one), source.collect(replace(one, listed=frozenset({"user"})))]
        return {snapshot.principals["user", "koding-user"].boundary for snapshot in found}

    arn = "arn:aws:iam::aws:policy/PowerUserAccess"
    source.connection.iam.put_user_permissions_boundary(UserName="koding-user", PermissionsBoundary=arn)
    assert bounds() == {arn}
    source.connection.iam.delete_user_permissions_boundary(UserName="koding-user")
    assert bounds() == {""}


def test_each_opening_is_a_new_account_and_the_environment_is_restored_after_a_crash(
    offline: None, junk: dict[str, str]
) -> None:
    with pytest.raises(RuntimeError, match="a crash"), demo.open_source("", Settings()) as source:  # noqa: PT012
        assert source.connection is not None
        source.connection.call("CreateUser", UserName="left-over")
        assert "AWS_PROFILE" not in os.environ
        raise RuntimeError("a crash")
    assert environment() == junk
    with demo.open_source("", Settings()) as source:
        found = source.collect(Query(users={"left-over": frozenset({Fact.USER})}))
    assert found.absent == {("user", "left-over")}


def test_without_moto_it_says_what_to_install_where_it_is_needed(
    source: AccountSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "moto", None)
    known = source.collect(Query(users={"koding-user": frozenset({Fact.USER})}))
    assert ("user", "koding-user") in known.principals
    with pytest.raises(InputError, match="the demo needs moto") as caught:
        source.collect(Query(users={"other": frozenset({Fact.USER})}))
    assert caught.value.hint == "run `pip install 'koding-audit[demo]'`"


USER_FACTS = frozenset({Fact.USER, Fact.GROUPS, Fact.ACCESS_KEYS})
BOTH = Query(users={"koding-user": USER_FACTS}, groups={"Developers": frozenset({Fact.GROUP, Fact.ATTACHED})})


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_moto_takes_over_the_account_as_it_was_recorded_with_what_was_written(
    source: AccountSource, writes: int
) -> None:
    assert source.connection is not None
    call = source.connection.call
    if writes > 0:
        call("AttachGroupPolicy", GroupName="Developers", PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    if writes > 1:
        call("AddUserToGroup", GroupName="Developers", UserName="koding-user")
    recorded = source.collect(BOTH)
    assert ("IAMReadOnlyAccess" in str(recorded.principals["group", "developers"].attached)) == (writes > 0)
    assert recorded.principals["user", "koding-user"].groups == ({"Developers"} if writes > 1 else set())
    call("CreateUser", UserName="another")
    assert call("GetUser", UserName="another")["User"]["UserName"] == "another"
    assert replace(source.collect(BOTH), taken_at=recorded.taken_at) == recorded


def test_a_write_of_the_tour_out_of_turn_is_made_by_moto(source: AccountSource) -> None:
    assert source.connection is not None
    source.connection.call("AddUserToGroup", GroupName="Developers", UserName="koding-user")
    assert source.collect(BOTH).principals["user", "koding-user"].groups == {"Developers"}


def test_the_source_takes_no_argument() -> None:
    with pytest.raises(InputError, match="takes no argument"), demo.open_source("x", Settings()):
        pytest.fail("opened")
