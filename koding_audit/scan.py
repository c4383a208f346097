"""The scanner: says what has to be read, runs the rules over what was, and reports what could not be."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timezone

from koding_audit import registry, waivers
from koding_audit.comparison import Comparison, Declared, is_ignored
from koding_audit.errors import InputError
from koding_audit.frozen import dataclass, replace
from koding_audit.model import (
    Account,
    Advice,
    Audit,
    Desired,
    DesiredGroup,
    DesiredRole,
    DesiredUser,
    Fact,
    Finding,
    Gap,
    Help,
    Journal,
    Kind,
    Outcome,
    Plan,
    PrincipalKey,
    Query,
    Report,
    Snapshot,
    key_of,
)
from koding_audit.outline import outline, root_state
from koding_audit.reads import EVERY, calls_of_rule
from koding_audit.verdict import NOT_CHECKED

UNREAD_ADVICE = Advice(
    "What was not read is not known to be right.",
    "grant the caller the permission, then scan again",
    help=Help(
        severity="error; the run is incomplete, and its exit status is 2",
        looks_at="every read that was denied, failed or did not come to its end. The finding names the fact, the call, "
        "AWS's error code and the permission to grant; `gaps` in the JSON report also names the rules that "
        "could not answer.",
        by_hand="grant the permission that it names, or run again where AWS was slow. `koding-audit permissions audit "
        "FILE` prints all that is needed, to save as `AUDIT.json`. A rule that is not wanted is left out with "
        "`--skip RULE`; a fact that only such rules need is then no gap.",
        commands=(
            "aws iam put-user-policy --user-name USER --policy-name koding-audit-reads --policy-document file://AUDIT.json",
            "aws iam put-role-policy --role-name ROLE --policy-name koding-audit-reads --policy-document file://AUDIT.json",
        ),
        with_fix="no.",
        finds="credential-report could not be read: iam:GenerateCredentialReport: AccessDenied; the caller needs"
        " iam:GenerateCredentialReport",
    ),
)

_OF_ACCOUNT = frozenset({Fact.SUMMARY, Fact.CREDENTIAL_REPORT, Fact.CALLER})
_OF_USERS = frozenset({Fact.USER, Fact.ATTACHED, Fact.INLINE, Fact.GROUPS})
_OF_GROUPS = frozenset({Fact.GROUP, Fact.ATTACHED, Fact.INLINE})
_OF_ROLES = frozenset({Fact.ROLE, Fact.ATTACHED, Fact.INLINE})
_USES = frozenset({Fact.USER, Fact.ACCESS_KEYS, Fact.PASSWORD_USED})
_CREDENTIALS = frozenset({Fact.ACCESS_KEYS, Fact.SERVICE_CREDENTIALS})
_AFTER_THE_OTHERS = "waiver-unused"
_OF_STACKS = frozenset({"stack-not-buildable", "stack-type-unknown"})


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule module as the scanner sees it."""

    id: str
    facts: frozenset[Fact]
    check: Callable[[Comparison], Iterator[Finding]]


def rules(only: Iterable[str] = (), skip: Iterable[str] = ()) -> tuple[Rule, ...]:
    """The rules to run, loaded: all of them, or those of `only`, without those of `skip`. Raises InputError."""
    known = registry.names("rules")
    for name in (*only, *skip):
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"the rules are: {', '.join(known)}"
            raise InputError(f"there is no rule {name!r} to choose", hint)
    chosen = chosen_names(only, skip)
    if not chosen:
        raise InputError(
            "no rule is left: nothing would be checked", "--skip leaves out what --only asks for: change one"
        )
    modules = ((name, registry.load("rules", name)) for name in chosen)
    return tuple(Rule(name, module.FACTS, module.check) for name, module in modules)


def chosen_names(only: Iterable[str], skip: Iterable[str]) -> list[str]:
    """The names of the rules that these options choose; a name that no rule has chooses nothing."""
    return [name for name in registry.names("rules") if (not only or name in only) and name not in skip]


def advice(report: Report) -> dict[str, Advice]:
    """What the rules of a report's findings say to people, by rule."""
    found = {finding.rule for audit in report.audits for finding in audit.findings}
    known = found.intersection(registry.names("rules"))  # a saved report may be of another version
    return {name: advice_of(name) for name in (*sorted(known), NOT_CHECKED)}


