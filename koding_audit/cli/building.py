"""`stack SCRIPT`: what a stack script needs, whether its user may build it, and which policy set is missing."""

from __future__ import annotations

import argparse
import json
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, islice
from operator import attrgetter

from koding_audit import buildable, jsontext
from koding_audit.buildable import Answer, Offer, Verdict
from koding_audit.cli import stacks
from koding_audit.cli.answering import decision_value, tell_gaps
from koding_audit.cli.sources import desired_state, held, identified, opened
from koding_audit.cli.stacks import Scripts
from koding_audit.cli.terminal import Terminal, emit
from koding_audit.collect import Opened
from koding_audit.effective import reason
from koding_audit.model import Desired, Query, Source, StackNeed, StackUse
from koding_audit.stack.granting import documents
from koding_audit.stack.reading import read
from koding_audit.text import inert
from koding_audit.words import counted

_STATUS: Mapping[Verdict, int] = {"yes": 0, "no": 1, "unknown": 2}
_SAID: Mapping[Verdict, str] = {"yes": "can-be-built", "no": "cannot-be-built", "unknown": "not-known"}
_WORDS: Mapping[str, str] = {"explicit-deny": "denied", "implicit-deny": "missing", "unknown": "not known"}
_MANY = 5  # places of one need, and needs of one action, that the table shows


