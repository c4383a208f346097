"""Nobody can be given it, and the file counts on it.

A policy of the account's own, of which a required set says what it holds, does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.arns import policy_name
from koding_audit.comparison import Comparison
from koding_audit.model import Action, Fact, Finding, PolicyRef, Verb

FACTS = frozenset({Fact.VERSIONS})
STEP = "create the policy, or correct its name in the file"


def check(comparison: Comparison) -> Iterator[Finding]:
    for policy_set, ref in comparison.unmade:
        yield Finding(
            rule="policy-document-missing",
            severity="error",
            subject=ref.arn,
            message=f"{policy_name(ref.arn)}, which set {policy_set.name} writes, does not exist",
            source=ref.source,
            policy_set=policy_set.name,
            fix=create(ref),
        )


def create(ref: PolicyRef) -> Action:
    path, _, name = ref.arn.partition(":policy")[2].rpartition("/")
    document = ref.document.text if ref.document else ""
    given = {"PolicyName": name, "PolicyDocument": document}
    return Action(Verb.CREATE_POLICY, {**given, "Path": f"{path}/"} if path else given)
