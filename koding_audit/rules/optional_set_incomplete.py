"""What the set is for works in part and fails later.

Of an optional set, some policies are attached and some are not. Policies that a required set names do not count.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.arns import policy_name
from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding

FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.ATTACHED})
STEP = "attach the rest of the set, or detach what is attached of it"


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair in comparison.principals:
        attached = pair.attached or frozenset()
        required = {ref.arn for _, ref in comparison.required(pair.declared)}
        for use in pair.declared.optional:
            policies = [ref.arn for ref in comparison.desired.policy_sets[use.name].policies if ref.arn not in required]
            missing = [arn for arn in policies if arn not in attached]
            if not missing or len(missing) == len(policies):
                continue
            names = ", ".join(map(policy_name, missing))
            completes = pair.fixable and not any(map(comparison.obstacle, missing))
            yield Finding(
                rule="optional-set-incomplete",
                severity="warning",
                subject=pair.subject,
                key=use.name,
                message=f"{pair.label} has only a part of optional set {use.name}: it lacks {names}"
                + (f" (--with {use.name} completes it)" if completes else ""),
                source=use.source,
                policy_set=use.name,
                evidence={"attached": [arn for arn in policies if arn in attached], "missing": missing},
            )
