"""The hosts of IAM and STS for tools/bake.py, as botocore's endpoint rule sets name them."""

from __future__ import annotations

import gzip
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from email import message_from_string
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZipFile

from botocore.endpoint_provider import EndpointProvider

BOTOCORE = "botocore"
SERVICES = ("iam", "sts")


def host_facts(wheel: Path) -> dict[str, Any]:
    """What koding_audit/reference/hosts.py reads, from a wheel of botocore: only a wheel has the package's date."""
    with ZipFile(wheel) as files:
        partitions = json.loads(files.read("botocore/data/partitions.json"))
        found = [
            {
                "partition": each["id"],
                "regions": each["regionRegex"].removeprefix("^").removesuffix("$"),
                "hosts": sorted(set(_templates(files, partitions, each))),
            }
            for each in partitions["partitions"]
        ]
        (about,) = (each for each in files.infolist() if each.filename.endswith(".dist-info/METADATA"))
        metadata = message_from_string(files.read(about).decode())
        notice = files.read(about.filename.replace("METADATA", "NOTICE")).decode()
    origin = {
        "source": BOTOCORE,
        "version": metadata["Version"],
        "date": "{:04}-{:02}-{:02}".format(*about.date_time),
        "licence": metadata["License"],
        "copyright": next(line for line in notice.splitlines() if line.startswith("Copyright")).rstrip("."),
        "counts": {"partitions": len(found), "hosts": sum(len(each["hosts"]) for each in found)},
    }
    return {"origin": origin, "partitions": found}


def rule_sets(files: ZipFile) -> dict[str, Any]:
    """The rule set of each service, in its newest version."""
    names = {
        service: max(
            name for name in files.namelist() if re.fullmatch(rf"botocore/data/{service}/[^/]+/endpoint-rule.+", name)
        )
        for service in SERVICES
    }
    return {service: json.loads(gzip.decompress(files.read(name))) for service, name in names.items()}


def known_regions(partition: Mapping[str, Any]) -> list[str]:
    """The regions of a partition without its pseudo-regions such as `aws-global`, which are in no host."""
    return [each for each in partition["regions"] if re.fullmatch(partition["regionRegex"], each)]


def resolve_hosts(provider: EndpointProvider, service: str, region: str) -> Iterator[str]:
    """Each host of a service for a region: with and without FIPS, dual stack and the global host of STS."""
    options = ("UseFIPS", "UseDualStack", *(("UseGlobalEndpoint",) if service == "sts" else ()))
    for chosen in itertools.product((False, True), repeat=len(options)):
        values = dict(zip(options, chosen, strict=True))
        yield urlsplit(provider.resolve_endpoint(Region=region, **values).url).hostname or ""


def _templates(files: ZipFile, partitions: Any, partition: Mapping[str, Any]) -> Iterator[str]:
    """Each host, with `{region}` in place of the region if each region has its own host."""
    known = known_regions(partition)
    made_up = re.sub(r"[0-9]+\Z", "99", known[0])  # so that the host of the only known region is not its partition's
    for service, rules in rule_sets(files).items():
        provider = EndpointProvider(rules, partitions)
        regions_of = defaultdict(list)
        for region in (*known, made_up):
            for host in set(resolve_hosts(provider, service, region)):
                regions_of[host].append(region)
        for host, regions in regions_of.items():
            yield host.replace(regions[0], "{region}") if len(regions) == 1 else host
