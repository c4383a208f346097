"""The demo account: moto in this process, seeded with typical drift; no request leaves the machine."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any
from unittest.mock import patch

from koding_audit.aws.credential_report import ROOT
from koding_audit.aws.settings import Settings
from koding_audit.aws.sources import AccountSource, live
from koding_audit.model.errors import InputError
from koding_audit.model.traits import SourceTraits

TRAITS = SourceTraits(is_embedded=True)
KEY_AGE = timedelta(days=400)
_AWS_POLICY = "arn:aws:iam::aws:policy/"


@contextlib.contextmanager
def open_source(argument: str, settings: Settings) -> Iterator[AccountSource]:
    """Opens a new demo account, which is deleted when it is closed. Raises InputError if moto is not installed."""
    if argument:
        raise InputError(f"--source demo:{argument}: `demo` takes no argument", "write --source demo")
    try:
        from moto import mock_aws  # noqa: PLC0415 - takes half a second, and is an optional extra
    except ImportError as error:
        raise InputError("the demo needs moto", "run `pip install 'koding-audit[demo]'`") from error
    own = Settings(region="us-east-1", timeout=settings.timeout)
    # mock_aws sets fake credentials and answers every request of botocore.
    with (
        patch.dict(os.environ, _environment_without_aws(), clear=True),
        mock_aws(config={"iam": {"load_aws_managed_policies": True}}),
        live.open_source("", own) as account,
    ):
        if account.connection is None:
            raise AssertionError("unreachable: the live source has a connection")
        account.connection.source = "demo"
        iam = account.connection.iam
        _complete_replies(iam)
        _emulate_boundaries(iam)
        _seed_account(iam)
        yield account


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


def _environment_without_aws() -> dict[str, str]:
    """Returns the environment without AWS settings: botocore reads no profile, file or endpoint of the user."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**others, "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def _seed_account(iam: Any) -> None:
    """Creates the guide's account after a year of use, with drift that is common in real accounts."""
    iam.create_group(GroupName="Developers")
    # IAMReadOnlyAccess is missing; the Route53 set is partial; AmazonS3ReadOnlyAccess is unexpected.
    for name in ("AmazonEC2FullAccess", "AmazonRoute53FullAccess", "AmazonS3ReadOnlyAccess"):
        iam.attach_group_policy(GroupName="Developers", PolicyArn=_AWS_POLICY + name)
    # The user is not in the group, and its access key is old.
    iam.create_user(UserName="koding-user")
    iam.create_access_key(UserName="koding-user")
    _backdate_keys("koding-user")


def _backdate_keys(user: str) -> None:
    """Makes a user's access keys KEY_AGE old; moto itself always creates them with today's date."""
    from moto.core.models import DEFAULT_ACCOUNT_ID  # noqa: PLC0415 - as in open_source
    from moto.iam.models import iam_backends  # noqa: PLC0415 - as in open_source

    for key in iam_backends[DEFAULT_ACCOUNT_ID]["aws"].get_user(user).access_keys:
        key.create_date = datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0) - KEY_AGE


def _complete_replies(iam: Any) -> None:
    """Adds what moto lacks: root's MFA, root's row of the report, service-specific credentials, ends of lists."""
    from botocore.awsrequest import AWSResponse  # noqa: PLC0415 - as in open_source

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
    from botocore.awsrequest import AWSResponse  # noqa: PLC0415 - as in open_source

    boundaries: dict[str, str] = {}

    def store_boundary(params: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        body = params["body"]
        boundaries.pop(body["UserName"], None)
        if "PermissionsBoundary" in body:
            boundaries[body["UserName"]] = body["PermissionsBoundary"]
        return AWSResponse("", 200, {}, None), {"ResponseMetadata": {"HTTPStatusCode": 200}}

    def add_boundary(parsed: dict[str, Any], **_: Any) -> None:
        for user in (parsed["User"],) if "User" in parsed else parsed.get("UserDetailList", ()):
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
