"""Reads denials without AWS's sentence: S3's `Access Denied`, EC2's encoded messages, wordings of other services."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from koding_audit.denials.codes import is_denial_code
from koding_audit.denials.encoded import find_encoded
from koding_audit.denials.knowledge import DenialTables, MessageForm
from koding_audit.denials.operation import is_about_object, with_operation
from koding_audit.denials.passage import Passage, Spans
from koding_audit.denials.tokens import is_arn, read_name, trim_name
from koding_audit.denials.values import Denial
from koding_audit.denials.wrappers import Wrapper, read_wrapper
from koding_audit.model.frozen import dataclass

_NEAR = 120  # letters around a message in which its error code is
_MAX_URL = 200
_COVERED = 260
_AFTER_MESSAGE = re.compile(r"[.,;:!)\"'<({}\]\\]|\Z")
_CALL = re.compile(r":?(\w{2,60}?)on([A-Z][A-Za-z0-9]{1,30})")
_CODE = re.compile(r"(?<![A-Za-z])[A-Z][A-Za-z]{3,40}(?![A-Za-z])")
_ROW = re.compile(
    r"([a-z0-9.-]{2,60}\.amazonaws\.com)[ \t,|\"]{1,20}([A-Z]\w{2,90})[ \t,|\"]{1,20}(?:Client\.)?(\w{4,60})"
)
_IDENTITY = re.compile(r"arn:[a-z-]{1,20}:(?:iam|sts)::")
_SENTENCE = "notauthorizedtoperform"


@dataclass(frozen=True, slots=True)
class PlainDenial:
    """A denial, and where its text is in the squeezed text."""

    denial: Denial
    start: int
    end: int


def read_plain(passage: Passage, tables: DenialTables, spans: Sequence[tuple[int, int]]) -> Iterator[PlainDenial]:
    """Yield the denials outside some spans of the squeezed text, which are read already, in order."""
    taken = Spans(spans)
    rows = list(_read_rows(passage, tables))
    for each in rows:
        taken.add(each.start, each.end)
    found = []
    for form in sorted(tables.messages, key=lambda each: not each.covers):
        for each in _read_form(passage, tables, form):
            if not taken.hold(each.start):
                found.append(each)
                taken.add(each.start, each.end + (_COVERED if form.covers else 0))
    yield from sorted([*rows, *found], key=lambda each: each.start)


def _read_form(passage: Passage, tables: DenialTables, form: MessageForm) -> Iterator[PlainDenial]:
    at = passage.lowered.find(form.words)
    while at >= 0:
        end = at + len(form.words)
        if form.ends:
            closing = passage.lowered.find(form.ends, end, end + _MAX_URL)
            end = closing + len(form.ends) if closing >= 0 else 0
        if end and (denial := _read_message(passage, tables, form, at, end)):
            yield denial
        at = passage.lowered.find(form.words, at + len(form.words))


def _read_message(passage: Passage, tables: DenialTables, form: MessageForm, at: int, end: int) -> PlainDenial | None:
    wrapper = read_wrapper(passage, at, end)
    if form.needs_code and not (_is_message(passage, form, at, end) and _has_code(passage, form, wrapper, at, end)):
        return None
    if passage.lowered.startswith(_SENTENCE, end) or _is_followed_by_sentence(passage, end):
        return None
    denial = Denial(likely=form.likely, doubt=form.doubt, hint=form.hint)
    encoded, _, after = find_encoded(passage, end, end + 60)
    if encoded:
        denial, end = replace(denial, encoded=encoded), after
    if form.has_principal and not (denial := _with_principal(passage, denial, at)).principal:
        return None
    if form.has_name:
        denial = _with_name(passage, denial, end)
    if form.has_call:
        denial = _with_call(passage, tables, denial, end)
        return PlainDenial(denial, at, end) if denial.action else None
    if form.action:
        return PlainDenial(replace(denial, action=form.action, inferred=True), at, end)
    if form.codes and not wrapper.service and not _names_code(passage, form.codes, at):
        form = replace(form, service="")
    return PlainDenial(_with_service(tables, form, wrapper, denial), min(at, wrapper.start), end)


def _with_service(tables: DenialTables, form: MessageForm, wrapper: Wrapper, denial: Denial) -> Denial:
    """The denial with its service and operation, from the wrapper or from the wording."""
    service = tables.operations.service_of_sdk(wrapper.service) or form.service
    operation = wrapper.operation
    if operation and not service:
        service = _service_of(tables, form, operation)
    if not operation:
        return replace(denial, service=service or None)
    certain = not form.is_uncertain and not is_about_object(tables, service, operation)
    return with_operation(denial, tables, service, operation, certain=certain)


def _service_of(tables: DenialTables, form: MessageForm, operation: str) -> str:
    """The service of an operation: S3, if it has it, for the messages that S3 sends without a name."""
    if form.needs_code and tables.operations.actions_of("s3", operation, tables.actions):
        return "s3"
    return tables.operations.service_of_operation(operation, tables.actions)


def _names_code(passage: Passage, codes: Sequence[str], at: int) -> bool:
    near = passage.squeezed[max(0, at - _NEAR) : at + _NEAR]
    return any(each in near for each in codes)


def _is_message(passage: Passage, form: MessageForm, at: int, end: int) -> bool:
    """Whether words are a whole message: an error code is one word, and other words after it make another message."""
    if not form.needs_wrapper and passage.squeezed[at:end] == passage.between(at, end):
        return passage.lowered.endswith("accessdenied:", 0, at)
    return passage.is_break(end) or _AFTER_MESSAGE.match(passage.squeezed, end) is not None


def _has_code(passage: Passage, form: MessageForm, wrapper: Wrapper, at: int, end: int) -> bool:
    """Whether an error code of a denial belongs to a message: in its wrapper, or near it."""
    if wrapper.operation or wrapper.service:
        return is_denial_code(wrapper.code) or wrapper.code.startswith(("403", "Forbidden"))
    if form.needs_wrapper:
        return False
    start = passage.in_text(max(0, at - _NEAR))
    before = passage.text[start : passage.in_text(at)]
    after = passage.text[passage.in_text(end - 1) + 1 :][:_NEAR]
    return any(is_denial_code(found[0]) for found in _CODE.finditer(f"{before}\n{after}"))


def _is_followed_by_sentence(passage: Passage, end: int) -> bool:
    """Whether AWS's sentence follows a message, so that both are one."""
    return re.compile(r"\.?user:").match(passage.lowered, end) is not None


