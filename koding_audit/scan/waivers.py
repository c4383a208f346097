"""Applies waivers to findings, and lists the waivers that are unused or expired."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
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


class _WaiverIndex:
    """Waivers by rule, subject and policy, so that a finding is compared only with waivers that may match it.

    A pattern with `*` is looked up as `*`: these are compared with each finding of their rule.
    """

    def __init__(self, waivers: Iterable[Waiver]) -> None:
        self._waivers = tuple(waivers)
        self._positions: dict[tuple[str, str, str], list[int]] = {}
        for position, each in enumerate(self._waivers):
            key = (each.rule, _lookup_text(each.subject), _lookup_text(each.policy))
            self._positions.setdefault(key, []).append(position)
        self._rules = {each.rule for each in self._waivers}

    def matching(self, finding: Finding) -> list[Waiver]:
        """The waivers that match the finding, in their order."""
        if finding.rule not in self._rules:
            return []
        subjects, policies = {*_subject_names(finding.subject), "*"}, {_policy_of_finding(finding), "*"}
        keys = ((finding.rule, subject, policy) for subject in subjects for policy in policies)
        found = sorted(position for key in keys for position in self._positions.get(key, ()))
        return [each for each in map(self._waivers.__getitem__, found) if waiver_matches(each, finding)]


def apply_waivers(findings: Iterable[Finding], waivers: Iterable[Waiver], at: datetime) -> tuple[Finding, ...]:
    """The findings; each that a waiver matches is waived by the one that expires last. at: the time of the snapshot."""
    valid = _WaiverIndex(
        each for each in waivers if not is_expired(each, at) and find_rule_traits(each.rule).is_waivable
    )
    return tuple(_waive_finding(each, valid.matching(each)) for each in findings)


def unused_waivers(
    waivers: Iterable[Waiver], findings: Iterable[Finding], rules: Collection[str], account: Account
) -> tuple[Waiver, ...]:
    """The waivers that match none of the findings. rules: the rules that were evaluated; others do not count.

    A waiver whose subject is an ARN of another account is not checked here.
    """
    checked = [
        each
        for each in waivers
        if each.rule in rules
        and (arn_account(each.subject) in {"", "aws"} or matches_wildcard(arn_account(each.subject), account.id))
    ]
    used = used_waivers(checked, findings)
    return tuple(each for each in checked if each not in used)


def used_waivers(waivers: Iterable[Waiver], findings: Iterable[Finding]) -> frozenset[Waiver]:
    """The waivers that match one of the findings."""
    index = _WaiverIndex(waivers)
    return frozenset(each for finding in findings for each in index.matching(finding))


def _waive_finding(finding: Finding, matching: Iterable[Waiver]) -> Finding:
    last = max(matching, key=lambda each: each.expires, default=None)
    return replace(finding, status="waived", waiver=last) if last else finding


def _lookup_text(pattern: str) -> str:
    return "*" if "*" in pattern else pattern


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
