"""The demo account: lives in this process, with typical drift; no request leaves the machine."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from koding_audit.aws.connection import connect
from koding_audit.aws.credential_report import ROOT
from koding_audit.aws.demo_account import DemoAccount
from koding_audit.aws.session import ROWS
from koding_audit.aws.settings import Settings
from koding_audit.aws.sources import AccountSource, live
from koding_audit.model.errors import InputError
from koding_audit.model.traits import SourceTraits

TRAITS = SourceTraits(is_embedded=True)
_AWS_POLICY = "arn:aws:iam::aws:policy/"


@contextlib.contextmanager
def open_source(argument: str, settings: Settings) -> Iterator[AccountSource]:
    """Opens a new demo account, which is deleted when it is closed. Raises InputError.

    It is read as a live account is: through botocore, whose requests are answered here instead of being sent.
    """
    if argument:
        raise InputError(f"--source demo:{argument}: `demo` takes no argument", "write --source demo")
    own = Settings(region="us-east-1", timeout=settings.timeout)
    with (
        _demo_environment(),
        contextlib.closing(DemoAccount()) as account,
        connect(own, watch=account.watch) as connection,
    ):
        connection.source = "demo"
        _complete_replies(connection.iam)
        _emulate_boundaries(connection.iam)
        yield live.source_of(connection)


def put_demo_boundary(account: AccountSource) -> None:
    """Sets a permissions boundary on the user: every policy stays attached, but no instance can be started."""
    deny = {"Sid": "NoNewServers", "Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "*"}
    document = _policy_json({"Effect": "Allow", "Action": "*", "Resource": "*"}, deny)
    iam = _iam_client(account)
    reply = iam.create_policy(PolicyName="no-new-servers", PolicyDocument=document)
    iam.put_user_permissions_boundary(UserName="koding-user", PermissionsBoundary=reply["Policy"]["Arn"])


def detach_dns_policies(account: AccountSource) -> None:
    """Detaches the policies that let the group manage DNS records and domains."""
    for name in ("AmazonRoute53FullAccess", "AmazonRoute53DomainsFullAccess"):
        _iam_client(account).detach_group_policy(GroupName="Developers", PolicyArn=_AWS_POLICY + name)


def deny_without_mfa(account: AccountSource) -> None:
    """Replaces the boundary with an inline policy that denies every request without MFA."""
    condition = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    deny = {"Sid": "DenyWithoutMFA", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    iam = _iam_client(account)
    iam.delete_user_permissions_boundary(UserName="koding-user")
    iam.put_user_policy(UserName="koding-user", PolicyName="mfa", PolicyDocument=_policy_json(deny))


def _iam_client(account: AccountSource) -> Any:
    return account.connection and account.connection.iam


def _policy_json(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@contextlib.contextmanager
def _demo_environment() -> Iterator[None]:
    """An environment without AWS settings: botocore reads no profile, file or endpoint of the user."""
    own = dict(os.environ)
    for name in filter(lambda name: name.startswith("AWS_"), own):
        del os.environ[name]
    os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
    os.environ.update(AWS_ACCESS_KEY_ID="FOOBARKEY", AWS_SECRET_ACCESS_KEY="FOOBARSECRET")  # noqa: S106 - open nothing
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(own)


def _complete_replies(iam: Any) -> None:
    """Adds what moto lacks: root's MFA, root's row of the report, service-specific credentials, ends of lists."""
    from botocore.awsrequest import AWSResponse  # noqa: PLC0415 - late, as in new_session

    def with_mfa(parsed: dict[str, Any], **_: Any) -> None:
        parsed["SummaryMap"].update(AccountMFAEnabled=1, AccountPasswordPresent=1)

    def with_root(parsed: dict[str, Any], **_: Any) -> None:
        if "Content" in parsed:
            header, _, users = parsed["Content"].partition(b"\n")
            parsed["Content"] = b"\n".join((header, _root_report_row(header.decode()), users))
            parsed["GeneratedTime"] = datetime.now(timezone.utc)

    def without_any(**_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        reply: dict[str, Any] = {"ServiceSpecificCredentials": [], "ResponseMetadata": {"HTTPStatusCode": 200}}
        return AWSResponse("", 200, {}, None), reply

    def with_end(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        if model.output_shape and "IsTruncated" in model.output_shape.members:
            parsed.setdefault("IsTruncated", False)

    iam.meta.events.register("after-call.iam", with_end)
    iam.meta.events.register("after-call.iam.GetAccountSummary", with_mfa)
    iam.meta.events.register("after-call.iam.GetCredentialReport", with_root)
    iam.meta.events.register("before-call.iam.ListServiceSpecificCredentials", without_any)


def _emulate_boundaries(iam: Any) -> None:
    """Adds users' permissions boundaries, which moto lacks: a user that is read has the boundary that was put."""
    from botocore.awsrequest import AWSResponse  # noqa: PLC0415 - late, as in new_session

    boundaries: dict[str, str] = {}

    def store_boundary(params: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        body = params["body"]
        boundaries.pop(body["UserName"], None)
        if "PermissionsBoundary" in body:
            boundaries[body["UserName"]] = body["PermissionsBoundary"]
        return AWSResponse("", 200, {}, None), {"ResponseMetadata": {"HTTPStatusCode": 200}}

    def add_boundary(parsed: dict[str, Any], **_: Any) -> None:
        listed = parsed.get(ROWS, parsed).get("UserDetailList", ())
        for user in (parsed["User"],) if "User" in parsed else listed:
            if user["UserName"] in boundaries:
                kind, arn = "PermissionsBoundaryPolicy", boundaries[user["UserName"]]
                user["PermissionsBoundary"] = {"PermissionsBoundaryType": kind, "PermissionsBoundaryArn": arn}

    for operation in ("PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary"):
        iam.meta.events.register(f"before-call.iam.{operation}", store_boundary)
    for operation in ("GetUser", "GetAccountAuthorizationDetails"):
        iam.meta.events.register(f"after-call.iam.{operation}", add_boundary)


def _root_report_row(header: str) -> bytes:
    """Returns root's row of the credential report: with MFA, without keys, never used."""
    known = {"user": ROOT, "arn": "arn:aws:iam::123456789012:root", "mfa_active": "true"}
    never = {name: "false" for name in header.split(",") if name.endswith("_active")}
    return ",".join({**never, **known}.get(name, "N/A") for name in header.split(",")).encode()
