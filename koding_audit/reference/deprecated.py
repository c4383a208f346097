"""The AWS managed policies that are known to be deprecated: AWS keeps them where they are attached, and only there."""

from __future__ import annotations

from koding_audit.model.arn import arn_account, arn_partition, policy_name
from koding_audit.model.frozen import dataclass
from koding_audit.reference.tables import read_rows


@dataclass(frozen=True, slots=True)
class DeprecatedPolicies:
    """The policies at one date. What IAM says about a policy (IsAttachable) takes precedence.

    date: the newest date of the data, ISO 8601.
    names: their names with the path, in the partition `aws`.
    """

    date: str
    names: frozenset[str]

    def __contains__(self, arn: str) -> bool:
        """Whether a policy is among them, by its ARN; its partition may be `${partition}`."""
        is_aws = arn_account(arn) == "aws" and arn_partition(arn) in {"aws", "${partition}"}
        return is_aws and policy_name(arn) in self.names


def load_deprecated_policies() -> DeprecatedPolicies:
    """Load the table, in less than 1 ms."""
    rows = [each for each in read_rows("deprecated_policies") if not each.get("inferred")]
    return DeprecatedPolicies(max(each["date"] for each in rows), frozenset(each["policy"] for each in rows))
