"""The documents of AWS managed policies at one date, for use without an account; AWS may have changed them since."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from koding_audit.reference import packed, tables


@dataclass(frozen=True)
class AwsManagedPolicy:
    """One AWS managed policy at the date of the data.

    version: the default version, `v5`.
    updated: when that version was made, ISO 8601.
    document: the parsed policy document.
    """

    arn: str
    version: str
    updated: str
    document: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class AwsManagedPolicies(Mapping[str, AwsManagedPolicy]):
    """The policies by their ARN in the partition `aws`. The documents of other partitions differ, and are not included.

    Show `origin.date` with the data: AWS changes several of these policies every day.

    origin: where the data comes from.
    texts: by ARN, version, time and document as one text, separated by tabs.
    """

    origin: packed.DataOrigin
    texts: Mapping[str, str]

    def __getitem__(self, arn: str) -> AwsManagedPolicy:
        version, updated, document = self.texts[arn].split("\t")
        return AwsManagedPolicy(arn, version, updated, json.loads(document))

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    def __len__(self) -> int:
        return len(self.texts)

    def find_by_name(self, name: str) -> AwsManagedPolicy | None:
        """Return the policy of a name without its path; None if there is none. Names of AWS's policies are unique."""
        return next((self[arn] for arn in self if arn.rpartition("/")[2] == name), None)


def load_managed_policies() -> AwsManagedPolicies:
    """Load all policies, in about 20 ms; each document is parsed on first use."""
    origin, lines = packed.read_packed(__file__, "data/managed_policies.xz")
    return AwsManagedPolicies(origin, {arn: rest for arn, _, rest in (line.partition("\t") for line in lines)})


def load_policies_of_organizations() -> frozenset[str]:
    """Load the names of the policies that grant a way to administration only where an organization is managed."""
    return frozenset(tables.read_json("managed_policy_ways")["organization"])
