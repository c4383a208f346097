"""Sessions, clients, calls and lists over a real botocore client and a loopback server that says what it is told to."""

from __future__ import annotations

import functools
import itertools
import json
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader

from koding_audit.aws import credentials
from koding_audit.aws.call import take_field, take_time
from koding_audit.aws.connection import Connection, connect
from koding_audit.aws.endpoint import check_endpoint, check_role
from koding_audit.aws.session import make_client, new_session
from koding_audit.aws.settings import Settings
from koding_audit.model.account import Account, Caller
from koding_audit.model.errors import AccessError, CallError, InputError
from tests.servers.replay import Replay, identity, recorded
from tests.servers.wire import Call, Fault, reply_xml

ARN = "arn:aws:iam::123456789012:user/auditor"
Reply = tuple[int, str, bytes]


def names_page(*names: str, **more: Any) -> dict[str, Any]:
    return recorded({"PolicyNames": list(names), **more})


def pages_of(replay: Replay, *pages: Mapping[str, Any]) -> None:
    """The pages in their order, whatever marker is asked for."""
    remaining = iter(pages)
    replay.answer("ListUserPolicies", lambda _: next(remaining))


def read_names(connection: Connection) -> list[Any]:
    return connection.pages("ListUserPolicies", "PolicyNames", UserName="someone")


def xml(body: bytes) -> Reply:
    return 200, "text/xml", body


@pytest.fixture
def raw(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Call], Reply]], None]:
    """Lets a function answer every call with status, content type and bytes of its own."""

    def answer_with(function: Callable[[Call], Reply]) -> None:
        def reply(call: Call) -> Reply:
            replay.calls.append(call)
            return function(call)

        monkeypatch.setattr(replay, "reply", reply)

    return answer_with


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


@pytest.mark.parametrize(("before", "refused"), [(1, False), (0, True)], ids=["sent twice", "sent once"])
def test_a_refusal_of_what_was_sent_twice_may_be_its_own_doing(
    before: int, refused: bool, connection: Connection, replay: Replay, impatient: None
) -> None:
    replay.faults.add(Fault("CreateGroup", "error", times=before, status=503, code="ServiceUnavailable"))
    replay.faults.add(Fault("CreateGroup", "error", status=409, code="EntityAlreadyExists"))
    with pytest.raises(CallError) as caught:
        connection.call("CreateGroup", GroupName="Ops")
    assert (caught.value.code, caught.value.refused) == ("EntityAlreadyExists", refused)


def test_what_is_no_list_is_an_error(connection: Connection) -> None:
    with pytest.raises(CallError, match="no usable PolicyNames"):
        take_field({"PolicyNames": "a"}, "PolicyNames", list, "iam:ListUserPolicies")
    with pytest.raises(CallError, match="no usable PolicyNames"):
        take_field(None, "PolicyNames", list, "iam:ListUserPolicies")


# --- replies that are none --------------------------------------------------------------------------

