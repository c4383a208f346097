"""`--baseline REPORT`: a saved report, read before AWS is asked anything, that an audit is compared with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from koding_audit import codec, inputs
from koding_audit.baseline import compared
from koding_audit.cli.terminal import Terminal
from koding_audit.errors import InputError, RefusedError
from koding_audit.frozen import replace
from koding_audit.model import Account, Audit, Desired, Report, SourceFile
from koding_audit.scan import Rule, judged
from koding_audit.text import inert
from koding_audit.verdict import audit_status

_HINT = "a baseline is what `scan FILE --output json:REPORT` saved"
_WANTED = inputs.Wanted("a baseline", 256, _HINT)


@dataclass(frozen=True)
class Saved:
    """A saved report, and the file that it was read from.

    places: where the audits of each account are, several where the report is of several runs, by partition and id;
    accounts: the ids of all.
    """

    file: SourceFile
    report: Report
    places: Mapping[tuple[str, str], Sequence[int]]
    accounts: frozenset[str]

    def of(self, account: Account) -> tuple[Audit, ...]:
        """The audits of an account."""
        return tuple(self.report.audits[place] for place in self.places.get((account.partition, account.id), ()))

    def only(self, account: Account) -> Saved:
        """What it says of one account, in memory."""
        audits = self.of(account)
        places = {(account.partition, account.id): range(len(audits))}
        return Saved(self.file, replace(self.report, audits=audits), places, frozenset([account.id]))


def read(path: str) -> Saved:
    """The baseline that is named. Raises InputError: it is no report, or one in which nothing was audited."""
    content = inputs.read(path, _WANTED)
    try:
        report = codec.read_report(inputs.decoded(content.data, path), path)
    except InputError as error:
        raise InputError(error.message, error.hint or _HINT, error.location) from error
    if not report.audits:
        raise InputError(f"{path}: in this baseline nothing was audited", f"save it again: {_HINT}")
    places: dict[tuple[str, str], list[int]] = {}
    for place, each in enumerate(report.audits):
        places.setdefault((each.account.partition, each.account.id), []).append(place)
    file = SourceFile(path, hashlib.sha256(content.data).hexdigest())
    return Saved(file, report, places, frozenset(name for _, name in places))


def check(saved: Saved, account: Account, terminal: Terminal) -> None:
    """Whether it is of the account that is to be audited; else RefusedError. Of one that is not complete it is told."""
    before = saved.of(account)
    path = saved.file.path
    if not before:
        those = ", ".join(sorted(f"{name} ({partition})" for partition, name in saved.places))
        raise RefusedError(
            f"the baseline {path} is of account {those}, and this is account {account.id} ({account.partition})",
            "name a baseline of this account; without --baseline, `--output json:REPORT` saves one",
        )
    if any(audit_status(each, saved.report.fail_on) == "incomplete" for each in before):
        terminal.note(inert(f"The baseline {path} is of an audit that was not complete: what it did not see is new."))


def against(saved: Saved, report: Report, desired: Desired, chosen: tuple[Rule, ...]) -> Report:
    """The report, with each of its audits compared. desired and chosen: what they were made with."""
    audits = (
        compared(each, saved.of(each.account), saved.file, judged(each, desired, chosen)) for each in report.audits
    )
    return replace(report, audits=tuple(audits))
