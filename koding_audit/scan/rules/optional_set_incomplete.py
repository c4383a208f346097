"""What the set is for works in part and fails later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from koding_audit.model.arn import policy_name
from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(about="policy-set", state="partial")
FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.ATTACHED, Fact.OPTIONAL_SET_DOCUMENTS})
STEP = "attach the rest of the set, or detach what is attached of it"
HELP = Help(
    severity="warning, note where what is attached grants all of it already",
    looks_at="`optional` sets of which some policies are attached and some are not. A policy that a required set "
    "of the same group, user or role asks for does not count. Of a set of which only a part is attached, "
    "the documents are read and compared by meaning: where what is attached already allows all that the "
    "missing policies allow, nothing fails for want of them. A saved account may not hold the documents: "
    "then it stays a warning.",
    by_hand="decide which half is wanted: attach the rest (`--with SET` does), or detach what is attached of the set.",
    commands=(
        "aws iam attach-group-policy --group-name GROUP --policy-arn ARN",
        "aws iam detach-group-policy --group-name GROUP --policy-arn ARN",
    ),
    with_fix="no: which half is wanted is a person's decision. `--fix --with SET` completes the set.",
    example="""\
version: 1
policy_sets:
  route53:
    policies:
      - AmazonRoute53FullAccess
      - AmazonRoute53DomainsFullAccess
groups:
  Developers:
    optional:
      - route53
""",
    finds="group Developers has only a part of optional set route53: it lacks AmazonRoute53DomainsFullAccess "
    "(--with route53 completes it)",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair in comparison.principals:
        attached = pair.attached or frozenset()
        for use, policies in comparison.optional_sets(pair.declared):
            missing = [arn for arn in policies if arn not in attached]
            if not missing or len(missing) == len(policies):
                continue
            names = ", ".join(map(policy_name, missing))
            completes = pair.is_fixable and not any(map(comparison.attach_obstacle, missing))
            granted = _is_already_granted(comparison.snapshot.documents, attached, missing)
            yield Finding(
                rule="optional-set-incomplete",
                severity="note" if granted else "warning",
                subject=pair.subject,
                key=use.name,
                message=f"{pair.label} has only a part of optional set {use.name}: it lacks {names}"
                + (", all of which what is attached grants already" if granted else "")
                + (f" (--with {use.name} completes it)" if completes else ""),
                location=use.location,
                policy_set=use.name,
                evidence={
                    "attached": [arn for arn in policies if arn in attached],
                    "missing": missing,
                    "granted": granted,
                },
            )


def _is_already_granted(documents: Mapping[str, str], attached: frozenset[str], missing: list[str]) -> bool:
    """Whether what is attached allows all that the missing would; where a document was not read, it is not known to."""
    big = [documents[arn] for arn in sorted(attached) if arn in documents]
    if not big or any(arn not in documents for arn in missing):
        return False
    from koding_audit.policy.diff import covers_documents  # noqa: PLC0415 - a set that is whole does not pay for the comparison
    from koding_audit.policy.document import DocumentError, parse_document  # noqa: PLC0415 - as above

    try:
        return (
            covers_documents(list(map(parse_document, big)), [parse_document(documents[arn]) for arn in missing])
            is True
        )
    except DocumentError:
        return False
