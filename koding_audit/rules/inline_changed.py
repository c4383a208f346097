"""It grants more, or less, than was written down.

An inline policy means something else than the desired state writes. A change of its text alone is none.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison, Pair
from koding_audit.model import Fact, Finding, PolicyDocument, document_key
from koding_audit.rules.inline_missing import put

FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.INLINE, Fact.INLINE_DOCUMENT})
STEP = "put it again with --replace, or correct the file"


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
