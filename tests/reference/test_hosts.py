"""The hosts of AWS: each that botocore's rule sets name, and none of a customer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import botocore
import pytest
from botocore.endpoint_provider import EndpointProvider

from koding_audit.reference.hosts import load_hosts
from koding_audit.reference.tables import read_json
from tools import hosts

TOP = Path(__file__).parents[2]
PARTITIONS = load_hosts()
ORIGIN = read_json("hosts")["origin"]
REGIONS_LATER = {
    "aws": "mx-northeast-7",
    "aws-cn": "cn-south-7",
    "aws-eusc": "eusc-de-south-7",
    "aws-iso": "us-iso-south-7",
    "aws-iso-b": "us-isob-south-7",
    "aws-iso-e": "eu-isoe-south-7",
    "aws-iso-f": "us-isof-east-7",
    "aws-us-gov": "us-gov-south-7",
}


def is_older_than_data() -> bool:
    installed, baked = (tuple(map(int, each.split("."))) for each in (botocore.__version__, ORIGIN["version"]))
    return installed < baked


pytestmark = pytest.mark.skipif(is_older_than_data(), reason="this botocore is older than the table")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel with the files of the installed botocore that name hosts."""
    packages = Path(botocore.__file__).parents[1]
    path = tmp_path_factory.mktemp("wheel") / "botocore.whl"
    patterns = ("botocore/data/partitions.json", "botocore/data/[is][at][ms]/*/endpoint-rule-set-1*")
    about = (f"botocore-*.dist-info/{name}" for name in ("METADATA", "NOTICE"))
    with ZipFile(path, "w") as files:
        for found in (each for pattern in (*patterns, *about) for each in packages.glob(pattern)):
            files.write(found, found.relative_to(packages))
    return path


def resolve_known(wheel: Path) -> Iterator[tuple[str, str]]:
    """Each partition and host that the rule sets give for the regions of today, and for one of later."""
    with ZipFile(wheel) as files:
        described = json.loads(files.read("botocore/data/partitions.json"))
        for service, rules in hosts.rule_sets(files).items():
            provider = EndpointProvider(rules, described)
            for each in described["partitions"]:
                for region in (*hosts.known_regions(each), REGIONS_LATER[each["id"]]):
                    yield from ((each["id"], host) for host in hosts.resolve_hosts(provider, service, region))


def test_every_host_that_the_rule_sets_give_for_a_region_is_one_of_its_partition(wheel: Path) -> None:
    by_name = {each.partition: each for each in PARTITIONS}
    found = set(resolve_known(wheel))
    assert len(found) > 250
    assert [(partition, host) for partition, host in sorted(found) if not by_name[partition].has_host(host)] == []


def test_the_table_is_what_botocore_says(wheel: Path) -> None:
    made = hosts.host_facts(wheel)
    assert made["partitions"] == read_json("hosts")["partitions"]
    assert {**made["origin"], "version": "", "date": ""} == {**ORIGIN, "version": "", "date": ""}


def test_notice_says_where_the_hosts_are_from() -> None:
    notice = " ".join((TOP / "NOTICE").read_text(encoding="utf-8").split())
    assert f"botocore {ORIGIN['version']}, of {ORIGIN['date']}. Licence: {ORIGIN['licence']}." in notice
    assert ORIGIN["copyright"] in notice


@pytest.mark.parametrize(
    "host",
    [
        "iam.s3.amazonaws.com",  # a bucket
        "sts.s3.us-west-2.amazonaws.com",
        "iam.s3-us-west-2.amazonaws.com",
        "sts.s3.dualstack.us-east-1.amazonaws.com",
        "iam.s3-website-us-east-1.amazonaws.com",
        "iam.us-east-1.amazonaws.com",  # IAM has no such host
        "sts-1234567890.us-east-1.elb.amazonaws.com",  # a load balancer
        "sts.elb.us-east-1.amazonaws.com",
        "vpce-0a1b2c3d-4e5f6a7b.sts.us-east-1.vpce.amazonaws.com",  # an interface endpoint
        "sts.us-east-1.vpce.amazonaws.com",
        "iam.execute-api.us-east-1.amazonaws.com",  # a REST API
        "sts.lambda-url.us-east-1.on.aws",
        "sts.us-east-1.amazonaws.com.example.com",
        "sts.cn-north-1.amazonaws.com",  # a region of another partition
        "sts..amazonaws.com",
        "sts.amazonaws.com.",
        "sts.us-éast-1.amazonaws.com",
        "sts.us-east-1.us-east-1.amazonaws.com",
        "amazonaws.com",
        "{region}.amazonaws.com",
        "sts.{region}.amazonaws.com",
        "",
    ],
)
def test_a_host_that_the_rule_sets_do_not_give_is_not_one_of_aws(host: str) -> None:
    assert not any(each.has_host(host) for each in PARTITIONS)
