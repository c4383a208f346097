"""Ways to administration: which actions make whoever has them an administrator in the end, and who has one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from koding_audit.difference.patterns import Space, Tokens, TooManyStates, resource_tokens
from koding_audit.document import Document, DocumentError, Patterns, Statement, parse
from koding_audit.evaluate import Compiled, Context, Policies, Policy, Request, compiled, decide
from koding_audit.frozen import replace
from koding_audit.model import Account, Kind


@dataclass(frozen=True, slots=True)
class Way:
    """An action that is a way to administration. kind: of the resource that it is about.

    others: on oneself it gives nothing new; any: only where it is not limited to resources by their names.
    """

    action: str
    kind: str
    why: str
    others: bool = False
    any: bool = False


WAYS: Sequence[Way] = (
    Way("iam:AddUserToGroup", "group", "joins a group that may do more"),
    Way("iam:AttachGroupPolicy", "group", "attaches any policy to a group"),
    Way("iam:AttachRolePolicy", "role", "attaches any policy to a role"),
    Way("iam:AttachUserPolicy", "user", "attaches any policy to a user"),
    Way("iam:CreateAccessKey", "user", "makes a key of somebody who may do more", others=True),
    Way("iam:CreateLoginProfile", "user", "makes a password of somebody who may do more", others=True),
    Way("iam:CreatePolicyVersion", "policy", "writes what a policy says that somebody holds"),
    Way("iam:DeleteRolePermissionsBoundary", "role", "takes away the limit of a role"),
    Way("iam:DeleteUserPermissionsBoundary", "user", "takes away the limit of a user"),
    Way("iam:PassRole", "role", "gives any role to a service that acts with it", any=True),
    Way("iam:PutGroupPolicy", "group", "writes any policy into a group"),
    Way("iam:PutRolePermissionsBoundary", "role", "puts another limit over a role"),
    Way("iam:PutRolePolicy", "role", "writes any policy into a role"),
    Way("iam:PutUserPermissionsBoundary", "user", "puts another limit over a user"),
    Way("iam:PutUserPolicy", "user", "writes any policy into a user"),
    Way("iam:SetDefaultPolicyVersion", "policy", "goes back to a version that allows more"),
    Way("iam:UpdateAssumeRolePolicy", "role", "lets itself assume any role"),
    Way("iam:UpdateLoginProfile", "user", "sets the password of somebody who may do more", others=True),
)

# The name of a role that no policy names; and of the one who asks, where only its group is known.
_NOBODY = "q0koding0audit0nobody"
_OWN_NAME = re.compile(r"\$\{\s*aws:username\s*(,\s*'[^'}]*'\s*)?\}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who would hold policies. kind and name: None and "" for whoever it is, or any member of a group.

    arn: of a user or role, "" where it is not known; unique_id: of a user, likewise.
    """

    kind: Kind | None = None
    name: str = ""
    arn: str = ""
    unique_id: str = ""

    @property
    def own_name(self) -> str:
        """What `${aws:username}` comes to; "" for a role, which has none."""
        return "" if self.kind == "role" else self.name if self.kind == "user" else _NOBODY


