"""The user lacks every permission of the group.

A declared user is not in a group that the desired state puts it in.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison, Pair
from koding_audit.model import Action, Fact, Finding, Reference, Verb

FACTS = frozenset({Fact.USER, Fact.GROUPS})
STEP = "mend what is wrong with the user or group, which another finding tells"


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair, user in comparison.users:
        for group in user.groups:
            if comparison.ignored("group", group.name) or comparison.is_member(pair, group.name) is not False:
                continue
            yield Finding(
                rule="membership-missing",
                severity="error",
                subject=pair.subject,
                key=group.name,
                message=f"{pair.label} is not in group {group.name}",
                source=group.source,
                fix=add(comparison, pair, group),
            )


def add(comparison: Comparison, pair: Pair, group: Reference) -> Action | None:
    there = comparison.group(group.name)
    if not pair.fixable or (there is not None and not there.fixable):
        return None
    return Action(Verb.ADD_USER_TO_GROUP, {"GroupName": group.name, **pair.named})
