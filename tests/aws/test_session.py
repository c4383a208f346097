"""Sessions and clients: what is pinned against the environment, endpoints, models and regions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader

from koding_audit.aws.connection import Connection, connect
from koding_audit.aws.endpoint import is_aws_url
from koding_audit.aws.session import CalledHosts, make_client, new_session
from koding_audit.aws.settings import Settings
from koding_audit.model.errors import CallError
from tests.aws.replies import ARN, KEYS, ROLE, config_file
from tests.servers.replay import Replay, identity, recorded
from tests.servers.wire import Fault


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


class _StoppedError(Exception):
    """Nothing is sent."""


@pytest.mark.parametrize("dual_stack", ["false", "true"])
@pytest.mark.parametrize("fips", ["false", "true"])
def test_the_hosts_that_are_called_are_known_and_aws_s_own_in_every_partition(
    dual_stack: str, fips: str, aws_environment: pytest.MonkeyPatch
) -> None:
    """The client names others: iam.aws-us-gov-global.api.aws, for example, which does not exist."""
    aws_environment.setenv("AWS_USE_DUALSTACK_ENDPOINT", dual_stack)
    aws_environment.setenv("AWS_USE_FIPS_ENDPOINT", fips)
    regions = ["us-east-1", "eu-west-3", "cn-north-1", "us-gov-west-1", "eusc-de-east-1", "us-iso-east-1"]
    regions += ["us-isob-east-1", *([] if dual_stack == "true" else ["eu-isoe-west-1", "us-isof-south-1"])]
    for region in regions:
        session = new_session(Settings())
        sent: list[str] = []

        def stop(request: Any, sent: list[str] = sent, **_: Any) -> None:
            sent.append(request.url)
            raise _StoppedError

        clients = {each: make_client(session, each, Settings(region=region)) for each in ("iam", "sts")}
        hosts = CalledHosts()
        for client in clients.values():
            hosts.watch(client)
            client.meta.events.register_last("before-send", stop)
        for client, operation in ((clients["iam"], "get_account_summary"), (clients["sts"], "get_caller_identity")):
            with pytest.raises(_StoppedError):
                getattr(client, operation)()
        assert [f"{each}/" for each in hosts.urls(clients)] == sent
        assert {f"https://{host}/" for _, host in hosts.seen()} == set(sent)
        assert all(map(is_aws_url, sent)), sent


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


@pytest.mark.parametrize("service", ["sso", "sso-oidc", "signin"])
def test_the_services_that_profiles_sign_in_with_are_known(service: str, aws_environment: pytest.MonkeyPatch) -> None:
    made = new_session(Settings()).create_client(service, region_name="us-east-1")
    assert made.meta.service_model.service_name == service


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
