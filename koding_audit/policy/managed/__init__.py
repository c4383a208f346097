"""The documents of AWS's managed policies at one date, for work without an account: never what AWS has now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from koding_audit.policy import packed


@dataclass(frozen=True)
class AwsManagedPolicy:
    """One of AWS's policies as it was. version: the default, `v5`; updated: when that was made, ISO 8601."""

    arn: str
    version: str
    updated: str
    document: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class AwsManagedPolicies(Mapping[str, AwsManagedPolicy]):
    """The policies by their ARN in the partition `aws`; other partitions' documents differ, and are not here.

    Whoever shows something of it shows `origin.date` with it: AWS changes several of these policies every day.
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
        """The policy of a name, without its path; names of AWS's policies are unique."""
        return next((self[arn] for arn in self if arn.rpartition("/")[2] == name), None)


def load_managed_policies() -> AwsManagedPolicies:
    """All of them, in about 20 ms; a document is parsed when it is asked for."""
    origin, lines = packed.read_packed(__file__, "policies.xz")
    return AwsManagedPolicies(origin, {arn: rest for arn, _, rest in (line.partition("\t") for line in lines)})
