"""A required action is not allowed although its policies are attached. The stack build fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

if TYPE_CHECKING:
    from koding_audit.policy.evaluation import Reason
    from koding_audit.scan.required_actions import RequiredDecision

TRAITS = RuleTraits(about="policy-set", state="ineffective", shows_unread_layers=True)
FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ATTACHED, Fact.INLINE, Fact.GROUPS, Fact.DOCUMENT})
STEP = "change the named statement, or the actions of the set"
HELP = Help(
    severity="error",
    looks_at="the `actions` of each required set whose policies are all attached, for the user or group that "
    "requires it and for a group's declared members, against all their policies together: attached, inline, of every "
    "group, and the boundary. The decision is for a direct call with an access key, without MFA. If a condition key "
    'decides and an audit cannot know its value, the answer is "not known", which is a finding too. SCPs and RCPs '
    "are evaluated if the caller may read them, or if `--scp` and `--rcp` give them, and the policy of a VPC endpoint "
    "if `--vpce` gives it. Layers that could not be read (SCPs, RCPs, resource policies) are listed as `not_seen`; "
    "with `strict` they make the answer unknown.",
    by_hand="change the named statement, add the missing policy to the set, or remove the action from the set. "
    "`koding-audit can user/NAME ACTION` shows which statement decides.",
    commands=(
        "aws iam get-policy --policy-arn ARN",
        "aws iam get-policy-version --policy-arn ARN --version-id VERSION",
        "aws iam get-group-policy --group-name GROUP --policy-name POLICY",
        "aws iam create-policy-version --policy-arn ARN --set-as-default --policy-document file://POLICY.json",
        "aws iam put-group-policy --group-name GROUP --policy-name POLICY --policy-document file://POLICY.json",
    ),
    with_fix="no: a person has to decide how to change the denying statement.",
    example="""\
version: 1
policy_sets:
  machines:
    policies:
      - AmazonEC2FullAccess
    actions:
      - ec2:RunInstances
groups:
  Interns:
    required:
      - machines
""",
    finds="group Interns may not ec2:RunInstances, which set machines needs: statement 1 of inline policy "
    "no-machines, group Interns: denies",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    if not any(policy_set.actions for policy_set in comparison.desired.policy_sets.values()):
        return
    from koding_audit.scan.required_actions import decide_required_actions  # noqa: PLC0415 - a file without actions does not need the evaluator

    seen: set[str] = set()
    for each in decide_required_actions(comparison):
        finding = _finding(each)
        if each.decision.verdict != "allowed" and finding.id not in seen:
            seen.add(finding.id)
            yield finding


def _finding(each: RequiredDecision) -> Finding:
    decision, action = each.decision, each.action
    resource = "" if action.resource == "*" else f" on {action.resource}"
    verdict = {"unknown": "it is not known whether {} may"}.get(decision.verdict, "{} may not")
    whom = verdict.format(f"{each.principal.kind} {each.principal.name}")
    keys = f" (it depends on {', '.join(decision.open_keys)})" if decision.open_keys else ""
    reasons = "; ".join(each.reasons)
    return Finding(
        rule="action-not-effective",
        severity="error",
        subject=each.principal.arn,
        key=f"{action.action}/{action.resource}" if resource else action.action,
        message=f"{whom} {action.action}{resource}, which set {each.policy_set.name} needs: {reasons}{keys}",
        location=action.location,
        policy_set=each.policy_set.name,
        evidence={
            "verdict": decision.verdict,
            "because": [_because_evidence(because) for because in decision.reasons],
            "open_keys": list(decision.open_keys),
        },
    )


def _because_evidence(because: Reason) -> dict[str, object]:
    return {
        "layer": because.layer,
        "policy": because.policy,
        "statement": because.statement,
        "sid": because.sid,
        "why": because.why,
    }
