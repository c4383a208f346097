"""The user or role lacks a permission that the stack needs. The stack build fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from koding_audit.model.account import PrincipalKey, principal_key
from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.snapshot import Snapshot
from koding_audit.model.stack import StackNeed, StackUse
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

if TYPE_CHECKING:
    from koding_audit.scan.stack_build import BuildDecision

TRAITS = RuleTraits(needs_stack=True)
FACTS = frozenset({Fact.USER, Fact.ROLE, Fact.GROUP, Fact.ATTACHED, Fact.INLINE, Fact.GROUPS, Fact.DOCUMENT})
STEP = "allow the named actions; `stack SCRIPT --policy` prints a policy"
HELP = Help(
    severity="error",
    looks_at="whether the user or role that builds each `--stack` script (`--principal`, or the only declared user) "
    "may create, read, change and delete its resources, by all its policies together, as for `action-not-effective`. "
    "There is a finding for each resource of the script, at its line. It is also a finding if the answer is unknown "
    "because it depends on values of the script or the request. [stacks.md](stacks.md) describes it.",
    by_hand="allow the named actions: `koding-audit stack SCRIPT --policy` prints a policy for this stack, to save "
    "as `STACK.json`.",
    commands=(
        "aws iam create-policy --policy-name POLICY --policy-document file://STACK.json",
        "aws iam attach-user-policy --user-name USER --policy-arn ARN",
    ),
    with_fix="no write of its own: it makes the optional sets that help required for this run, and so attaches them. "
    "Without confirmation (`--yes`) only the sets that `--with` names.",
    example="""\
version: 1
users:
  koding-user:
    owner: web
""",
    finds="user koding-user may not ec2:RunInstances, which aws_instance.web of web.yml needs; no policy set grants it",
)

_MAX_ACTIONS_NAMED = 4  # actions that a message names


def check(comparison: Comparison) -> Iterator[Finding]:
    desired, snapshot = comparison.desired, comparison.snapshot
    if desired.builder is None or not _is_known(snapshot, principal_key(*desired.builder)):
        return
    from koding_audit.scan.stack_build import decide_build  # noqa: PLC0415 - most runs build nothing

    for stack in desired.stacks:
        found = decide_build(desired, snapshot, stack)
        if not found.exists:
            yield _missing_builder_finding(found)
        else:
            yield from (_resource_finding(found, *each) for each in _needs_by_resource(found).items())


def _is_known(snapshot: Snapshot, key: PrincipalKey) -> bool:
    """Whether the snapshot shows that the principal exists, or that it does not."""
    return key in snapshot.principals or key in snapshot.absent or key[0] in snapshot.listed


def _missing_builder_finding(answer: BuildDecision) -> Finding:
    principal = answer.principal
    return Finding(
        rule="stack-not-buildable",
        severity="error",
        subject=principal.arn,
        key=answer.stack.path,
        message=f"{principal.kind} {principal.name}, the builder of {answer.stack.path}, does not exist",
        evidence={"stack": answer.stack.path},
    )


def _needs_by_resource(answer: BuildDecision) -> Mapping[str, tuple[StackUse, list[StackNeed]]]:
    """The missing needs of each resource, by address and place, except those that depend on an unread policy."""
    found: dict[str, tuple[StackUse, list[StackNeed]]] = {}
    for need in answer.missing_needs if not answer.has_gaps else answer.denied_needs:
        for use in need.uses:
            _, needs = found.setdefault(f"{use.location.path}/{use.resource}", (use, []))
            if need not in needs:
                needs.append(need)
    return found


def _resource_finding(answer: BuildDecision, key: str, lacking: tuple[StackUse, list[StackNeed]]) -> Finding:
    use, needs = lacking
    surely = set(answer.denied_needs).intersection(needs)
    verdict = "may not" if surely else "perhaps may not"
    names = list(dict.fromkeys(need.action for need in needs if need in surely or not surely))
    more = f" and {len(names) - _MAX_ACTIONS_NAMED} more" if len(names) > _MAX_ACTIONS_NAMED else ""
    principal = answer.principal
    return Finding(
        rule="stack-not-buildable",
        severity="error",
        subject=principal.arn,
        key=key,
        message=(
            f"{principal.kind} {principal.name} {verdict} "
            f"{', '.join(names[:_MAX_ACTIONS_NAMED])}{more}, which {use.resource}"
            f" of {answer.stack.path} needs{_remedy_text(answer, needs)}"
        ),
        location=use.location,
        evidence={
            "stack": answer.stack.path,
            "resource": use.resource,
            "verdict": "no" if surely else "unknown",
            "actions": names,
        },
    )


def _remedy_text(answer: BuildDecision, needs: list[StackNeed]) -> str:
    """A clause about the policy sets that grant any of the needs."""
    from koding_audit.scan.stack_build import chosen_offers, needs_of_offer  # noqa: PLC0415 - most runs build nothing

    useful = [each.candidate for each in chosen_offers(answer) if set(needs_of_offer(answer, each)).intersection(needs)]
    if not useful:
        return "; no policy set grants it"
    named = [f"set {each.name}, which is required," for each in useful if each.required]
    named += [f"set {each.name} (--with {each.name})" for each in useful if not each.required]
    return f"; {' and '.join(named)} {'grants' if len(named) == 1 else 'grant'} {_share_text(answer, needs)}"


def _share_text(answer: BuildDecision, needs: list[StackNeed]) -> str:
    return "it" if answer.choice.helped_needs.issuperset(needs) else "a part of it"
