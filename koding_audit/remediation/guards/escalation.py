"""Privilege escalation: the actions with which a principal can make itself an administrator, and who may use one."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from koding_audit.model.account import Account
from koding_audit.model.frozen import replace
from koding_audit.policy.diff import compare_documents
from koding_audit.policy.diff.patterns import PatternSpace, Tokens, TooManyStates, Wildcard, segment_tokens
from koding_audit.policy.document import (
    Document,
    DocumentError,
    Patterns,
    Statement,
    has_wildcard_service,
    parse_document,
)
from koding_audit.policy.evaluation import (
    AccessRequest,
    CompiledDocument,
    Context,
    Policies,
    Policy,
    compile_document,
    decide,
)
from koding_audit.policy.evaluation.patterns import QUESTION_MARK, STAR, Template, resource_matcher
from koding_audit.policy.evaluation.statements import CompiledStatement
from koding_audit.reference.aws_reference import AwsReference, load_reference
from koding_audit.reference.escalations import EscalationAction
from koding_audit.remediation.guards.holders import STAND_IN_NAME, PolicyHolder, expand_own_name, known_context
from koding_audit.remediation.guards.trust import TrustPolicy

_SHORTEST_BEGINNING = 3  # characters of a resource's path or name; fewer are like `*`
_ONE_ACTION = Patterns(("service:action",))
_SLASH = re.compile("/")
_LITERAL = re.compile(f"[^{STAR}{QUESTION_MARK}]*")
_LITERAL_END = re.compile(f"[^/{STAR}{QUESTION_MARK}]*\\Z")  # a name without wildcards, or the end of one
_TOKENS: Mapping[str, Wildcard] = {STAR: Wildcard.STAR, QUESTION_MARK: Wildcard.ANY}
_RANKS: Mapping[str, int] = {"allowed": 2, "unknown": 1}  # of a verdict; 0 for any other


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

    identity: tuple[NamedDocument, ...] = ()
    boundary: NamedDocument | None = None
    scps: tuple[tuple[NamedDocument, ...], ...] = ()
    management_account: str = ""

    @property
    def every_document(self) -> tuple[NamedDocument, ...]:
        """All of the documents, those that only limit included."""
        limits = (self.boundary, *(each for level in self.scps for each in level))
        return (*self.identity, *(each for each in limits if each is not None))


NO_POLICIES = EffectivePolicies()
"""The policies of a principal that has none, and that nothing limits."""

ALLOW_ALL = NamedDocument(
    "", '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
)
"""A policy that allows everything."""


RoleTrusts = tuple[tuple[str, str], ...]
"""Trust policies of roles, each behind the ARN of its role."""


@dataclass
class EscalationAnalyzer:
    """Decides which escalation actions a holder may use in an account.

    Each document is parsed once per value of `${aws:username}`, and each change of a holder is decided once.
    """

    account: Account
    reference: AwsReference
    actions: tuple[EscalationAction, ...]
    by_name: Mapping[str, EscalationAction]
    _documents: dict[tuple[str, str], _ParsedDocument]
    _new_actions: dict[tuple[PolicyHolder, EffectivePolicies, EffectivePolicies], frozenset[str]]
    _new_resources: dict[
        tuple[PolicyHolder, EffectivePolicies, EffectivePolicies, tuple[str, ...]], tuple[tuple[str, str], ...]
    ]
    _new_sessions: dict[
        tuple[PolicyHolder, bool, EffectivePolicies, EffectivePolicies, RoleTrusts], tuple[tuple[str, str], ...]
    ]
    _comparisons: dict[tuple[tuple[Document, ...], tuple[Document, ...]], bool]
    _trust_policies: dict[str, TrustPolicy]

    @classmethod
    def of(cls, account: Account, actions: tuple[EscalationAction, ...]) -> EscalationAnalyzer:
        return cls(account, load_reference(), actions, _by_name(actions), {}, {}, {}, {}, {}, {})

    def with_actions(self, actions: tuple[EscalationAction, ...]) -> EscalationAnalyzer:
        """An analyzer of other actions, with the same documents."""
        documents, comparisons, trusts = self._documents, self._comparisons, self._trust_policies
        return EscalationAnalyzer(
            self.account, self.reference, actions, _by_name(actions), documents, {}, {}, {}, comparisons, trusts
        )

    def escalation_actions(self, holder: PolicyHolder, effective: EffectivePolicies) -> frozenset[str]:
        """The escalation actions that a holder may use. One that depends on an unknown condition is included.

        One that a Deny, the boundary or an SCP certainly denies is not included.
        """
        return self.new_escalation_actions(holder, NO_POLICIES, effective)

    def new_escalation_actions(
        self, holder: PolicyHolder, before: EffectivePolicies, after: EffectivePolicies
    ) -> frozenset[str]:
        """The escalation actions that a holder may use after a change, on a resource on which it could not before."""
        key = (self._known_part(holder, before, after), before, after)
        if key not in self._new_actions:
            cases = [
                (by_whole_name, _Case(self, each, before, after, by_whole_name=by_whole_name))
                for each, by_whole_name in product(key[0].possible_holders(), (False, True))
            ]
            self._new_actions[key] = frozenset(
                each.action
                for each in self.actions
                if not each.through_role
                and any(case.gains_way(each) for by_name, case in cases if by_name is each.depends_on_names)
            )
        return self._new_actions[key]

    def newly_used_resources(
        self, holder: PolicyHolder, before: EffectivePolicies, after: EffectivePolicies, resources: tuple[str, ...]
    ) -> tuple[tuple[str, str], ...]:
        """The actions that names of resources limit, each with those resources on which a holder gains it."""
        key = (self._known_part(holder, before, after), before, after, resources)
        if key not in self._new_resources:
            cases = [_Case(self, each, before, after) for each in key[0].possible_holders()]
            limited = [each.action for each in self.actions if each.unrestricted_only]
            self._new_resources[key] = tuple(
                (action, resource)
                for case, action in product(cases, limited)
                for resource in case.resources_gained(action, resources)
            )
        return self._new_resources[key]

    def _known_part(self, holder: PolicyHolder, before: EffectivePolicies, after: EffectivePolicies) -> PolicyHolder:
        """The holder without its name, if no document is about it: all such holders of a kind are decided once."""
        keys = self._personal_keys
        documents = (self.parsed_document(each, "") for side in (before, after) for each in side.every_document)
        is_personal = any(each.names_holder(holder.name, keys) for each in documents)
        return holder if is_personal else PolicyHolder(holder.kind)

    def newly_assumed_roles(
        self, holder: PolicyHolder, before: EffectivePolicies, after: EffectivePolicies, trusts: RoleTrusts
    ) -> tuple[tuple[str, str], ...]:
        """The actions that start a session of a role, each with those roles of which a holder gains it.

        trusts: the trust policies of roles of the account.
        """
        known = holder if self._is_named(holder, trusts) else self._known_part(holder, before, after)
        key = (known, holder.name != "", before, after, trusts)
        if key not in self._new_sessions:
            cases = [_Case(self, each, before, after) for each in holder.possible_holders()]
            actions = [each.action for each in self.actions if each.through_role]
            self._new_sessions[key] = tuple(
                (action, role) for case, action in product(cases, actions) for role in case.roles_gained(action, trusts)
            )
        return self._new_sessions[key]

    def _is_named(self, holder: PolicyHolder, trusts: RoleTrusts) -> bool:
        """Whether the trust policies may treat this holder differently from others of its kind."""
        return any(self.trust_policy(text).can_single_out(holder) for _, text in trusts)

    @property
    def _personal_keys(self) -> frozenset[str]:
        """The condition keys whose values differ between the users or roles of an account, in lower case."""
        of = self.reference.condition_keys.principal
        return frozenset(each.lower() for each in (of.name, of.unique_id, of.arn))

    def trust_policy(self, text: str) -> TrustPolicy:
        """The parsed trust policy."""
        if text not in self._trust_policies:
            self._trust_policies[text] = TrustPolicy.of(text, self._personal_keys)
        return self._trust_policies[text]

    def assumable_roles(self, holder: PolicyHolder, effective: EffectivePolicies, trusts: RoleTrusts) -> Iterator[str]:
        """Those of some roles of which a holder may start a session. A trust policy that names it is enough."""
        actions = [each.action for each in self.actions if each.through_role]
        for each in holder.possible_holders() if actions and trusts else ():
            case = _Case(self, each, NO_POLICIES, effective)
            for action in actions:
                yield from case.roles_assumed(action, trusts)

    def may_deny(self, text: NamedDocument, actions: Iterable[str]) -> bool:
        """Whether a document may deny one of these actions to a principal."""
        found = self.parsed_document(text, "")
        return found.document is None or any(found.has_statement_about(each, "Deny") for each in actions)

    def may_deny_escalation(self, text: NamedDocument) -> bool:
        """Whether a document may deny an escalation action to a principal."""
        return self.may_deny(text, (each.action for each in self.actions))

    def allows_more(self, old: tuple[Document, ...], new: tuple[Document, ...]) -> bool:
        """Whether new documents allow something that the old ones do not, or this cannot be decided."""
        if (old, new) not in self._comparisons:
            difference = compare_documents(old, new)
            self._comparisons[old, new] = bool(difference.gained or difference.why)
        return self._comparisons[old, new]

    def parsed_document(self, text: NamedDocument, own: str) -> _ParsedDocument:
        """The document for a holder of this name."""
        key = (text.text, own)
        if key not in self._documents:
            self._documents[key] = _parse_document(text.text, own)
        return self._documents[key]


@dataclass(frozen=True, slots=True)
class _ParsedDocument:
    """A document for the evaluation.

    compiled: what the evaluation uses; of a document that cannot be parsed it gives `unknown`.
    document: the parsed document; None if it cannot be parsed.
    """

    compiled: CompiledDocument
    document: Document | None

    def statements_about(self, action: str) -> tuple[CompiledStatement, ...]:
        """The statements that are about the action."""
        name = action.lower()
        service = name.partition(":")[0]
        return tuple(each for each in self.compiled.statements_about(service) if each.covers_action(name, service))

    def has_statement_about(self, action: str, effect: str) -> bool:
        """Whether a statement of that effect is about the action."""
        return any(each.effect == effect for each in self.statements_about(action))

    def resource_patterns(self, action: str, context: Context) -> Iterator[str]:
        """The resource patterns of the statements that are about the action, with the values of their variables."""
        for each in self.statements_about(action):
            for pattern in each.patterns:
                filled = pattern.fill(context) if isinstance(pattern, Template) else pattern
                if isinstance(filled, str):
                    yield filled

    def names_holder(self, name: str, keys: Container[str]) -> bool:
        """Whether the result may depend on who has the document: by a variable, a condition, or this name."""
        statements = self.document.statements if self.document else ()
        resources = (text for each in statements for text in (each.resources.values if each.resources else ()))
        return any(
            each.key in keys or "${" in "".join(each.values) for rule in statements for each in rule.conditions
        ) or any("${" in text or (name and name in text) for text in resources)

    def restrict_to(self, action: str) -> Document | None:
        """The document with its statements about the action, as if they were about one action; None if it is invalid.

        The results for two actions are equal if the same statements are about both.
        """
        if self.document is None:
            return None
        about = {each.index for each in self.statements_about(action)}
        statements = (each for each in self.document.statements if each.index in about)
        return Document(self.document.version, tuple(_restrict_statement(each) for each in statements))


class _Case:
    """The policies of a holder before and after a change.

    by_whole_name: whether a user of an unknown name has one name of its own where a policy says `user/${aws:username}`,
        which distinguishes it from others; otherwise the variable stands for any name.
    """

    def __init__(
        self,
        analyzer: EscalationAnalyzer,
        holder: PolicyHolder,
        before: EffectivePolicies,
        after: EffectivePolicies,
        *,
        by_whole_name: bool = False,
    ) -> None:
        self._analyzer = analyzer
        self._holder = holder
        has_stand_in = by_whole_name and holder.kind == "user" and not holder.name
        self._own_name = STAND_IN_NAME if has_stand_in else holder.own_name
        self._before = before
        self._after = after
        self._context = self._request_context()
        self._both = self._evaluated_policies(before), self._evaluated_policies(after)
        self._gained: dict[tuple[EscalationAction, tuple[tuple[int, ...], ...]], bool] = {}
        self._may_gain: dict[str, bool] = {}

    def gains_way(self, escalation: EscalationAction) -> bool:
        """Whether the holder may use an escalation action on a resource on which it could not before.

        Actions with the same statements and the same kind of resources are decided once.
        """
        way = replace(escalation, action=escalation.action.partition(":")[0])
        key = (way, tuple(tuple(rule.index for rule in rules) for rules in self._rules_by_document(escalation.action)))
        if key not in self._gained:
            self._gained[key] = self.may_gain(escalation.action) and self._gains_on_resource(escalation)
        return self._gained[key]

    def _gains_on_resource(self, escalation: EscalationAction) -> bool:
        try:
            resources = list(self._candidate_resources(escalation))
        except TooManyStates:
            return True
        return any(self.gains(escalation.action, each) for each in resources)

    def may_gain(self, action: str) -> bool:
        """Whether the change can allow an action at all: it adds an Allow, takes a Deny, or changes the boundary."""
        if action not in self._may_gain:
            self._may_gain[action] = self._has_allow(action) and not self._is_only_less(action)
        return self._may_gain[action]

    def gains(self, action: str, resource: str) -> bool:
        """Whether an action on a resource is allowed after the change, or allowed in more cases than before."""
        after = self._rank(action, resource, self._both[1])
        if not after:
            return False
        before = self._rank(action, resource, self._both[0])
        return after > before or (after == before == 1 and self._may_hold_more_often(action))

    def resources_gained(self, action: str, resources: Iterable[str]) -> Iterator[str]:
        """Those of some resources on which an action is gained. What the same patterns match is decided once."""
        if not self.may_gain(action):
            return
        matchers = [resource_matcher(each) for each in sorted(self._patterns(action))]
        known: dict[tuple[bool, ...], bool] = {}
        for resource in resources:
            matches = tuple(each(resource) for each in matchers)
            if matches not in known:
                known[matches] = self.gains(action, resource)
            if known[matches]:
                yield resource

    def roles_gained(self, action: str, trusts: RoleTrusts) -> Iterator[str]:
        """Those of some roles of which an action newly starts a session, as their trust policies also say.

        A Deny that goes is enough where the trust policy names the holder.
        """
        for role, trust in () if self._is_only_less(action) else self._reachable_roles(action, trusts):
            before, after = self.rank_of_role(action, role, trust)
            is_named = self._analyzer.trust_policy(trust).can_name(self._holder)
            if after > before or (after == before == 1 and self._may_hold_more_often(action, is_named=is_named)):
                yield role

    def _reachable_roles(self, action: str, trusts: RoleTrusts) -> Iterator[tuple[str, str]]:
        """Those of some roles that an action may reach: all by an Allow, or those that name the holder."""
        is_allowed = self._has_allow(action)
        for role, trust in trusts:
            if is_allowed or self._analyzer.trust_policy(trust).can_name(self._holder):
                yield role, trust

    def roles_assumed(self, action: str, trusts: RoleTrusts) -> Iterator[str]:
        """Those of some roles of which an action starts a session after the change.

        Without an Allow of its own, the holder needs a trust policy that names it.
        """
        for role, trust in self._reachable_roles(action, trusts):
            if self.rank_of_role(action, role, trust)[1]:
                yield role

    def rank_of_role(self, action: str, role: str, trust: str) -> tuple[int, int]:
        """How far an action on a role with this trust policy is allowed before and after the change."""
        own = (self._evaluated_policy(NamedDocument("", trust)),)
        before, after = (self._rank(action, role, replace(each, resource=own)) for each in self._both)
        return before, after

    def _rank(self, action: str, resource: str, policies: Policies) -> int:
        way = self._analyzer.by_name.get(action)
        context = self._request_context(way.keys) if way and way.keys else self._context
        owner = self._analyzer.account.id if way and way.any_account else ""
        request = AccessRequest(action, resource, self._principal_arn(), context, owner)
        return _RANKS.get(decide(request, policies, self._analyzer.reference).verdict, 0)

    def _documents(self, texts: Iterable[NamedDocument]) -> list[_ParsedDocument]:
        return [self._analyzer.parsed_document(each, self._own_name) for each in texts]

    def _has_allow(self, action: str) -> bool:
        return any(each.has_statement_about(action, "Allow") for each in self._documents(self._after.identity))

    def _rules_by_document(self, action: str) -> Iterator[tuple[CompiledStatement, ...]]:
        """The statements about an action of each document, before and after the change."""
        for side in (self._before, self._after):
            for each in self._documents(side.every_document):
                yield each.statements_about(action)

    def _is_only_less(self, action: str) -> bool:
        """Whether each Allow about the action was there before, and each Deny is still there."""
        if self._before.scps != self._after.scps or _is_boundary_changed(self._before, self._after):
            return False
        before, after = (self._rules(each.identity, action) for each in (self._before, self._after))
        is_new = any(effect != "Deny" for effect, _ in after - before)
        return not is_new and not any(effect != "Allow" for effect, _ in before - after)

    def _rules(self, texts: Iterable[NamedDocument], action: str) -> set[tuple[str, object]]:
        """The statements about an action, each with its effect; an invalid document is one of an unknown effect."""
        found: set[tuple[str, object]] = set()
        for text in texts:
            document = self._analyzer.parsed_document(text, self._own_name).restrict_to(action)
            if document is None:
                found.add(("", text.text))
            else:
                found |= {(each.effect, (document.version, each)) for each in document.statements}
        return found

    def _may_hold_more_often(self, action: str, *, is_named: bool = False) -> bool:
        """Whether the conditions under which an action is allowed after the change may hold where they did not before.

        What depends on a condition is unknown on both sides, so the documents themselves are compared.

        is_named: whether a trust policy allows the action to the holder, so that only its Denies matter.
        """
        old, new = self._before.boundary, self._after.boundary
        for granted in ((), (ALLOW_ALL,)) if is_named else ((),):
            if self._compares_as_more(action, (*granted, *self._before.identity), (*granted, *self._after.identity)):
                return True
        if old is None or not _is_boundary_changed(self._before, self._after):
            return False
        return new is None or self._compares_as_more(action, (old,), (new,))

    def _compares_as_more(self, action: str, old: Sequence[NamedDocument], new: Sequence[NamedDocument]) -> bool:
        before, after = ([each.restrict_to(action) for each in self._documents(texts)] for texts in (old, new))
        known = tuple(each for each in before if each), tuple(each for each in after if each)
        return len(known[0] + known[1]) < len(before + after) or self._analyzer.allows_more(*known)

    def _request_context(self, own: Iterable[tuple[str, str]] = ()) -> Context:
        keys = self._analyzer.reference.condition_keys
        return known_context(self._holder, self._analyzer.account, keys, own)

    def _principal_arn(self) -> str:
        account, name = self._analyzer.account, self._holder.name or "*"
        if self._holder.kind == "role" and not self._holder.name:
            return account.arn("role", name)  # any role, as a trust policy names it
        if self._holder.kind == "role":
            return f"arn:{account.partition}:sts::{account.id}:assumed-role/{name}/*"
        return self._holder.arn or account.arn("user", name)

    def _candidate_resources(self, escalation: EscalationAction) -> Iterator[str]:
        """One resource per combination of patterns that a resource of the action's kind can match.

        The holder itself is left out where only others count, and so is what is limited by its name, where that counts.
        """
        prefix, own = escalation.arn_prefix(self._analyzer.account), self._own_name
        if not escalation.kind:
            yield prefix
            return
        patterns = self._patterns(escalation.action)
        left_out = [f"{prefix}{own}", f"{prefix}{STAR}/{own}"] if escalation.others_only and own else []
        left_out += _limited_names(prefix, patterns) if escalation.unrestricted_only else []
        left_out += _impossible_names(patterns)
        elements = [left_out, *([each] for each in sorted(patterns))]
        space = PatternSpace([{_resource_tokens(each): "" for each in element} for element in elements])
        yield from (region.example for mask, region in space.regions(prefix).items() if not mask & 1)

    def _patterns(self, action: str) -> frozenset[str]:
        """The resource patterns of all statements about an action, before and after the change."""
        texts = {each.text: each for side in (self._before, self._after) for each in side.every_document}
        return frozenset(
            pattern
            for each in self._documents(texts.values())
            for pattern in each.resource_patterns(action, self._context)
        )

    def _evaluated_policies(self, effective: EffectivePolicies) -> Policies:
        return Policies(
            identity=tuple(self._evaluated_policy(each) for each in effective.identity),
            boundary=None if effective.boundary is None else (self._evaluated_policy(effective.boundary),),
            scps=tuple(tuple(self._evaluated_policy(each) for each in level) for level in effective.scps),
            management_account=effective.management_account,
        )

    def _evaluated_policy(self, text: NamedDocument) -> Policy:
        return Policy("", text.name, self._analyzer.parsed_document(text, self._own_name).compiled)


def _by_name(actions: Iterable[EscalationAction]) -> Mapping[str, EscalationAction]:
    return {each.action: each for each in actions}


def _is_boundary_changed(before: EffectivePolicies, after: EffectivePolicies) -> bool:
    """Whether there was a boundary, and there is a different one or none."""
    old, new = before.boundary, after.boundary
    return old is not None and (new is None or new.text != old.text)


def _limited_names(prefix: str, patterns: Iterable[str]) -> Iterator[str]:
    """Yield patterns of all resources whose path or name begins with three characters that these patterns spell.

    A shorter name without a wildcard is spelled too. What policies leave after their Denies is limited exactly if it is
    within a finite number of such beginnings: so it does no harm to yield more of them than necessary. Paths with a
    colon are left out: only they let the `*` of `arn:aws:iam::*:role/app-*` match more than an account.
    """
    yield f"{prefix}{STAR}:{STAR}"
    for pattern in patterns:
        for slash in _SLASH.finditer(pattern):
            literal = _LITERAL.match(pattern, slash.end())
            spelled = literal[0] if literal else ""
            if len(spelled) >= _SHORTEST_BEGINNING:
                yield f"{prefix}{spelled[:_SHORTEST_BEGINNING]}{STAR}"
            elif spelled and slash.end() + len(spelled) == len(pattern):
                yield f"{prefix}{spelled}"


def _impossible_names(patterns: Iterable[str]) -> Iterator[str]:
    """Yield the patterns whose name has a policy variable that counts as text, as in a document of version 2008-10-17.

    No user, group, role or policy has a `$` in its name (IAM user guide, reference_iam-quotas).
    """
    for pattern in patterns:
        end = _LITERAL_END.search(pattern)
        if end and "${" in end[0]:
            yield pattern


def _resource_tokens(filled: str) -> Tokens:
    """The tokens of a pattern whose wildcards are marked and whose variables are filled."""
    return segment_tokens(tuple(_TOKENS.get(each, each) for each in filled))


def _parse_document(text: str, own: str) -> _ParsedDocument:
    try:
        document = parse_document(text)
    except DocumentError:
        return _ParsedDocument(compile_document(text), None)
    document = expand_own_name(document, own)
    return _ParsedDocument(compile_document(document), document)


def _restrict_statement(statement: Statement) -> Statement:
    """The statement as if it were about one action only, unless it is unclear which actions it is about."""
    is_unclear = any(map(has_wildcard_service, statement.actions.values))
    actions = statement.actions if is_unclear else _ONE_ACTION
    return replace(statement, actions=actions, sid="", index=0)
