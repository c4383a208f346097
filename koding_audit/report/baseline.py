"""An audit against a saved report: what is known from it and does not count, and what of it is gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from koding_audit.model.finding import SEVERITIES, Finding
from koding_audit.model.frozen import replace
from koding_audit.model.location import SourceFile
from koding_audit.model.report import Audit, Baseline
from koding_audit.model.traits import find_rule_traits
from koding_audit.report.codec import finding_value
from koding_audit.report.status import is_unresolved


def mark_known_findings(audit: Audit, before: Sequence[Audit], file: SourceFile, judged: Collection[str]) -> Audit:
    """The audit, with what is known marked and what is gone listed.

    before: at least one audit of the same account; file: where that stands; judged: the rules that had their say now.
    """
    stood = _baseline_findings(before)
    findings = tuple(replace(each, known=_is_known(each, stood)) for each in audit.findings)
    there = {each.id for each in findings}
    gone = sorted(name for name, each in stood.items() if name not in there and each.rule in judged)
    since = min(each.taken_at for each in before)
    return replace(audit, findings=findings, baseline=Baseline(file, since, tuple(gone)))


def _baseline_findings(before: Iterable[Audit]) -> Mapping[str, Finding]:
    """What stood, by id, but for what nobody can accept: that counts every time, as it cannot be waived."""
    found = (each for audit in before for each in audit.findings if is_unresolved(each))
    return {each.id: each for each in found if find_rule_traits(each.rule).is_waivable}


def _is_known(finding: Finding, stood: Mapping[str, Finding]) -> bool:
    """Whether it stands, and stood no less severe, and about the same."""
    before = stood.get(finding.id)
    if before is None or not is_unresolved(finding):
        return False
    if SEVERITIES.index(finding.severity) < SEVERITIES.index(before.severity):
        return False
    by_evidence = find_rule_traits(finding.rule).is_known_by_evidence
    return not by_evidence or _saved_evidence(finding) == _saved_evidence(before)


def _saved_evidence(finding: Finding) -> object:
    """As a report holds it, for the one before was read from there."""
    return finding_value(finding)["evidence"]
