"""Ways to administration: which actions make whoever has them an administrator in the end, and who has one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from koding_audit.model.account import Account, PrincipalKind
from koding_audit.model.frozen import replace
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


@dataclass(frozen=True, slots=True)
class EscalationAction:
    """An action that is a way to administration. kind: of the resource that it is about.

    others: on oneself it gives nothing new; any: only where it is not limited to resources by their names.
    """

    action: str
    kind: str
    why: str
    others_only: bool = False
    unrestricted_only: bool = False


ESCALATION_ACTIONS: Sequence[EscalationAction] = (
    EscalationAction("iam:AddUserToGroup", "group", "joins a group that may do more"),
    EscalationAction("iam:AttachGroupPolicy", "group", "attaches any policy to a group"),
    EscalationAction("iam:AttachRolePolicy", "role", "attaches any policy to a role"),
    EscalationAction("iam:AttachUserPolicy", "user", "attaches any policy to a user"),
    EscalationAction("iam:CreateAccessKey", "user", "makes a key of somebody who may do more", others_only=True),
    EscalationAction(
        "iam:CreateLoginProfile", "user", "makes a password of somebody who may do more", others_only=True
    ),
    EscalationAction("iam:CreatePolicyVersion", "policy", "writes what a policy says that somebody holds"),
    EscalationAction("iam:DeleteRolePermissionsBoundary", "role", "takes away the limit of a role"),
    EscalationAction("iam:DeleteUserPermissionsBoundary", "user", "takes away the limit of a user"),
    EscalationAction("iam:PassRole", "role", "gives any role to a service that acts with it", unrestricted_only=True),
    EscalationAction("iam:PutGroupPolicy", "group", "writes any policy into a group"),
    EscalationAction("iam:PutRolePermissionsBoundary", "role", "puts another limit over a role"),
    EscalationAction("iam:PutRolePolicy", "role", "writes any policy into a role"),
    EscalationAction("iam:PutUserPermissionsBoundary", "user", "puts another limit over a user"),
    EscalationAction("iam:PutUserPolicy", "user", "writes any policy into a user"),
    EscalationAction("iam:SetDefaultPolicyVersion", "policy", "goes back to a version that allows more"),
    EscalationAction("iam:UpdateAssumeRolePolicy", "role", "lets itself assume any role"),
    EscalationAction(
        "iam:UpdateLoginProfile", "user", "sets the password of somebody who may do more", others_only=True
    ),
)

# The name of a role that no policy names; and of the one who asks, where only its group is known.
_NOBODY = "q0koding0audit0nobody"
_OWN_NAME = re.compile(r"\$\{\s*aws:username\s*(,\s*'[^'}]*'\s*)?\}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PolicyHolder:
    """Who would hold policies. kind and name: None and "" for whoever it is, or any member of a group.

    arn: of a user or role, "" where it is not known; unique_id: of a user, likewise.
    """

    kind: PrincipalKind | None = None
    name: str = ""
    arn: str = ""
    unique_id: str = ""

    @property
    def own_name(self) -> str:
        """What `${aws:username}` comes to; "" for a role, which has none."""
        return "" if self.kind == "role" else self.name if self.kind == "user" else _NOBODY


@dataclass(frozen=True, slots=True)
class NamedDocument:
    """A policy's document: its name as in Snapshot.documents, and its JSON."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class EffectivePolicies:
    """What decides what a holder may do. boundary None: there is none; scps: from the root down to the account."""

    identity: tuple[NamedDocument, ...]
    boundary: NamedDocument | None = None
    scps: tuple[tuple[NamedDocument, ...], ...] = ()
    management_account: str = ""


