"""An inline policy differs from the file. It grants more, or less, than declared."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.desired import PolicyDocument
from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.snapshot import inline_document_key
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison, Pair
from koding_audit.scan.rules.inline_missing import put_inline_action

TRAITS = RuleTraits(about="inline-policy", state="changed", is_known_by_evidence=True, fix_overwrites=True)
FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.INLINE, Fact.INLINE_DOCUMENT})
STEP = "put the declared policy with --replace, or correct the file"
HELP = Help(
    severity="error",
    looks_at="the documents of declared inline policies, compared by meaning ([difference.md](difference.md)). The "
    "evidence lists the actions gained and lost, each with an example resource. A change of text alone is not a "
    "finding; if equality could not be proven, the message says so.",
    by_hand="put the declared policy, as for `inline-missing`, or correct the file.",
    commands=(
        "aws iam get-group-policy --group-name GROUP --policy-name POLICY",
        "aws iam put-group-policy --group-name GROUP --policy-name POLICY --policy-document file://POLICY.json",
        "aws iam put-user-policy --user-name USER --policy-name POLICY --policy-document file://POLICY.json",
        "aws iam put-role-policy --role-name ROLE --policy-name POLICY --policy-document file://POLICY.json",
    ),
    with_fix="with `--replace`: puts the declared policy. The journal keeps the old document for `undo`.",
    example="""\
version: 1
groups:
  Developers:
    inline:
      note:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Action: s3:GetObject
            Resource: arn:aws:s3:::logs/*
""",
    finds="inline policy note of group Developers differs from the file: it also allows s3:* on * and 1 more",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    declared = [pair for pair in comparison.principals if pair.live is not None and pair.declared.inline]
    if not declared:
        return
    from koding_audit.policy.drift import find_drift  # noqa: PLC0415 - a file without documents does not need the comparison

    for pair, name, document, live in _documents_to_compare(comparison, declared):
        found = find_drift(live, document.text)
        if found:
            yield Finding(
                rule="inline-changed",
                severity="error",
                subject=pair.subject,
                key=name,
                message=f"inline policy {name} of {pair.label} differs from the file: {found.description}",
                location=document.location,
                evidence=found.evidence,
                fix=put_inline_action(pair, name, document) if pair.is_fixable else None,
            )


def _documents_to_compare(
    comparison: Comparison, declared: list[Pair]
) -> Iterator[tuple[Pair, str, PolicyDocument, str]]:
    """Each declared inline policy that exists: its principal, its name, the declared and the live document."""
    for pair in declared:
        for name, document in pair.declared.inline.items():
            text = comparison.snapshot.documents.get(inline_document_key(pair.live, name)) if pair.live else None
            if text is not None:
                yield pair, name, document, text
