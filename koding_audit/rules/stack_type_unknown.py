"""Nobody knows whether the stack can be built.

A script that was given with `--stack` has a type that neither the table of types nor CloudFormation's hints know, or a
module that is not read.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding, StackUnknown

FACTS: frozenset[Fact] = frozenset()
STEP = "add the type to the table, give a plan as JSON in its place, or look by hand"


def check(comparison: Comparison) -> Iterator[Finding]:
    desired = comparison.desired
    if desired.builder is None:
        return
    subject = comparison.subject(*desired.builder)
    for stack in desired.stacks:
        for name, those in _by_type(stack.unknown).items():
            first, more = those[0], f" (and {len(those) - 1} more of it)" if len(those) > 1 else ""
            yield Finding(
                rule="stack-type-unknown",
                severity="error",
                subject=subject,
                key=f"{stack.path}/{name}",
                message=f"it is not known what {first.what} of {stack.path} needs: {first.why}{more}",
                source=first.source,
                evidence={"stack": stack.path, "type": first.type, "places": [each.what for each in those]},
            )


def _by_type(unknown: tuple[StackUnknown, ...]) -> dict[str, list[StackUnknown]]:
    found: dict[str, list[StackUnknown]] = {}
    for each in unknown:
        found.setdefault(each.type or each.what, []).append(each)
    return found
