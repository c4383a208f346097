"""Endpoints, roles and certificates that are refused before anything is sent to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from koding_audit.aws import endpoint
from koding_audit.aws.connection import connect
from koding_audit.aws.endpoint import check_endpoint, check_role
from koding_audit.aws.settings import Settings
from koding_audit.model.errors import InputError
from tests.aws.replies import config_file, refused
from tests.servers.replay import Replay


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
        "https://sts-fips.eu-north-9.api.aws",
        "https://iam.global.api.amazonwebservices.com.cn",
        "",
    ],
)
def test_loopback_and_aws_are_endpoints(url: str) -> None:
    check_endpoint(Settings(endpoint_url=url))


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://iam.amazonaws.com", "http is allowed for a loopback"),
        ("http://10.0.0.1", "http is allowed for a loopback"),
        ("http://localhost.example.com", "http is allowed for a loopback"),
        ("https://example.com", "not AWS's host of IAM or STS"),
        ("https://amazonaws.com", "not AWS's host of IAM or STS"),
        ("https://somebodys-bucket.s3.amazonaws.com", "not AWS's host of IAM or STS"),
        ("https://lb-1.us-east-1.elb.amazonaws.com", "not AWS's host of IAM or STS"),
        ("https://iam.s3.amazonaws.com", "not AWS's host of IAM or STS"),
        ("https://sts.s3.us-west-2.amazonaws.com", "not AWS's host of IAM or STS"),
        ("https://vpce-1-2.sts.us-east-1.vpce.amazonaws.com", "not AWS's host of IAM or STS"),
        ("https://iam.amazonaws.com.example.com", "not AWS's host of IAM or STS"),
        ("https://evilamazonaws.com", "not AWS's host of IAM or STS"),
        ("https://10.0.0.1", "not AWS's host of IAM or STS"),
        ("https://iam.amazonaws.com@example.com", "not an http or https URL"),
        ("http://user:secret@127.0.0.1", "not an http or https URL"),
        ("http://@127.0.0.1", "not an http or https URL"),
        ("ftp://127.0.0.1", "not an http or https URL"),
        ("127.0.0.1:5000", "not an http or https URL"),
        ("https://", "not an http or https URL"),
        ("http://[::1", "not an http or https URL"),
        ("http://127.0.0.1:port", "not an http or https URL"),
        ("http://127.0.0.1:99999", "not an http or https URL"),
    ],
)
def test_other_endpoints_are_refused_before_anything_is_sent(url: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught, connect(Settings(endpoint_url=url)):
        pytest.fail("connected")
    assert caught.value.hint


def test_without_an_endpoint_the_table_of_hosts_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "load_hosts", lambda: pytest.fail("read"))
    check_endpoint(Settings())


def test_another_host_is_allowed_by_name_only() -> None:
    check_endpoint(Settings(endpoint_url="https://iam.example.com:8443", allow_endpoint="IAM.example.com"))
    with pytest.raises(InputError, match=r"sts\.example\.com"):
        check_endpoint(Settings(endpoint_url="https://sts.example.com", allow_endpoint="iam.example.com"))
    with pytest.raises(InputError, match="http is allowed for a loopback"):
        check_endpoint(Settings(endpoint_url="http://iam.example.com", allow_endpoint="iam.example.com"))


@pytest.mark.parametrize("by", ["AWS_CA_BUNDLE", "profile"])
def test_a_certificate_bundle_that_is_not_there_is_named(
    by: str, replay: Replay, aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if by == "profile":
        config_file(aws_environment, tmp_path, f"[default]\nca_bundle = {tmp_path}\n")
    else:
        aws_environment.setenv("AWS_CA_BUNDLE", str(tmp_path))
    error = refused(Settings(endpoint_url=replay.url.replace("http:", "https:")))
    assert error.message == f"CA bundle {tmp_path} does not exist"
    assert "AWS_CA_BUNDLE" in error.hint
    with connect(Settings(endpoint_url=replay.url)):  # over plain http to this machine nothing is asked of them
        pass


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (Settings(role_arn="auditor"), "not the ARN of a role"),
        (Settings(role_arn="arn:aws:iam::123456789012:user/ada"), "not the ARN of a role"),
        (Settings(external_id="x"), "--external-id needs --role-arn"),
    ],
)
def test_a_role_that_cannot_be_assumed_is_refused_before_any_call(settings: Settings, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        check_role(settings)


def test_a_role_of_any_partition_and_path_can_be_assumed() -> None:
    check_role(Settings(role_arn="arn:aws-us-gov:iam::123456789012:role/team/audit", external_id="x"))


def test_a_host_is_allowed_only_for_an_endpoint() -> None:
    with pytest.raises(InputError, match="--allow-endpoint needs"):
        check_endpoint(Settings(allow_endpoint="iam.example.com"))