def advice_of(name: str) -> Advice:
    """What a rule that there is says to people, and `not-checked`, which the scanner makes."""
    if name == NOT_CHECKED:
        return UNREAD_ADVICE
    rule = registry.load("rules", name)
    return Advice((rule.__doc__ or "").strip(), rule.STEP, calls_of_rule(rule.FACTS), rule.HELP)


def query(desired: Desired, account: Account, chosen: Iterable[Rule]) -> Query:
    """What has to be read for these rules and stacks, and no more. desired is bound to the account."""
    wanted = _query(desired, account, with_something_to_see(desired, chosen))
    if not desired.stacks:
        return wanted
    from koding_audit import buildable  # noqa: PLC0415 - most runs build nothing

    return buildable.asked(desired, account, wanted)


def with_something_to_see(desired: Desired, chosen: Iterable[Rule]) -> tuple[Rule, ...]:
    """Without a stack the rules about stacks need no facts, and no gap keeps them from being checked."""
    return tuple(rule for rule in chosen if desired.stacks or rule.id not in _OF_STACKS)


def _query(desired: Desired, account: Account, chosen: Iterable[Rule]) -> Query:
    facts = frozenset[Fact]().union(*(rule.facts for rule in chosen))
    protected = _protected(desired) if Fact.PASSWORD_USED in facts else ()
    groups = {
        name: _group_facts(group, facts)
        for name, group in desired.groups.items()
        if not is_ignored(desired, "group", name)
    }
    roles = {name: facts & _OF_ROLES for name in desired.roles if not is_ignored(desired, "role", name)}
    return Query(
        users=_users(desired, facts, protected),
        groups={name: wanted for name, wanted in groups.items() if wanted},
        roles={name: wanted | {Fact.ROLE} for name, wanted in roles.items() if wanted},
        policies=_policies(desired, account) if Fact.POLICY in facts else {},
        versions=_versions(desired, account) if Fact.VERSIONS in facts else {},
        inline=_inline(desired) if Fact.INLINE_DOCUMENT in facts else {},
        optional=_optional(desired, account) if Fact.HALVES in facts else {},
        account=facts & _OF_ACCOUNT,
        effective=_effective(desired) if Fact.DOCUMENT in facts else frozenset(),
        keyed=frozenset(protected).union(
            each.name for each in desired.users.values() if each.access_keys and each.access_keys.min_active
        ),
        listed=frozenset(kind for kind, fact in EVERY.items() if kind in desired.closed and fact in facts),
    )


def audit(desired: Desired, snapshot: Snapshot, chosen: Iterable[Rule]) -> Audit:
    """Run the rules. desired is bound to the snapshot's account."""
    chosen = with_something_to_see(desired, chosen)
    comparison = Comparison(desired, snapshot)
    gaps = tuple(gap for gap in snapshot.gaps if _blocked(gap, chosen))
    findings = (*_findings(comparison, chosen), *(_not_checked(gap, comparison) for gap in gaps))
    return Audit(
        account=snapshot.account,
        caller=snapshot.caller,
        taken_at=snapshot.taken_at,
        source=snapshot.source,
        endpoint=snapshot.endpoint,
        desired=desired.files,
        findings=findings,
        gaps=gaps,
        blocked_rules=tuple(_blocked(gap, chosen) for gap in gaps),
        not_seen=_not_seen(comparison) if any(rule.id == "action-not-effective" for rule in chosen) else (),
        report_generated=snapshot.root_use.generated if snapshot.root_use else None,
        root=root_state(snapshot),
        outline=outline(comparison, findings),
    )


def judged(audit: Audit, desired: Desired, chosen: Iterable[Rule]) -> frozenset[str]:
    """The rules that had their say in an audit: those that had something to see, and lacked nothing unread."""
    blocked = frozenset(name for those in audit.blocked_rules for name in those)
    return frozenset(rule.id for rule in with_something_to_see(desired, chosen)) - blocked


def _findings(comparison: Comparison, chosen: Iterable[Rule]) -> tuple[Finding, ...]:
    """What the rules find, with what is waived as that, and last the waivers that fit none of it."""
    desired, snapshot = comparison.desired, comparison.snapshot
    found = [finding for rule in chosen if rule.id != _AFTER_THE_OTHERS for finding in rule.check(comparison)]
    # Of a rule that something unread kept from its answer, nobody knows what it would have found.
    blocked = {name for gap in snapshot.gaps for name in _blocked(gap, chosen)}
    judged = {rule.id for rule in chosen} - blocked
    after = replace(comparison, unused=waivers.unused(desired.waivers, found, judged, snapshot.account))
    last = [finding for rule in chosen if rule.id == _AFTER_THE_OTHERS for finding in rule.check(after)]
    declared: tuple[Declared, ...] = (*desired.groups.values(), *desired.users.values(), *desired.roles.values())
    found = _managed(found, desired) if found and any(each.managed_by for each in declared) else found
    return (*waivers.waived(found, desired.waivers, snapshot.taken_at), *last)


