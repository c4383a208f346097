"""Compares an audit with a saved report, the baseline: marks known findings and lists resolved ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from koding_audit.model.finding import SEVERITIES, Finding
from koding_audit.model.frozen import replace
from koding_audit.model.location import SourceFile
from koding_audit.model.report import Audit, Baseline
from koding_audit.model.traits import find_rule_traits
from koding_audit.report.codec import finding_value
from koding_audit.report.scope import could_show
from koding_audit.report.status import is_unresolved


def mark_known_findings(
    audit: Audit, before: Sequence[Audit], file: SourceFile, evaluated_rules: Collection[str]
) -> Audit:
    """Returns the audit with its known findings marked, and with the resolved findings of the baseline.

    before: at least one audit of the same account
    file: the report that has these audits
    evaluated_rules: the rules that were evaluated in this audit
    """
    baseline = _baseline_findings(before)
    findings = tuple(replace(each, known=_is_known(each, baseline)) for each in audit.findings)
    present = {each.id for each in findings}
    gone = sorted(
        name
        for name, each in baseline.items()
        if name not in present
        and each.rule in evaluated_rules
        and all(could_show(audit, one, each.rule) for one in before if any(name == found.id for found in one.findings))
    )
    since = min(each.taken_at for each in before)
    return replace(audit, findings=findings, baseline=Baseline(file, since, tuple(gone)))


def _baseline_findings(before: Iterable[Audit]) -> Mapping[str, Finding]:
    """Returns the open findings of a baseline by id, without those that cannot be waived: they always count."""
    found = (each for audit in before for each in audit.findings if is_unresolved(each))
    return {each.id: each for each in found if find_rule_traits(each.rule).is_waivable}


def _is_known(finding: Finding, baseline: Mapping[str, Finding]) -> bool:
    """Whether an open finding is in the baseline with at least its severity and, for some rules, its evidence."""
    before = baseline.get(finding.id)
    if before is None or not is_unresolved(finding):
        return False
    if SEVERITIES.index(finding.severity) < SEVERITIES.index(before.severity):
        return False
    by_evidence = find_rule_traits(finding.rule).is_known_by_evidence
    return not by_evidence or _saved_evidence(finding) == _saved_evidence(before)


def _saved_evidence(finding: Finding) -> object:
    """Returns a finding's evidence as a report has it, because the baseline was read from a report."""
    return finding_value(finding)["evidence"]
