"""The action does not exist in AWS's list. A misspelt action is never allowed and never checked."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits()
FACTS: frozenset[Fact] = frozenset()
STEP = "correct the action in the file, or skip this rule if AWS added it later"
HELP = Help(
    severity="warning",
    looks_at="whether AWS has each action in the `actions` of a policy set, by the list that ships with the tool. "
    "The message names the date of the list.",
    by_hand="correct the action in the file: the finding names the nearest known action. If AWS added the action "
    "after the list's date, use `--skip action-unknown` until the next version.",
    with_fix="no.",
    example="""\
version: 1
policy_sets:
  machines:
    policies:
      - AmazonEC2FullAccess
    actions:
      - ec2:RunInstance
groups:
  Developers:
    required:
      - machines
""",
    finds="ec2:RunInstance, which set machines needs, is not among AWS's actions of 2026-10-26; did you mean "
    "ec2:RunInstances?",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    wanted = [(each, action) for each in comparison.desired.policy_sets.values() for action in each.actions]
    if not wanted:
        return
    from koding_audit.reference import action_resources, actions  # noqa: PLC0415 - a file without actions does not load their list

    known = actions.load_actions()
    reported: set[str] = set()
    for policy_set, action in wanted:
        name = action.action
        if name in known or name.casefold() in reported:
            continue
        reported.add(name.casefold())
        problem = action_resources.unknown_action_clause(known, name)
        yield Finding(
            rule="action-unknown",
            severity="warning",
            subject=comparison.account.root_arn,
            key=name,
            message=f"{name}, which set {policy_set.name} needs, {problem}",
            location=action.location,
            policy_set=policy_set.name,
            evidence={"nearest": known.nearest_action(name), "list": {"date": known.names_date}},
        )