def _managed(findings: Iterable[Finding], desired: Desired) -> list[Finding]:
    """Each with the tools that manage what its fix would write, as a fact of it: --fix leaves that alone."""
    from koding_audit.plan import managers, touched  # noqa: PLC0415 - a scan that finds nothing plans nothing

    tools = managers(desired)
    told = []
    for each in findings:
        those = {tools[key] for key in touched(each.fix) if key in tools} if each.fix else set()
        more = {"managed_by": ", ".join(sorted(those))} if those else {}
        told.append(replace(each, evidence={**each.evidence, **more}) if more else each)
    return told


def _users(desired: Desired, facts: frozenset[Fact], protected: Iterable[str]) -> dict[str, frozenset[Fact]]:
    """The facts of each declared user that is not ignored, and of each that is protected."""
    users = {
        name: _user_facts(user, facts) for name, user in desired.users.items() if not is_ignored(desired, "user", name)
    }
    for name in protected:
        users[name] = users.get(name, frozenset()) | _USES
    return {name: wanted for name, wanted in users.items() if wanted}


def _protected(desired: Desired) -> tuple[str, ...]:
    """The names of the users whose every use is told, as a file declares them where one does. None is ignored."""
    declared = {key_of("user", name): name for name in desired.users}
    names = {key: each.name.partition("/")[2] for key, each in desired.guards.protected.items() if key[0] == "user"}
    return tuple(declared.get(key, name) for key, name in names.items())


def _user_facts(user: DesiredUser, facts: frozenset[Fact]) -> frozenset[Fact]:
    wanted = facts & _OF_USERS
    if user.access_keys is not None:
        wanted |= facts & _CREDENTIALS
    if user.console is not None and user.console.name != "any":
        wanted |= facts & {Fact.CONSOLE}
    if user.console is not None and user.console.name == "mfa":
        wanted |= facts & {Fact.MFA}
    # Whatever is asked of a user, it has to be known whether there is one.
    return wanted | {Fact.USER} if wanted and Fact.USER not in wanted else wanted


def _group_facts(group: DesiredGroup, facts: frozenset[Fact]) -> frozenset[Fact]:
    wanted = facts & _OF_GROUPS
    if group.exclusive:
        wanted |= facts & {Fact.MEMBERS}
    return wanted | {Fact.GROUP} if wanted else wanted


def _effective(desired: Desired) -> frozenset[PrincipalKey]:
    """Whose policies decide: who requires a set with actions, and the users of such a group.

    A stack may make any optional set a required one.
    """
    sets = {name for name, each in desired.policy_sets.items() if each.actions}
    if not sets:
        return frozenset()

    def asks(each: DesiredGroup | DesiredUser) -> bool:
        uses = (*each.required, *each.optional) if desired.stacks else each.required
        return not sets.isdisjoint(use.name for use in uses)

    groups = {name for name, each in desired.groups.items() if asks(each)}
    users = {
        name
        for name, each in desired.users.items()
        if asks(each) or not groups.isdisjoint(group.name for group in each.groups)
    }
    return frozenset((*(key_of("group", name) for name in groups), *(key_of("user", name) for name in users)))


def _policies(desired: Desired, account: Account) -> dict[str, frozenset[PrincipalKey]]:
    """Who is to hold which policy, of those that this account could hold; of others the answer needs no asking."""
    comparison = unseen(desired, account)
    holders: dict[str, set[PrincipalKey]] = {}
    for kind, declared in comparison.declared():
        for _, ref in comparison.wanted(declared):
            holders.setdefault(ref.arn, set()).add(key_of(kind, declared.name))
        boundary = None if isinstance(declared, DesiredGroup) else declared.boundary
        if boundary and boundary.policy:
            holders.setdefault(boundary.policy.arn, set()).add(key_of(kind, declared.name))
    return {arn: frozenset(keys) for arn, keys in holders.items() if not comparison.obstacle(arn)}


