"""`stack SCRIPT`: what a stack script needs, whether its user may build it, and which policy set is missing."""

from __future__ import annotations

import argparse
import json
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, islice
from operator import attrgetter

from koding_audit.aws.sources import AccountSource
from koding_audit.cli.decisions import decision_value, print_gaps
from koding_audit.cli.option_values import source_with_policies
from koding_audit.cli.output import emit
from koding_audit.io import json_text
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape, pluralize
from koding_audit.model.desired import Desired
from koding_audit.model.frozen import dataclass
from koding_audit.model.location import Location
from koding_audit.model.stack import StackNeed, StackUnknown, StackUse
from koding_audit.policy.evaluation import IDENTITY_LAYER, Decision, find_layers_without_allow
from koding_audit.policy.permissions import reason_text
from koding_audit.scan import stack_build, stack_scripts
from koding_audit.scan.options import DesiredOptions, SourceOptions
from koding_audit.scan.session import open_source, resolve_desired_state
from koding_audit.scan.stack_build import BuildDecision, BuildVerdict, SetOffer
from koding_audit.scan.stack_scripts import StackScripts
from koding_audit.stack.hcl_grammar import HclParser
from koding_audit.stack.policy import stack_policy_documents

_EXIT_STATUS: Mapping[BuildVerdict, int] = {"yes": 0, "no": 1, "unknown": 2}
_JSON_VERDICTS: Mapping[BuildVerdict, str] = {"yes": "can-be-built", "no": "cannot-be-built", "unknown": "not-known"}
_DECISION_WORDS: Mapping[str, str] = {"explicit-deny": "denied", "implicit-deny": "missing", "unknown": "not known"}
_MAX_SHOWN = 5  # places of one need, and needs of one action, that the table shows


@dataclass(frozen=True, slots=True)
class StackCommand:
    """The options of `stack`."""

    script: str
    """The stack script, or a folder of them."""
    source: SourceOptions
    desired: DesiredOptions
    principal: str
    """The principal that builds it: `user/NAME` or `role/NAME`; "" for the only declared user."""
    output: str
    policy: bool
    """Whether a policy for this stack only is printed."""


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0: it can be built; 1: it cannot; 2: unknown."""
    options = read_stack_options(namespace)
    desired, scripts = _read_inputs(options)
    with open_source(options.source, terminal) as source:
        return _check_stack(source, options, terminal, desired, scripts)


def answer_stack(source: AccountSource, options: StackCommand, terminal: Terminal) -> int:
    """Print the answer about a source that is already open, and return the exit status."""
    return _check_stack(source, options, terminal, *_read_inputs(options))


def _read_inputs(options: StackCommand) -> tuple[Desired, StackScripts]:
    """The desired state and the script; both are read before AWS is called."""
    desired = resolve_desired_state(options.desired)
    return desired, stack_scripts.read_script_to_build(options.script, options.principal, desired)


def _check_stack(
    source: AccountSource, options: StackCommand, terminal: Terminal, desired: Desired, scripts: StackScripts
) -> int:
    """Read the account, decide and print."""
    answer, gaps = stack_scripts.check_script(source, desired, scripts, options.source.account, terminal)
    print_gaps(gaps, terminal)
    _note_grammar(answer, terminal)
    files = [each.path for each in desired.files]
    if options.policy:
        _print_policy(answer, files, terminal)
    else:
        emit(_answer_json(answer) if options.output == "json" else _join_lines(_answer_lines(answer, files)))
    return _EXIT_STATUS[answer.verdict]


def _note_grammar(answer: BuildDecision, terminal: Terminal) -> None:
    """With --verbose: note why the tables of the package were not used for HCL, which can take a second longer."""
    if terminal.verbose and any(each.path.endswith(".tf") for each in answer.stack.files):
        mismatch = HclParser().mismatch
        if mismatch:
            terminal.detail(f"python-hcl2 made its own parse tables: {mismatch}")


def _print_policy(answer: BuildDecision, files: list[str], terminal: Terminal) -> None:
    """Print the documents that allow this stack only: one, or a list if IAM's size limit needs several."""
    found = stack_policy_documents(answer.stack.needs)
    emit(json.dumps(found[0] if len(found) == 1 else list(found), indent=2) + "\n")
    for line in _verdict_line(answer):
        terminal.note(escape(line))
    if len(found) > 1:
        terminal.note(f"These are {pluralize(len(found), 'document')}: IAM accepts 6,144 characters in each.")
    for each in answer.stack.unknown:
        terminal.note(
            escape(
                f"Not in the policy, because it is not known: {each.what} ({_source_place(each.location)}): {each.why}"
            )
        )
    for line in _remedy_lines(answer, files):
        terminal.note(escape(line))


def _join_lines(lines: Iterable[str]) -> str:
    return "".join(f"{escape(line)}\n" for line in lines)


