"""Privilege escalation: the actions with which a principal can make itself an administrator, and who may use one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from koding_audit.model.account import Account, PrincipalKind
from koding_audit.model.frozen import replace
from koding_audit.policy.arn_patterns import complete_arn
from koding_audit.policy.diff.patterns import PatternSpace, Tokens, TooManyStates, resource_tokens
from koding_audit.policy.document import Document, DocumentError, Patterns, Statement, parse_document
from koding_audit.policy.evaluation import (
    AccessRequest,
    CompiledDocument,
    Context,
    Policies,
    Policy,
    compile_document,
    decide,
)
from koding_audit.reference.aws_reference import AwsReference, load_reference
from koding_audit.reference.escalations import EscalationAction, load_escalation_actions

# The name of a role that no policy names, and of a caller of whom only the group is known.
_NOBODY = "q0koding0audit0nobody"
_OWN_NAME = re.compile(r"\$\{\s*aws:username\s*(,\s*'[^'}]*'\s*)?\}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PolicyHolder:
    """The principal that policies are evaluated for.

    kind: its kind; None for any principal, or any member of a group.
    name: its name; "" with kind None.
    arn: the ARN of a user or role; "" if unknown.
    unique_id: the id of a user; "" if unknown.
    """

    kind: PrincipalKind | None = None
    name: str = ""
    arn: str = ""
    unique_id: str = ""

    @property
    def own_name(self) -> str:
        """The value of `${aws:username}`; "" for a role, which has none."""
        return "" if self.kind == "role" else self.name if self.kind == "user" else _NOBODY


@dataclass(frozen=True, slots=True)
class NamedDocument:
    """A document of a policy.

    name: its name in Snapshot.documents.
    text: its JSON.
    """

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class EffectivePolicies:
    """The policies that decide what a holder may do.

    identity: attached and inline policies, also of groups.
    boundary: the permissions boundary; None if there is none.
    scps: the SCPs of each level, from the root down to the account.
    management_account: the id of the organization's management account; "" if unknown.
    """

    identity: tuple[NamedDocument, ...]
    boundary: NamedDocument | None = None
    scps: tuple[tuple[NamedDocument, ...], ...] = ()
    management_account: str = ""


@dataclass
class EscalationAnalyzer:
    """Decides which escalation actions a holder may use in an account.

    Each document is parsed once per value of `${aws:username}`, and each holder is decided once.
    """

    account: Account
    reference: AwsReference
    actions: tuple[EscalationAction, ...]
    _documents_by_name: dict[tuple[NamedDocument, str], _ParsedDocument]
    _actions_by_holder: dict[tuple[PolicyHolder, EffectivePolicies], frozenset[str]]

    @classmethod
    def of(cls, account: Account) -> EscalationAnalyzer:
        return cls(account, load_reference(), load_escalation_actions(), {}, {})

    def escalation_actions(self, holder: PolicyHolder, effective: EffectivePolicies) -> frozenset[str]:
        """The escalation actions that a holder may use. One that depends on an unknown condition is included.

        One that a Deny, the boundary or an SCP certainly denies is not included.
        """
        key = (holder, effective)
        if key not in self._actions_by_holder:
            self._actions_by_holder[key] = frozenset(
                escalation.action for escalation in self.actions if self._has_action(escalation, holder, effective)
            )
        return self._actions_by_holder[key]

    def may_deny_escalation(self, text: NamedDocument) -> bool:
        """Whether a document may deny an escalation action to a principal."""
        found = self._parsed_document(text, "")
        if found.document is None:
            return True
        rules = (rule for rule in found.compiled.statements_about("iam") if rule.effect == "Deny")
        return any(
            rule.covers_action(escalation.action.lower(), "iam") for rule in rules for escalation in self.actions
        )

    def _has_action(self, escalation: EscalationAction, holder: PolicyHolder, effective: EffectivePolicies) -> bool:
        own = holder.own_name
        identity = [self._parsed_document(each, own) for each in effective.identity]
        if not any(each.has_statement_about(escalation.action, "Allow") for each in identity):
            return False
        limits = [each for each in (effective.boundary, *(one for level in effective.scps for one in level)) if each]
        every = [*identity, *(self._parsed_document(each, own) for each in limits)]
        policies = self._evaluated_policies(effective, own)
        try:
            resources = list(self._candidate_resources(escalation, own, every))
        except TooManyStates:
            return True
        return any(self._is_allowed(escalation, resource, holder, policies) for resource in resources)

    def _is_allowed(
        self, escalation: EscalationAction, resource: str, holder: PolicyHolder, policies: Policies
    ) -> bool:
        request = AccessRequest(escalation.action, resource, self._principal_arn(holder), self._request_context(holder))
        return decide(request, policies, self.reference).verdict in ("allowed", "unknown")

    def _request_context(self, holder: PolicyHolder) -> Context:
        """The condition keys that have the same value in every request of a holder, with any session, network or tags.

        The audit of a desired action assumes an access key without MFA. Here MFA is unknown: the holder may have it.
        """
        keys = self.reference.condition_keys
        of, user_values = keys.principal, keys.calls["user"].values
        known = {of.account: (self.account.id,), of.is_service: user_values[of.is_service.lower()]}
        if holder.kind == "user":
            known |= {of.name: (holder.name,), of.kind: user_values[of.kind.lower()]}
            known |= {of.unique_id: (holder.unique_id,)} if holder.unique_id else {}
        if holder.kind in ("user", "role") and holder.arn:
            known[of.arn] = (holder.arn,)
        return Context.from_values(known, [of.name] if holder.kind == "role" else [], complete=False)

    def _principal_arn(self, holder: PolicyHolder) -> str:
        account = self.account
        if holder.kind == "role":
            return f"arn:{account.partition}:sts::{account.id}:assumed-role/{holder.name}/*"
        return holder.arn or account.arn("user", holder.name if holder.kind == "user" else "*")

    def _candidate_resources(
        self, escalation: EscalationAction, own: str, read: Iterable[_ParsedDocument]
    ) -> Iterator[str]:
        """One resource per combination of patterns that a resource of the action's kind can match."""
        prefix = f"arn:{self.account.partition}:iam::{self.account.id}:{escalation.kind}/"
        if escalation.unrestricted_only:
            yield from (f"{prefix}{_NOBODY}", f"{prefix}{_NOBODY}/{_NOBODY}")
            return
        patterns: dict[Tokens, str] = {}
        for each in read:
            patterns |= each.resource_patterns(escalation.action)
        oneself = [f"{prefix}{own}", f"{prefix}*/{own}"] if escalation.others_only and own else []
        elements = [{resource_tokens(each, variables=False): each for each in oneself}]
        space = PatternSpace([*elements, *({pattern: text} for pattern, text in patterns.items())])
        yield from (region.example for mask, region in space.regions(prefix).items() if not mask & 1)

    def _evaluated_policies(self, effective: EffectivePolicies, own: str) -> Policies:
        return Policies(
            identity=tuple(self._evaluated_policy(each, own) for each in effective.identity),
            boundary=None if effective.boundary is None else (self._evaluated_policy(effective.boundary, own),),
            scps=tuple(tuple(self._evaluated_policy(each, own) for each in level) for level in effective.scps),
            management_account=effective.management_account,
        )

    def _evaluated_policy(self, text: NamedDocument, own: str) -> Policy:
        return Policy("", text.name, self._parsed_document(text, own).compiled)

    def _parsed_document(self, text: NamedDocument, own: str) -> _ParsedDocument:
        if (text, own) not in self._documents_by_name:
            self._documents_by_name[text, own] = _parse_document(text.text, own)
        return self._documents_by_name[text, own]


