"""A user has a console password that the file forbids. A password can be guessed or stolen."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits()
FACTS = frozenset({Fact.USER, Fact.CONSOLE})
STEP = "delete the user's console password"
HELP = Help(
    severity="warning",
    looks_at="users with `console: forbidden` that have a console password.",
    by_hand="delete the console password.",
    commands=("aws iam delete-login-profile --user-name USER",),
    with_fix="never.",
    example="""\
version: 1
users:
  ada:
    console: forbidden
""",
    finds="user ada has a console password, which the desired state forbids",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair, user in comparison.users:
        if user.console and user.console.name == "forbidden" and comparison.credentials_of(pair).password:
            yield Finding(
                rule="console-unexpected",
                severity="warning",
                subject=pair.subject,
                message=f"{pair.label} has a console password, which the desired state forbids",
                location=user.console.location,
                evidence={"password": True},
            )
