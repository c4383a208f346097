"""Fixtures that several tests of calls to AWS share: replies of any form, calls that hang, and a seeded account."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from koding_audit.aws.connection import Connection, connect
from koding_audit.aws.settings import Settings
from tests.aws.replies import ARN, KEYS, Reply, xml
from tests.servers.moto_account import MotoAccount
from tests.servers.replay import Replay
from tests.servers.wire import Call, reply_xml
from tests.values import aws

DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})


@pytest.fixture(scope="module")
def standing_account(moto_server: MotoAccount) -> MotoAccount:
    """Seeded once for the tests of a module, which only read it; ask for `seeded` instead."""
    moto_server.reset()
    seed(moto_server.iam)
    return moto_server


@pytest.fixture
def seeded(standing_account: MotoAccount) -> Iterator[MotoAccount]:
    """A filled account; its calls are counted from here, and faults and overlays are gone after the test."""
    standing_account.forget()
    yield standing_account
    standing_account.mend()
    standing_account.overlay(root={}, page_size=None)


@pytest.fixture(scope="module")
def standing_line(standing_account: MotoAccount) -> Iterator[Connection]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "example")
        with connect(Settings(endpoint_url=standing_account.url, timeout=3600)) as made:
            made.identity()
            yield made


@pytest.fixture
def line(seeded: MotoAccount, standing_line: Connection) -> Connection:
    """A connection to the filled account."""
    standing_line.renew()
    return standing_line


def seed(iam: Any) -> None:
    """koding-user has everything that a user can have, plain has nothing, and stranger is in a group of ours."""
    iam.create_policy(PolicyName="edge", PolicyDocument=DOCUMENT)
    iam.create_group(GroupName="Developers", Path="/team/")
    iam.create_group(GroupName="empty")
    for name in ("AmazonEC2FullAccess", "IAMReadOnlyAccess"):
        iam.attach_group_policy(GroupName="Developers", PolicyArn=aws(name))
    iam.put_group_policy(GroupName="Developers", PolicyName="extra", PolicyDocument=DOCUMENT)
    iam.create_user(UserName="koding-user", Tags=[{"Key": "team", "Value": "web"}])
    iam.create_user(UserName="plain")
    iam.create_user(UserName="stranger", Path="/far/")
    for name in ("koding-user", "stranger"):
        iam.add_user_to_group(GroupName="Developers", UserName=name)
    iam.attach_user_policy(UserName="koding-user", PolicyArn=aws("AmazonS3ReadOnlyAccess"))
    iam.put_user_policy(UserName="koding-user", PolicyName="own", PolicyDocument=DOCUMENT)
    iam.create_access_key(UserName="koding-user")
    iam.create_login_profile(UserName="koding-user", Password="correct-horse-1")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="koding-user")["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(
        UserName="koding-user", SerialNumber=device, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )
    iam.generate_credential_report()


@pytest.fixture
def raw(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Call], Reply]], None]:
    """Lets a function answer every call with status, content type and bytes of its own."""

    def answer_with(function: Callable[[Call], Reply]) -> None:
        def reply(call: Call) -> Reply:
            replay.calls.append(call)
            return function(call)

        monkeypatch.setattr(replay, "reply", reply)

    return answer_with


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
