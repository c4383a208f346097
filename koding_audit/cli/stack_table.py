"""The answer of `stack` for people: the cause first, then what is missing by resource, and what to do."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

from koding_audit.io.text import escape, pluralize
from koding_audit.model.frozen import dataclass
from koding_audit.model.location import Location
from koding_audit.model.stack import StackNeed
from koding_audit.policy.evaluation import IDENTITY_LAYER, Decision, find_layers_without_allow
from koding_audit.policy.permissions import reason_text
from koding_audit.scan.stack_build import BuildDecision, chosen_offers, needs_of_offer
from koding_audit.scan.stack_causes import StackCause, find_causes
from koding_audit.stack.resource_groups import ResourceNeeds, group_by_resource

_DECISION_WORDS: Mapping[str, str] = {"explicit-deny": "denied", "implicit-deny": "missing", "unknown": "not known"}
_VERDICT_WORDS: Mapping[str, str] = {"no": "Cannot be built", "unknown": "Not known whether it can be built"}
_COMMAND = "koding-audit "
_LABEL_WIDTH = 11
_MAX_CAUSES = 5
_MAX_RESOURCES = 6
_MAX_LINES = 2  # of one resource
_MAX_ACTIONS = 2  # in one line


@dataclass(frozen=True, slots=True)
class StackTable:
    """An answer, and how it is shown.

    answer: what was decided
    files: the files of the desired state, for the commands to run
    width: of a line in characters; a longer name or ARN is not broken
    verbose: whether each need has its own lines, with the reasons
    """

    answer: BuildDecision
    files: Sequence[str]
    width: int
    verbose: bool


def table_lines(table: StackTable) -> Iterator[str]:
    """Yields the lines, escaped."""
    for label, text in _rows(table):
        yield from _wrapped(label, text, table.width)


def verdict_lines(table: StackTable) -> Iterator[str]:
    """Yields the verdict with its causes, escaped."""
    for label, text in _verdict_rows(table):
        yield from _wrapped(label, text, table.width)


def remedy_lines(table: StackTable) -> Iterator[str]:
    """Yields what would help, escaped."""
    for label, text in _remedy_rows(table):
        yield from _wrapped(label, text, table.width)


def place_of(source: Location) -> str:
    """Returns `path:line:column`, not escaped."""
    return f"{source.path}:{source.line}:{source.column}"


def _wrapped(label: str, text: str, width: int) -> Iterator[str]:
    """Yields a row as lines: a label that is indented keeps its indent in the following lines."""
    if not label and not text:
        yield ""
        return
    head = f"{label + ' ':<{_LABEL_WIDTH}}" if label else ""
    indent = " " * (len(head) or 2)
    if text.startswith(_COMMAND):
        yield head + escape(text)  # in one line, so that it can be copied
        return
    yield from textwrap.wrap(
        escape(text),
        width,
        initial_indent=head,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _rows(table: StackTable) -> Iterator[tuple[str, str]]:
    answer, stack = table.answer, table.answer.stack
    yield from _verdict_rows(table)
    yield "Stack", f"{stack.path}: {pluralize(stack.resources, 'resource')} of AWS{_skipped_text(stack.others)}"
    yield "Principal", f"{answer.principal.kind} {answer.principal.name} ({answer.principal.arn})"
    yield from _missing_rows(table)
    yield from _unknown_rows(table)
    for rows in (list(_remedy_rows(table)), list(_note_rows(answer))):
        yield from (("", ""), *rows) if rows else ()


def _verdict_rows(table: StackTable) -> Iterator[tuple[str, str]]:
    """The verdict with its first cause, then a row for each other cause."""
    answer, stack = table.answer, table.answer.stack
    if answer.verdict == "yes":
        if answer.undecided_needs:
            yield "", _undecided_text(answer)
            return
        actions = pluralize(len({need.action for need in stack.needs}), "action")
        hinted = f"Can be built, as far as is known: of {', '.join(stack.hinted)} only hints are known."
        yield "", hinted if stack.hinted else f"Can be built: all {actions} that it needs are allowed."
        return
    causes = find_causes(answer)
    shown = causes if table.verbose else causes[:_MAX_CAUSES]
    for number, cause in enumerate(shown):
        text = f"{cause.text}{_cause_detail(answer, cause)}"
        yield ("Also", text) if number else ("", f"{_VERDICT_WORDS[answer.verdict]}: {text}")
    if len(causes) > len(shown):
        yield "Also", f"{pluralize(len(causes) - len(shown), 'more cause')}; --verbose shows all"


def _undecided_text(answer: BuildDecision) -> str:
    actions = pluralize(len({need.action for need in answer.undecided_needs}), "action")
    return f"Can be built, {actions.partition(' ')[0]} not decided: CloudFormation may call {actions} more."


def _cause_detail(answer: BuildDecision, cause: StackCause) -> str:
    """Whether the desired state requires the set of a cause, "" for other causes."""
    offers = (each for each in chosen_offers(answer) if needs_of_offer(answer, each) == cause.needs)
    offer = next(offers, None) if cause.kind == "set-not-attached" else None
    return "" if offer is None else " (required)" if offer.candidate.required else " (optional)"


def _missing_rows(table: StackTable) -> Iterator[tuple[str, str]]:
    answer = table.answer
    needs = _shown_needs(answer)
    if not needs:
        return
    yield "Missing", f"{len({need.action for need in needs})} of {pluralize(len(_actions(answer)), 'action')}"
    groups = group_by_resource(needs)
    denied = frozenset(answer.denied_needs)
    certain = [each for each in groups if any(needs[at] in denied for at in each.needs)]
    ordered = [*certain, *(each for each in groups if each not in set(certain))]
    shown = ordered if table.verbose else ordered[:_MAX_RESOURCES]
    yield "", ""
    for each in shown:
        yield "", f"{each.resource}, {place_of(each.location)}"
        yield from _verbose_rows(answer, each, needs) if table.verbose else _short_rows(answer, each, needs)
    if not table.verbose:
        more = len(ordered) - len(shown)
        rest = f"{pluralize(more, 'more resource')}; " if more else ""
        yield "And" if more else "More", f"{rest}--verbose shows each action with its reason"


def _actions(answer: BuildDecision) -> set[str]:
    return {need.action for need in answer.stack.needs}


def _shown_needs(answer: BuildDecision) -> list[StackNeed]:
    """The needs that are not allowed; of an action that is certainly denied, only the certain ones."""
    denied = frozenset(answer.denied_needs)
    actions = {need.action for need in denied}
    return [need for need in answer.missing_needs if need in denied or need.action not in actions]


def _short_rows(answer: BuildDecision, group: ResourceNeeds, needs: Sequence[StackNeed]) -> Iterator[tuple[str, str]]:
    """The actions of one resource, those on the same ARNs together."""
    actions: dict[tuple[str, str], list[str]] = {}
    for need in (needs[at] for at in group.needs):
        actions.setdefault((_need_word(answer, need), need.resource), []).append(need.action)
    rows: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (word, resource), theirs in actions.items():
        rows.setdefault((word, tuple(dict.fromkeys(theirs))), []).append(resource)
    for (word, names), resources in list(rows.items())[:_MAX_LINES]:
        yield f"  {word}", f"{_listed(names)}{_resources_text(resources)}"
    shown = {name for _, names in list(rows)[:_MAX_LINES] for name in names}
    rest = {name for _, names in rows for name in names} - shown
    if rest:
        yield "  and", pluralize(len(rest), "more action")


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MAX_ACTIONS
    return ", ".join(names[:_MAX_ACTIONS]) + (f" and {more} more" if more > 0 else "")


def _resources_text(resources: Sequence[str]) -> str:
    if resources[0] == "*":
        return ""
    more = len(resources) - 1
    return f" on {resources[0]}" + (f" and {pluralize(more, 'more ARN')}" if more else "")


def _need_word(answer: BuildDecision, need: StackNeed) -> str:
    verdict = answer.decisions[need].verdict
    is_certain = need.certain and not need.hint
    return _DECISION_WORDS[verdict] if is_certain or verdict == "unknown" else "perhaps"


def _verbose_rows(answer: BuildDecision, group: ResourceNeeds, needs: Sequence[StackNeed]) -> Iterator[tuple[str, str]]:
    """Each need of one resource with its reasons, and with what of the resource needs it."""
    for need in (needs[at] for at in group.needs):
        decision = answer.decision_about(need)
        on = "" if need.resource == "*" else f" on {need.resource}"
        yield f"  {_need_word(answer, need)}", f"{need.action}{on}"
        yield from (("  because", reason_text(each)) for each in decision.reasons)
        yield from (("  depends", f"on {key}") for key in decision.open_keys)
        if need.hint:
            yield "  perhaps", "CloudFormation calls it for such a resource; not verified for Terraform"
        elif not need.certain:
            yield "  perhaps", "depends on a value that the script does not set"
        if need.source:
            yield "  source", need.source
        if need.role:
            yield "  as", f"{need.role}, which the provider assumes"
        uses = (use for use in need.uses if (use.resource, use.location) == (group.resource, group.location))
        yield "  for", ", ".join(dict.fromkeys(use.why for use in uses))


def _unknown_rows(table: StackTable) -> Iterator[tuple[str, str]]:
    unknown = table.answer.stack.unknown
    shown = unknown if table.verbose else unknown[:_MAX_RESOURCES]
    yield from [("", "")] if unknown else ()
    for each in shown:
        yield "not known", f"{each.what}, {place_of(each.location)}: {each.why}"
    if len(unknown) > len(shown):
        yield "and", f"{len(unknown) - len(shown)} more; --verbose shows all"


def _remedy_rows(table: StackTable) -> Iterator[tuple[str, str]]:
    """The command that helps, and the actions that no set gives."""
    answer, arguments = table.answer, " ".join(map(shlex.quote, table.files))
    script = shlex.quote(answer.stack.path)
    memberships = [each for each in answer.memberships if each.needs]
    if chosen_offers(answer) or memberships:
        yield "To change", f"{_COMMAND}scan {arguments} --stack {script} --fix"
    if chosen_offers(answer) and not answer.choice.is_exact:
        yield "", "There are too many sets to try every choice: a smaller choice may be enough."
    helped = answer.choice.helped_needs.union(*(each.needs for each in memberships))
    rest = [need for need in answer.denied_needs if not need.role and need not in helped]
    if rest:
        names = tuple(dict.fromkeys(need.action for need in rest))
        yield "No set", f"gives {', '.join(names) if table.verbose else _listed(names)}"
        yield from _policy_rows([answer.decisions[need].decision for need in rest], script, arguments)
    if answer.unread:
        yield "Not read", f"set {', '.join(answer.unread)}: whether it would help is not known"


def _policy_rows(refused: Iterable[Decision], script: str, arguments: str) -> Iterator[tuple[str, str]]:
    """How to print a policy where one would allow an action; the other layers that must allow."""
    missing = [find_layers_without_allow(each) for each in refused if each.verdict == "implicit-deny"]
    if (IDENTITY_LAYER,) in missing:
        yield "Policy", f"{_COMMAND}stack {script} {arguments} --policy"
    others = sorted({layer for layers in missing for layer in layers} - {IDENTITY_LAYER})
    if others:
        yield "No policy", f"of the principal is enough: {', '.join(others)} must allow, too"


def _note_rows(answer: BuildDecision) -> Iterator[tuple[str, str]]:
    stack = answer.stack
    not_seen = sorted({layer for each in answer.decisions.values() for layer in each.decision.not_seen})
    if not_seen:
        yield "Not read", ", ".join(not_seen)
    if stack.hinted and answer.verdict != "yes":
        yield "Hints", f"of {', '.join(stack.hinted)} only CloudFormation's hints are known, which are not verified"
    if modelled := [name for name, whose in stack.rows.items() if whose == "model"]:
        yield "Model", f"of {', '.join(modelled)} only AWS's model of the provider's calls is known"
    if answer.service_role:
        yield "Note", f"{answer.service_role} makes the resources and needs the permissions for them"
    if stack.service_roles:
        yield (
            "Note",
            f"an account's first use creates a service-linked role of {', '.join(stack.service_roles)}, for which the"
            " principal needs iam:CreateServiceLinkedRole",
        )
    yield from (("Note", each) for each in stack.notes)


def _skipped_text(others: Mapping[str, int]) -> str:
    if not others:
        return ""
    listed = ", ".join(name if count == 1 else f"{name} ({count})" for name, count in others.items())
    return f"; skipped, because not AWS's: {listed}"
