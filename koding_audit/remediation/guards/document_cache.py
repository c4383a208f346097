"""Documents and trust policies that are parsed once, and comparisons of documents that are made once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from koding_audit.model.account import Account
from koding_audit.policy.diff import compare_documents
from koding_audit.policy.document import Document
from koding_audit.reference.aws_reference import AwsReference
from koding_audit.remediation.guards.effective_policies import NamedDocument
from koding_audit.remediation.guards.parsed_document import ParsedDocument, parse_for_name
from koding_audit.remediation.guards.trust import TrustPolicy


@dataclass
class DocumentCache:
    """The documents of one account, each parsed once per value of `${aws:username}`."""

    account: Account
    reference: AwsReference
    _documents: dict[tuple[str, str], ParsedDocument] = field(default_factory=dict)
    _comparisons: dict[tuple[tuple[Document, ...], tuple[Document, ...]], bool] = field(default_factory=dict)
    _trust_policies: dict[str, TrustPolicy] = field(default_factory=dict)

    @property
    def personal_keys(self) -> frozenset[str]:
        """The condition keys whose values differ between the users or roles of an account, in lower case."""
        of = self.reference.condition_keys.principal
        return frozenset(each.lower() for each in (of.name, of.unique_id, of.arn))

    def parsed_document(self, text: NamedDocument, own: str) -> ParsedDocument:
        """The document for a holder of this name."""
        key = (text.text, own)
        if key not in self._documents:
            self._documents[key] = parse_for_name(text.text, own)
        return self._documents[key]

    def parsed_documents(self, texts: Iterable[NamedDocument], own: str) -> list[ParsedDocument]:
        """Several documents for a holder of this name."""
        return [self.parsed_document(each, own) for each in texts]

    def trust_policy(self, text: str) -> TrustPolicy:
        """The parsed trust policy."""
        if text not in self._trust_policies:
            self._trust_policies[text] = TrustPolicy.of(text, self.personal_keys)
        return self._trust_policies[text]

    def allows_more(self, old: tuple[Document, ...], new: tuple[Document, ...]) -> bool:
        """Whether new documents allow something that the old ones do not, or this cannot be decided."""
        if (old, new) not in self._comparisons:
            difference = compare_documents(old, new)
            self._comparisons[old, new] = bool(difference.gained or difference.why)
        return self._comparisons[old, new]
