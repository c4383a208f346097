"""Whether somebody may build a stack: what it needs, put before the evaluator, and the policy sets that would help."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from typing import Literal

from koding_audit import managed
from koding_audit.comparison import Comparison, Declared
from koding_audit.desired.requiring import requiring
from koding_audit.effective import Permissions
from koding_audit.errors import InputError
from koding_audit.evaluate import Decision, Policy, Request, compiled
from koding_audit.frozen import replace
from koding_audit.model import (
    Account,
    Desired,
    DesiredGroup,
    DesiredUser,
    Fact,
    Kind,
    PolicyRef,
    Principal,
    Query,
    RequiredAction,
    Snapshot,
    Source,
    Stack,
    StackNeed,
    key_of,
)
from koding_audit.stack.choosing import Candidate, Choice, choose
from koding_audit.stack.deciding import Judge, Judged

Verdict = Literal["yes", "no", "unknown"]

# Their calls go to one region for the whole world, and not to the provider's (general: global endpoints of services).
_GLOBAL: frozenset[str] = frozenset(
    {
        *("account", "budgets", "ce", "cloudfront", "globalaccelerator", "health", "iam", "networkmanager"),
        *("organizations", "route53", "route53domains", "shield", "sts", "support", "waf"),
    }
)


@dataclass(frozen=True)
class Offer:
    """A policy set that the desired state lets the builder have, and who would hold it."""

    candidate: Candidate
    holder: tuple[Kind, str]


@dataclass(frozen=True)
class Answer:
    """Whether a principal may build a stack.

    exists: false where there is no such principal yet; judged: what is decided of each need; choice: the sets that
    help; offers: every set that there is to choose from; unread: sets of which a document was not read; gaps: a policy
    that could decide was not read.
    """

    stack: Stack
    principal: Principal
    exists: bool
    judged: Mapping[StackNeed, Judged]
    choice: Choice
    offers: tuple[Offer, ...]
    unread: tuple[str, ...]
    strict: bool = False
    gaps: bool = False

    @cached_property
    def lacking(self) -> tuple[StackNeed, ...]:
        """What is not known to be allowed."""
        return tuple(need for need, each in self.judged.items() if each.verdict != "allowed")

    @cached_property
    def denied(self) -> tuple[StackNeed, ...]:
        """What is surely needed, and surely not allowed."""
        return tuple(
            need
            for need, each in self.judged.items()
            if need.certain and not need.hint and each.verdict.endswith("deny")
        )

    def decision(self, need: StackNeed) -> Decision:
        return self.judged[need].about(need)

    @property
    def verdict(self) -> Verdict:
        if self.denied or not self.exists:
            return "no"
        unsure = self.lacking or self.stack.unknown or (self.strict and self.stack.hinted)
        return "unknown" if unsure else "yes"


def builder(desired: Desired, said: str) -> tuple[Kind, str]:
    """Who is to build: `user/NAME` or `role/NAME`, or the only user that is declared. Raises InputError."""
    if said:
        kind, slash, name = said.partition("/")
        if kind in ("user", "role") and slash and name and "/" not in name:
            return ("user" if kind == "user" else "role"), name
        raise InputError(f"--principal {said}: a user or a role is needed", "write user/NAME or role/NAME")
    names = list(desired.users)
    if len(names) == 1:
        return "user", names[0]
    if not names:
        raise InputError("the desired state declares no user who could build", "say who with --principal user/NAME")
    listed = ", ".join(f"user/{name}" for name in sorted(names)[:20])
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    raise InputError("who is to build? The desired state declares several users", f"--principal: {listed}{more}")


def asked(desired: Desired, account: Account, query: Query) -> Query:
    """The query with what is needed to tell whether the builder may build. desired is bound to the account."""
    if desired.builder is None:
        return query
    kind, name = desired.builder
    facts = frozenset({Fact.ATTACHED, Fact.INLINE})
    users, roles, groups = dict(query.users), dict(query.roles), dict(query.groups)
    if kind == "user":
        users[name] = users.get(name, frozenset()) | facts | {Fact.USER, Fact.GROUPS}
    else:
        roles[name] = roles.get(name, frozenset()) | facts | {Fact.ROLE}
    for holder in _holders(desired, kind, name, ()):
        if isinstance(holder, DesiredGroup):
            groups[holder.name] = groups.get(holder.name, frozenset()) | facts | {Fact.GROUP}
    nothing = Comparison(desired, Snapshot(account, None, datetime.min.replace(tzinfo=timezone.utc), ""))
    refs = (ref for holder in _holders(desired, kind, name, ()) for _, ref in nothing.wanted(holder))
    wanted = frozenset(ref.arn for ref in refs if not nothing.obstacle(ref.arn))
    return replace(
        query,
        users=users,
        roles=roles,
        groups=groups,
        effective=query.effective | {key_of(kind, name)},
        documents=query.documents | wanted,
    )


def answer(desired: Desired, snapshot: Snapshot, stack: Stack) -> Answer:
    """Whether the builder may build a stack. desired is bound to the snapshot's account, and names the builder."""
    if desired.builder is None:
        raise AssertionError("unreachable: whoever gives a stack says who builds it")
    comparison = Comparison(desired, snapshot)
    live = snapshot.principals.get(key_of(*desired.builder))
    principal = live or _missing(desired, snapshot.account, *desired.builder)
    permissions = Permissions(snapshot, strict=desired.strict)
    judge = Judge(permissions.policies(principal), _Asks(permissions, principal), desired.strict)
    judged = {need: judge.judged(need) for need in stack.needs}
    lacking = [need for need, each in judged.items() if each.verdict != "allowed"]
    offers, unread = _offers(comparison, principal)
    choice = choose(judge, lacking, [each.candidate for each in offers]) if lacking else Choice()
    gaps = permissions.has_gaps(principal)
    return Answer(stack, principal, live is not None, judged, choice, offers, unread, desired.strict, gaps)


