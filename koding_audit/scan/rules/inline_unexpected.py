"""It grants what nobody wrote down, out of sight."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Action, Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.model.verb import find_verb
from koding_audit.scan.comparison import Comparison, Pair

TRAITS = RuleTraits(about="inline-policy", state="unexpected")
FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.INLINE})
STEP = "delete the inline policy, or make it a managed one that a set names"
HELP = Help(
    severity="note, error where the group, user or role is `exclusive`",
    looks_at="inline policies of a declared group, user or role that its `inline` does not name.",
    by_hand="delete the inline policy; keep its document first, for IAM does not. Or make it a managed policy that "
    "a set names.",
    commands=(
        "aws iam get-group-policy --group-name GROUP --policy-name POLICY",
        "aws iam delete-group-policy --group-name GROUP --policy-name POLICY",
        "aws iam delete-user-policy --user-name USER --policy-name POLICY",
        "aws iam delete-role-policy --role-name ROLE --policy-name POLICY",
    ),
    with_fix="only where it is `exclusive`, with `--replace`: deleted, its document kept in the journal for `undo`.",
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
    finds="group Developers has an inline policy note, which the desired state does not name",
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
                message=f"{pair.label} has an inline policy {name}, which the desired state does not name",
                location=pair.declared.location,
                evidence={"exclusive": exclusive},
                fix=_delete_action(pair, name) if exclusive and pair.is_fixable else None,
            )


def _delete_action(pair: Pair, name: str) -> Action:
    return Action(find_verb("remove", "inline", pair.kind), {**pair.name_parameter, "PolicyName": name})
