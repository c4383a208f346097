"""An attached policy is not declared in the desired state. Its permissions are not reviewed."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.arn import policy_name
from koding_audit.model.finding import Action, Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.model.verb import find_verb
from koding_audit.scan.comparison import Comparison, Pair

TRAITS = RuleTraits(about="attached-policy", state="unexpected")
FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.ATTACHED})
STEP = "detach the policy, or add it to a policy set"
HELP = Help(
    severity="note; error if the group, user or role is `exclusive`",
    looks_at="policies that are attached to a declared group, user or role and are in none of its required or "
    "optional sets.",
    by_hand="detach the policy, or add it to a set.",
    commands=(
        "aws iam detach-group-policy --group-name GROUP --policy-arn ARN",
        "aws iam detach-user-policy --user-name USER --policy-arn ARN",
        "aws iam detach-role-policy --role-name ROLE --policy-arn ARN",
    ),
    with_fix="only if the principal is `exclusive`, with `--replace`: detaches it. Never a deprecated policy, "
    "because AWS does not allow it to be attached again.",
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
    finds="group Developers has AmazonS3ReadOnlyAccess, which none of its sets contains",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair in comparison.principals:
        wanted = {ref.arn for _, ref in comparison.expected_policies(pair.declared)}
        for arn in sorted((pair.attached or frozenset()) - wanted):
            exclusive = pair.declared.exclusive
            # A deprecated policy cannot be attached again, so detaching it could not be undone.
            obstacle = comparison.is_unattachable_again(arn)
            yield Finding(
                rule="policy-unexpected",
                severity="error" if exclusive else "note",
                subject=pair.subject,
                key=arn,
                message=f"{pair.label} has {policy_name(arn)}, which none of its sets contains"
                + ("; once detached, it cannot be attached again" if obstacle else ""),
                location=pair.declared.location,
                evidence={"exclusive": exclusive} | ({"attachable": False} if obstacle else {}),
                fix=_detach_action(pair, arn) if exclusive and pair.is_fixable and not obstacle else None,
            )


def _detach_action(pair: Pair, arn: str) -> Action:
    return Action(find_verb("remove", "attachment", pair.kind), {**pair.name_parameter, "PolicyArn": arn})
