"""A user is not in a declared group. It lacks every permission of the group."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Action, Finding, Help
from koding_audit.model.location import Reference
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.model.verb import Verb
from koding_audit.scan.comparison import Comparison, Pair

TRAITS = RuleTraits(about="membership", state="missing")
FACTS = frozenset({Fact.USER, Fact.GROUPS})
STEP = "fix the finding about the user or group first"
HELP = Help(
    severity="error",
    looks_at="whether each declared user is in each of its groups, by the user's own list, or by the group's if that "
    "was not read.",
    by_hand="add the user to the group.",
    commands=("aws iam add-user-to-group --group-name GROUP --user-name USER",),
    with_fix="adds the user to the group, unless the user or group exists in another case only or cannot be created.",
    example="""\
version: 1
groups:
  Developers:
    members:
      - koding-user
""",
    finds="user koding-user is not in group Developers",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair, user in comparison.users:
        for group in user.groups:
            if comparison.is_ignored("group", group.name) or comparison.is_member(pair, group.name) is not False:
                continue
            yield Finding(
                rule="membership-missing",
                severity="error",
                subject=pair.subject,
                key=group.name,
                message=f"{pair.label} is not in group {group.name}",
                location=group.location,
                fix=_add_action(comparison, pair, group),
            )


def _add_action(comparison: Comparison, pair: Pair, group: Reference) -> Action | None:
    there = comparison.find_group(group.name)
    if not pair.is_fixable or (there is not None and not there.is_fixable):
        return None
    return Action(Verb.ADD_USER_TO_GROUP, {"GroupName": group.name, **pair.name_parameter})