def _answer_lines(answer: BuildDecision, files: list[str]) -> Iterator[str]:
    stack, principal = answer.stack, answer.principal
    yield (
        f"Stack      {stack.path}: {pluralize(stack.resources, 'resource')} of "
        f"AWS{_skipped_resources_text(stack.others)}"
    )
    yield f"Principal  {principal.kind} {principal.name} ({principal.arn})"
    yield from _verdict_line(answer)
    denied_needs = frozenset(answer.denied_needs)
    denied_actions = {need.action for need in denied_needs}
    # An action that is certainly denied is shown once: the resources that may need it too add nothing.
    needs = [need for need in answer.missing_needs if need in denied_needs or need.action not in denied_actions]
    yield from _missing_need_lines(answer, needs)
    for each in stack.unknown:
        yield ""
        yield f"not known  {each.what}"
        yield f"  because    {each.why}"
        yield f"  where      {_source_place(each.location)}"
    remedies = list(_remedy_lines(answer, files))
    notes = list(_note_lines(answer))
    yield from ("", *remedies) if remedies else ()
    yield from ("", *notes) if notes else ()


def _missing_need_lines(answer: BuildDecision, needs: Iterable[StackNeed]) -> Iterator[str]:
    """Each need with its reason. Of an action that is missing for many resources: the first ones, and a count."""
    seen: Counter[str] = Counter()
    for need in needs:
        seen[need.action] += 1
        if seen[need.action] <= _MAX_SHOWN:
            yield ""
            yield from _need_lines(answer, need)
    for action, number in seen.items():
        if number > _MAX_SHOWN:
            yield ""
            yield f"and        {action} on {number - _MAX_SHOWN} more; --output json names each"


def _verdict_line(answer: BuildDecision) -> Iterator[str]:
    stack, needs = answer.stack, answer.stack.needs
    if not answer.exists:
        yield (f"Cannot be built: there is no {answer.principal.kind} {answer.principal.name} in this account.")
    elif answer.denied_needs:
        lacking = pluralize(len({need.action for need in answer.denied_needs}), "action")
        yield (
            f"Cannot be built: {lacking} of {len({need.action for need in needs})} "
            f"{_agreeing_verb(lacking)} not allowed."
        )
    elif answer.verdict == "unknown":
        yield "Not known whether it can be built."
    elif stack.hinted:
        yield f"Can be built, as far as is known: of {', '.join(stack.hinted)} only hints are known."
    else:
        actions = pluralize(len({need.action for need in needs}), "action")
        yield f"Can be built: all {actions} that it needs are allowed."


def _agreeing_verb(counted_noun: str) -> str:
    return "is" if counted_noun.startswith("1 ") else "are"


def _need_lines(answer: BuildDecision, need: StackNeed) -> Iterator[str]:
    decision = answer.decision_about(need)
    is_certain = need.certain and not need.hint
    word = _DECISION_WORDS[decision.verdict] if is_certain or decision.verdict == "unknown" else "perhaps"
    yield f"{word:<10} {need.action}" + ("" if need.resource == "*" else f" on {need.resource}")
    yield from (f"  because    {reason_text(each)}" for each in decision.reasons)
    yield from (f"  depends on {key}" for key in decision.open_keys)
    if need.hint:
        yield "  perhaps    CloudFormation calls it for such a resource; not verified for Terraform"
    elif not need.certain:
        yield "  perhaps    depends on a value that the script does not set"
    yield from (f"  needed by  {each}" for each in _use_lines(need.uses))


def _use_lines(uses: tuple[StackUse, ...]) -> Iterator[str]:
    """Each resource once, with its place and what of it needs the action."""
    places = groupby(uses, attrgetter("resource", "location"))  # a resource's uses follow each other
    for (resource, source), those in islice(places, _MAX_SHOWN):
        yield f"{resource}, {_source_place(source)}: {', '.join(dict.fromkeys(use.why for use in those))}"
    more = sum(1 for _ in places)
    if more:
        yield f"{more} more"


def _remedy_lines(answer: BuildDecision, files: list[str]) -> Iterator[str]:
    """The sets that help, and the actions that no set gives."""
    arguments = " ".join(map(shlex.quote, files))
    offers = stack_build.chosen_offers(answer)
    for offer in offers:
        use = next((use for need in stack_build.needs_of_offer(answer, offer) for use in need.uses), None)
        because = f"because of {use.resource}, {_source_place(use.location)}" if use else ""
        required = "required and not attached" if offer.candidate.required else "optional"
        yield f"To change  set {offer.candidate.name} of {' '.join(offer.holder)} ({required}) is needed {because}"
    if offers:
        script = shlex.quote(answer.stack.path)
        yield f"           koding-audit scan {arguments} --stack {script} --fix"
    if offers and not answer.choice.is_exact:
        yield "           There are too many sets to try every choice: a smaller choice may be enough."
    rest = [need for need in answer.denied_needs if need not in answer.choice.helped_needs]
    if rest:
        names = ", ".join(dict.fromkeys(need.action for need in rest))
        yield f"No set     gives {names}"
        yield from _policy_lines([answer.decisions[need].decision for need in rest], answer.stack.path, arguments)
    if answer.unread:
        yield f"Not read   set {', '.join(answer.unread)}: whether it would help is not known"


