"""The hosts of IAM and STS in every partition of AWS, those for FIPS and dual stack included."""

from __future__ import annotations

import re

from koding_audit.model.frozen import dataclass
from koding_audit.reference.tables import read_json

_REGION = "{region}"


@dataclass(frozen=True, slots=True)
class PartitionHosts:
    """The hosts of one partition.

    partition: `aws-us-gov`.
    regions: the regular expression of its regions, for those that are newer than the data.
    hosts: in lower case, with `{region}` where each region has its own host.
    """

    partition: str
    regions: str
    hosts: tuple[str, ...]

    def has_host(self, host: str) -> bool:
        """Whether a host, in lower case, is one of these."""
        return any(self._matches(each, host) for each in self.hosts)

    def _matches(self, template: str, host: str) -> bool:
        start, region, end = template.partition(_REGION)
        if not region or not (host.startswith(start) and host.endswith(end)):
            return host == template
        return re.fullmatch(self.regions, host[len(start) : -len(end)], re.ASCII) is not None


def load_hosts() -> tuple[PartitionHosts, ...]:
    """Load the hosts of every partition, in less than 1 ms."""
    rows = read_json("hosts")["partitions"]
    return tuple(PartitionHosts(each["partition"], each["regions"], tuple(each["hosts"])) for each in rows)
