"""A declared inline policy does not exist. What it allows is not allowed; what it denies is not denied."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.desired import PolicyDocument
from koding_audit.model.finding import Action, Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.model.verb import find_verb
from koding_audit.scan.comparison import Comparison, Pair

TRAITS = RuleTraits(about="inline-policy", state="missing")
FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.INLINE})
STEP = "fix the finding about the group, user or role first"
HELP = Help(
    severity="error",
    looks_at="whether each group, user and role has the inline policies that its `inline` declares.",
    by_hand="put the declared inline policy.",
    commands=(
        "aws iam put-group-policy --group-name GROUP --policy-name POLICY --policy-document file://POLICY.json",
        "aws iam put-user-policy --user-name USER --policy-name POLICY --policy-document file://POLICY.json",
        "aws iam put-role-policy --role-name ROLE --policy-name POLICY --policy-document file://POLICY.json",
    ),
    with_fix="puts it, unless the group, user or role exists in another case only or cannot be created; never on a "
    "role that AWS manages.",
    example="""\
version: 1
groups:
  Developers:
    inline:
      read-logs:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Action: s3:GetObject
            Resource: arn:aws:s3:::logs/*
""",
    finds="group Developers lacks inline policy read-logs",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair in comparison.principals:
        live = pair.live.inline if pair.live else frozenset[str]()
        for name, document in pair.declared.inline.items():
            if live is not None and name not in live:
                yield Finding(
                    rule="inline-missing",
                    severity="error",
                    subject=pair.subject,
                    key=name,
                    message=f"{pair.label} lacks inline policy {name}",
                    location=document.location,
                    fix=put_inline_action(pair, name, document) if pair.is_fixable else None,
                )


def put_inline_action(pair: Pair, name: str, document: PolicyDocument) -> Action:
    verb = find_verb("put", "inline", pair.kind)
    return Action(verb, {**pair.name_parameter, "PolicyName": name, "PolicyDocument": document.text})
