"""Checks endpoints, role ARNs and CA bundles before anything is sent to them."""

from __future__ import annotations

import ipaddress
import os
import re
from typing import Any
from urllib.parse import urlsplit

from koding_audit.aws.settings import Settings
from koding_audit.model.errors import EndpointError, InputError

# Hosts of AWS's own endpoints, by the DNS suffixes of its partitions.
_AWS_SUFFIXES = (
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".api.aws",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".cloud.adc-e.uk",
    ".csp.hci.ic.gov",
)

_AWS_SERVICES = frozenset({"iam", "iam-fips", "sts", "sts-fips"})


def check_role(settings: Settings) -> None:
    """Refuse what is no role's ARN, and an external id without a role. Raises InputError."""
    if settings.role_arn and not re.fullmatch(r"arn:[a-z-]+:iam::[0-9]{12}:role/[!-~]+", settings.role_arn):
        hint = "write arn:aws:iam::123456789012:role/NAME"
        raise InputError(f"--role-arn {settings.role_arn}: this is not the ARN of a role", hint)
    if settings.external_id and not settings.role_arn:
        raise InputError("--external-id goes with a role that is assumed", "add --role-arn ARN, or leave it out")


def check_endpoint(settings: Settings) -> None:
    """Refuse an endpoint that would send credentials in the clear, or to a host that is nobody's we know."""
    if not settings.endpoint_url and settings.allow_endpoint:
        raise InputError("--allow-endpoint goes with an endpoint", "add --endpoint-url URL, or leave it out")
    if not settings.endpoint_url:
        return
    url = settings.endpoint_url
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.username is None and parts.port != 0
    except ValueError:  # half an IPv6 address, a port that is no number
        usable = False
    if not usable:
        raise InputError(f"--endpoint-url {url}: this is not an http or https address", "write https://HOST")
    host = parts.hostname or ""
    if is_loopback(host):
        return
    if parts.scheme == "http":
        raise InputError(f"--endpoint-url {url}: plain http is for a loopback address only", "use https")
    if not is_aws_url(url) and host != settings.allow_endpoint.lower():
        raise InputError(
            f"--endpoint-url {url}: {host} is not a host of AWS",
            f"if it is meant to get your signed requests, add --allow-endpoint {host}",
        )


def check_ca_bundle(session: Any, settings: Settings) -> None:
    """Of certificates that are not there botocore tells no more than that there is no such file, and not which."""
    bundle = session.get_config_variable("ca_bundle") or ""
    if bundle and not os.path.isfile(bundle) and not settings.endpoint_url.startswith("http:"):  # noqa: PTH113 - any text
        hint = "name a file of PEM certificates, or leave AWS_CA_BUNDLE and ca_bundle out: botocore brings its own"
        raise EndpointError(f"the certificates to trust are not there: {bundle}", hint)


def is_loopback(host: str) -> bool:
    """Whether what is sent to a host never leaves this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_aws_url(url: str) -> bool:
    """Whether a host is IAM's or STS's own. Under the same suffixes stand buckets and load balancers of anybody."""
    host = urlsplit(url).hostname or ""
    return host.endswith(_AWS_SUFFIXES) and host.partition(".")[0] in _AWS_SERVICES
