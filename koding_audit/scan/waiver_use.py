"""Decides over all accounts of a run whether a waiver is unused: it is used if it matches in one of them.

A shard has some of the accounts, so `merge` decides for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.desired import Desired
from koding_audit.model.finding import Finding
from koding_audit.model.frozen import replace
from koding_audit.model.location import Location, SourceFile
from koding_audit.model.report import Audit, Report, WaiverUse
from koding_audit.model.traits import find_rule_traits
from koding_audit.report.spool import spool_audits
from koding_audit.scan.waivers import used_waivers

_WaiverPlace = tuple[tuple[SourceFile, ...], Location | None]
"""What identifies a waiver in all audits: the files of the desired state, and its place in them."""


def drop_used_waivers(report: Report, desired: Desired | None = None) -> Report:
    """The report of several accounts, without the findings about waivers that are used, or may be, in another account.

    Where an account or a rule of the waiver could not be read, it is not known whether the waiver matches there.
    desired: the desired state, if it is known. Without it, the second of two waivers that match one finding does not
        count as used.
    """
    used: set[_WaiverPlace] = set()
    blocked: set[str] = set()
    reported = False
    for audit in report.audits:
        used.update((audit.desired, each) for each in _used_places(audit, desired))
        blocked.update(rule for rules in audit.blocked_rules for rule in rules)
        reported = reported or audit.waiver_use is not None or any(map(_is_about_use, audit.findings))
    if not reported:
        return report

    def remains(audit: Audit, finding: Finding) -> bool:
        rule = finding.key.partition("/")[0]  # of the waiver
        is_open = bool(report.errors) or rule in blocked or (audit.desired, finding.location) in used
        return not (_is_about_use(finding) and is_open)

    def decided(audit: Audit) -> Audit:
        found = (*audit.findings, *(audit.waiver_use.unused if audit.waiver_use else ()))
        return replace(audit, findings=tuple(each for each in found if remains(audit, each)), waiver_use=None)

    return replace(report, audits=spool_audits(map(decided, report.audits)))


def defer_waiver_use(report: Report, desired: Desired) -> Report:
    """The report of a shard, without findings about unused waivers: each audit has what a merge needs to decide."""

    def deferred(audit: Audit) -> Audit:
        unused = tuple(each for each in audit.findings if _is_about_use(each))
        used = tuple(dict.fromkeys(each for each in _used_places(audit, desired) if each))
        rest = tuple(each for each in audit.findings if not _is_about_use(each))
        return replace(audit, findings=rest, waiver_use=WaiverUse(used, unused))

    return replace(report, audits=spool_audits(map(deferred, report.audits)))


def _is_about_use(finding: Finding) -> bool:
    return find_rule_traits(finding.rule).needs_waiver_use


def _used_places(audit: Audit, desired: Desired | None) -> Iterator[Location | None]:
    """The places of the waivers that match a finding of the audit."""
    yield from audit.waiver_use.used if audit.waiver_use else ()
    waived = [each for each in audit.findings if each.waiver]
    yield from (each.waiver.location for each in waived if each.waiver)
    if desired is None or not waived:
        return
    # A finding names one waiver. Which accounts a waiver with targets is for is not known here.
    only_waivers = Desired(desired.files, {}, {}, {}, waivers=desired.waivers).bind(audit.account)
    used = used_waivers((each for each in only_waivers.waivers if not each.targets), waived)
    yield from (each.location for each in only_waivers.waivers if each in used)
