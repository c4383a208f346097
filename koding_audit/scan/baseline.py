"""`--baseline REPORT`: a saved report, read before the first AWS call, that an audit is compared with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from koding_audit.io import files
from koding_audit.io.memory import limit_memory
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

    positions: the indices of each account's audits, by partition and id; several if the report merges several runs.
    accounts: the ids of all accounts.
    """

    file: SourceFile
    report: Report
    positions: Mapping[tuple[str, str], Sequence[int]]
    accounts: frozenset[str]

    def audits_of(self, account: Account) -> tuple[Audit, ...]:
        """The audits of an account."""
        return tuple(self.report.audits[place] for place in self.positions.get((account.partition, account.id), ()))

    def for_account(self, account: Account) -> SavedBaseline:
        """The part about one account, in memory."""
        audits = self.audits_of(account)
        places = {(account.partition, account.id): range(len(audits))}
        return SavedBaseline(self.file, replace(self.report, audits=audits), places, frozenset([account.id]))


def read_baseline(path: str) -> SavedBaseline:
    """The baseline in this file. Raises InputError if it is not a report, or contains no audit."""
    try:
        with limit_memory(path):
            content = files.read_file(path, _BASELINE_FILE)
            report = parse_report(files.decode_utf8(content.data, path), path)
    except InputError as error:
        raise InputError(error.message, error.hint or _BASELINE_HINT, error.location) from error
    if not report.audits:
        raise InputError(f"{path}: this baseline contains no audit", f"save it again: {_BASELINE_HINT}")
    places: dict[tuple[str, str], list[int]] = {}
    for place, each in enumerate(report.audits):
        places.setdefault((each.account.partition, each.account.id), []).append(place)
    file = SourceFile(path, hashlib.sha256(content.data).hexdigest())
    return SavedBaseline(file, report, places, frozenset(name for _, name in places))


def check_baseline(saved: SavedBaseline, account: Account, terminal: Terminal) -> None:
    """Note an incomplete baseline. Raises RefusedError if it is not of the account that is audited."""
    before = saved.audits_of(account)
    path = saved.file.path
    if not before:
        those = ", ".join(sorted(f"{name} ({partition})" for partition, name in saved.positions))
        raise RefusedError(
            f"the baseline {path} is of account {those}; this is account {account.id} ({account.partition})",
            "name a baseline of this account; without --baseline, `--output json:REPORT` saves one",
        )
    if any(audit_status(each, saved.report.fail_on) == "incomplete" for each in before):
        terminal.note(
            escape(f"The baseline {path} is of an incomplete audit: findings that it could not check are new.")
        )


def compare_report(saved: SavedBaseline, report: Report, desired: Desired, chosen: tuple[AuditRule, ...]) -> Report:
    """The report, with each of its audits compared. desired, chosen: the desired state and the rules of the audits."""
    audits = (
        mark_known_findings(each, saved.audits_of(each.account), saved.file, completed_rules(each, desired, chosen))
        for each in report.audits
    )
    return replace(report, audits=tuple(audits))