@dataclass(frozen=True, slots=True)
class _ParsedDocument:
    """A document for the evaluation.

    compiled: what the evaluation uses; of a document that cannot be parsed it gives `unknown`.
    document: the parsed document; None if it cannot be parsed.
    """

    compiled: CompiledDocument
    document: Document | None

    def has_statement_about(self, action: str, effect: str) -> bool:
        """Whether a statement of that effect is about the action."""
        rules = (rule for rule in self.compiled.statements_about("iam") if rule.effect == effect)
        return any(rule.covers_action(action.lower(), "iam") for rule in rules)

    def resource_patterns(self, action: str) -> Mapping[Tokens, str]:
        """The resource patterns of the statements that are about the action."""
        if self.document is None:
            return {}
        variables = self.document.version == "2012-10-17"
        about = [
            rule.index for rule in self.compiled.statements_about("iam") if rule.covers_action(action.lower(), "iam")
        ]
        found = (self.document.statements[index].resources for index in about)
        written = {text for each in found if each is not None for text in each.values}
        texts = written | {complete_arn(text, variables=variables) for text in written}
        return {resource_tokens(text, variables=variables): text for text in sorted(texts)}


def _parse_document(text: str, own: str) -> _ParsedDocument:
    try:
        document = parse_document(text)
    except DocumentError:
        return _ParsedDocument(compile_document(text), None)
    if own and document.version == "2012-10-17":
        document = replace(document, statements=tuple(_expand_own_name(each, own) for each in document.statements))
    return _ParsedDocument(compile_document(document), document)


def _expand_own_name(statement: Statement, own: str) -> Statement:
    """The statement with `${aws:username}` replaced by this name in its resources.

    Conditions keep the variable, because the evaluation resolves it there.
    """
    if statement.resources is None:
        return statement
    values = tuple(sorted({_OWN_NAME.sub(lambda _: own, each) for each in statement.resources.values}))
    return replace(statement, resources=Patterns(values, statement.resources.negated))
