"""`--baseline REPORT`: a saved report, read before AWS is asked anything, that an audit is compared with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from koding_audit.io import files
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape
from koding_audit.model.account import Account
from koding_audit.model.desired import Desired
from koding_audit.model.errors import InputError, RefusedError
from koding_audit.model.frozen import replace
from koding_audit.model.location import SourceFile
from koding_audit.model.report import Audit, Report
from koding_audit.report.baseline import mark_known_findings
from koding_audit.report.codec import parse_report
from koding_audit.report.status import audit_status
from koding_audit.scan.audit import completed_rules
from koding_audit.scan.catalog import AuditRule

_BASELINE_HINT = "a baseline is what `scan FILE --output json:REPORT` saved"
_BASELINE_FILE = files.FileSpec("a baseline", 256, _BASELINE_HINT)


@dataclass(frozen=True)
class SavedBaseline:
    """A saved report, and the file that it was read from.

    places: where the audits of each account are, several where the report is of several runs, by partition and id;
    accounts: the ids of all.
    """

    file: SourceFile
    report: Report
    positions: Mapping[tuple[str, str], Sequence[int]]
    accounts: frozenset[str]

    def audits_of(self, account: Account) -> tuple[Audit, ...]:
        """The audits of an account."""
        return tuple(self.report.audits[place] for place in self.positions.get((account.partition, account.id), ()))

    def for_account(self, account: Account) -> SavedBaseline:
        """What it says of one account, in memory."""
        audits = self.audits_of(account)
        places = {(account.partition, account.id): range(len(audits))}
        return SavedBaseline(self.file, replace(self.report, audits=audits), places, frozenset([account.id]))


def read_baseline(path: str) -> SavedBaseline:
    """The baseline that is named. Raises InputError: it is no report, or one in which nothing was audited."""
    content = files.read_file(path, _BASELINE_FILE)
    try:
        report = parse_report(files.decode_utf8(content.data, path), path)
    except InputError as error:
        raise InputError(error.message, error.hint or _BASELINE_HINT, error.location) from error
    if not report.audits:
        raise InputError(f"{path}: in this baseline nothing was audited", f"save it again: {_BASELINE_HINT}")
    places: dict[tuple[str, str], list[int]] = {}
    for place, each in enumerate(report.audits):
        places.setdefault((each.account.partition, each.account.id), []).append(place)
    file = SourceFile(path, hashlib.sha256(content.data).hexdigest())
    return SavedBaseline(file, report, places, frozenset(name for _, name in places))


def check_baseline(saved: SavedBaseline, account: Account, terminal: Terminal) -> None:
    """Whether it is of the account that is to be audited; else RefusedError. Of one that is not complete it is told."""
    before = saved.audits_of(account)
    path = saved.file.path
    if not before:
        those = ", ".join(sorted(f"{name} ({partition})" for partition, name in saved.positions))
        raise RefusedError(
            f"the baseline {path} is of account {those}, and this is account {account.id} ({account.partition})",
            "name a baseline of this account; without --baseline, `--output json:REPORT` saves one",
        )
    if any(audit_status(each, saved.report.fail_on) == "incomplete" for each in before):
        terminal.note(escape(f"The baseline {path} is of an audit that was not complete: what it did not see is new."))


def compare_report(saved: SavedBaseline, report: Report, desired: Desired, chosen: tuple[AuditRule, ...]) -> Report:
    """The report, with each of its audits compared. desired and chosen: what they were made with."""
    audits = (
        mark_known_findings(each, saved.audits_of(each.account), saved.file, completed_rules(each, desired, chosen))
        for each in report.audits
    )
    return replace(report, audits=tuple(audits))
