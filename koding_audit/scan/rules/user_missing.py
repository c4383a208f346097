"""A declared user does not exist. Nothing can sign in or build as this user."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.desired import DesiredUser
from koding_audit.model.finding import Action, Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.model.verb import Verb
from koding_audit.scan.comparison import Comparison, Pair, different_case_text

TRAITS = RuleTraits(state="missing")
FACTS = frozenset({Fact.USER})
STEP = "correct its name in the file, or create it if no other case of it exists"
HELP = Help(
    severity="error",
    looks_at="whether each declared user exists.",
    by_hand="create the user with the path and the tags that the file declares, or correct its name in the file. "
    "If its name exists in another case, IAM refuses to create it: write that name in the file.",
    commands=("aws iam create-user --user-name USER --path /PATH/ --tags Key=KEY,Value=VALUE",),
    with_fix="with `--create`: creates it with its declared path and tags, unless the name is taken in another case "
    "or the user declares a boundary: this tool never writes a boundary, and does not create the user without it; "
    "`plan --create --as` prints such a user for another tool, with its boundary. "
    "Its memberships and policies are separate findings, each with its own fix.",
    example="""\
version: 1
users:
  web-builder:
    owner: web
""",
    finds="user web-builder does not exist",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair, user in comparison.users:
        if pair.live is None:
            yield Finding(
                rule="user-missing",
                severity="error",
                subject=pair.subject,
                message=_missing_message(pair),
                location=user.location,
                evidence={"near": pair.case_variant.arn} if pair.case_variant else {},
                fix=_create_action(user) if pair.is_fixable else None,
            )


def _missing_message(pair: Pair) -> str:
    if pair.case_variant is not None:
        return f"{pair.label} does not exist, but {different_case_text(pair.case_variant.name)}"
    if pair.needs_boundary:
        return f"{pair.label} does not exist; it declares a permissions boundary, which a person has to set"
    return f"{pair.label} does not exist"


def _create_action(user: DesiredUser) -> Action:
    path = {"Path": user.path} if user.path and user.path != "/" else {}
    tags = {"Tags": [{"Key": key, "Value": value} for key, value in user.tags]} if user.tags else {}
    policy = user.boundary.policy if user.boundary else None
    boundary = {"PermissionsBoundary": policy.arn} if policy else {}  # only in a plan for another tool
    return Action(Verb.CREATE_USER, {"UserName": user.name, **path, **tags, **boundary})
