"""It grants more, or less, than was written down."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison, Pair
from koding_audit.model import Fact, Finding, Help, PolicyDocument, document_key
from koding_audit.rules.inline_missing import put

FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.INLINE, Fact.INLINE_DOCUMENT})
STEP = "put it again with --replace, or correct the file"
HELP = Help(
    severity="error",
    looks_at="what those inline policies say, compared by meaning ([difference.md](difference.md)). The evidence "
    "lists the actions gained and lost, each with an example resource. A change of text alone is no "
    "finding; where equality is not proven, that is said.",
    by_hand="put it again, as for `inline-missing`, or correct the file.",
    commands=(
        "aws iam get-group-policy --group-name GROUP --policy-name POLICY",
        "aws iam put-group-policy --group-name GROUP --policy-name POLICY --policy-document file://POLICY.json",
        "aws iam put-user-policy --user-name USER --policy-name POLICY --policy-document file://POLICY.json",
        "aws iam put-role-policy --role-name ROLE --policy-name POLICY --policy-document file://POLICY.json",
    ),
    with_fix="with `--replace`: put again, the old document kept in the journal for `undo`.",
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
    finds="inline policy note of group Developers is another one: it allows what it should not: s3:* on * and 1 more",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    declared = [pair for pair in comparison.principals if pair.live is not None and pair.declared.inline]
    if not declared:
        return
    from koding_audit.drift import drift  # noqa: PLC0415 - a file without documents does not pay for the comparison

    for pair, name, document, live in _both(comparison, declared):
        found = drift(live, document.text)
        if found:
            yield Finding(
                rule="inline-changed",
                severity="error",
                subject=pair.subject,
                key=name,
                message=f"inline policy {name} of {pair.label} is another one: {found.words}",
                source=document.source,
                evidence=found.evidence,
                fix=put(pair, name, document) if pair.fixable else None,
            )


def _both(comparison: Comparison, declared: list[Pair]) -> Iterator[tuple[Pair, str, PolicyDocument, str]]:
    """Each inline policy that is written and there: who has it, its name, what it is to say and what it says."""
    for pair in declared:
        for name, document in pair.declared.inline.items():
            text = comparison.snapshot.documents.get(document_key(pair.live, name)) if pair.live else None
            if text is not None:
                yield pair, name, document, text
