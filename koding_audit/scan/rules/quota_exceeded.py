"""The fix exceeds a quota of the account. AWS would refuse it after the first writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from koding_audit.desired.policy_documents import document_length
from koding_audit.model.finding import Finding, Help
from koding_audit.model.location import Location
from koding_audit.model.query import Fact
from koding_audit.model.snapshot import inline_document_key
from koding_audit.model.traits import RuleTraits
from koding_audit.reference.quotas import Quota, load_quotas
from koding_audit.scan.comparison import Comparison, Pair

_Quotas = Mapping[tuple[str, str], Quota]

TRAITS = RuleTraits(is_about_quota=True)
FACTS = frozenset(
    {
        *(Fact.SUMMARY, Fact.USER, Fact.GROUP, Fact.ROLE, Fact.ATTACHED, Fact.VERSIONS, Fact.GROUPS),
        *(Fact.INLINE, Fact.INLINE_DOCUMENT, Fact.INLINE_SIZE),
    }
)
STEP = "request a higher quota from AWS, or declare less in the file"
HELP = Help(
    severity="error",
    looks_at="what the fix would add, compared with the account's quotas: attached policies of a group, user or "
    "role, groups of a user, users, groups and policies of the account. All inline policies of a group, user or role "
    "count together, without white space, also those that the file does not declare.",
    by_hand="request a higher quota from AWS (Service Quotas), combine policies in a customer managed one, or "
    "declare less in the file. AWS does not increase the quota of inline policies: delete one or use a managed policy.",
    commands=(
        "aws iam get-account-summary",
        "aws service-quotas list-service-quotas --service-code iam --region us-east-1",
        "aws service-quotas request-service-quota-increase --service-code iam"
        " --quota-code CODE --desired-value NUMBER --region us-east-1",
    ),
    with_fix="no: what adds to that quota is not planned, unless the plan's own removals make the room; they then come "
    "first. Other fixes are.",
    example="""\
version: 1
policy_sets:
  stack-build:
    policies:
      - AmazonEC2FullAccess
      - IAMReadOnlyAccess
groups:
  Developers:
    required:
      - stack-build
""",
    finds="group Developers would have 4 attached policies; this account's quota is 3",
)


class QuotaNeed(NamedTuple):
    """How many entities, attachments or characters would exist after the fix, and the quota that limits them."""

    quota: Quota
    subject: str
    label: str
    noun: str
    needed: int
    location: Location


def check(comparison: Comparison) -> Iterator[Finding]:
    summary = comparison.snapshot.summary or {}
    needs = (_attachment_needs, _inline_needs, _membership_needs, _entity_needs)
    quotas = load_quotas()
    for need in (need for each in needs for need in each(comparison, quotas)):
        quota = summary.get(need.quota.summary_key, need.quota.value or None)
        if quota is not None and need.needed > quota:
            yield Finding(
                rule="quota-exceeded",
                severity="error",
                subject=need.subject,
                key=need.quota.summary_key,
                message=f"{need.label} would have {need.needed} {need.noun}; this account's quota is {quota}",
                location=need.location,
                evidence={"quota": quota, "needed": need.needed},
            )


def _attachment_needs(comparison: Comparison, quotas: _Quotas) -> Iterator[QuotaNeed]:
    for pair in comparison.principals:
        if pair.is_fixable and pair.attached is not None:
            required = {ref.arn for _, ref in comparison.required_policies(pair.declared)}
            if not required <= pair.attached:
                quota, needed = quotas["attached policies", pair.kind], len(required | pair.attached)
                yield QuotaNeed(quota, pair.subject, pair.label, "attached policies", needed, pair.declared.location)


def _inline_needs(comparison: Comparison, quotas: _Quotas) -> Iterator[QuotaNeed]:
    for pair in comparison.principals:
        others = _undeclared_inline_documents(comparison, pair) if pair.declared.inline and pair.is_fixable else None
        if others is not None and _puts_inline_policy(comparison, pair):
            declared = (document.text for document in pair.declared.inline.values())
            needed = sum(document_length(text) for text in (*others, *declared))
            noun, quota = "characters in inline policies", quotas["inline documents", pair.kind]
            yield QuotaNeed(quota, pair.subject, pair.label, noun, needed, pair.declared.location)


def _undeclared_inline_documents(comparison: Comparison, pair: Pair) -> list[str] | None:
    """The documents of the inline policies that the file does not declare; None if one of them was not read."""
    live = pair.live
    if live is None:
        return []
    if live.inline is None:
        return None
    documents = comparison.snapshot.documents
    names = [inline_document_key(live, name) for name in live.inline.difference(pair.declared.inline)]
    return [documents[name] for name in names] if all(name in documents for name in names) else None


def _puts_inline_policy(comparison: Comparison, pair: Pair) -> bool:
    """Whether a declared inline policy is missing, or its document is not the declared one."""
    live = pair.live
    if live is None or not (live.inline or frozenset()).issuperset(pair.declared.inline):
        return True
    from koding_audit.policy.drift import find_drift  # noqa: PLC0415 - most scans compare no documents

    documents = comparison.snapshot.documents
    texts = ((documents.get(inline_document_key(live, name)), each.text) for name, each in pair.declared.inline.items())
    return any(found is not None and found != text and bool(find_drift(found, text)) for found, text in texts)


def _membership_needs(comparison: Comparison, quotas: _Quotas) -> Iterator[QuotaNeed]:
    for pair, user in comparison.users:
        live = pair.live.groups if pair.live else frozenset()
        if pair.is_fixable and live is not None:
            there = {name.casefold() for name in live}
            wanted = {group.name.casefold() for group in user.groups if not comparison.is_ignored("group", group.name)}
            if not wanted <= there:
                needed = len(wanted | there)
                yield QuotaNeed(quotas["groups", "user"], pair.subject, pair.label, "groups", needed, user.location)


def _entity_needs(comparison: Comparison, quotas: _Quotas) -> Iterator[QuotaNeed]:
    def missing(pairs: Iterable[tuple[Pair, object]]) -> list[Location]:
        return [pair.declared.location for pair, _ in pairs if pair.live is None and pair.is_fixable]

    created = (
        ("users", "users", missing(comparison.users)),
        ("groups", "groups", missing(comparison.groups)),
        ("policies", "customer managed policies", [ref.location for _, ref in comparison.policies_to_create]),
    )
    summary, root = comparison.snapshot.summary or {}, comparison.account.root_arn
    for what, noun, locations in created:
        quota = quotas[what, "account"]
        if locations and quota.count_key in summary:
            needed = summary[quota.count_key] + len(locations)
            yield QuotaNeed(quota, root, "the account", noun, needed, locations[0])
