"""Texts that several formats share: counts, the result of a run, the remedy of a finding, commands to run next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from koding_audit.io.text import MAX_ERRORS_SHOWN, clip_text, pluralize
from koding_audit.model.desired import Waiver
from koding_audit.model.finding import SEVERITIES, Action, Change, Severity
from koding_audit.model.report import Audit, AuditNote, RunStatus, SkippedAccount
from koding_audit.model.traits import find_source_traits
from koding_audit.report.status import Tally

EXPORT_FORMATS: Sequence[str] = ("aws-cli", "cloudformation", "terraform")  # of `plan --as`: its modules' names
SKIPPED = "account-skipped"  # in place of a rule
_NAMES_SHOWN = 20
_LONGEST = 100  # characters of an account and its state; a saved report can have any
FIX_OPTIONS: Mapping[Change, str] = {"add": "--fix", "create": "--fix --create", "replace": "--fix --replace"}


def remedy_text(change: Change | None, step: str, source: str, tool: str = "") -> str:
    """Returns what to do about a finding.

    change: what has to be allowed for its fix, None if a person has to fix it
    step: what the person has to do, "" if the rule does not say
    source: where the account was read from, for example `live`
    tool: the tool that manages the subject, for example Terraform, "" for none
    """
    if change is None:
        return step or "fix it by hand: --fix does not change it"
    if tool:
        form = tool.lower() if tool.lower() in EXPORT_FORMATS else "aws-cli"
        words = ["koding-audit plan FILE", *FIX_OPTIONS[change].split()[1:], "--as", form]
        return f"{tool} manages it, so --fix does not change it: run `{' '.join(words)}` to print the change"
    where = "again" if find_source_traits(source).is_writable else "the live account"
    return f"scan {where} with {FIX_OPTIONS[change]}"


def source_text(audit: Audit) -> str:
    """Returns where an account was read: the source, and the hosts that were called."""
    where = f"{audit.endpoint} (not AWS's own endpoint)" if audit.endpoint else ", ".join(audit.hosts)
    return f"{audit.source}, at {where}" if where else audit.source


def waiver_text(waiver: Waiver | None) -> str:
    """Returns for example `waived until 2027-01-31 by platform: the backup job reads here`."""
    if waiver is None:
        return "waived"
    return f"waived until {waiver.expires.isoformat()} by {waiver.owner}: {waiver.reason}"


def note_text(note: AuditNote) -> str:
    """Returns a note on how an account was read, with what to do about it."""
    return f"{note.message}; {note.hint}" if note.hint else note.message


def fix_command(tally: Tally) -> str:
    """Returns the command for every fix that removes nothing, "" if there is no such fix."""
    needed = {change for change in tally.fixes if change != "replace"}
    if not needed:
        return ""
    embedded = ["--source", tally.embedded_source] if tally.embedded_source else []
    return " ".join(["koding-audit scan", *map(shlex.quote, tally.files), *embedded, FIX_OPTIONS[max(needed)]])


def rerun_command(audit: Audit, fail_on: Severity) -> str:
    """Returns the command that repeats an audit, without options that a report does not record.

    A report does not record the selected rules and sets, and no snapshot's path: the command has `snapshot:FILE`.
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
    """Returns an action in one line: its verb and its parameters, without policy documents and tags."""
    names = (str(each) for name, each in sorted(action.parameters.items()) if name not in {"PolicyDocument", "Tags"})
    return " ".join([action.verb.value, *names])


def totals_text(tally: Tally) -> str:
    """Returns for example `6 errors, 1 waived; 2 can be fixed with --fix`."""
    return counts_text(tally) + _fixable_text(tally.fixes)


def counts_text(tally: Tally) -> str:
    """Returns for example `6 errors, 1 waived`, or `no findings`."""
    counts = tally.category_counts
    words = [pluralize(counts[severity], severity) for severity in SEVERITIES if counts[severity]]
    words += [f"{tally.known:,} of them known"] if tally.known else []
    others = ("not_checked", "waived", "fixed")
    words += [f"{counts[name]:,} {name.replace('_', ' ')}" for name in others if counts[name]]
    return ", ".join(words or ["no findings"])