def _with_principal(passage: Passage, denial: Denial, at: int) -> Denial:
    before = passage.squeezed[max(0, at - 400) : at]
    arn = before[before.rfind("arn:") :].strip("'\"`") if "arn:" in before else ""
    return replace(denial, principal=arn) if is_arn(arn) else denial


def _with_name(passage: Passage, denial: Denial, end: int) -> Denial:
    if passage.squeezed[end : end + 1] == ":":
        end += 1
    name = trim_name(read_name(passage, end, 0)[0])
    if is_arn(name):
        return replace(denial, resource=name)
    return replace(denial, resource_text=name or None)


def _with_call(passage: Passage, tables: DenialTables, denial: Denial, end: int) -> Denial:
    found = _CALL.match(passage.squeezed, end)
    if found is None:
        return denial
    service = tables.operations.service_of_sdk(found[2]) or tables.operations.service_of_sdk(found[2].rstrip("s"))
    return with_operation(denial, tables, service, found[1], certain=True)


def _read_rows(passage: Passage, tables: DenialTables) -> Iterator[PlainDenial]:
    """Yield the denials of CloudTrail's columns as text: event source, event name and error code in one line."""
    at = passage.text.find(".amazonaws.com")
    while at >= 0:
        start = passage.text.rfind("\n", max(0, at - 600), at) + 1 or max(0, at - 600)
        begin = max(start, at - 60)
        found = _ROW.search(passage.text, begin, at + 260)
        if found and is_denial_code(found[3]) and found.start(1) <= at < found.end(1):
            newline = passage.text.find("\n", at, at + 2000)
            line_end = newline if newline >= 0 else min(len(passage.text), at + 2000)
            denial = _read_row(passage.text[start:line_end], tables, found)
            yield PlainDenial(denial, passage.in_squeezed(start), passage.in_squeezed(line_end))
        at = passage.text.find(".amazonaws.com", at + 1)


def _read_row(line: str, tables: DenialTables, found: re.Match[str]) -> Denial:
    arns = [each.strip(",|\"'") for each in line.split() if each.strip(",|\"'").startswith("arn:")]
    principals = [each for each in arns if is_arn(each) and _IDENTITY.match(each)]
    denial = Denial(principal=principals[0] if len(set(principals)) == 1 else None)
    service = tables.operations.service_of_event(found[1])
    return with_operation(denial, tables, service, found[2], certain="ncoded authorization" not in line)