def _policy_lines(refused: Iterable[Decision], path: str, arguments: str) -> Iterator[str]:
    """How to print a policy where one would allow an action; the other layers that must allow."""
    missing = [find_layers_without_allow(each) for each in refused if each.verdict == "implicit-deny"]
    if (IDENTITY_LAYER,) in missing:
        yield f"           koding-audit stack {shlex.quote(path)} {arguments} --policy   prints a policy for it"
    others = sorted({layer for layers in missing for layer in layers} - {IDENTITY_LAYER})
    if others:
        yield f"           no policy of the principal is enough: {', '.join(others)} must allow, too"


def _note_lines(answer: BuildDecision) -> Iterator[str]:
    stack = answer.stack
    not_seen = sorted({layer for each in answer.decisions.values() for layer in each.decision.not_seen})
    if not_seen:
        yield f"Not read   {', '.join(not_seen)}"
    if stack.hinted and answer.verdict != "yes":
        yield f"Hints      of {', '.join(stack.hinted)} only CloudFormation's hints are known, which are not verified"
    if modelled := [name for name, whose in stack.rows.items() if whose == "model"]:
        yield f"Model      of {', '.join(modelled)} only AWS's model of the provider's calls is known"
    if stack.service_roles:
        yield f"Note       an account's first use creates a service-linked role of {', '.join(stack.service_roles)}"
        yield "           for which the principal needs iam:CreateServiceLinkedRole"
    yield from (f"Note       {each}" for each in stack.notes)


def _skipped_resources_text(others: Mapping[str, int]) -> str:
    if not others:
        return ""
    listed = ", ".join(name if count == 1 else f"{name} ({count})" for name, count in others.items())
    return f"; skipped, because not AWS's: {listed}"


def _source_place(source: Location) -> str:
    return f"{source.path}:{source.line}:{source.column}"


def _answer_json(answer: BuildDecision) -> str:
    stack = answer.stack
    value = {
        "version": 1,
        "verdict": _JSON_VERDICTS[answer.verdict],
        "verified": all(whose == "own" for whose in stack.rows.values()),
        "stack": {
            "path": stack.path,
            "files": [{"path": each.path, "sha256": each.sha256} for each in stack.files],
            "resources": stack.resources,
            "others": dict(stack.others),
        },
        "principal": {"arn": answer.principal.arn, "exists": answer.exists},
        "needs": [_need_value(answer, need) for need in stack.needs],
        "unknown": [_unknown_value(each) for each in stack.unknown],
        "hinted": list(stack.hinted),
        "rows": dict(stack.rows),
        "sets": [_set_value(answer, each) for each in stack_build.chosen_offers(answer)],
        "smallest": answer.choice.is_exact,
        "unread_sets": list(answer.unread),
        "service_roles": list(stack.service_roles),
        "notes": list(stack.notes),
    }
    return json_text.write_json(value, indent=2) + "\n"


def _unknown_value(unknown: StackUnknown) -> dict[str, object]:
    return {
        "type": unknown.type,
        "what": unknown.what,
        "why": unknown.why,
        "location": _location_value(unknown.location),
    }


def _need_value(answer: BuildDecision, need: StackNeed) -> dict[str, object]:
    return {
        "action": need.action,
        "resource": need.resource,
        "region": need.region or None,
        "certain": need.certain,
        "hint": need.hint,
        **decision_value(answer.decision_about(need)),
        "needed_by": [
            {"resource": use.resource, "why": use.why, "location": _location_value(use.location)} for use in need.uses
        ],
    }


def _set_value(answer: BuildDecision, offer: SetOffer) -> dict[str, object]:
    needs = stack_build.needs_of_offer(answer, offer)
    return {
        "name": offer.candidate.name,
        "holder": "/".join(offer.holder),
        "required": offer.candidate.required,
        "gives": list(dict.fromkeys(need.action for need in needs)),
        "needed_by": list(dict.fromkeys(use.resource for need in needs for use in need.uses)),
    }


def _location_value(source: Location) -> dict[str, object]:
    return {"path": source.path, "line": source.line, "column": source.column}


def read_stack_options(namespace: argparse.Namespace) -> StackCommand:
    """The options, from argparse's namespace."""
    return StackCommand(
        script=namespace.script,
        source=source_with_policies(namespace),
        desired=DesiredOptions(tuple(namespace.files), strict=namespace.strict),
        principal=namespace.principal,
        output=namespace.output,
        policy=namespace.policy,
    )
