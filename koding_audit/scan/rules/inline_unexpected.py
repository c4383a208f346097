"""An inline policy is not declared in the desired state. Its permissions are not reviewed."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Action, Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.model.verb import find_verb
from koding_audit.scan.comparison import Comparison, Pair

TRAITS = RuleTraits(about="inline-policy", state="unexpected")
FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.INLINE})
STEP = "delete the inline policy, or declare it"
HELP = Help(
    severity="note; error if the group, user or role is `exclusive`",
    looks_at="inline policies of a declared group, user or role that its `inline` does not declare.",
    by_hand="save the document, then delete the inline policy: IAM keeps no copy. Or declare it under `inline`, or "
    "turn it into a managed policy of a set.",
    commands=(
        "aws iam get-group-policy --group-name GROUP --policy-name POLICY",
        "aws iam delete-group-policy --group-name GROUP --policy-name POLICY",
        "aws iam delete-user-policy --user-name USER --policy-name POLICY",
        "aws iam delete-role-policy --role-name ROLE --policy-name POLICY",
    ),
    with_fix="only if the principal is `exclusive`, with `--replace`: deletes it. The journal keeps the document for "
    "`undo`.",
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
    finds="group Developers has inline policy note, which is not declared",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair in comparison.principals:
        for name in sorted(((pair.live and pair.live.inline) or frozenset()) - set(pair.declared.inline)):
            exclusive = pair.declared.exclusive
            yield Finding(
                rule="inline-unexpected",
                severity="error" if exclusive else "note",
                subject=pair.subject,
                key=name,
                message=f"{pair.label} has inline policy {name}, which is not declared",
                location=pair.declared.location,
                evidence={"exclusive": exclusive},
                fix=_delete_action(pair, name) if exclusive and pair.is_fixable else None,
            )


def _delete_action(pair: Pair, name: str) -> Action:
    return Action(find_verb("remove", "inline", pair.kind), {**pair.name_parameter, "PolicyName": name})
