"""Reads any text: finds the denials in it, each once, and the errors that only look like denials."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from koding_audit.denials.encoded import find_encoded, read_encoded_alone
from koding_audit.denials.events import find_records, read_record
from koding_audit.denials.knowledge import DenialTables
from koding_audit.denials.lines import clean_text
from koding_audit.denials.look_alikes import find_look_alikes, of_other_codes, of_reason
from koding_audit.denials.passage import Passage, Spans
from koding_audit.denials.plain import PlainDenial, read_plain
from koding_audit.denials.sentence import Sentence, find_region, read_id, read_sentences
from koding_audit.denials.values import Denial, LookAlike, Reading
from koding_audit.denials.wrappers import read_wrapper

_ID_ALONE = re.compile(r"(?=[0-9a-z]*[0-9])(?=[0-9a-z]*[a-z])[0-9a-z]{24,25}")
_BLOCK = 4096  # characters
_MAX_PART = 1 << 18
# What every message has that this package reads, in lower case and without spaces.
_STEMS = (
    *("authorized", "denied", "forbidden", "encodedauthorization", "authorization-details", "whencallingthe"),
    *("apierror", "errorcode", "accessto", "privileges", "permission", "credential", "expired", "ciphertextrefers"),
)
_DETAILS = "authorization-details/"


def read_denials(text: str, tables: DenialTables) -> Reading:
    """Return what a text reports. The whole text is in memory several times: `read_log` is for long ones."""
    records = find_records(text)
    if records:
        found = [read_record(each, tables) for each in records]
        denials = [each for each in found if isinstance(each, Denial)]
        others = dict.fromkeys(each for each in found if isinstance(each, LookAlike))
        return Reading(_distinct(denials), tuple(others))
    alone = _read_alone(text.strip())
    return Reading((alone,)) if alone else _read_passage(Passage(clean_text(text)), tables)


def read_log(lines: Iterable[str], tables: DenialTables) -> Reading:
    """Return what a log reports; only the parts around what may be a message are read closely.

    lines: the lines with their ends, one by one. A text that starts as JSON is read as a whole.
    """
    parts = list(_parts(lines))
    readings = [read_denials(each, tables) for each in parts]
    denials = [each for reading in readings for each in reading.denials]
    others = dict.fromkeys(each for reading in readings for each in reading.look_alikes)
    return Reading(_distinct(denials), tuple(others))


def _parts(lines: Iterable[str]) -> Iterator[str]:
    """Yield the parts of a log that may hold messages, each with a block before and after it, and not cut in one."""
    blocks = _blocks(lines)
    first = next(blocks, "")
    if first.lstrip()[:1] in ("{", "["):
        yield first + "".join(blocks)
        return
    part: list[str] = []
    before, was_hit = "", False
    for block in chain((first,), blocks):
        is_hit = _may_hold_message(block)
        if is_hit and not part:
            part = [before]
        if part and (is_hit or was_hit):
            part.append(block)
            if sum(map(len, part)) > _MAX_PART:
                whole, rest = _cut("".join(part))
                yield whole
                part = [rest]
        elif part:
            yield "".join(part)
            part = []
        before, was_hit = block, is_hit
    if part:
        yield "".join(part)


def _cut(text: str) -> tuple[str, str]:
    """Cut a long part before the last sentence that begins in it."""
    user = text.rfind("User:", len(text) - _BLOCK)
    at = text.rfind("\n", 0, user) + 1 if user >= 0 else len(text)
    return (text[:at], text[at:]) if at > _BLOCK else (text, "")


def _blocks(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines in blocks of some thousand characters."""
    block: list[str] = []
    size = 0
    for line in lines:
        block.append(line)
        size += len(line)
        if size >= _BLOCK:
            yield "".join(block)
            block, size = [], 0
    yield "".join(block)


def _may_hold_message(block: str) -> bool:
    squeezed = "".join(block.split()).lower()
    return any(each in squeezed for each in _STEMS)


def _read_alone(text: str) -> Denial | None:
    """The denial of a text that is nothing but an authorization id or an encoded message."""
    if _ID_ALONE.fullmatch(text):
        return Denial(authorization_id=text)
    encoded = read_encoded_alone(text)
    return Denial(encoded=encoded) if encoded else None


