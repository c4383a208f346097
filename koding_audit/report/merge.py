"""Merges reports into one, as if one run had made them, after checking that they belong together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from koding_audit.io.json_text import format_time
from koding_audit.io.text import escape
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import dataclass, replace
from koding_audit.model.report import Audit, Problem, Report, RunIdentity, Shard
from koding_audit.report.spool import join_reports

LONGEST_RUN = timedelta(hours=24)
"""How far apart the accounts of two reports may have been read. Not the same date: a run may last over midnight."""

_MAX_SHOWN = 10  # missing shards that a message names


@dataclass(frozen=True, slots=True)
class _Part:
    """A report to merge.

    path: its file.
    report: the report.
    accounts: the ids of its accounts.
    subjects: what its accounts were compared with: files, optional sets and rules.
    times: when the first and the last of its accounts were read; () without accounts.
    """

    path: str
    report: Report
    accounts: tuple[str, ...]
    subjects: frozenset[tuple[object, ...]]
    times: tuple[datetime, ...]

    @property
    def run_id(self) -> str:
        """The id of its run; "" if it has none."""
        return self.report.run.id if self.report.run else ""

    @property
    def shard(self) -> Shard | None:
        """Which shard it is; None for a whole run."""
        return self.report.run.shard if self.report.run else None


def merge_reports(reports: Iterable[tuple[str, Report]], note: Callable[[str], None]) -> Report:
    """One report of all; a missing shard is an error in it. Raises InputError if two do not belong together.

    reports: at least one, each with its path.
    note: shows differences that are not refused.
    """
    parts = [_read_part(path, report) for path, report in reports]
    first = parts[0]
    for other in parts[1:]:
        _refuse_other_settings(first, other)
        _refuse_other_shards(first, other)
    _refuse_other_runs(parts)
    _refuse_other_inputs(parts)
    _refuse_duplicate_shards(parts)
    _refuse_duplicate_accounts(parts)
    _refuse_distant_times(parts)
    _note_other_subjects(parts, note)
    merged = replace(join_reports(each.report for each in parts), run=_merged_run(parts))
    errors = sorted((*merged.errors, *_missing_shards(parts)), key=lambda each: (each.message, each.hint))
    return replace(merged, errors=tuple(errors))


def _read_part(path: str, report: Report) -> _Part:
    found = [(audit.account.id, audit.taken_at, _audit_subject(audit)) for audit in report.audits]  # without the audits
    times = [time for _, time, _ in found]
    subjects = frozenset(subject for _, _, subject in found)
    ends = (min(times), max(times)) if times else ()
    return _Part(path, report, tuple(each for each, _, _ in found), subjects, ends)


def _audit_subject(audit: Audit) -> tuple[object, ...]:
    """What an account was compared with, without its targets: accounts of one run are in different ones."""
    scope = audit.scope
    chosen = (scope.with_sets, scope.only, scope.skip, scope.stacks) if scope else ()
    return (frozenset(each.sha256 for each in audit.desired), *chosen)


def _refuse_other_settings(one: _Part, other: _Part) -> None:
    if one.report.fail_on != other.report.fail_on:
        levels = f"{one.report.fail_on} and {other.report.fail_on}"
        raise InputError(
            f"{one.path} and {other.path} were made with different --fail-on: {levels}", "make both with the same one"
        )
    if one.report.made_by != other.report.made_by:
        versions = f"{one.report.made_by} and {other.report.made_by}"
        raise InputError(
            f"{one.path} and {other.path} were made by different versions of this tool: {versions}",
            "make both with the same version",
        )


def _refuse_other_shards(one: _Part, other: _Part) -> None:
    """Raise InputError if only one is of a shard, or if the shards are of different counts."""
    if (one.shard is None) is not (other.shard is None):
        part, whole = (one, other) if one.shard else (other, one)
        raise InputError(
            f"{part.path} is the report of a shard, and {whole.path} is not", "merge the shards of one run first"
        )
    if one.shard and other.shard and one.shard.count != other.shard.count:
        raise InputError(
            f"{one.path} is {one.shard}, and {other.path} is {other.shard}", "merge the shards of one run only"
        )


def _refuse_other_runs(parts: Sequence[_Part]) -> None:
    """Raise InputError if the ids of two runs differ. A shard that failed early may have none."""
    known = [each for each in parts if each.run_id or not each.shard]
    other = next((each for each in known if each.run_id != known[0].run_id), None)
    if other:
        ids = f"{known[0].run_id or 'none'} and {other.run_id or 'none'}"
        raise InputError(
            f"{known[0].path} and {other.path} are of different runs: {ids}",
            "merge the reports of one run: with the same --run, or of the same files, targets and options",
        )


def _refuse_other_inputs(parts: Sequence[_Part]) -> None:
    """Raise InputError if two reports of one run had other files, targets or options, or found other accounts."""
    known: dict[str, tuple[_Part, str]] = {}
    for part in parts:
        for name, value in _known_hashes(part).items():
            before, expected = known.setdefault(name, (part, value))
            if value == expected:
                continue
            if name == "inputs":
                message = f"{before.path} and {part.path} are of one run, but their files, targets or options differ"
                raise InputError(message, "make all of them again, with the same files, targets and options")
            raise InputError(
                f"the shards of {before.path} and {part.path} found different accounts",
                "one may be in no shard: run all shards again",
            )


def _known_hashes(part: _Part) -> dict[str, str]:
    """The hashes that the reports of one run have in common. One that failed before it knew them has none."""
    if part.shard:
        found = {"inputs": part.shard.inputs, "accounts": part.shard.accounts}
        return {name: value for name, value in found.items() if value}
    run = part.report.run
    return {"inputs": run.inputs} if run and (run.inputs or part.accounts) else {}


def _note_other_subjects(parts: Sequence[_Part], note: Callable[[str], None]) -> None:
    """Report those without a run whose accounts were compared with different files, sets or rules."""
    audited = [each for each in parts if each.subjects and not each.run_id]
    other = next((each for each in audited if each.subjects != audited[0].subjects), None)
    if other:
        paths = f"{audited[0].path} and {other.path}"
        note(escape(f"{paths} were made with different desired files, --with, --only, --skip or --stack."))


def _refuse_duplicate_shards(parts: Sequence[_Part]) -> None:
    found: dict[int, _Part] = {}
    for part in parts:
        if part.shard and found.setdefault(part.shard.number, part) is not part:
            message = f"{found[part.shard.number].path} and {part.path} are both {part.shard}"
            raise InputError(message, "remove one of the two")


def _refuse_duplicate_accounts(parts: Sequence[_Part]) -> None:
    found: dict[str, _Part] = {}
    for part in parts:
        for account in part.accounts:
            if account in found:
                message = f"account {account} is in {found[account].path} and in {part.path}"
                raise InputError(message, "remove one of the two")
            found[account] = part


def _refuse_distant_times(parts: Sequence[_Part]) -> None:
    """Raise InputError if an account of one report was read a day after one of another report.

    It is enough to compare the report with the first time, and that with the last, with all others.
    """
    timed = [each for each in parts if each.times]
    if not timed:
        return
    ends = (min(timed, key=lambda each: each.times[0]), max(timed, key=lambda each: each.times[-1]))
    for end, other in ((end, each) for end in ends for each in timed if each is not end):
        if max(end.times[-1] - other.times[0], other.times[-1] - end.times[0]) > LONGEST_RUN:
            old, new = sorted((end, other), key=lambda each: each.times[0])
            at = f"{format_time(old.times[0])} and {format_time(new.times[-1])}"
            raise InputError(
                f"{old.path} and {new.path} were read more than 24 hours apart: {at}", "make the older one again"
            )


def _merged_run(parts: Sequence[_Part]) -> RunIdentity | None:
    """The run of the merged report, as if one run had made it: known if it has an id by `--run`."""
    found = next((each for each in parts if each.run_id), None)
    if found is None or (found.shard and found.shard.inputs == found.run_id):
        return None
    inputs = next((each.report.run.inputs for each in parts if each.report.run and each.report.run.inputs), "")
    return RunIdentity(found.run_id, inputs=inputs)


def _missing_shards(parts: Sequence[_Part]) -> list[Problem]:
    """An error that names the shards that none of the reports is known to be."""
    shards = [each.shard for each in parts if each.shard]
    if not shards:
        return []
    # A shard without an id failed early, and may be of another run.
    count, present = shards[0].count, {each.shard.number for each in parts if each.shard and each.run_id}
    missing = [number for number in range(1, count + 1) if number not in present]
    if not missing:
        return []
    if len(missing) == 1:
        hint = f"run it again with --shard {missing[0]}/{count}, and merge all shards"
        return [Problem(f"shard {missing[0]} of {count} is missing", hint)]
    more = len(missing) - _MAX_SHOWN
    numbers = ", ".join(map(str, missing[:_MAX_SHOWN])) + (f" and {more} more" if more > 0 else "")
    return [Problem(f"shards {numbers} of {count} are missing", "run them again, and merge all shards")]
