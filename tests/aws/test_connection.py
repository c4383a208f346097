"""A connection over a real botocore client: lists to their end, identities, accounts of others, and its deadline."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from koding_audit.aws.connection import Connection, connect
from koding_audit.aws.settings import Settings
from koding_audit.model.account import Account, Caller
from koding_audit.model.errors import AccessError, CallError
from tests.aws.replies import ARN, KEYS, ROLE, read_names
from tests.servers.replay import Replay, identity, recorded
from tests.servers.wire import Call, Fault


def names_page(*names: str, **more: Any) -> dict[str, Any]:
    return recorded({"PolicyNames": list(names), **more})


def pages_of(replay: Replay, *pages: Mapping[str, Any]) -> None:
    """The pages in their order, whatever marker is asked for."""
    remaining = iter(pages)
    replay.answer("ListUserPolicies", lambda _: next(remaining))


# --- lists ------------------------------------------------------------------------------------------


def test_a_list_is_read_to_its_end_over_short_and_empty_pages(connection: Connection, replay: Replay) -> None:
    pages_of(
        replay,
        names_page("a", IsTruncated=True, Marker="1"),
        names_page(IsTruncated=True, Marker="2"),
        names_page("b", "c", IsTruncated=False),
    )
    assert read_names(connection) == ["a", "b", "c"]
    assert [call.parameters.get("Marker") for call in replay.calls] == [None, "1", "2"]
    assert {call.parameters["MaxItems"] for call in replay.calls} == {"1000"}
    assert {call.parameters["UserName"] for call in replay.calls} == {"someone"}


def test_an_empty_list_is_a_list(connection: Connection, replay: Replay) -> None:
    pages_of(replay, names_page(IsTruncated=False))
    assert read_names(connection) == []


CIRCLES = {
    "truncated without a marker": [names_page("a", IsTruncated=True)],
    "an empty marker": [names_page("a", IsTruncated=True, Marker="")],
    "no end said": [names_page("a")],
    "no end said on the second page": [names_page("a", IsTruncated=True, Marker="1"), names_page("b")],
    **{
        f"an end that is {word or 'empty'}": [
            names_page("a", IsTruncated=word, Marker="1"),
            names_page(IsTruncated=word),
        ]
        for word in ("", "no", "False", "TRUE", "0", " true ", "null")
    },
    "the same marker": [names_page("a", IsTruncated=True, Marker="1")],
    "alternating markers": [
        names_page("a", IsTruncated=True, Marker="1"),
        names_page("b", IsTruncated=True, Marker="2"),
    ],
}


@pytest.mark.parametrize("pages", CIRCLES.values(), ids=CIRCLES)
def test_a_list_whose_end_cannot_be_told_is_an_error(
    pages: list[dict[str, Any]], connection: Connection, replay: Replay
) -> None:
    pages_of(replay, *itertools.islice(itertools.cycle(pages), 10))
    with pytest.raises(CallError) as caught:
        read_names(connection)
    assert (caught.value.call, caught.value.code) == ("iam:ListUserPolicies", "MalformedReply")
    assert len(replay.calls) <= 4


def test_some_lists_may_leave_their_end_unsaid_but_not_after_a_first_page(
    connection: Connection, replay: Replay
) -> None:
    replay.answer("ListGroupPolicies", names_page("a"))
    assert connection.pages("ListGroupPolicies", "PolicyNames", GroupName="some") == ["a"]
    for first in (names_page("a", IsTruncated=True, Marker="1"), names_page("a", Marker="1")):
        remaining = iter([first, names_page("b")])
        replay.answer("ListGroupPolicies", lambda _, remaining=remaining: next(remaining))
        with pytest.raises(CallError, match="no usable IsTruncated"):
            connection.pages("ListGroupPolicies", "PolicyNames", GroupName="some")


def test_a_list_that_never_ends_is_given_up(
    connection: Connection, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("koding_audit.aws.connection.PAGE_CAP", 5)
    numbers = itertools.count()
    replay.answer("ListUserPolicies", lambda _: names_page("a", IsTruncated=True, Marker=str(next(numbers))))
    with pytest.raises(CallError, match="does not end after 5 pages"):
        read_names(connection)
    assert len(replay.calls) == 5


@pytest.mark.parametrize(
    ("fault", "code"),
    [(Fault("*", page=2), "AccessDenied"), (Fault("*", "throttle", page=2), "Throttling")],
    ids=["denied", "throttled"],
)
def test_a_second_page_that_fails_gives_no_half_list(
    fault: Fault, code: str, connection: Connection, replay: Replay, impatient: None
) -> None:
    replay.answer("ListUserPolicies", names_page("a", IsTruncated=True, Marker="1"))
    replay.faults.add(fault)
    with pytest.raises(CallError) as caught:
        read_names(connection)
    assert (caught.value.code, caught.value.refused) == (code, True)


def test_an_endpoint_that_is_not_of_aws_is_kept_for_the_report(
    replay: Replay, aws_environment: pytest.MonkeyPatch
) -> None:
    # Of AWS's own and of none, nothing is said; no call can go out through a proxy that is not there.
    aws_environment.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    for url, shown in ((replay.url, replay.url), ("", None), ("https://sts.amazonaws.com", None)):
        with connect(Settings(endpoint_url=url)) as connection:
            assert connection.endpoint == shown


# --- identity ---------------------------------------------------------------------------------------


def identified(replay: Replay, account: str, arn: str) -> Any:
    replay.answer("GetCallerIdentity", identity(account, arn))
    with connect(Settings(endpoint_url=replay.url)) as connection:
        return connection.identity()


@pytest.mark.parametrize(
    ("arn", "partition", "root"),
    [
        ("arn:aws:iam::123456789012:user/team/auditor", "aws", False),
        ("arn:aws:iam::123456789012:root", "aws", True),
        ("arn:aws-cn:iam::123456789012:root", "aws-cn", True),
        ("arn:aws:iam::123456789012:user/root", "aws", False),
        ("arn:aws:sts::123456789012:assumed-role/audit/session:root", "aws", False),
        ("arn:aws-us-gov:sts::123456789012:assumed-role/audit/session", "aws-us-gov", False),
        ("arn:aws-cn:sts::123456789012:federated-user/someone", "aws-cn", False),
        ("arn:aws-iso-b:iam::123456789012:user/x", "aws-iso-b", False),
        ("arn:aws-eusc:iam::123456789012:user/x", "aws-eusc", False),
    ],
)
def test_the_caller_and_the_account_are_read_from_sts(
    arn: str, partition: str, root: bool, replay: Replay, aws_environment: pytest.MonkeyPatch
) -> None:
    account, caller = identified(replay, "123456789012", arn)
    assert account == Account("123456789012", partition)
    assert (caller.arn, caller.root) == (arn, root)


@pytest.mark.parametrize(
    ("account", "arn"),
    [
        ("123456789012", "root"),
        ("123456789012", ""),
        ("", ARN),
        ("123456789012", "arn:aws:iam::210987654321:user/auditor"),
        ("123456789012", "arn::iam::123456789012:root"),
        ("123456789012", "arn:aws:iam::123456789012:"),
        ("123456789012", "arn:aws:s3::123456789012:root"),
        ("../../etc", "arn:aws:iam::../../etc:root"),
    ],
)
def test_an_identity_that_cannot_be_read_is_no_account(
    account: str, arn: str, replay: Replay, aws_environment: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CallError) as caught:
        identified(replay, account, arn)
    assert (caught.value.call, caught.value.code) == ("sts:GetCallerIdentity", "MalformedReply")


def test_an_identity_is_asked_again_and_may_be_another(
    replay: Replay, aws_environment: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay.answer("GetCallerIdentity", identity("123456789012", ARN))
    with connect(Settings(endpoint_url=replay.url)) as connection:
        assert connection.identity()[0].id == "123456789012"
        replay.clear()
        replay.answer("GetCallerIdentity", identity("210987654321", "arn:aws:iam::210987654321:root"))
        account, caller = connection.read_identity_again()
        assert (account.id, caller.root) == ("210987654321", True)
        assert connection.identity()[0].id == "123456789012"


@pytest.mark.parametrize(
    ("account", "arn"),
    [
        ("210987654321", "arn:aws:sts::210987654321:assumed-role/audit/koding-audit"),
        ("123456789012", "arn:aws-cn:sts::123456789012:assumed-role/audit/koding-audit"),
    ],
    ids=["another account", "another partition"],
)
def test_keys_of_another_account_than_the_assumed_roles_are_refused(
    account: str, arn: str, replay: Replay, aws_environment: pytest.MonkeyPatch
) -> None:
    replay.answer("AssumeRole", recorded({"Credentials": KEYS}))
    replay.answer("GetCallerIdentity", identity(account, arn))
    told = f"{ROLE} was assumed, but the keys are of account {account}"
    settings = Settings(endpoint_url=replay.url, role_arn=ROLE)
    with connect(settings) as connection, pytest.raises(AccessError, match=told) as caught:
        connection.identity()
    assert "nothing was read" in caught.value.hint
    assert {call.service for call in replay.calls} == {"sts"}


@pytest.mark.parametrize("told", [True, False], ids=["told with the keys", "asked for"])
@pytest.mark.parametrize("account", ["123456789012", "210987654321"])
def test_of_an_account_of_many_it_is_known_whose_keys_came_before_anything_is_read(
    account: str, told: bool, replay: Replay, aws_environment: pytest.MonkeyPatch
) -> None:
    arn = f"arn:aws:sts::{account}:assumed-role/audit/koding-audit"
    user = {"AssumedRoleUser": {"AssumedRoleId": "AROA:koding-audit", "Arn": arn}} if told else {}
    replay.answer("AssumeRole", recorded({"Credentials": KEYS, **user}))
    replay.answer("GetCallerIdentity", identity(account, arn))
    with connect(Settings(endpoint_url=replay.url)) as connection:
        member = connection.assume_role(ROLE, "")
        if account in ROLE:
            assert member.identity() == (Account(account, "aws"), Caller(arn, root=False))
        else:
            with pytest.raises(AccessError, match=f"the keys are of account {account}"):
                member.identity()
    asked = [call.action for call in replay.calls if call.key == "ASIAROLE"]
    assert asked == ([] if told else ["GetCallerIdentity"])


def test_the_hosts_of_an_account_are_those_that_were_called_for_it(
    replay: Replay, aws_environment: pytest.MonkeyPatch
) -> None:
    arn = "arn:aws:sts::123456789012:assumed-role/audit/koding-audit"
    user = {"AssumedRoleUser": {"AssumedRoleId": "AROA:koding-audit", "Arn": arn}}
    replay.answer("AssumeRole", recorded({"Credentials": KEYS, **user}))
    replay.answer("GetAccountSummary", recorded({"SummaryMap": {}}))
    host = urlsplit(replay.url).hostname
    with connect(Settings(endpoint_url=replay.url)) as connection:
        member = connection.assume_role(ROLE, "")
        member.call("GetAccountSummary")
        with pytest.raises(CallError):
            member.call_organizations("DescribeOrganization")
        assert connection.called.seen() == {("sts", host)}
        assert member.called.seen() == {("sts", host), ("organizations", host)}
        assert member.called_hosts() == (host,)
        connection.source = "demo"
        assert connection.called_hosts() == ()


@pytest.mark.parametrize("action", ["GetCallerIdentity", "GetUser"])
def test_a_call_that_hangs_ends_with_the_deadline(
    action: str, hanging: Callable[[str], None], replay: Replay, aws_environment: pytest.MonkeyPatch
) -> None:
    hanging(action)
    start = time.monotonic()
    with connect(Settings(endpoint_url=replay.url, timeout=1)) as connection:
        user = connection.submit(lambda: connection.call("GetUser", UserName="x"))
        with pytest.raises(CallError) as caught:
            connection.result(user, "iam:GetUser") if action == "GetUser" else connection.identity()
        assert (caught.value.code, caught.value.refused) == ("DeadlineExceeded", True)
        assert time.monotonic() - start < 2
        with pytest.raises(CallError, match="time was up"):
            connection.call("GetGroup", GroupName="x")
        connection.renew()
        assert 0 < connection.remaining() <= 1
    assert time.monotonic() - start < 3


def test_no_file_of_this_machine_is_needed(replay: Replay, aws_environment: pytest.MonkeyPatch) -> None:
    aws_environment.delenv("HOME")
    assert "AWS_PROFILE" not in os.environ
    account, _ = identified(replay, "123456789012", ARN)
    assert account.id == "123456789012"


def test_a_call_that_is_retried_when_the_connection_is_closed_is_not_sent_again(
    replay: Replay, aws_environment: pytest.MonkeyPatch
) -> None:
    replay.answer("GetCallerIdentity", identity("123456789012", ARN))
    with connect(Settings(endpoint_url=replay.url)) as connection:
        connection.identity()

        def throttled(_: Call) -> Mapping[str, Any]:
            connection.deadline.end()  # as at the end of the block
            return {"status_code": 400, "data": {"Error": {"Code": "Throttling"}}}

        replay.answer("GetUser", throttled)
        with pytest.raises(CallError, match="time was up"):
            connection.call("GetUser", UserName="ada")
    assert [each.action for each in replay.calls] == ["GetCallerIdentity", "GetUser"]
    assert connection.deadline.has_ended
