"""What a report comes to, in words: its counts, its verdict, what mends a finding, and the command that mends most."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from koding_audit.io.text import MAX_ERRORS_SHOWN, pluralize
from koding_audit.model.desired import Waiver
from koding_audit.model.finding import SEVERITIES, Action, Change, Severity
from koding_audit.model.report import Audit, RunStatus
from koding_audit.model.traits import find_source_traits
from koding_audit.report.status import Tally

EXPORT_FORMATS: Sequence[str] = (
    "aws-cli",
    "cloudformation",
    "terraform",
)  # of `plan --as`, which knows them by their files
FIX_OPTIONS: Mapping[Change, str] = {"add": "--fix", "create": "--fix --create", "replace": "--fix --replace"}


def remedy_text(change: Change | None, step: str, source: str, tool: str = "") -> str:
    """What to do about a finding. change: what its fix needs, None where a person has to take the step; tool: whose
    it is to take, "" for this one's.
    """
    if change is None:
        return step or "by hand: --fix leaves this to you"
    if tool:
        form = tool.lower() if tool.lower() in EXPORT_FORMATS else "aws-cli"
        words = ["koding-audit plan FILE", *FIX_OPTIONS[change].split()[1:], "--as", form]
        return f"{tool} manages it, and --fix leaves it alone: `{' '.join(words)}` prints what to change"
    where = "again" if find_source_traits(source).is_writable else "the live account"
    return f"scan {where} with {FIX_OPTIONS[change]}"


def waiver_text(waiver: Waiver | None) -> str:
    """`waived until 2027-01-31 by platform: the backup job reads here`."""
    if waiver is None:
        return "waived"
    return f"waived until {waiver.expires.isoformat()} by {waiver.owner}: {waiver.reason}"


def fix_command(tally: Tally) -> str:
    """The command that makes every fix that takes nothing away, or "" where there is none to make."""
    needed = {change for change in tally.fixes if change != "replace"}
    if not needed:
        return ""
    embedded = ["--source", tally.embedded_source] if tally.embedded_source else []
    return " ".join(["koding-audit scan", *map(shlex.quote, tally.files), *embedded, FIX_OPTIONS[max(needed)]])


def rerun_command(audit: Audit, fail_on: Severity) -> str:
    """The command that makes the same audit once more, as far as a report tells: not which rules and sets were chosen.

    A saved account stands as `snapshot:FILE`, for the same reason.
    """
    traits = find_source_traits(audit.source)
    source = f"{audit.source}:{traits.argument}" if traits.argument and ":" not in audit.source else audit.source
    words = [*(file.path for file in audit.desired), "--account", audit.account.id]
    words += ["--source", source] if not traits.is_default else []
    words += ["--endpoint-url", audit.endpoint] if audit.endpoint else []
    words += ["--fail-on", fail_on] if fail_on != "warning" else []
    words += ["--baseline", audit.baseline.file.path] if audit.baseline else []
    return " ".join(["koding-audit scan", *map(shlex.quote, words)])


def action_text(action: Action) -> str:
    """An action in a line: its verb and what it names, without the text of policies."""
    names = (str(each) for name, each in sorted(action.parameters.items()) if name not in {"PolicyDocument", "Tags"})
    return " ".join([action.verb.value, *names])


def totals_text(tally: Tally) -> str:
    """`6 errors, 1 waived; 2 can be fixed with --fix`."""
    return counts_text(tally) + _fixable_text(tally.fixes)


def counts_text(tally: Tally) -> str:
    """`6 errors, 1 waived`, or `no findings`."""
    found = tally.category_counts
    words = [pluralize(found[severity], severity) for severity in SEVERITIES if found[severity]]
    words += [f"{tally.known:,} of them known"] if tally.known else []
    words += [f"{found[name]:,} {name.replace('_', ' ')}" for name in ("not_checked", "waived", "fixed") if found[name]]
    return ", ".join(words or ["no findings"])


def account_statuses_text(statuses: Mapping[RunStatus, int]) -> str:
    """How many accounts stand how: `9,420 clean, 568 with findings, 12 incomplete`."""
    words: Mapping[RunStatus, str] = {"clean": "clean", "findings": "with findings", "incomplete": "incomplete"}
    return ", ".join(f"{statuses[each]:,} {word}" for each, word in words.items() if statuses.get(each))


def status_sentence(tally: Tally, errors: int = 0) -> str:
    """The verdict in a line, beginning with the status; errors: how many the run itself had."""
    status = tally.status(errors)
    if status != "incomplete":
        known = f", beside {tally.at_threshold - tally.failing:,} known" if tally.at_threshold > tally.failing else ""
        number = f"{tally.failing:,}" if tally.failing else "nothing"
        return f"{status}: {number} at or above {tally.fail_on}{known}"
    first = f"the first {MAX_ERRORS_SHOWN} " if errors > MAX_ERRORS_SHOWN else ""
    why = [f"{pluralize(errors, 'error')}, {first}told on standard error"] if errors else []
    return "incomplete: " + ("; ".join([*why, *incomplete_reasons(tally)]) or "not everything was checked")


def incomplete_reasons(tally: Tally) -> list[str]:
    """What keeps audits from being complete: `2 facts could not be read`."""
    unread = [pluralize(tally.unread, "fact") + " could not be read"] if tally.unread else []
    return unread + (
        [pluralize(tally.unwritten, "write") + " failed or could not be verified"] if tally.unwritten else []
    )


def gone_sentence(gone: int) -> str:
    """`1 finding of the baseline is gone: until it is saved again, it would come back as known`, or ""."""
    if not gone:
        return ""
    are, they = ("is", "it") if gone == 1 else ("are", "they")
    said = f"{pluralize(gone, 'finding')} of the baseline {are} gone"
    return f"{said}: until it is saved again, {they} would come back as known"


def _fixable_text(fixes: Mapping[Change, int]) -> str:
    """`; 2 can be fixed with --fix, 1 more with --create`, or "" where nothing can."""
    said = ""
    for change, option in FIX_OPTIONS.items():
        number = fixes.get(change)
        if number:
            said += (
                f", {number:,} more with {option.split()[-1]}" if said else f"; {number:,} can be fixed with {option}"
            )
    return said