def stack(options: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0: it can be built; 1: it cannot; 2: it is not known."""
    desired, scripts = _asked(options)
    with opened(options, terminal) as source:
        return _told(source, options, terminal, desired, scripts)


def answered(source: Opened, options: argparse.Namespace, terminal: Terminal) -> int:
    """What `stack` says of a source that is open already."""
    return _told(source, options, terminal, *_asked(options))


def _asked(options: argparse.Namespace) -> tuple[Desired, Scripts]:
    """The desired state and the script; both are read before anything is asked of AWS."""
    desired = desired_state(argparse.Namespace(**{**vars(options), "with_sets": []}), writes=False)
    return desired, stacks.Scripts((read(options.script),), buildable.builder(desired, options.principal))


def _told(source: Opened, options: argparse.Namespace, terminal: Terminal, desired: Desired, scripts: Scripts) -> int:
    """Read the account, decide and print."""
    account, _ = identified(source, options, terminal, desired)
    wanted = stacks.with_stacks(held(desired, account), account, scripts)
    query = buildable.asked(wanted, account, Query())
    terminal.progress(f"reading account {account.id} ...")
    snapshot = stacks.whole(source.collect(query), query, terminal)
    (needed,) = wanted.stacks
    answer = buildable.answer(wanted, snapshot, needed)
    tell_gaps(snapshot, terminal)
    files = [each.path for each in desired.files]
    if options.policy:
        _print_policy(answer, files, terminal)
    else:
        emit(_json(answer) if options.output == "json" else _lines(_table(answer, files)))
    return _STATUS[answer.verdict]


def _print_policy(answer: Answer, files: list[str], terminal: Terminal) -> None:
    """The documents that allow just this stack: one, or a list of those that IAM's limit makes of it."""
    found = documents(answer.stack.needs)
    emit(json.dumps(found[0] if len(found) == 1 else list(found), indent=2) + "\n")
    for line in _verdict(answer):
        terminal.note(inert(line))
    if len(found) > 1:
        terminal.note(f"These are {counted(len(found), 'document')}: IAM takes 6,144 characters for each.")
    for each in answer.stack.unknown:
        terminal.note(inert(f"Not in it, for it is not known: {each.what} ({_place(each.source)}): {each.why}"))
    for line in _remedies(answer, files):
        terminal.note(inert(line))


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{inert(line)}\n" for line in lines)


def _table(answer: Answer, files: list[str]) -> Iterator[str]:
    stack, principal = answer.stack, answer.principal
    yield f"Stack      {stack.path}: {counted(stack.resources, 'resource')} of AWS{_others(stack.others)}"
    yield f"Principal  {principal.kind} {principal.name} ({principal.arn})"
    yield from _verdict(answer)
    surely = frozenset(answer.denied)
    denied = {need.action for need in surely}
    # What is surely missing is told once; the resources that it may be asked for besides say no more.
    told = [need for need in answer.lacking if need in surely or need.action not in denied]
    yield from _needs(answer, told)
    for each in stack.unknown:
        yield ""
        yield f"not known  {each.what}"
        yield f"  because    {each.why}"
        yield f"  where      {_place(each.source)}"
    remedies = list(_remedies(answer, files))
    notes = list(_notes(answer))
    yield from ("", *remedies) if remedies else ()
    yield from ("", *notes) if notes else ()


def _needs(answer: Answer, needs: Iterable[StackNeed]) -> Iterator[str]:
    """Each with its reason; of an action that is lacking for many resources the first ones, and how many more."""
    seen: Counter[str] = Counter()
    for need in needs:
        seen[need.action] += 1
        if seen[need.action] <= _MANY:
            yield ""
            yield from _need(answer, need)
    for action, number in seen.items():
        if number > _MANY:
            yield ""
            yield f"and        {action} on {number - _MANY} more; --output json names each"


def _verdict(answer: Answer) -> Iterator[str]:
    stack, needs = answer.stack, answer.stack.needs
    if not answer.exists:
        yield f"Cannot be built: there is no {answer.principal.kind} {answer.principal.name} in this account."
    elif answer.denied:
        lacking = counted(len({need.action for need in answer.denied}), "action")
        yield f"Cannot be built: {lacking} of {len({need.action for need in needs})} {_is(lacking)} not allowed."
    elif answer.verdict == "unknown":
        yield "Not known whether it can be built."
    elif stack.hinted:
        yield f"Can be built, as far as is known: of {', '.join(stack.hinted)} only hints are known."
    else:
        yield f"Can be built: all {counted(len({need.action for need in needs}), 'action')} that it needs are allowed."


def _is(counted_noun: str) -> str:
    return "is" if counted_noun.startswith("1 ") else "are"


def _need(answer: Answer, need: StackNeed) -> Iterator[str]:
    decision = answer.decision(need)
    surely = need.certain and not need.hint
    word = _WORDS[decision.verdict] if surely or decision.verdict == "unknown" else "perhaps"
    yield f"{word:<10} {need.action}" + ("" if need.resource == "*" else f" on {need.resource}")
    yield from (f"  because    {reason(each)}" for each in decision.because)
    yield from (f"  depends on {key}" for key in decision.open_keys)
    if need.hint:
        yield "  perhaps    CloudFormation calls it for such a resource; nobody checked whether Terraform does"
    elif not need.certain:
        yield "  perhaps    whether it is asked for hangs on what the script does not say"
    yield from (f"  needed by  {each}" for each in _places(need.uses))


def _places(uses: tuple[StackUse, ...]) -> Iterator[str]:
    """A resource with its place and what of it needs the action, each resource once."""
    places = groupby(uses, attrgetter("resource", "source"))  # a resource's uses follow each other
    for (resource, source), those in islice(places, _MANY):
        yield f"{resource}, {_place(source)}: {', '.join(dict.fromkeys(use.why for use in those))}"
    more = sum(1 for _ in places)
    if more:
        yield f"{more} more"


def _remedies(answer: Answer, files: list[str]) -> Iterator[str]:
    """What helps: the sets, and what no set gives."""
    said = " ".join(map(shlex.quote, files))
    offers = buildable.helping(answer)
    for offer in offers:
        use = next((use for need in buildable.helped(answer, offer) for use in need.uses), None)
        because = f"because of {use.resource}, {_place(use.source)}" if use else ""
        required = "required and not attached" if offer.candidate.required else "optional"
        yield f"To change  set {offer.candidate.name} of {' '.join(offer.holder)} ({required}) is needed {because}"
    if offers:
        script = shlex.quote(answer.stack.path)
        yield f"           koding-audit scan {said} --stack {script} --fix"
    if offers and not answer.choice.exact:
        yield "           There are too many sets to try every choice: a smaller one may do."
    rest = [need for need in answer.denied if need not in answer.choice.helped]
    if rest:
        names = ", ".join(dict.fromkeys(need.action for need in rest))
        yield f"No set     gives {names}"
        if any(answer.judged[need].verdict == "implicit-deny" for need in rest):
            script = shlex.quote(answer.stack.path)
            yield f"           koding-audit stack {script} {said} --policy   prints a policy for it"
    if answer.unread:
        yield f"Not read   set {', '.join(answer.unread)}: whether it would help is not known"


def _notes(answer: Answer) -> Iterator[str]:
    stack = answer.stack
    not_seen = sorted({layer for each in answer.judged.values() for layer in each.decision.not_seen})
    if not_seen:
        yield f"Not seen   {', '.join(not_seen)}"
    if stack.hinted and answer.verdict != "yes":
        yield f"Hints      of {', '.join(stack.hinted)} only CloudFormation's hints are known, and no row of ours"
    if stack.service_roles:
        yield f"Note       the first use in an account makes a service-linked role of {', '.join(stack.service_roles)}"
        yield "           by iam:CreateServiceLinkedRole of whoever builds"
    yield from (f"Note       {each}" for each in stack.notes)


def _others(others: Mapping[str, int]) -> str:
    if not others:
        return ""
    listed = ", ".join(name if count == 1 else f"{name} ({count})" for name, count in others.items())
    return f"; passed over, for it is not AWS's: {listed}"


def _place(source: Source) -> str:
    return f"{source.path}:{source.line}:{source.column}"


def _json(answer: Answer) -> str:
    stack = answer.stack
    value = {
        "version": 1,
        "verdict": _SAID[answer.verdict],
        "verified": not stack.hinted,
        "stack": {
            "path": stack.path,
            "files": [{"path": each.path, "sha256": each.sha256} for each in stack.files],
            "resources": stack.resources,
            "others": dict(stack.others),
        },
        "principal": {"arn": answer.principal.arn, "exists": answer.exists},
        "needs": [_need_value(answer, need) for need in stack.needs],
        "unknown": [
            {"type": each.type, "what": each.what, "why": each.why, "location": _location(each.source)}
            for each in stack.unknown
        ],
        "hinted": list(stack.hinted),
        "sets": [_set_value(answer, each) for each in buildable.helping(answer)],
        "smallest": answer.choice.exact,
        "unread_sets": list(answer.unread),
        "service_roles": list(stack.service_roles),
        "notes": list(stack.notes),
    }
    return jsontext.write_json(value, indent=2) + "\n"


def _need_value(answer: Answer, need: StackNeed) -> dict[str, object]:
    return {
        "action": need.action,
        "resource": need.resource,
        "region": need.region or None,
        "certain": need.certain,
        "hint": need.hint,
        **decision_value(answer.decision(need)),
        "needed_by": [
            {"resource": use.resource, "why": use.why, "location": _location(use.source)} for use in need.uses
        ],
    }


def _set_value(answer: Answer, offer: Offer) -> dict[str, object]:
    needs = buildable.helped(answer, offer)
    return {
        "name": offer.candidate.name,
        "holder": "/".join(offer.holder),
        "required": offer.candidate.required,
        "gives": list(dict.fromkeys(need.action for need in needs)),
        "needed_by": list(dict.fromkeys(use.resource for need in needs for use in need.uses)),
    }


def _location(source: Source) -> dict[str, object]:
    return {"path": source.path, "line": source.line, "column": source.column}