def _versions(desired: Desired, account: Account) -> dict[str, str]:
    """The policies of which the desired state says what they hold, or which version AWS is to have in force."""
    comparison = unseen(desired, account)
    pinned = {arn: ref.version for arn, (_, ref) in comparison.pinned.items() if not comparison.obstacle(arn)}
    return {**dict.fromkeys(comparison.documents, ""), **pinned}


def _inline(desired: Desired) -> dict[PrincipalKey, frozenset[str]]:
    """The inline policies that the desired state writes out, of whoever is not ignored."""
    kinds: dict[Kind, Mapping[str, DesiredGroup | DesiredUser | DesiredRole]] = {
        "group": desired.groups,
        "user": desired.users,
        "role": desired.roles,
    }
    return {
        key_of(kind, name): frozenset(each.inline)
        for kind, those in kinds.items()
        for name, each in those.items()
        if each.inline and not is_ignored(desired, kind, name)
    }


def _optional(desired: Desired, account: Account) -> dict[PrincipalKey, tuple[frozenset[str], ...]]:
    """The policies of each optional set, without those that a required set asks for."""
    comparison = unseen(desired, account)
    return {
        key_of(kind, declared.name): tuple(frozenset(each) for _, each in comparison.optional(declared))
        for kind, declared in comparison.declared()
        if declared.optional
    }


def unseen(desired: Desired, account: Account) -> Comparison:
    """The desired state beside an account of which nothing was read yet."""
    return Comparison(desired, Snapshot(account, None, datetime.min.replace(tzinfo=timezone.utc), ""))


def _not_seen(comparison: Comparison) -> tuple[str, ...]:
    """The layers that no decision of this audit could see."""
    if not any(each.actions for each in comparison.desired.policy_sets.values()):
        return ()
    from koding_audit.effective import decided  # noqa: PLC0415 - a file without actions does not pay for the evaluator

    return tuple(sorted({layer for each in decided(comparison) for layer in each.decision.not_seen}))


def _blocked(gap: Gap, chosen: Iterable[Rule]) -> tuple[str, ...]:
    return tuple(rule.id for rule in chosen if gap.fact in rule.facts)


def _not_checked(gap: Gap, comparison: Comparison) -> Finding:
    kind, _, name = gap.subject.partition("/")
    fact = gap.fact.value
    kinds: dict[str, Kind] = {"user": "user", "group": "group", "role": "role"}
    if kind in kinds:
        name, _, policy = name.partition("/")  # of an inline policy's document
        subject = comparison.subject(kinds[kind], name)
        about = f" of inline policy {policy} of {kind} {name}" if policy else f" of {kind} {name}"
        key = f"{fact}/{policy}" if policy else fact
    else:
        subject = comparison.account.root_arn
        about, key = (f" {gap.subject}", f"{fact}/{gap.subject}") if gap.subject else ("", fact)
    grant = f"; the caller needs {gap.permission}" if gap.permission else ""
    return Finding(
        rule=NOT_CHECKED,
        severity="error",
        subject=subject,
        key=key,
        message=f"{fact}{about} could not be read: {gap.call}: {gap.reason}{grant}",
        evidence={"fact": fact, "call": gap.call, "reason": gap.reason, "permission": gap.permission},
    )


def after_fix(first: Audit, second: Audit, plan: Plan, journal: Journal) -> Audit:
    """The second measurement, with what became of the first one's findings.

    A finding of the first that is gone is fixed; where the second could not read everything, only if its step was seen
    to be done. One that is still there is failed, or pending where IAM accepted its step and does not show it yet.
    """
    outcomes = {step.finding: entry.outcome for step, entry in zip(plan.steps, journal.entries, strict=False)}
    remaining = {finding.id for finding in second.findings}
    gone = [each for each in first.findings if each.id not in remaining and each.rule != NOT_CHECKED]
    if second.gaps:
        gone = [each for each in gone if outcomes.get(each.id) == "done"]
    fixed = [replace(each, status="fixed", waiver=None) for each in gone]
    standing = [_standing(each, outcomes.get(each.id)) for each in second.findings]
    return replace(second, findings=(*standing, *fixed), journal=journal)


def _standing(finding: Finding, outcome: Outcome | None) -> Finding:
    """A finding of the second measurement, with what became of its step; without one it stays open, or waived."""
    if outcome is None or outcome == "done":
        return finding
    return replace(finding, status="pending" if outcome in ("pending", "unknown", "started") else "failed")
