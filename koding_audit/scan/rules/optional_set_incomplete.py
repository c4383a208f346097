"""An optional policy set is attached only in part. What the set is for may fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from koding_audit.model.arn import policy_name
from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(about="policy-set", state="partial")
FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.ATTACHED, Fact.OPTIONAL_SET_DOCUMENTS})
STEP = "attach the rest of the set, or detach its attached policies"
HELP = Help(
    severity="warning; note if the attached policies already grant all of it",
    looks_at="`optional` sets of which some policies are attached and some are not. Policies that a required set of "
    "the same group, user or role contains do not count. The documents of a partial set are read and compared by "
    "meaning: if the attached policies already allow all that the missing ones allow, nothing fails without them. A "
    "snapshot may lack the documents: the finding is then a warning.",
    by_hand="decide whether the set is needed: attach the rest (`--with SET`), or detach its attached policies.",
    commands=(
        "aws iam attach-group-policy --group-name GROUP --policy-arn ARN",
        "aws iam detach-group-policy --group-name GROUP --policy-arn ARN",
    ),
    with_fix="no: a person has to decide. `--fix --with SET` completes the set.",
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
    finds="group Developers has only a part of optional set route53: AmazonRoute53DomainsFullAccess is missing "
    "(--with route53 completes it)",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair in comparison.principals:
        attached = pair.attached or frozenset()
        for use, policies in comparison.optional_sets(pair.declared):
            missing = [arn for arn in policies if arn not in attached]
            if not missing or len(missing) == len(policies):
                continue
            names, verb = ", ".join(map(policy_name, missing)), "is" if len(missing) == 1 else "are"
            completes = pair.is_fixable and not any(map(comparison.attach_obstacle, missing))
            granted = _is_already_granted(comparison.snapshot.documents, attached, missing)
            yield Finding(
                rule="optional-set-incomplete",
                severity="note" if granted else "warning",
                subject=pair.subject,
                key=use.name,
                message=f"{pair.label} has only a part of optional set {use.name}: {names} {verb} missing"
                + ("; the attached policies already grant all of it" if granted else "")
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
    """Whether the attached policies allow all that the missing ones would; false if a document was not read."""
    granting = [documents[arn] for arn in sorted(attached) if arn in documents]
    if not granting or any(arn not in documents for arn in missing):
        return False
    from koding_audit.policy.diff import covers_documents  # noqa: PLC0415 - a complete set does not need the comparison
    from koding_audit.policy.document import DocumentError, parse_document  # noqa: PLC0415 - as above

    try:
        return (
            covers_documents(list(map(parse_document, granting)), [parse_document(documents[arn]) for arn in missing])
            is True
        )
    except DocumentError:
        return False
