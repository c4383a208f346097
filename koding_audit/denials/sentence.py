"""Reads AWS's sentence of a denial: `User: P is not authorized to perform: A on resource: R because no T allows`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from koding_audit.denials.knowledge import DenialTables
from koding_audit.denials.passage import Passage
from koding_audit.denials.tokens import is_arn, is_cut, read_name, trim_name
from koding_audit.denials.values import Denial, DenialLayer
from koding_audit.model.frozen import dataclass
from koding_audit.reference.actions import ActionList

_ANCHOR = "notauthorizedtoperform"
_MAX_PRINCIPAL = 420
_MAX_FOLLOWING = 1300
_FOLLOWS = "onresource|ontheresource|onthisresource|onrole|because|withanexplicit"
_ACTION = re.compile(
    rf"[:]?['\"`]{{0,2}}([a-z0-9-]{{2,40}}:[a-z0-9*]{{1,100}}?)['`\"]{{0,2}}(?={_FOLLOWS}|[^a-z0-9*'\"`]|['\"`]|\Z)"
)
_THIRD_PART = re.compile(r":[a-z]")
_BARE_OPERATION = re.compile(r":?assumerole(?=onrole)")
_NO_ACTION = re.compile(r":(?:null)?(?=\W|\Z|on|because)")
_RESOURCE = re.compile(r"[,.]?(onresource:?|onrole)")
_KMS_RESOURCE = re.compile(r"on(?:thisresource|theresourceassociatedwiththisciphertext)")
_REASON = re.compile(r"[\"'`,]{0,3}(because|withanexplicitdeny)")
_NEXT = re.compile(
    r"because(?:no|the|an?)|withanexplicitdeny|\(service:|\(requesttoken|statuscode:|goto|user:|encodedauth"
)
_NEW_MESSAGES = frozenset({"user:", "encodedauth"})
_POLICY = re.compile(r"(?::|,?withpolicyarn:)(?=arn:)")
_REGION = re.compile(r"region=([a-z]{2}(?:-[a-z]{2,12}){1,3}-\d)|//([a-z]{2}(?:-[a-z]{2,12}){1,3}-\d)\.console")
_MAX_TAIL = 500  # letters between the end of a sentence and the authorization id after it


@dataclass(frozen=True, slots=True)
class Sentence:
    """A denial, and where its text begins and ends in the squeezed text; reason: that of `because`, if unknown."""

    denial: Denial
    start: int
    end: int
    reason: str = ""


def read_sentences(passage: Passage, tables: DenialTables) -> Iterator[Sentence]:
    """Yield each sentence of a text, in order."""
    at = passage.lowered.find(_ANCHOR)
    end = 0
    while at >= 0:
        following = passage.lowered.find(_ANCHOR, at + 1)
        stop = following if following >= 0 else len(passage.squeezed)
        found = _read_sentence(passage, tables, end, at, stop)
        if found is not None:
            yield found
            end = found.end
        at = following


def _read_sentence(passage: Passage, tables: DenialTables, before: int, at: int, stop: int) -> Sentence | None:
    after = at + len(_ANCHOR)
    action, inferred, end = _read_action(passage, tables.actions, after)
    if end == 0:
        return None
    start, principal = _read_principal(passage, before, at)
    if action is None and not principal and not passage.lowered.startswith("is", at - 2):
        return None
    resource, end = _read_resource(passage, end, stop, start)
    denial = Denial(action=action, inferred=inferred)
    denial = _with_names(denial, principal, resource)
    if is_cut(passage, end):
        denial = replace(denial, resource=None, resource_text=resource or None)
    reason = ""
    if found := _REASON.match(passage.lowered, end):
        denial, end, reason = _read_reason(passage, tables, denial, found, start)
    denial, end = _read_id(passage, denial, end, stop)
    return Sentence(denial, start, end, reason)


def _with_names(denial: Denial, principal: str, resource: str) -> Denial:
    """The denial with its principal and resource: an ARN is one, other text is only shown."""
    if is_arn(principal):
        denial = replace(denial, principal=principal)
    elif principal:
        denial = replace(denial, principal_text=principal)
    if is_arn(resource) or resource == "*":
        return replace(denial, resource=resource)
    return replace(denial, resource_text=resource) if resource else denial


def _read_principal(passage: Passage, before: int, at: int) -> tuple[int, str]:
    """Return where the sentence begins, and the principal; "" if none is named."""
    if not passage.lowered.startswith("is", at - 2):
        return at, ""
    low = max(before, at - 2 - _MAX_PRINCIPAL)
    text = passage.squeezed[low : at - 2]
    mark = max(text.rfind("User:"), text.rfind("User`"), text.rfind("User'"), text.rfind("user:"))
    arn = text.rfind("arn:")
    begin = mark + len("User:") if mark >= 0 else arn
    if begin < 0 or (mark >= 0 and arn > begin and is_arn(trim_name(text[arn:].strip("`'\"")))):
        begin = arn
    if begin < 0:
        return at - 2, ""
    name = text[begin:].strip("`'\"")
    start = low + (mark if 0 <= mark <= begin else begin)
    if len(name) > 200 and not is_arn(name):
        return start, ""
    return start, name


def _read_action(passage: Passage, known: ActionList, at: int) -> tuple[str | None, bool, int]:
    """Return the action, whether it is inferred, and where it ends; the end is 0 if this is not AWS's sentence."""
    if found := _BARE_OPERATION.match(passage.lowered, at):
        return "sts:AssumeRole", True, found.end()
    if found := _ACTION.match(passage.lowered, at):
        if _THIRD_PART.match(passage.lowered, found.end(1)) and passage.word_end(found.start(1)) > found.end(1) + 1:
            return None, False, 0  # other clouds have actions of three parts
        start, end = found.span(1)
        end = _action_end(passage, known, start, end)
        action = _spelling(known, passage.squeezed[start:end])
        return (None if is_cut(passage, end) else action), False, end
    if found := _NO_ACTION.match(passage.lowered, at):
        return None, False, found.end()
    return None, False, 0


