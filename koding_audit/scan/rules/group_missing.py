"""A declared group does not exist. Its members lack every permission that it should give."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.desired import DesiredGroup
from koding_audit.model.finding import Action, Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.model.verb import Verb
from koding_audit.scan.comparison import Comparison, Pair, different_case_text

TRAITS = RuleTraits(state="missing")
FACTS = frozenset({Fact.GROUP})
STEP = "correct its name in the file, or create it if no other case of it exists"
HELP = Help(
    severity="error",
    looks_at="whether each declared group exists.",
    by_hand="create the group with the path that the file declares, or correct its name in the file. "
    "If its name exists in another case, IAM refuses to create it: write that name in the file.",
    commands=("aws iam create-group --group-name GROUP --path /PATH/",),
    with_fix="with `--create`: creates it with its declared path, unless the name is taken in another case. Its "
    "members and policies are separate findings, each with its own fix.",
    example="""\
version: 1
groups:
  Operators:
    members:
      - koding-user
""",
    finds="group Operators does not exist",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair, group in comparison.groups:
        if pair.live is None:
            yield Finding(
                rule="group-missing",
                severity="error",
                subject=pair.subject,
                message=_missing_message(pair),
                location=group.location,
                evidence={"near": pair.case_variant.arn} if pair.case_variant else {},
                fix=_create_action(group) if pair.is_fixable else None,
            )


def _missing_message(pair: Pair) -> str:
    if pair.case_variant is not None:
        return f"{pair.label} does not exist, but {different_case_text(pair.case_variant.name)}"
    return f"{pair.label} does not exist"


def _create_action(group: DesiredGroup) -> Action:
    path = {"Path": group.path} if group.path and group.path != "/" else {}
    return Action(Verb.CREATE_GROUP, {"GroupName": group.name, **path})
