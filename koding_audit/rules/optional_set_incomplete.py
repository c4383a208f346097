"""What the set is for works in part and fails later.

Of an optional set, some policies are attached and some are not. Policies that a required set names do not count. It is
a note where what is attached grants all that the others would: then nothing fails for want of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from koding_audit.arns import policy_name
from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding

FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.ATTACHED, Fact.HALVES})
STEP = "attach the rest of the set, or detach what is attached of it"


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair in comparison.principals:
        attached = pair.attached or frozenset()
        for use, policies in comparison.optional(pair.declared):
            missing = [arn for arn in policies if arn not in attached]
            if not missing or len(missing) == len(policies):
                continue
            names = ", ".join(map(policy_name, missing))
            completes = pair.fixable and not any(map(comparison.obstacle, missing))
            granted = _grants(comparison.snapshot.documents, attached, missing)
            yield Finding(
                rule="optional-set-incomplete",
                severity="note" if granted else "warning",
                subject=pair.subject,
                key=use.name,
                message=f"{pair.label} has only a part of optional set {use.name}: it lacks {names}"
                + (", all of which what is attached grants already" if granted else "")
                + (f" (--with {use.name} completes it)" if completes else ""),
                source=use.source,
                policy_set=use.name,
                evidence={
                    "attached": [arn for arn in policies if arn in attached],
                    "missing": missing,
                    "granted": granted,
                },
            )


def _grants(documents: Mapping[str, str], attached: frozenset[str], missing: list[str]) -> bool:
    """Whether what is attached allows all that the missing would; where a document was not read, it is not known to."""
    big = [documents[arn] for arn in sorted(attached) if arn in documents]
    if not big or any(arn not in documents for arn in missing):
        return False
    from koding_audit.difference import covers  # noqa: PLC0415 - a set that is whole does not pay for the comparison
    from koding_audit.document import DocumentError, parse  # noqa: PLC0415 - as above

    try:
        return covers(list(map(parse, big)), [parse(documents[arn]) for arn in missing]) is True
    except DocumentError:
        return False