def _action_end(passage: Passage, known: ActionList, start: int, end: int) -> int:
    """Return where an action ends that may go over a line break, or may be followed by words without a sign."""
    first = passage.word_end(start)
    if first >= end:
        return end
    if " " not in passage.between(start, end) and passage.squeezed[start:end] in known:
        return end
    ends = [first]
    while ends[-1] < end and passage.is_break(ends[-1]):
        ends.append(min(passage.word_end(ends[-1]), end))
    return next((each for each in ends if passage.squeezed[start:each] in known), ends[0])


def _spelling(known: ActionList, printed: str) -> str:
    prefix, _, name = printed.partition(":")
    return known.canonical_name(printed) or f"{prefix.lower()}:{name}"


def _read_resource(passage: Passage, at: int, stop: int, since: int) -> tuple[str, int]:
    while passage.lowered[at : at + 1] and passage.lowered[at] in "'`\"":
        at += 1
    if found := _KMS_RESOURCE.match(passage.lowered, at):
        return "", found.end()
    found = _RESOURCE.match(passage.lowered, at)
    if found is None:
        return "", at
    end = found.end()
    following = _NEXT.search(passage.lowered, found.end(), min(found.end() + _MAX_FOLLOWING, stop))
    return read_name(passage, found.end(), _known_end(following), _next_user(passage, end, stop), since)


def _known_end(following: re.Match[str] | None) -> int:
    """Return where the words after a resource begin; 0 if they may begin another message, with anything before it."""
    return following.start() if following and following[0] not in _NEW_MESSAGES else 0


def _next_user(passage: Passage, at: int, stop: int) -> int:
    """Return where the next sentence may begin, before a place at which it has certainly begun."""
    user = passage.lowered.find("user:", at, stop)
    return user if user >= 0 else stop


def _read_reason(
    passage: Passage, tables: DenialTables, denial: Denial, found: re.Match[str], since: int
) -> tuple[Denial, int, str]:
    """Return the denial with its effect, layer and policy, the end of the reason, and a reason that is not known."""
    lowered, at = passage.lowered, found.end()
    if found[1] == "because":
        return _read_because(passage, tables, denial, at, since)
    named = re.compile(r"in(?:an?|the)?").match(lowered, at)
    denial = replace(denial, effect="explicit-deny")
    if named is None:
        return denial, at, ""
    for start in (named.end(), named.end() - 1, at + len("in")):
        layer, end = _read_layer(lowered, start, tables.layers)
        if end:
            denial, end = _read_policy(passage, replace(denial, layer=layer), end, since)
            return denial, end, ""
    return denial, at, ""


def _read_because(
    passage: Passage, tables: DenialTables, denial: Denial, at: int, since: int
) -> tuple[Denial, int, str]:
    lowered = passage.lowered
    no = lowered.startswith("no", at)
    layer, end = _read_layer(lowered, at + 2, tables.layers) if no else ("unknown", 0)
    if end and lowered.startswith("allow", end):
        close = lowered.find("action", end, end + 150)
        end = close + len("action") if close >= 0 else end
        denial, end = _read_policy(passage, replace(denial, effect="implicit-deny", layer=layer), end, since)
        return denial, end, ""
    if no and re.compile(r"[a-z-]{3,60}polic(?:y|ies)allows?").match(lowered, at + 2):
        return replace(denial, effect="implicit-deny"), at, ""
    if lowered.startswith("theresourcedoesnotexist", at):
        return replace(denial, doubt="the key may not exist in this Region"), at, ""
    return denial, at, lowered[at : at + 160]


def _read_layer(lowered: str, at: int, layers: Mapping[str, DenialLayer]) -> tuple[DenialLayer, int]:
    """Return the layer that is named at a place, and where its name ends; 0 if none is."""
    for words in sorted(layers, key=len, reverse=True):
        if lowered.startswith(words, at):
            return layers[words], at + len(words)
    return "unknown", 0


def _read_policy(passage: Passage, denial: Denial, at: int, since: int) -> tuple[Denial, int]:
    found = _POLICY.match(passage.lowered, at)
    if found is None:
        return denial, at
    name, end = read_name(passage, found.end(), 0, since=since)
    if is_arn(name) and not is_cut(passage, end):
        return replace(denial, policy=name), end
    return replace(denial, policy_text=name), end


def _read_id(passage: Passage, denial: Denial, end: int, stop: int) -> tuple[Denial, int]:
    """Return the denial with the authorization id after its sentence and the Region of it, and where the id ends."""
    limit = min(end + _MAX_TAIL, stop)
    for mark in ("authorization-details/", "authorizationid:"):
        at = passage.lowered.find(mark, end, limit)
        if at >= 0:
            found = read_id(passage, at + len(mark))
            if found:
                region = find_region(passage.lowered[end : at + len(mark)])
                return replace(denial, authorization_id=found, region=region), at + len(mark) + len(found)
    return denial, end


def read_id(passage: Passage, at: int) -> str:
    """Return the authorization id at a place of the squeezed text; "" if there is none."""
    if at >= len(passage.squeezed):
        return ""
    name, _ = read_name(passage, at, 0)
    found = re.match(r"[0-9a-z]{24,30}(?![0-9A-Za-z])", name)
    return found[0] if found else ""


def find_region(lowered: str) -> str | None:
    """Return the Region in the address of AWS's console; None if there is none."""
    found = _REGION.search(lowered)
    return (found[1] or found[2]) if found else None
