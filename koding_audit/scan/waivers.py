"""Applies waivers to findings, and lists the waivers that are unused or expired."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timezone

from koding_audit.model.account import Account
from koding_audit.model.arn import arn_account, policy_name
from koding_audit.model.desired import Waiver
from koding_audit.model.finding import Finding
from koding_audit.model.frozen import replace
from koding_audit.model.traits import find_rule_traits
from koding_audit.model.wildcard import matches_wildcard


def is_expired(waiver: Waiver, at: datetime) -> bool:
    """Whether its last day, in UTC, is over."""
    return at.astimezone(timezone.utc).date() > waiver.expires


def waiver_label(waiver: Waiver) -> str:
    """`policy-unexpected for group/Developers and AmazonS3ReadOnlyAccess`."""
    narrowed = [waiver.subject] if waiver.subject != "*" else []
    narrowed += [policy_name(waiver.policy)] if waiver.policy != "*" else []
    return f"{waiver.rule} for {' and '.join(narrowed)}" if narrowed else waiver.rule


def waiver_key(waiver: Waiver) -> str:
    """A key that identifies the waiver, for the id of a finding about it."""
    return f"{waiver.rule}/{waiver.subject}/{waiver.policy}"


def waiver_matches(waiver: Waiver, finding: Finding) -> bool:
    """Whether the waiver, bound to the finding's account, accepts the finding."""
    return (
        waiver.rule == finding.rule
        and any(matches_wildcard(waiver.subject, name) for name in _subject_names(finding.subject))
        and (waiver.policy == "*" or matches_wildcard(waiver.policy, _policy_of_finding(finding)))
    )


def apply_waivers(findings: Iterable[Finding], waivers: Iterable[Waiver], at: datetime) -> tuple[Finding, ...]:
    """The findings; each that a waiver matches is waived by the one that expires last. at: the time of the snapshot."""
    valid = _waivers_by_rule(
        each for each in waivers if not is_expired(each, at) and find_rule_traits(each.rule).is_waivable
    )
    return tuple(_waive_finding(each, valid.get(each.rule, ())) for each in findings)


def unused_waivers(
    waivers: Iterable[Waiver], findings: Iterable[Finding], rules: Collection[str], account: Account
) -> tuple[Waiver, ...]:
    """The waivers that match none of the findings. rules: the rules that were evaluated; others do not count.

    A waiver whose subject is an ARN of another account is not checked here.
    """
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.rule, []).append(finding)
    return tuple(
        each
        for each in waivers
        if each.rule in rules
        and (arn_account(each.subject) in {"", "aws"} or matches_wildcard(arn_account(each.subject), account.id))
        and not any(waiver_matches(each, finding) for finding in found.get(each.rule, ()))
    )


def _waive_finding(finding: Finding, waivers: Iterable[Waiver]) -> Finding:
    last = max((each for each in waivers if waiver_matches(each, finding)), key=lambda each: each.expires, default=None)
    return replace(finding, status="waived", waiver=last) if last else finding


def _waivers_by_rule(waivers: Iterable[Waiver]) -> Mapping[str, list[Waiver]]:
    found: dict[str, list[Waiver]] = {}
    for each in waivers:
        found.setdefault(each.rule, []).append(each)
    return found


def _subject_names(subject: str) -> Iterator[str]:
    """What a subject may be called: its ARN, `group/team/Developers`, and without its path."""
    yield subject
    called = subject.split(":", 5)[-1]
    yield called
    kind, slash, path = called.partition("/")
    if slash and kind != "policy":
        yield f"{kind}/{path.rpartition('/')[2]}"


def _policy_of_finding(finding: Finding) -> str:
    """The ARN of the policy that a finding is about, or an inline policy's name."""
    return finding.subject if find_rule_traits(finding.rule).about == "policy" else finding.key
