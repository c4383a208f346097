"""A required policy is not attached. A stack build fails without it."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.arn import policy_name
from koding_audit.model.finding import Action, Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.model.verb import find_verb
from koding_audit.scan.comparison import Comparison, Pair

TRAITS = RuleTraits(about="attached-policy", state="missing")
FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.ATTACHED})
STEP = "fix policy-not-found, policy-name-taken or the finding of its principal first"
HELP = Help(
    severity="error",
    looks_at="whether each policy of each `required` set is attached to the group, user or role.",
    by_hand="attach the policy.",
    commands=(
        "aws iam attach-group-policy --group-name GROUP --policy-arn ARN",
        "aws iam attach-user-policy --user-name USER --policy-arn ARN",
        "aws iam attach-role-policy --role-name ROLE --policy-arn ARN",
    ),
    with_fix="attaches it, unless `policy-not-found` or `policy-name-taken` reports that it cannot be attached, or the "
    "group, user or role exists in another case only or cannot be created; never to a role that AWS manages. A "
    "customer managed policy whose document the file contains is created first.",
    example="""\
version: 1
policy_sets:
  stack-build:
    policies:
      - AmazonEC2FullAccess
      - IAMReadOnlyAccess
groups:
  Developers:
    required:
      - stack-build
""",
    finds="group Developers lacks IAMReadOnlyAccess, which set stack-build requires",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    blocked = {ref.arn for _, ref, _ in comparison.policies_with_taken_names}
    for pair in comparison.principals:
        if pair.attached is None:
            continue
        for policy_set, ref in comparison.required_policies(pair.declared):
            if ref.arn not in pair.attached:
                yield Finding(
                    rule="policy-missing",
                    severity="error",
                    subject=pair.subject,
                    key=ref.arn,
                    message=f"{pair.label} lacks {policy_name(ref.arn)}, which set {policy_set.name} requires",
                    location=ref.location,
                    policy_set=policy_set.name,
                    fix=_attach_action(pair, ref.arn)
                    if pair.is_fixable and not comparison.attach_obstacle(ref.arn) and ref.arn not in blocked
                    else None,
                )


def _attach_action(pair: Pair, arn: str) -> Action:
    return Action(find_verb("add", "attachment", pair.kind), {**pair.name_parameter, "PolicyArn": arn})
