"""Findings against waivers: which of them somebody has accepted until a day, and which waivers no longer fit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timezone

from koding_audit.arns import owner_of, policy_name
from koding_audit.frozen import replace
from koding_audit.model import Account, Finding, Waiver
from koding_audit.wildcard import matches

_IN_KEY = frozenset({"policy-missing", "policy-unexpected"})
_IN_SUBJECT = frozenset(
    {"policy-document-changed", "policy-document-missing", "policy-not-found", "policy-version-moved"}
)
INLINE = frozenset({"inline-changed", "inline-missing", "inline-unexpected"})
"""Rules about inline policies, which have a name and no ARN."""

ABOUT_A_POLICY = _IN_KEY | _IN_SUBJECT | INLINE
"""Rules whose findings are each about one policy."""

# What the owner of guards.yaml says the desired state cannot lift; and what was not read is not known to be right.
_NEVER = frozenset({"caller-is-root", "not-checked", "protected-used"})


def can_be_waived(rule: str) -> bool:
    """Whether a waiver may name the rule. Nor may one name the rules about waivers: that would leave it without end."""
    return rule not in _NEVER and not rule.startswith(("root-", "waiver-"))


def is_expired(waiver: Waiver, at: datetime) -> bool:
    """Whether its last day, in UTC, is over."""
    return at.astimezone(timezone.utc).date() > waiver.expires


def label(waiver: Waiver) -> str:
    """`policy-unexpected for group/Developers and AmazonS3ReadOnlyAccess`."""
    narrowed = [waiver.subject] if waiver.subject != "*" else []
    narrowed += [policy_name(waiver.policy)] if waiver.policy != "*" else []
    return f"{waiver.rule} for {' and '.join(narrowed)}" if narrowed else waiver.rule


def key_of(waiver: Waiver) -> str:
    """What tells it from other waivers, for the id of a finding about it."""
    return f"{waiver.rule}/{waiver.subject}/{waiver.policy}"


def fits(waiver: Waiver, finding: Finding) -> bool:
    """Whether it is about this finding; it is bound to the finding's account."""
    return (
        waiver.rule == finding.rule
        and any(matches(waiver.subject, name) for name in _names(finding.subject))
        and (waiver.policy == "*" or matches(waiver.policy, _policy(finding)))
    )


def waived(findings: Iterable[Finding], waivers: Iterable[Waiver], at: datetime) -> tuple[Finding, ...]:
    """The findings, those that a waiver fits as waived, by the one that holds longest. at: when they were measured."""
    standing = _by_rule(each for each in waivers if not is_expired(each, at) and can_be_waived(each.rule))
    return tuple(_waived(each, standing.get(each.rule, ())) for each in findings)


def unused(
    waivers: Iterable[Waiver], findings: Iterable[Finding], rules: Collection[str], account: Account
) -> tuple[Waiver, ...]:
    """The waivers of these rules, all of which had their say, that fit none of the findings.

    One whose subject is the ARN of another account is for the runs there.
    """
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.rule, []).append(finding)
    return tuple(
        each
        for each in waivers
        if each.rule in rules
        and (owner_of(each.subject) in {"", "aws"} or matches(owner_of(each.subject), account.id))
        and not any(fits(each, finding) for finding in found.get(each.rule, ()))
    )


def _waived(finding: Finding, waivers: Iterable[Waiver]) -> Finding:
    fitting = max((each for each in waivers if fits(each, finding)), key=lambda each: each.expires, default=None)
    return replace(finding, status="waived", waiver=fitting) if fitting else finding


def _by_rule(waivers: Iterable[Waiver]) -> Mapping[str, list[Waiver]]:
    found: dict[str, list[Waiver]] = {}
    for each in waivers:
        found.setdefault(each.rule, []).append(each)
    return found


def _names(subject: str) -> Iterator[str]:
    """What a subject may be called: its ARN, `group/team/Developers`, and without its path."""
    yield subject
    called = subject.split(":", 5)[-1]
    yield called
    kind, slash, path = called.partition("/")
    if slash and kind != "policy":
        yield f"{kind}/{path.rpartition('/')[2]}"


def _policy(finding: Finding) -> str:
    """The ARN of the policy that a finding is about, or an inline policy's name."""
    return finding.subject if finding.rule in _IN_SUBJECT else finding.key