@dataclass(frozen=True)
class _Asks:
    """The request of a principal; in a region where that is known, and the service has regions."""

    permissions: Permissions
    principal: Principal

    def __call__(self, need: StackNeed, resource: str) -> Request:
        known = need.region and need.action.partition(":")[0] not in _GLOBAL
        region = (("aws:RequestedRegion", (need.region,)),) if known else ()
        asked = RequiredAction(need.action, Source("", 1, 1), resource, (*region, *need.context))
        return self.permissions.request(self.principal, asked)


def _offers(comparison: Comparison, principal: Principal) -> tuple[tuple[Offer, ...], tuple[str, ...]]:
    """Each set that the builder may be given and has not yet, the required ones first; and the unread ones."""
    desired, found, unread = comparison.desired, dict[str, Offer](), []
    effective = _effective(comparison.snapshot, principal)
    holders = list(_holders(desired, principal.kind, principal.name, principal.groups or ()))
    for required in (True, False):
        for holder in holders:
            for use in holder.required if required else holder.optional:
                refs = [ref for ref in desired.policy_sets[use.name].policies if ref.arn not in effective]
                texts = {ref.arn: _text(comparison, ref) for ref in refs}
                known = {arn: text for arn, text in texts.items() if text is not None}
                if len(known) < len(texts):
                    unread.append(use.name)
                elif known and use.name not in found and not any(map(comparison.obstacle, known)):
                    kind = _kind(holder)
                    layer = f"{kind} {holder.name}"
                    policies = tuple(Policy(layer, arn, compiled(text)) for arn, text in known.items())
                    candidate = Candidate(use.name, required, policies, tuple(known.values()))
                    found[use.name] = Offer(candidate, (kind, holder.name))
    return tuple(found.values()), tuple(dict.fromkeys(unread))


def _effective(snapshot: Snapshot, principal: Principal) -> frozenset[str]:
    """The policies that bear on the principal now: its own, and those of the groups that it is in."""
    groups = (snapshot.principals.get(key_of("group", name)) for name in principal.groups or ())
    return frozenset(arn for each in (principal, *groups) if each is not None for arn in each.attached or ())


def _text(comparison: Comparison, ref: PolicyRef) -> str | None:
    """What a policy says: as the file has it where it does, for that is what a fix makes of it."""
    return ref.document.text if ref.document else comparison.snapshot.documents.get(ref.arn)


def _holders(desired: Desired, kind: Kind, name: str, live_groups: Iterable[str]) -> Iterator[Declared]:
    """Whoever is declared and whose sets bear on the builder: itself, and the groups that it is to be in, or is."""
    own = (desired.users if kind == "user" else desired.roles).get(name)
    if own is not None:
        yield own
    if kind == "user":
        wanted = [use.name for use in own.groups] if isinstance(own, DesiredUser) else []
        for group in dict.fromkeys((*wanted, *sorted(live_groups))):
            if group in desired.groups:
                yield desired.groups[group]


def _kind(holder: Declared) -> Kind:
    return "group" if isinstance(holder, DesiredGroup) else "user" if isinstance(holder, DesiredUser) else "role"


def _missing(desired: Desired, account: Account, kind: Kind, name: str) -> Principal:
    """A principal that there is not yet: as it would be made, with nothing attached."""
    declared = (desired.users if kind == "user" else desired.roles).get(name)
    path = (declared.path if declared else None) or "/"
    nothing = frozenset[str]()
    arn = account.arn(kind, name, path)
    return Principal(kind, name, arn, "", path, attached=nothing, inline=nothing, groups=nothing, tags=())


def helping(answer: Answer) -> tuple[Offer, ...]:
    """The sets that are chosen, with who would hold them."""
    return tuple(each for each in answer.offers if each.candidate.name in answer.choice.sets)


def helped(answer: Answer, offer: Offer) -> tuple[StackNeed, ...]:
    """What a chosen set is needed for: what would be lacking without it."""
    return answer.choice.because[offer.candidate.name]


def enabled(desired: Desired, answers: Iterable[Answer]) -> Desired:
    """With each optional set that the stacks need required of whoever would hold it, and of nobody else."""
    for offer in (each for every in answers for each in helping(every)):
        kind, name = offer.holder
        sets = (offer.candidate.name,)
        if kind == "group":
            desired = replace(desired, groups={**desired.groups, name: requiring(desired.groups[name], sets)})
        elif kind == "user":
            desired = replace(desired, users={**desired.users, name: requiring(desired.users[name], sets)})
        else:
            desired = replace(desired, roles={**desired.roles, name: requiring(desired.roles[name], sets)})
    return desired


def completed(snapshot: Snapshot, wanted: Iterable[str]) -> tuple[Snapshot, tuple[str, ...], str]:
    """The snapshot with the documents that it lacks of AWS's policies, as they ship with the tool; which; their date.

    The last resort: AWS changes its policies, and other partitions have others. Never of one that somebody holds: that
    one decides.
    """
    held = {arn for each in snapshot.principals.values() for arn in (*(each.attached or ()), each.boundary)}
    unread = set(wanted).difference(held, snapshot.documents)
    lacking = sorted(arn for arn in unread if arn.startswith("arn:aws:iam::aws:"))
    if not lacking:
        return snapshot, (), ""
    known = managed.load()
    found = {arn: json.dumps(known[arn].document) for arn in lacking if arn in known}
    gaps = tuple(each for each in snapshot.gaps if each.fact is not Fact.HALVES or each.subject not in found)
    more = replace(snapshot, documents={**snapshot.documents, **found}, gaps=gaps)
    return more, tuple(found), known.origin.date
