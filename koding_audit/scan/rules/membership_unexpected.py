"""A membership is not declared in the desired state. The user has permissions that are not reviewed."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Action, Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.model.verb import Verb
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(about="membership", state="unexpected")
FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.GROUPS, Fact.MEMBERS})
STEP = "remove the user from the group, or declare the membership"
HELP = Help(
    severity="note; error if the user or the group is `exclusive`",
    looks_at="the groups of each declared user, and the members of each group that is `exclusive`. Members of other "
    "groups are not checked. A membership is one finding: about the user if the user is declared, otherwise about "
    "the group.",
    by_hand="remove the user from the group, or declare the membership.",
    commands=("aws iam remove-user-from-group --group-name GROUP --user-name USER",),
    with_fix="only if the user or the group is `exclusive`, with `--replace`: removes the user from the group.",
    example="""\
version: 1
users:
  ada:
    owner: platform
""",
    finds="user ada is in group Interns, which is not declared for it",
)

Membership = tuple[str, str]  # the names of a user and of a group


def check(comparison: Comparison) -> Iterator[Finding]:
    for user, group in sorted({*_undeclared_groups(comparison), *_undeclared_members(comparison)}):
        declared = comparison.desired.users.get(user), comparison.desired.groups.get(group)
        exclusive = next((each for each in declared if each is not None and each.exclusive), None)
        source = next(each.location for each in (exclusive, *declared) if each is not None)
        # The ARN of an undeclared principal is not known, so the finding is about the declared one.
        of_user = declared[0] is not None
        yield Finding(
            rule="membership-unexpected",
            severity="error" if exclusive else "note",
            subject=comparison.principal_arn("user", user) if of_user else comparison.principal_arn("group", group),
            key=group if of_user else user,
            message=f"user {user} is in group {group}, which is not declared for it",
            location=source,
            evidence={"exclusive": exclusive is not None},
            fix=Action(Verb.REMOVE_USER_FROM_GROUP, {"GroupName": group, "UserName": user}) if exclusive else None,
        )


def _undeclared_groups(comparison: Comparison) -> Iterator[Membership]:
    """Each group of a declared user that is not declared for it."""
    for pair, user in comparison.users:
        wanted = {group.name.casefold() for group in user.groups}
        for group in (pair.live and pair.live.groups) or ():
            if group.casefold() not in wanted and not comparison.is_ignored("group", group):
                yield user.name, group


def _undeclared_members(comparison: Comparison) -> Iterator[Membership]:
    """Each member of an exclusive group that is not declared for it."""
    for pair, group in comparison.groups:
        wanted = comparison.declared_members(group.name)
        for user in (group.exclusive and pair.live and pair.live.members) or ():
            if user.casefold() not in wanted and not comparison.is_ignored("user", user):
                yield user, group.name
