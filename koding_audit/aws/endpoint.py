"""Checks the endpoint, the role ARN and the CA bundle before the first request."""

from __future__ import annotations

import ipaddress
import os
import re
from typing import Any
from urllib.parse import urlsplit

from koding_audit.aws.settings import Settings
from koding_audit.model.errors import EndpointError, InputError
from koding_audit.reference.hosts import load_hosts


def check_role(settings: Settings) -> None:
    """Checks that --role-arn is the ARN of a role and that --external-id comes with it. Raises InputError."""
    if settings.role_arn and not re.fullmatch(r"arn:[a-z-]+:iam::[0-9]{12}:role/[!-~]+", settings.role_arn):
        hint = "write it as arn:aws:iam::123456789012:role/NAME"
        raise InputError(f"--role-arn {settings.role_arn} is not the ARN of a role", hint)
    if settings.external_id and not settings.role_arn:
        raise InputError("--external-id needs --role-arn", "add --role-arn ARN, or omit --external-id")


def check_endpoint(settings: Settings) -> None:
    """Checks that requests go to AWS, to this machine or to the allowed host, and encrypted. Raises InputError."""
    if not settings.endpoint_url and settings.allow_endpoint:
        raise InputError("--allow-endpoint needs --endpoint-url", "add --endpoint-url URL, or omit --allow-endpoint")
    if not settings.endpoint_url:
        return
    url = settings.endpoint_url
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.username is None and parts.port != 0
    except ValueError:  # for example an incomplete IPv6 address or a port that is not a number
        usable = False
    if not usable:
        raise InputError(f"--endpoint-url {url} is not an http or https URL", "write it as https://HOST")
    host = parts.hostname or ""
    if is_loopback(host):
        return
    if parts.scheme == "http":
        raise InputError(f"--endpoint-url {url}: http is allowed for a loopback address only", "use https")
    if not is_aws_url(url) and host != settings.allow_endpoint.lower():
        raise InputError(
            f"--endpoint-url {url}: {host} is not AWS's host of IAM or STS",
            f"if it may receive your signed requests, add --allow-endpoint {host}",
        )


def check_ca_bundle(session: Any, settings: Settings) -> None:
    """Checks that the CA bundle exists; botocore's error does not name the file. Raises EndpointError."""
    bundle = session.get_config_variable("ca_bundle") or ""
    if bundle and not os.path.isfile(bundle) and not settings.endpoint_url.startswith("http:"):  # noqa: PTH113 - any text
        hint = (
            "set AWS_CA_BUNDLE or ca_bundle to a file of PEM certificates,"
            " or unset it to use the bundle that comes with botocore"
        )
        raise EndpointError(f"CA bundle {bundle} does not exist", hint)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: localhost or a loopback address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_aws_url(url: str) -> bool:
    """Whether a URL's host is AWS's endpoint of IAM or STS.

    The whole host must be one that AWS names: any customer has hosts under the same suffixes. A bucket may be called
    `iam`, and an interface endpoint may begin with `sts.`.
    """
    host = urlsplit(url).hostname or ""
    return any(each.has_host(host) for each in load_hosts())
