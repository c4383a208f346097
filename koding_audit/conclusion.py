"""What a report comes to, in words: its counts, its verdict, what mends a finding, and the command that mends most."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from koding_audit.model import SEVERITIES, Action, Audit, Change, RunStatus, Severity, Waiver
from koding_audit.verdict import changes, counts, is_as_bad, not_written, summary
from koding_audit.words import counted

FORMS: Sequence[str] = ("aws-cli", "cloudformation", "terraform")  # of `plan --as`, which knows them by their files
OPTIONS: Mapping[Change, str] = {"add": "--fix", "create": "--fix --create", "replace": "--fix --replace"}


def remedy(change: Change | None, step: str, source: str, tool: str = "") -> str:
    """What to do about a finding. change: what its fix needs, None where a person has to take the step; tool: whose
    it is to take, "" for this one's.
    """
    if change is None:
        return step or "by hand: --fix leaves this to you"
    if tool:
        form = tool.lower() if tool.lower() in FORMS else "aws-cli"
        words = ["koding-audit plan FILE", *OPTIONS[change].split()[1:], "--as", form]
        return f"{tool} manages it, and --fix leaves it alone: `{' '.join(words)}` prints what to change"
    where = "the live account" if source.startswith("snapshot") else "again"
    return f"scan {where} with {OPTIONS[change]}"


def accepted(waiver: Waiver | None) -> str:
    """`waived until 2027-01-31 by platform: the backup job reads here`."""
    if waiver is None:
        return "waived"
    return f"waived until {waiver.expires.isoformat()} by {waiver.owner}: {waiver.reason}"


def command(audits: Iterable[Audit]) -> str:
    """The command that makes every fix that takes nothing away, or "" where there is none to make."""
    audits = tuple(audits)
    needed = {change for audit in audits for change in changes(audit.findings).values()} - {"replace"}
    if not needed:
        return ""
    files = dict.fromkeys(file.path for audit in audits for file in audit.desired)
    demo = ["--source", "demo"] if any(audit.source == "demo" for audit in audits) else []
    return " ".join(["koding-audit scan", *map(shlex.quote, files), *demo, OPTIONS[max(needed)]])


def again(audit: Audit, fail_on: Severity) -> str:
    """The command that makes the same audit once more, as far as a report tells: not which rules and sets were chosen.

    A saved account stands as `snapshot:FILE`, for the same reason.
    """
    source = "snapshot:FILE" if audit.source == "snapshot" else audit.source
    words = [*(file.path for file in audit.desired), "--account", audit.account.id]
    words += ["--source", source] if source != "live" else []
    words += ["--endpoint-url", audit.endpoint] if audit.endpoint else []
    words += ["--fail-on", fail_on] if fail_on != "warning" else []
    words += ["--baseline", audit.baseline.file.path] if audit.baseline else []
    return " ".join(["koding-audit scan", *map(shlex.quote, words)])


def called(action: Action) -> str:
    """An action in a line: its verb and what it names, without the text of policies."""
    names = (str(each) for name, each in sorted(action.parameters.items()) if name not in {"PolicyDocument", "Tags"})
    return " ".join([action.verb.value, *names])


def totals(audits: Iterable[Audit]) -> str:
    """`6 errors, 1 waived; 2 can be fixed with --fix`."""
    audits = tuple(audits)
    found = summary(finding for audit in audits for finding in audit.findings)
    words = [counted(found[severity], severity) for severity in SEVERITIES if found[severity]]
    known = sum(finding.known for audit in audits for finding in audit.findings)
    words += [f"{known} of them known"] if known else []
    words += [f"{found[name]} {name.replace('_', ' ')}" for name in ("not_checked", "waived", "fixed") if found[name]]
    return ", ".join(words or ["no findings"]) + _fixable(audits)


def judged(audits: Sequence[Audit], status: RunStatus, errors: int, fail_on: Severity) -> str:
    """The verdict in a line, beginning with the status; errors: how many the run itself had."""
    if status != "incomplete":
        bad = [each for audit in audits for each in audit.findings if is_as_bad(each, fail_on)]
        number = sum(counts(each, fail_on) for each in bad)
        known = f", beside {len(bad) - number} known" if len(bad) > number else ""
        return f"{status}: {number or 'nothing'} at or above {fail_on}{known}"
    unread = sum(len(audit.gaps) for audit in audits)
    unwritten = sum(len(not_written(audit)) for audit in audits)
    reasons = [counted(errors, "error") + ", told on standard error"] if errors else []
    reasons += [counted(unread, "fact") + " could not be read"] if unread else []
    reasons += [counted(unwritten, "write") + " failed or could not be verified"] if unwritten else []
    return "incomplete: " + ("; ".join(reasons) or "not everything was checked")


def departed(audits: Iterable[Audit]) -> str:
    """`1 finding of the baseline is gone: until it is saved again, it would come back as known`, or ""."""
    number = sum(len(audit.baseline.gone) for audit in audits if audit.baseline)
    if not number:
        return ""
    are, they = ("is", "it") if number == 1 else ("are", "they")
    gone = f"{counted(number, 'finding')} of the baseline {are} gone"
    return f"{gone}: until it is saved again, {they} would come back as known"


def _fixable(audits: Iterable[Audit]) -> str:
    """`; 2 can be fixed with --fix, 1 more with --create`, or "" where nothing can."""
    needed = Counter(change for audit in audits for change in changes(audit.findings).values())
    said = ""
    for change, option in OPTIONS.items():
        if needed[change]:
            said += (
                f", {needed[change]} more with {option.split()[-1]}"
                if said
                else f"; {needed[change]} can be fixed with {option}"
            )
    return said
