"""The permissions of a resource type are unknown. The stack build may fail."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.stack import StackUnknown
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(needs_stack=True)
FACTS: frozenset[Fact] = frozenset()
STEP = "add the type to the table, use the plan as JSON instead, or check by hand"
HELP = Help(
    severity="error",
    looks_at="each script given with `--stack`: resource types that neither the table of types, AWS's model of the "
    "provider nor CloudFormation's hints know, arguments whose permissions the model lacks, modules that are not "
    "read, blocks such as `ephemeral`, and providers that assume a role other than the principal. There is one finding "
    "for each type.",
    by_hand="[add the type to the table](stacks.md#how-to-add-a-type), use the output of `terraform show -json` "
    "instead of the script (it contains the modules), or check by hand.",
    with_fix="no: unknown permissions cannot be granted.",
    example="""\
version: 1
users:
  koding-user:
    owner: web
""",
    finds="it is not known what aws_new.it of web.yml needs: neither the table nor the hints know this type",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    desired = comparison.desired
    if desired.builder is None:
        return
    subject = comparison.principal_arn(*desired.builder)
    for stack in desired.stacks:
        for name, those in _unknown_by_type(stack.unknown).items():
            first, more = those[0], f" (and {len(those) - 1} more of this type)" if len(those) > 1 else ""
            yield Finding(
                rule="stack-type-unknown",
                severity="error",
                subject=subject,
                key=f"{stack.path}/{name}",
                message=f"it is not known what {first.what} of {stack.path} needs: {first.why}{more}",
                location=first.location,
                evidence={"stack": stack.path, "type": first.type, "places": [each.what for each in those]},
            )


def _unknown_by_type(unknown: tuple[StackUnknown, ...]) -> dict[str, list[StackUnknown]]:
    found: dict[str, list[StackUnknown]] = {}
    for each in unknown:
        found.setdefault(each.type or each.what, []).append(each)
    return found