WHOLE = reply_xml("iam", "ListUserPolicies", {"PolicyNames": ["a"], "IsTruncated": False})
OTHER = reply_xml("iam", "ListGroupPolicies", {"PolicyNames": ["a"], "IsTruncated": False})
NO_REPLIES = {
    "a page of a hotel's network": b"<html><body>Please sign in</body></html>",
    "html that is no xml": b"<html><body>Please<br>sign in",
    "nothing": b"",
    "text": b"OK",
    "json": b'{"PolicyNames": []}',
    "bad utf-8": b"<ListUserPoliciesResponse>\xff\xfe</ListUserPoliciesResponse>",
    "the reply of another operation": OTHER,
    "an empty result": b"<ListUserPoliciesResponse><ListUserPoliciesResult/></ListUserPoliciesResponse>",
    "no result": b"<ListUserPoliciesResponse/>",
    **{f"cut at {tenth}0 %": WHOLE[: len(WHOLE) * tenth // 10] for tenth in range(1, 10)},
}


@pytest.mark.parametrize("body", NO_REPLIES.values(), ids=NO_REPLIES)
def test_a_reply_that_is_none_is_a_call_error_and_asked_for_again(
    body: bytes, connection: Connection, replay: Replay, raw: Callable[..., None]
) -> None:
    raw(lambda _: xml(body))
    with pytest.raises(CallError) as caught:
        read_names(connection)
    assert (caught.value.call, caught.value.code) == ("iam:ListUserPolicies", "MalformedReply")
    assert len(replay.calls) in (1, 3)  # 1: botocore could read it, and what it read is of the wrong shape


def test_a_reply_that_can_be_read_the_second_time_is_good(
    connection: Connection, replay: Replay, raw: Callable[..., None]
) -> None:
    bodies = iter([WHOLE[:80], WHOLE])
    raw(lambda _: xml(next(bodies)))
    assert read_names(connection) == ["a"]


def test_a_write_whose_reply_cannot_be_read_is_not_sent_again(
    connection: Connection, replay: Replay, raw: Callable[..., None]
) -> None:
    raw(lambda _: xml(b"<AttachGroupPolicy"))
    with pytest.raises(CallError) as caught:
        connection.call("AttachGroupPolicy", GroupName="g", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    assert (caught.value.code, caught.value.refused, len(replay.calls)) == ("MalformedReply", False, 1)


@pytest.mark.parametrize(
    ("status", "refused"), [(403, True), (302, False), (503, False)], ids=["forbidden", "moved", "unavailable"]
)
def test_an_html_error_page_is_a_call_error(
    status: int, refused: bool, connection: Connection, raw: Callable[..., None], impatient: None
) -> None:
    raw(lambda _: (status, "text/html", b"<html><body>no</body></html>"))
    with pytest.raises(CallError) as caught:
        read_names(connection)
    assert caught.value.code != "KeyError"
    assert caught.value.refused is refused


def test_an_error_of_the_server_may_have_come_after_the_write(
    connection: Connection, replay: Replay, impatient: None
) -> None:
    replay.faults.add(Fault("*", "error", status=500))
    with pytest.raises(CallError) as caught:
        connection.call("DeleteGroup", GroupName="g")
    assert (caught.value.code, caught.value.refused) == ("ServiceFailure", False)


def test_a_call_that_botocore_refuses_to_send_is_refused(connection: Connection, replay: Replay) -> None:
    with pytest.raises(CallError) as caught:
        connection.call("GetUser", UserName=7)
    assert (caught.value.code, caught.value.refused, replay.calls) == ("ParamValidation", True, [])


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00"])
def test_a_time_off_the_calendar_is_a_call_error(text: str) -> None:
    moment = datetime.fromisoformat(text)
    with pytest.raises(CallError, match="no usable CreateDate"):
        take_time({"CreateDate": moment}, "CreateDate", "iam:ListAccessKeys")


def test_a_time_without_a_zone_is_utc() -> None:
    moment = datetime(2026, 11, 23, 20)  # noqa: DTZ001 - what is tested
    assert take_time({"at": moment}, "at", "x").isoformat() == "2026-11-23T20:00:00+00:00"
    with pytest.raises(CallError):
        take_time({"at": None}, "at", "x")


# --- retries ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"AWS_MAX_ATTEMPTS": "junk", "AWS_RETRY_MODE": "junk"},
        {"AWS_MAX_ATTEMPTS": "1", "AWS_RETRY_MODE": "legacy", "AWS_NEW_RETRIES_2026": "true"},
    ],
    ids=["none", "junk", "other"],
)
def test_a_call_is_tried_eight_times_whatever_the_environment_says(
    environment: dict[str, str], replay: Replay, aws_environment: pytest.MonkeyPatch, impatient: None
) -> None:
    for name, value in environment.items():
        aws_environment.setenv(name, value)
    replay.answer("GetCallerIdentity", identity("123456789012", ARN))
    replay.faults.add(Fault("GetUser", "throttle"))
    with connect(Settings(endpoint_url=replay.url)) as connection:
        with pytest.raises(CallError) as caught:
            connection.call("GetUser", UserName="someone")
        assert connection.iam.meta.config.retries == {"mode": "standard", "total_max_attempts": 8}
    assert caught.value.code == "Throttling"
    assert len([call for call in replay.calls if call.action == "GetUser"]) == 8


def test_timeouts_are_pinned(connection: Connection) -> None:
    config = connection.iam.meta.config
    assert (config.connect_timeout, config.read_timeout, config.max_pool_connections) == (5, 20, 8)


# --- endpoints and models ---------------------------------------------------------------------------


def test_endpoints_of_the_environment_and_of_profiles_are_not_obeyed(
    replay: Replay, aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS"):
        aws_environment.setenv(name, replay.url)
    config_file(aws_environment, tmp_path, f"[profile p]\nendpoint_url = {replay.url}\nregion = cn-north-1\n")
    session = new_session(Settings(profile="p"))
    ours = [make_client(session, service, Settings()).meta.endpoint_url for service in ("iam", "sts")]
    assert ours == ["https://iam.cn-north-1.amazonaws.com.cn", "https://sts.cn-north-1.amazonaws.com.cn"]
    # As botocore makes one, to assume the role that a profile names.
    assert session.create_client("sts", region_name="us-east-1").meta.endpoint_url.endswith("amazonaws.com")


def test_a_changed_model_in_the_home_or_in_aws_data_path_is_not_loaded(
    replay: Replay, aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import botocore.session

    for folder in (tmp_path / ".aws" / "models", tmp_path / "data"):
        change_model(folder, "GetUser", "DeleteUser")
    aws_environment.setenv("AWS_DATA_PATH", str(tmp_path / "data"))
    plain = botocore.session.Session().get_service_model("iam")
    assert plain.operation_model("GetUser").http["requestUri"] == "/changed"  # the trap is set
    replay.answer("GetCallerIdentity", identity("123456789012", ARN))
    with connect(Settings(endpoint_url=replay.url)) as connection:
        model = connection.iam.meta.service_model
        assert model.operation_model("GetUser").http["requestUri"] == "/"
        with pytest.raises(CallError):
            connection.call("GetUser", UserName="someone")
    assert "GetUser" in {call.action for call in replay.calls}


def change_model(folder: Path, operation: str, name: str) -> None:
    """A copy of botocore's IAM model in which an operation goes elsewhere, under another name."""
    import botocore.loaders

    loader = botocore.loaders.Loader()
    model = json.loads(json.dumps(loader.load_service_model("iam", "service-2")))
    model["operations"][operation] |= {"name": name, "http": {"method": "POST", "requestUri": "/changed"}}
    target = folder / "iam" / "2010-05-08"
    target.mkdir(parents=True)
    (target / "service-2.json").write_text(json.dumps(model), encoding="utf-8")


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:5000",
        "http://127.0.0.1:5000",
        "http://127.9.9.9",
        "http://[::1]:5000/",
        "https://127.0.0.1",
        "https://iam.amazonaws.com",
        "https://iam.cn-north-1.amazonaws.com.cn",
        "https://IAM.us-gov.AmazonAWS.com",
        "https://iam.eusc-de-east-1.amazonaws.eu",
        "",
    ],
)
def test_loopback_and_aws_are_endpoints(url: str) -> None:
    check_endpoint(Settings(endpoint_url=url))


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://iam.amazonaws.com", "plain http"),
        ("http://10.0.0.1", "plain http"),
        ("http://localhost.example.com", "plain http"),
        ("https://example.com", "not a host of AWS"),
        ("https://amazonaws.com", "not a host of AWS"),
        ("https://somebodys-bucket.s3.amazonaws.com", "not a host of AWS"),
        ("https://lb-1.us-east-1.elb.amazonaws.com", "not a host of AWS"),
        ("https://iam.amazonaws.com.example.com", "not a host of AWS"),
        ("https://evilamazonaws.com", "not a host of AWS"),
        ("https://10.0.0.1", "not a host of AWS"),
        ("https://iam.amazonaws.com@example.com", "not an http or https address"),
        ("http://user:secret@127.0.0.1", "not an http or https address"),
        ("http://@127.0.0.1", "not an http or https address"),
        ("ftp://127.0.0.1", "not an http or https address"),
        ("127.0.0.1:5000", "not an http or https address"),
        ("https://", "not an http or https address"),
        ("http://[::1", "not an http or https address"),
        ("http://127.0.0.1:port", "not an http or https address"),
        ("http://127.0.0.1:99999", "not an http or https address"),
    ],
)
def test_other_endpoints_are_refused_before_anything_is_sent(url: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught, connect(Settings(endpoint_url=url)):
        pytest.fail("connected")
    assert caught.value.hint


def test_another_host_is_allowed_by_name_only() -> None:
    check_endpoint(Settings(endpoint_url="https://iam.example.com:8443", allow_endpoint="IAM.example.com"))
    with pytest.raises(InputError, match=r"sts\.example\.com"):
        check_endpoint(Settings(endpoint_url="https://sts.example.com", allow_endpoint="iam.example.com"))
    with pytest.raises(InputError, match="plain http"):
        check_endpoint(Settings(endpoint_url="http://iam.example.com", allow_endpoint="iam.example.com"))


def test_an_endpoint_that_is_not_of_aws_is_kept_for_the_report(
    replay: Replay, aws_environment: pytest.MonkeyPatch
) -> None:
    # Of AWS's own and of none, nothing is said; no call can go out through a proxy that is not there.
    aws_environment.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    for url, shown in ((replay.url, replay.url), ("", None), ("https://sts.amazonaws.com", None)):
        with connect(Settings(endpoint_url=url)) as connection:
            assert connection.endpoint == shown


# --- credentials, profiles, regions -----------------------------------------------------------------


def config_file(environment: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    path = folder / "config"
    path.write_text(text, encoding="utf-8")
    environment.setenv("AWS_CONFIG_FILE", str(path))


def refused(settings: Settings) -> AccessError:
    with pytest.raises(AccessError) as caught, connect(settings):
        pytest.fail("connected")
    assert caught.value.hint
    return caught.value


def test_no_credentials_are_an_access_error(aws_environment: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        aws_environment.delenv(name)
    error = refused(Settings())
    assert error.message == "no AWS credentials were found"
    assert "aws configure" in error.hint


@pytest.mark.parametrize(
    ("profile", "environment", "used"),
    [
        ("p", {}, "AKIAOFPROFILE"),
        ("", {"AWS_PROFILE": "p"}, "AKIAEXAMPLE"),
        ("", {"AWS_PROFILE": "p", "AWS_ACCESS_KEY_ID": ""}, "AKIAOFPROFILE"),
    ],
    ids=["--profile before the environment's keys", "those before AWS_PROFILE", "AWS_PROFILE"],
)
def test_of_two_credentials_the_one_is_used_that_the_command_line_says_is(
    profile: str, environment: dict[str, str], used: str, aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keys = "aws_access_key_id = AKIAOFPROFILE\naws_secret_access_key = x\n"
    config_file(aws_environment, tmp_path, f"[profile p]\n{keys}")
    for name, value in environment.items():
        aws_environment.setenv(name, value)
    assert new_session(Settings(profile=profile)).get_credentials().access_key == used


@pytest.mark.parametrize("missing", ["AWS_SECRET_ACCESS_KEY", "file"])
def test_half_of_the_credentials_is_an_access_error(
    missing: str, aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    aws_environment.delenv("AWS_SECRET_ACCESS_KEY")
    if missing == "file":
        aws_environment.delenv("AWS_ACCESS_KEY_ID")
        (tmp_path / ".aws").mkdir()
        (tmp_path / ".aws" / "credentials").write_text("[default]\naws_access_key_id = AKIAEXAMPLE\n")
    error = refused(Settings())
    assert "not whole: Partial credentials" in error.message
    assert "give what is missing" in error.hint


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("AWS_ACCESS_KEY_ID", "AKIA PLANTED", "key id"),
        ("AWS_ACCESS_KEY_ID", "AKIA-PLANTED-\u00e9", "key id"),
        ("AWS_SECRET_ACCESS_KEY", "PLANTED\n", "secret key"),
        ("AWS_SESSION_TOKEN", "PLANTED\r\nX-Header: y", "session token"),
        ("AWS_SESSION_TOKEN", "PLANTED ", "session token"),
    ],
)
def test_a_key_that_no_header_can_hold_is_refused_and_not_told(
    name: str, value: str, what: str, aws_environment: pytest.MonkeyPatch
) -> None:
    aws_environment.setenv(name, value)
    error = refused(Settings())
    assert error.message.startswith(f"the {what} of the AWS credentials")
    assert "(env)" in error.hint
    assert "PLANTED" not in error.message + error.hint


@pytest.mark.parametrize("by", ["option", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_an_unknown_profile_is_an_access_error_that_names_it(by: str, aws_environment: pytest.MonkeyPatch) -> None:
    if by != "option":
        aws_environment.setenv(by, "nobody")
    error = refused(Settings(profile="nobody" if by == "option" else ""))
    assert error.message == "there is no AWS profile 'nobody'"
    assert "list-profiles" in error.hint


@pytest.mark.parametrize("region", ["nonsense", "us-east-1 ", "us_east_1", "xx-nowhere-9", "../x"])
@pytest.mark.parametrize("by", ["option", "AWS_REGION", "AWS_DEFAULT_REGION"])
def test_a_nonsense_region_is_an_access_error(region: str, by: str, aws_environment: pytest.MonkeyPatch) -> None:
    if by != "option":
        aws_environment.setenv(by, region)
    error = refused(Settings(region=region if by == "option" else ""))
    assert error.message.startswith("the region cannot be used")
    assert repr(region) in error.message or region in error.message
    assert "us-east-1" in error.hint


def test_the_region_decides_the_partition(aws_environment: pytest.MonkeyPatch) -> None:
    session = new_session(Settings())
    hosts = {
        region: make_client(session, "iam", Settings(region=region)).meta.endpoint_url
        for region in ("", "eu-west-3", "us-gov-west-1", "cn-north-1")
    }
    assert hosts == {
        "": "https://iam.amazonaws.com",
        "eu-west-3": "https://iam.amazonaws.com",
        "us-gov-west-1": "https://iam.us-gov.amazonaws.com",
        "cn-north-1": "https://iam.cn-north-1.amazonaws.com.cn",
    }


def test_of_two_regions_in_the_environment_the_one_counts_that_other_tools_obey(
    aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config_file(aws_environment, tmp_path, "[default]\nregion = eu-west-1\n")
    hosts = []
    for name, value in (("AWS_DEFAULT_REGION", "us-gov-west-1"), ("AWS_REGION", "cn-north-1"), ("AWS_REGION", "")):
        aws_environment.setenv(name, value)
        session = new_session(Settings())
        hosts.append(make_client(session, "sts", Settings()).meta.endpoint_url)
        # As botocore makes one for itself, to assume the role that a profile names.
        assert session.get_config_variable("region") in hosts[-1]
    assert hosts == [
        "https://sts.us-gov-west-1.amazonaws.com",
        "https://sts.cn-north-1.amazonaws.com.cn",
        "https://sts.us-gov-west-1.amazonaws.com",
    ]


PROGRAM = "credential_process of p gives no usable credentials"
BROKEN = {
    "no ini": ("[profile p\nregion", "Unable to parse config file"),
    "a section twice": ("[profile p]\n[profile p]\n", "Unable to parse config file"),
    "a process that prints junk": ("[profile p]\ncredential_process = echo PLANTED", f"{PROGRAM}: Expecting value"),
    "a process that prints a list": ("[profile p]\ncredential_process = echo []", PROGRAM),
    "a process that prints half": (
        '[profile p]\ncredential_process = echo \'{"Version": 1, "AccessKeyId": "PLANTED"}\'',
        f"{PROGRAM}: Missing required key in response: 'SecretAccessKey'",
    ),
    "a process that is not there": (
        "[profile p]\ncredential_process = /nonexistent/program",
        f"{PROGRAM}: [Errno 2] No such file or directory: '/nonexistent/program'",
    ),
    "a process that fails": ("[profile p]\ncredential_process = false", f"{PROGRAM}: it failed, and said nothing"),
    "a process that fails and says why": (
        "[profile p]\ncredential_process = sh -c 'echo no session for FwoGZXIvYXdzEPLANTEDtokentoken >&2; exit 3'",
        f"{PROGRAM}: no session for [...]",
    ),
    "a process that cannot be started": (
        "[profile p]\ncredential_process = echo 'x",
        f"{PROGRAM}: No closing quotation",
    ),
    "a role without a source": (
        "[profile p]\nrole_arn = arn:aws:iam::123456789012:role/audit",
        "missing: source_profile",
    ),
    "a circle of roles": (
        "[profile p]\nrole_arn = arn:aws:iam::123456789012:role/a\nsource_profile = q\n"
        "[profile q]\nrole_arn = arn:aws:iam::123456789012:role/b\nsource_profile = p",
        "Infinite loop in credential configuration",
    ),
    "a source that is not there": (
        "[profile p]\nrole_arn = arn:aws:iam::123456789012:role/a\nsource_profile = q",
        'source_profile "q"',
    ),
    "a token file that is not there": (
        "[profile p]\nrole_arn = arn:aws:iam::123456789012:role/a\nweb_identity_token_file = /nonexistent/token",
        "'/nonexistent/token'",
    ),
}


@pytest.mark.parametrize(("text", "told"), BROKEN.values(), ids=BROKEN)
def test_a_broken_configuration_is_an_access_error_that_names_what_is_broken(
    text: str, told: str, aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config_file(aws_environment, tmp_path, text)
    error = refused(Settings(profile="p"))
    assert told in error.message
    assert "PLANTED" not in error.message
    assert "run the program by itself" in error.hint if told.startswith(PROGRAM) else "~/.aws/config" in error.hint


ASKS = """[default]
aws_access_key_id = AKIAEXAMPLE
aws_secret_access_key = example
[profile p]
role_arn = arn:aws:iam::123456789012:role/audit
source_profile = default
mfa_serial = arn:aws:iam::123456789012:mfa/ada
"""


def test_a_code_that_nobody_can_type_is_not_waited_for(
    aws_environment: pytest.MonkeyPatch, tmp_path: Path, replay: Replay
) -> None:
    config_file(aws_environment, tmp_path, ASKS)
    aws_environment.setattr(credentials, "_has_terminal", lambda: False)
    error = refused(Settings(profile="p", endpoint_url=replay.url))
    assert "profile p asks for an MFA code of arn:aws:iam::123456789012:mfa/ada, and nobody" in error.message
    assert "aws configure export-credentials --profile p" in error.hint
    assert replay.calls == []
    # The keys of the environment come first, and need no code.
    aws_environment.setenv("AWS_PROFILE", "p")
    with connect(Settings(endpoint_url=replay.url)):
        pass


def test_a_code_is_asked_for_where_somebody_is_there_and_none_is_told(
    aws_environment: pytest.MonkeyPatch, tmp_path: Path, replay: Replay
) -> None:
    def nothing_typed(prompt: str) -> str:
        assert prompt == "Enter MFA code for arn:aws:iam::123456789012:mfa/ada: "
        raise EOFError

    from botocore.credentials import AssumeRoleProvider

    config_file(aws_environment, tmp_path, ASKS)
    aws_environment.setattr(credentials, "_has_terminal", lambda: True)
    asking = functools.partialmethod(AssumeRoleProvider.__init__, prompter=nothing_typed)
    aws_environment.setattr(AssumeRoleProvider, "__init__", asking)
    assert refused(Settings(profile="p", endpoint_url=replay.url)).message == "no MFA code was typed"


def test_a_configuration_that_is_no_text_is_an_access_error(
    aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_bytes(b"[default]\nregion = \xff\xfe\n")
    aws_environment.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert "the AWS settings cannot be used" in refused(Settings()).message


@pytest.mark.parametrize("by", ["AWS_CA_BUNDLE", "profile"])
def test_a_certificate_bundle_that_is_not_there_is_named(
    by: str, replay: Replay, aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if by == "profile":
        config_file(aws_environment, tmp_path, f"[default]\nca_bundle = {tmp_path}\n")
    else:
        aws_environment.setenv("AWS_CA_BUNDLE", str(tmp_path))
    error = refused(Settings(endpoint_url=replay.url.replace("http:", "https:")))
    assert error.message == f"the certificates to trust are not there: {tmp_path}"
    assert "AWS_CA_BUNDLE" in error.hint
    with connect(Settings(endpoint_url=replay.url)):  # over plain http to this machine nothing is asked of them
        pass


def test_nothing_turns_on_the_debug_log_of_botocore(connection: Connection) -> None:
    """It holds session tokens, in the canonical request that is signed."""
    import logging

    with pytest.raises(CallError):
        connection.call("GetUser", UserName="someone")
    loggers = [logging.getLogger(name) for name in ("botocore", "botocore.auth", "urllib3", "http.client")]
    assert [each.isEnabledFor(logging.DEBUG) for each in loggers] == [False] * 4


def test_credentials_that_do_not_come_end_with_the_deadline(
    aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sleep = shutil.which("sleep")
    config_file(aws_environment, tmp_path, f"[profile p]\ncredential_process = {sleep} 3")
    start = time.monotonic()
    error = refused(Settings(profile="p", timeout=0.5))
    assert error.message == "the AWS credentials did not come in time"
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("service", ["sso", "sso-oidc", "signin"])
def test_the_services_that_profiles_sign_in_with_are_known(service: str, aws_environment: pytest.MonkeyPatch) -> None:
    made = new_session(Settings()).create_client(service, region_name="us-east-1")
    assert made.meta.service_model.service_name == service


def test_a_profile_of_identity_center_whose_sign_in_is_over_says_so(
    aws_environment: pytest.MonkeyPatch, tmp_path: Path, replay: Replay
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        aws_environment.delenv(name)
    config_file(
        aws_environment,
        tmp_path,
        "[profile p]\nsso_start_url = https://example.com/start\nsso_region = us-east-1\n"
        "sso_account_id = 123456789012\nsso_role_name = audit\nregion = us-east-1\n",
    )
    error = refused(Settings(profile="p", endpoint_url=replay.url))
    assert "SSO" in error.message
    assert error.hint == "run `aws sso login --profile p`"
    assert replay.calls == []


def test_a_metadata_service_that_never_answers_does_not_hold_a_run(aws_environment: pytest.MonkeyPatch) -> None:
    """As outside EC2, where packets to 169.254.169.254 may go nowhere; patient by botocore's own settings."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"):
        aws_environment.delenv(name)
    aws_environment.setenv("AWS_METADATA_SERVICE_TIMEOUT", "60")
    aws_environment.setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "9")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        aws_environment.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)
        start = time.monotonic()
        error = refused(Settings(timeout=0.5))
    assert error.message == "the AWS credentials did not come in time"
    assert "AWS_EC2_METADATA_DISABLED" in error.hint
    assert time.monotonic() - start < 5


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


# --- roles ------------------------------------------------------------------------------------------

ROLE = "arn:aws:iam::123456789012:role/audit"
KEYS = {"AccessKeyId": "ASIAROLE", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "2030-01-01T00:00:00Z"}


def test_a_role_is_assumed_with_its_external_id_and_its_keys_are_used(
    replay: Replay, aws_environment: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay.answer("AssumeRole", recorded({"Credentials": KEYS}))
    replay.answer("GetCallerIdentity", identity("123456789012", ARN))
    with connect(Settings(endpoint_url=replay.url, role_arn=ROLE, external_id="of-ours")) as connection:
        connection.identity()
        assert connection.iam._request_signer._credentials.access_key == "ASIAROLE"
    assume = replay.calls[0]
    assert str(assume) == "sts:AssumeRole"
    assert assume.parameters == {
        "RoleArn": ROLE,
        "RoleSessionName": "koding-audit",
        "DurationSeconds": "900",
        "ExternalId": "of-ours",
    }


def test_without_an_external_id_none_is_sent(replay: Replay, aws_environment: pytest.MonkeyPatch) -> None:
    replay.answer("AssumeRole", recorded({"Credentials": KEYS}))
    replay.answer("GetCallerIdentity", identity("123456789012", ARN))
    with connect(Settings(endpoint_url=replay.url, role_arn=ROLE)) as connection:
        connection.identity()
    assert "ExternalId" not in replay.calls[0].parameters


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
    told = f"{ROLE} was assumed, and the keys that came are of account {account}"
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
            with pytest.raises(AccessError, match=f"the keys that came are of account {account}"):
                member.identity()
    asked = [call.action for call in replay.calls if call.key == "ASIAROLE"]
    assert asked == ([] if told else ["GetCallerIdentity"])


def test_what_botocore_knows_of_endpoints_is_read_once_however_many_accounts_are_entered(
    replay: Replay, aws_environment: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    usual = JSONFileLoader.load_file

    def load_file(self: JSONFileLoader, file_path: str) -> Any:
        read.append(Path(file_path).name)
        return usual(self, file_path)

    aws_environment.setattr(JSONFileLoader, "load_file", load_file)
    arn = "arn:aws:sts::123456789012:assumed-role/audit/koding-audit"
    replay.answer("AssumeRole", recorded({"Credentials": KEYS, "AssumedRoleUser": {"Arn": arn}}))
    replay.answer("GetCallerIdentity", identity("123456789012", arn))
    with connect(Settings(endpoint_url=replay.url)) as connection:
        for _ in range(2):
            connection.assume_role(ROLE, "").identity()
    assert read.count("endpoints") == 1


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (None, "trust policy"),
        (recorded({}), "the network"),
        (recorded({"Credentials": {"AccessKeyId": "ASIAROLE"}}), "the network"),
    ],
)
def test_a_role_that_is_not_to_be_had_is_an_access_error(
    answer: dict[str, Any] | None, hint: str, replay: Replay, aws_environment: pytest.MonkeyPatch
) -> None:
    if answer is not None:
        replay.answer("AssumeRole", answer)
    error = refused(Settings(endpoint_url=replay.url, role_arn=ROLE))
    assert ROLE in error.message
    assert hint in error.hint
    assert {call.action for call in replay.calls} == {"AssumeRole"}


# --- deadlines --------------------------------------------------------------------------------------


@pytest.fixture
def hanging(raw: Callable[..., None]) -> Iterator[Callable[[str], None]]:
    """Makes an action hang until the test is over; the others are answered."""
    over = threading.Event()
    answers = {
        "GetCallerIdentity": {"Account": "123456789012", "Arn": ARN, "UserId": "AIDA"},
        "AssumeRole": {"Credentials": KEYS},
    }

    def hang(action: str) -> None:
        def reply(call: Call) -> Reply:
            if call.action == action:
                over.wait(10)
            return xml(reply_xml(call.service, call.action, answers.get(call.action, {})))

        raw(reply)

    yield hang
    over.set()


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


def test_a_role_whose_sts_hangs_ends_with_the_deadline(
    hanging: Callable[[str], None], replay: Replay, aws_environment: pytest.MonkeyPatch
) -> None:
    hanging("AssumeRole")
    start = time.monotonic()
    error = refused(Settings(endpoint_url=replay.url, role_arn=ROLE, timeout=0.5))
    assert error.message == "the AWS credentials did not come in time"
    assert time.monotonic() - start < 2


def test_no_file_of_this_machine_is_needed(replay: Replay, aws_environment: pytest.MonkeyPatch) -> None:
    aws_environment.delenv("HOME")
    assert "AWS_PROFILE" not in os.environ
    account, _ = identified(replay, "123456789012", ARN)
    assert account.id == "123456789012"


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (Settings(role_arn="auditor"), "not the ARN of a role"),
        (Settings(role_arn="arn:aws:iam::123456789012:user/ada"), "not the ARN of a role"),
        (Settings(external_id="x"), "--external-id goes with a role"),
    ],
)
def test_a_role_that_cannot_be_assumed_is_refused_before_any_call(settings: Settings, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        check_role(settings)


def test_a_role_of_any_partition_and_path_can_be_assumed() -> None:
    check_role(Settings(role_arn="arn:aws-us-gov:iam::123456789012:role/team/audit", external_id="x"))


def test_a_host_is_allowed_only_for_an_endpoint() -> None:
    with pytest.raises(InputError, match="--allow-endpoint goes with"):
        check_endpoint(Settings(allow_endpoint="iam.example.com"))