@dataclass
class EscalationAnalyzer:
    """Decisions for one account. Each document is read once for each name that its variables may come to."""

    account: Account
    _documents_by_name: dict[tuple[NamedDocument, str], _ParsedDocument]
    _actions_by_holder: dict[tuple[PolicyHolder, EffectivePolicies], frozenset[str]]

    @classmethod
    def of(cls, account: Account) -> EscalationAnalyzer:
        return cls(account, {}, {})

    def escalation_actions(self, holder: PolicyHolder, bearing: EffectivePolicies) -> frozenset[str]:
        """The ways that a holder has, as actions. What a condition leaves open counts as one: unknown is not OK.

        What a Deny, the boundary or an SCP takes away for certain is none.
        """
        key = (holder, bearing)
        if key not in self._actions_by_holder:
            self._actions_by_holder[key] = frozenset(
                way.action for way in ESCALATION_ACTIONS if self._has_action(way, holder, bearing)
            )
        return self._actions_by_holder[key]

    def may_deny_escalation(self, text: NamedDocument) -> bool:
        """Whether a document may deny any way to somebody."""
        found = self._parsed_document(text, "")
        if found.document is None:
            return True
        rules = (rule for rule in found.compiled.statements_about("iam") if rule.effect == "Deny")
        return any(rule.covers_action(way.action.lower(), "iam") for rule in rules for way in ESCALATION_ACTIONS)

    def _has_action(self, way: EscalationAction, holder: PolicyHolder, bearing: EffectivePolicies) -> bool:
        own = holder.own_name
        identity = [self._parsed_document(each, own) for each in bearing.identity]
        if not any(each.has_statement_about(way.action, "Allow") for each in identity):
            return False
        limits = [each for each in (bearing.boundary, *(one for level in bearing.scps for one in level)) if each]
        every = [*identity, *(self._parsed_document(each, own) for each in limits)]
        policies = self._evaluated_policies(bearing, own)
        try:
            resources = list(self._candidate_resources(way, own, every))
        except TooManyStates:
            return True
        return any(self._is_allowed(way, resource, holder, policies) for resource in resources)

    def _is_allowed(self, way: EscalationAction, resource: str, holder: PolicyHolder, policies: Policies) -> bool:
        request = AccessRequest(
            way.action, resource, self._principal_arn(holder), _request_context(holder, self.account)
        )
        return decide(request, policies).verdict in ("allowed", "unknown")

    def _principal_arn(self, holder: PolicyHolder) -> str:
        account = self.account
        if holder.kind == "role":
            return f"arn:{account.partition}:sts::{account.id}:assumed-role/{holder.name}/*"
        return holder.arn or account.arn("user", holder.name if holder.kind == "user" else "*")

    def _candidate_resources(self, way: EscalationAction, own: str, read: Iterable[_ParsedDocument]) -> Iterator[str]:
        """One resource for each combination of patterns that some resource of the way's kind can match."""
        prefix = f"arn:{self.account.partition}:iam::{self.account.id}:{way.kind}/"
        if way.unrestricted_only:
            yield from (f"{prefix}{_NOBODY}", f"{prefix}{_NOBODY}/{_NOBODY}")
            return
        patterns: dict[Tokens, str] = {}
        for each in read:
            patterns |= each.resource_patterns(way.action)
        oneself = [f"{prefix}{own}", f"{prefix}*/{own}"] if way.others_only and own else []
        elements = [{resource_tokens(each, variables=False): each for each in oneself}]
        space = PatternSpace([*elements, *({pattern: text} for pattern, text in patterns.items())])
        yield from (region.example for mask, region in space.regions(prefix).items() if not mask & 1)

    def _evaluated_policies(self, bearing: EffectivePolicies, own: str) -> Policies:
        return Policies(
            identity=tuple(self._evaluated_policy(each, own) for each in bearing.identity),
            boundary=None if bearing.boundary is None else (self._evaluated_policy(bearing.boundary, own),),
            scps=tuple(tuple(self._evaluated_policy(each, own) for each in level) for level in bearing.scps),
            management_account=bearing.management_account,
        )

    def _evaluated_policy(self, text: NamedDocument, own: str) -> Policy:
        return Policy("", text.name, self._parsed_document(text, own).compiled)

    def _parsed_document(self, text: NamedDocument, own: str) -> _ParsedDocument:
        if (text, own) not in self._documents_by_name:
            self._documents_by_name[text, own] = _parse_document(text.text, own)
        return self._documents_by_name[text, own]


@dataclass(frozen=True, slots=True)
class _ParsedDocument:
    """A document made ready. document None: it cannot be read, and its compiled form says so to whoever asks."""

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
        texts = {text for each in found if each is not None for text in each.values}
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
    """The statement with the own name of who asks written out where it says which resources it is about.

    Conditions keep the variable: what it comes to there is the evaluator's to know, or open.
    """
    if statement.resources is None:
        return statement
    values = tuple(sorted({_OWN_NAME.sub(lambda _: own, each) for each in statement.resources.values}))
    return replace(statement, resources=Patterns(values, statement.resources.negated))


def _request_context(holder: PolicyHolder, account: Account) -> Context:
    """What is certain of every request that a holder could make, with whatever session, from wherever, with any tags.

    The audit of a desired action asks of a plain access key; here MFA, too, is what somebody can have.
    """
    known = {"aws:PrincipalAccount": account.id, "aws:PrincipalIsAWSService": "false"}
    if holder.kind == "user":
        known |= {"aws:username": holder.name, "aws:PrincipalType": "User"}
        known |= {"aws:userid": holder.unique_id} if holder.unique_id else {}
    if holder.kind in ("user", "role") and holder.arn:
        known["aws:PrincipalArn"] = holder.arn
    return Context.from_values(known, ["aws:username"] if holder.kind == "role" else [], complete=False)