def account_statuses_text(statuses: Mapping[RunStatus, int]) -> str:
    """Returns how many accounts have each status: `9,420 clean, 568 with findings, 12 incomplete`."""
    words: Mapping[RunStatus, str] = {"clean": "clean", "findings": "with findings", "incomplete": "incomplete"}
    return ", ".join(f"{statuses[each]:,} {word}" for each, word in words.items() if statuses.get(each))


def status_sentence(tally: Tally, errors: int = 0) -> str:
    """Returns the result of a run in one line, which begins with the status. errors: how many the run itself had."""
    status = tally.status(errors)
    if status != "incomplete":
        known = f", and {tally.at_threshold - tally.failing:,} known" if tally.at_threshold > tally.failing else ""
        number = f"{tally.failing:,}" if tally.failing else "nothing"
        return f"{status}: {number} at or above {tally.fail_on}{known}"
    where = f"the first {MAX_ERRORS_SHOWN} are on stderr" if errors > MAX_ERRORS_SHOWN else "see stderr"
    why = [f"{pluralize(errors, 'error')} ({where})"] if errors else []
    return "incomplete: " + ("; ".join([*why, *incomplete_reasons(tally)]) or "not everything was checked")


def incomplete_reasons(tally: Tally) -> list[str]:
    """Returns why audits are incomplete, for example `2 facts could not be read`."""
    unread = [pluralize(tally.unread, "fact") + " could not be read"] if tally.unread else []
    return unread + (
        [pluralize(tally.unwritten, "write") + " failed or could not be verified"] if tally.unwritten else []
    )


def allowed_later_sentence(calls: Sequence[str]) -> str:
    """Returns which calls AWS denied at first and allowed later, "" if there are none."""
    if not calls:
        return ""
    shown = ", ".join(clip_text(each, _LONGEST) for each in calls[:_NAMES_SHOWN])
    rest = len(calls) - _NAMES_SHOWN
    more = f" and {rest:,} more" if rest > 0 else ""
    them = "it" if len(calls) == 1 else "them"
    why = "the caller's permissions changed during the run, or took effect late"
    return f"AWS denied {shown}{more} at first and allowed {them} later: {why}"


def skipped_message(account: SkippedAccount) -> str:
    """Returns for example `account 123456789012 is SUSPENDED, and was not audited`."""
    return clip_text(f"account {account.account_id} is {account.state}, and was not audited", _LONGEST)


def skipped_sentence(skipped: Sequence[SkippedAccount]) -> str:
    """Returns which accounts were not audited because they cannot be used, "" if there are none."""
    if not skipped:
        return ""
    shown = [f"{each.account_id} ({each.state})" for each in skipped[:_NAMES_SHOWN]]
    names = ", ".join(clip_text(each, _LONGEST) for each in shown)
    rest = len(skipped) - _NAMES_SHOWN
    more = f" and {rest:,} more" if rest > 0 else ""
    were = "was" if len(skipped) == 1 else "were"
    why = "which AWS has closed, suspended or not activated"
    return f"{pluralize(len(skipped), 'account')}, {why}, {were} not audited: {names}{more}"


def gone_sentence(gone: int) -> str:
    """Returns what to do about resolved findings of the baseline, "" if there are none. gone: their number."""
    if not gone:
        return ""
    are, they = ("is", "it") if gone == 1 else ("are", "they")
    found = f"{pluralize(gone, 'finding')} of the baseline {are} resolved"
    return f"{found}: save a new baseline, or {they} would count as known on return"


def noted_sentence(noted: int) -> str:
    """Returns how many of many accounts have notes, which only the complete formats show; "" if none has."""
    return (
        f"{pluralize(noted, 'account')} with notes on how the account was read: see the JSON report." if noted else ""
    )


def _fixable_text(fixes: Mapping[Change, int]) -> str:
    """Returns for example `; 2 can be fixed with --fix, 1 more with --create`, "" if there is no fix."""
    text = ""
    for change, option in FIX_OPTIONS.items():
        number = fixes.get(change)
        if number:
            text += (
                f", {number:,} more with {option.split()[-1]}" if text else f"; {number:,} can be fixed with {option}"
            )
    return text