@dataclass(frozen=True, slots=True)
class Text:
    """A policy's document: its name as in Snapshot.documents, and its JSON."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Bearing:
    """What decides what a holder may do. boundary None: there is none; scps: from the root down to the account."""

    identity: tuple[Text, ...]
    boundary: Text | None = None
    scps: tuple[tuple[Text, ...], ...] = ()
    management_account: str = ""


@dataclass
class Administration:
    """Decisions for one account. Each document is read once for each name that its variables may come to."""

    account: Account
    _read: dict[tuple[Text, str], _Read]
    _known: dict[tuple[Holder, Bearing], frozenset[str]]

    @classmethod
    def of(cls, account: Account) -> Administration:
        return cls(account, {}, {})

    def ways(self, holder: Holder, bearing: Bearing) -> frozenset[str]:
        """The ways that a holder has, as actions. What a condition leaves open counts as one: unknown is not OK.

        What a Deny, the boundary or an SCP takes away for certain is none.
        """
        key = (holder, bearing)
        if key not in self._known:
            self._known[key] = frozenset(way.action for way in WAYS if self._has(way, holder, bearing))
        return self._known[key]

    def denies(self, text: Text) -> bool:
        """Whether a document may deny any way to somebody."""
        found = self._reading(text, "")
        if found.document is None:
            return True
        rules = (rule for rule in found.compiled.about("iam") if rule.effect == "Deny")
        return any(rule.acts(way.action.lower(), "iam") for rule in rules for way in WAYS)

    def _has(self, way: Way, holder: Holder, bearing: Bearing) -> bool:
        own = holder.own_name
        identity = [self._reading(each, own) for each in bearing.identity]
        if not any(each.touches(way.action, "Allow") for each in identity):
            return False
        limits = [each for each in (bearing.boundary, *(one for level in bearing.scps for one in level)) if each]
        every = [*identity, *(self._reading(each, own) for each in limits)]
        policies = self._policies(bearing, own)
        try:
            resources = list(self._resources(way, own, every))
        except TooManyStates:
            return True
        return any(self._may(way, resource, holder, policies) for resource in resources)

    def _may(self, way: Way, resource: str, holder: Holder, policies: Policies) -> bool:
        request = Request(way.action, resource, self._asks(holder), _context(holder, self.account))
        return decide(request, policies).verdict in ("allowed", "unknown")

    def _asks(self, holder: Holder) -> str:
        account = self.account
        if holder.kind == "role":
            return f"arn:{account.partition}:sts::{account.id}:assumed-role/{holder.name}/*"
        return holder.arn or account.arn("user", holder.name if holder.kind == "user" else "*")

    def _resources(self, way: Way, own: str, read: Iterable[_Read]) -> Iterator[str]:
        """One resource for each combination of patterns that some resource of the way's kind can match."""
        prefix = f"arn:{self.account.partition}:iam::{self.account.id}:{way.kind}/"
        if way.any:
            yield from (f"{prefix}{_NOBODY}", f"{prefix}{_NOBODY}/{_NOBODY}")
            return
        patterns: dict[Tokens, str] = {}
        for each in read:
            patterns |= each.patterns(way.action)
        oneself = [f"{prefix}{own}", f"{prefix}*/{own}"] if way.others and own else []
        elements = [{resource_tokens(each, variables=False): each for each in oneself}]
        space = Space([*elements, *({pattern: text} for pattern, text in patterns.items())])
        yield from (region.example for mask, region in space.regions(prefix).items() if not mask & 1)

    def _policies(self, bearing: Bearing, own: str) -> Policies:
        return Policies(
            identity=tuple(self._policy(each, own) for each in bearing.identity),
            boundary=None if bearing.boundary is None else (self._policy(bearing.boundary, own),),
            scps=tuple(tuple(self._policy(each, own) for each in level) for level in bearing.scps),
            management_account=bearing.management_account,
        )

    def _policy(self, text: Text, own: str) -> Policy:
        return Policy("", text.name, self._reading(text, own).compiled)

    def _reading(self, text: Text, own: str) -> _Read:
        if (text, own) not in self._read:
            self._read[text, own] = _read(text.text, own)
        return self._read[text, own]


@dataclass(frozen=True, slots=True)
class _Read:
    """A document made ready. document None: it cannot be read, and its compiled form says so to whoever asks."""

    compiled: Compiled
    document: Document | None

    def touches(self, action: str, effect: str) -> bool:
        """Whether a statement of that effect is about the action."""
        rules = (rule for rule in self.compiled.about("iam") if rule.effect == effect)
        return any(rule.acts(action.lower(), "iam") for rule in rules)

    def patterns(self, action: str) -> Mapping[Tokens, str]:
        """The resource patterns of the statements that are about the action."""
        if self.document is None:
            return {}
        variables = self.document.version == "2012-10-17"
        about = [rule.index for rule in self.compiled.about("iam") if rule.acts(action.lower(), "iam")]
        found = (self.document.statements[index].resources for index in about)
        texts = {text for each in found if each is not None for text in each.values}
        return {resource_tokens(text, variables=variables): text for text in sorted(texts)}


def _read(text: str, own: str) -> _Read:
    try:
        document = parse(text)
    except DocumentError:
        return _Read(compiled(text), None)
    if own and document.version == "2012-10-17":
        document = replace(document, statements=tuple(_of(each, own) for each in document.statements))
    return _Read(compiled(document), document)


def _of(statement: Statement, own: str) -> Statement:
    """The statement with the own name of who asks written out where it says which resources it is about.

    Conditions keep the variable: what it comes to there is the evaluator's to know, or open.
    """
    if statement.resources is None:
        return statement
    values = tuple(sorted({_OWN_NAME.sub(lambda _: own, each) for each in statement.resources.values}))
    return replace(statement, resources=Patterns(values, statement.resources.negated))


def _context(holder: Holder, account: Account) -> Context:
    """What is certain of every request that a holder could make, with whatever session, from wherever, with any tags.

    The audit of a desired action asks of a plain access key; here MFA, too, is what somebody can have.
    """
    known = {"aws:PrincipalAccount": account.id, "aws:PrincipalIsAWSService": "false"}
    if holder.kind == "user":
        known |= {"aws:username": holder.name, "aws:PrincipalType": "User"}
        known |= {"aws:userid": holder.unique_id} if holder.unique_id else {}
    if holder.kind in ("user", "role") and holder.arn:
        known["aws:PrincipalArn"] = holder.arn
    return Context.of(known, ["aws:username"] if holder.kind == "role" else [], complete=False)