def _read_passage(passage: Passage, tables: DenialTables) -> Reading:
    found: list[PlainDenial] = []
    others: list[LookAlike] = []
    spans: list[tuple[int, int]] = []
    for each in read_sentences(passage, tables):
        spans.append((each.start, each.end))
        if each.reason and (other := of_reason(each.reason, tables)):
            others.append(other)
        else:
            found.append(_with_surroundings(passage, tables, each))
            spans[-1] = (each.start, found[-1].end)
    found += read_plain(passage, tables, spans)
    found += _read_rest(passage, [*spans, *((each.start, each.end) for each in found)])
    found.sort(key=lambda each: each.start)
    look_alikes = dict.fromkeys((*others, *find_look_alikes(passage, tables)))
    if look_alikes:
        found = [each for each in found if each.denial != Denial()]
    if not found and not look_alikes:
        look_alikes = dict.fromkeys(of_other_codes(passage))
    return Reading(_distinct([each.denial for each in found]), tuple(look_alikes))


def _with_surroundings(passage: Passage, tables: DenialTables, found: Sentence) -> PlainDenial:
    """The denial of a sentence with the encoded message after it, and the operation if its action is not printed."""
    denial, end = found.denial, found.end
    encoded, _, after = find_encoded(passage, end, end + 60)
    if encoded:
        denial, end = replace(denial, encoded=encoded), after
    if denial.action is None:
        denial = _with_likely(passage, tables, denial, found.start)
    return PlainDenial(denial, found.start, end)


def _with_likely(passage: Passage, tables: DenialTables, denial: Denial, start: int) -> Denial:
    wrapper = read_wrapper(passage, start, start)
    operations = tables.operations
    service = operations.service_of_sdk(wrapper.service) if wrapper.service else ""
    service = service or operations.service_of_operation(wrapper.operation, tables.actions)
    if not wrapper.operation or not service:
        return denial
    likely = operations.candidates_of(service, wrapper.operation, tables.actions)
    return replace(denial, operation=f"{service}:{wrapper.operation}", likely=likely)


def _read_rest(passage: Passage, spans: Sequence[tuple[int, int]]) -> Iterator[PlainDenial]:
    """Yield what is left: encoded messages and authorization ids without a message."""
    taken = Spans(spans)
    text, start, end = find_encoded(passage, 0, len(passage.lowered))
    while text:
        if not taken.hold(start):
            yield PlainDenial(Denial(encoded=text), start, end)
        text, start, end = find_encoded(passage, end, len(passage.lowered))
    at = passage.lowered.find(_DETAILS)
    while at >= 0:
        name = read_id(passage, at + len(_DETAILS))
        if name and not taken.hold(at):
            region = find_region(passage.lowered[max(0, at - 120) : at])
            yield PlainDenial(Denial(authorization_id=name, region=region), at, at + len(name))
        at = passage.lowered.find(_DETAILS, at + 1)


def _distinct(denials: Iterable[Denial]) -> tuple[Denial, ...]:
    """The denials without repetitions, each with their number, and without those that another one says more of."""
    found: dict[Denial, int] = {}
    for each in denials:
        key = replace(each, repeats=1)
        found[key] = found.get(key, 0) + each.repeats
    requests: dict[tuple[str | None, str | None], list[Denial]] = {}
    for each in found:
        requests.setdefault((each.principal, each.action), []).append(each)
    services = {name for each in found if not _is_bare(each) for name in _services(each)}
    remaining = [
        replace(each, repeats=number)
        for each, number in found.items()
        if not (_is_bare(each) and (each.service in services or (each.service is None and len(found) > 1)))
        and not (
            _is_incomplete(each) and any(_is_beginning(each, other) for other in requests[each.principal, each.action])
        )
    ]
    return tuple(remaining)


def _is_bare(denial: Denial) -> bool:
    """Whether a denial is known by its service at most, such as an error code that a tool prints once more."""
    known = (denial.principal, denial.principal_text, denial.action, denial.operation, denial.resource_text)
    return not any((*known, denial.authorization_id, denial.encoded, denial.likely))


def _services(denial: Denial) -> tuple[str | None, ...]:
    return denial.service, (denial.action or "").partition(":")[0]


def _is_incomplete(denial: Denial) -> bool:
    return denial.resource is None and denial.effect == "unknown" and bool(denial.resource_text)


def _is_beginning(one: Denial, other: Denial) -> bool:
    """Whether a tool printed only a part of one of two denials, which it also printed as a whole."""
    return one is not other and (other.resource or "").startswith(str(one.resource_text))
