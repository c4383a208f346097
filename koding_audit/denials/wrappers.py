"""Reads what tools and SDKs print around a message: the operation, the service and the error code."""

from __future__ import annotations

import re

from koding_audit.denials.codes import is_denial_code
from koding_audit.denials.passage import Passage
from koding_audit.model.frozen import dataclass

_BEFORE = 420  # letters before a message in which its wrapper begins
_AFTER = 60
_BOTOCORE = re.compile(
    r"\(([\w.]{1,80})\)(?:occurred)?whencallingthe(\w{1,90}?)operation(?:\(reachedmaxretries:\d{1,3}\))?:"
)
_GO = re.compile(r"operationerror([\w.-]{1,60}):(\w{1,90}),")
_OLD_API = re.compile(r"API:([a-z0-9-]{2,40}):([A-Z]\w{2,90})")
_JAVA = re.compile(
    r"[.\"'\\]{0,3}\(Service:([\w.-]{1,60})[;,]StatusCode:(\d{3})(?:[;,](?:ErrorCode:(\w{1,80}))?)?", re.IGNORECASE
)
_CODE_BEFORE = re.compile(r"([A-Za-z][\w.]{2,80})(?:\(client\))?:['\"]?\Z")


@dataclass(frozen=True, slots=True)
class Wrapper:
    """What is printed around a message; each "" where nothing is.

    service: as an SDK names it, `Elastic Load Balancing v2` without spaces.
    operation: `CreateLoadBalancer`.
    code: the error code.
    start: where the wrapper begins in the squeezed text.
    """

    service: str = ""
    operation: str = ""
    code: str = ""
    start: int = 0


def read_wrapper(passage: Passage, start: int, end: int) -> Wrapper:
    """Return what is around a message between two places of the squeezed text."""
    low = max(0, start - _BEFORE)
    before = passage.squeezed[low:start]
    wrapper = Wrapper(code=_code_before(before), start=start)
    for found in (_last(_BOTOCORE, before, "whencallingthe", 90), _last(_GO, before, "operationerror", 0)):
        if found is None:
            continue
        if found.re is _BOTOCORE and len(before) - found.end() <= _AFTER:
            return Wrapper("", found[2], found[1], low + found.start())
        if found.re is _GO and "operationerror" not in before[found.end() :]:
            return Wrapper(found[1], found[2], wrapper.code, low + found.start())
    if after := _JAVA.match(passage.squeezed, end):
        own = wrapper.code if is_denial_code(wrapper.code) else after[2]
        return Wrapper(after[1], "", after[3] or own, start)
    if (found := _last(_OLD_API, before, "API:", 0)) and len(before) - found.end() <= _AFTER:
        return Wrapper(found[1], found[2], wrapper.code, low + found.start())
    return wrapper


def _last(pattern: re.Pattern[str], text: str, mark: str, back: int) -> re.Match[str] | None:
    """Return the match that has the last mark of a text. back: how far before the mark it may begin."""
    at = text.rfind(mark)
    return pattern.search(text, max(0, at - back)) if at >= 0 else None


def _code_before(text: str) -> str:
    found = _CODE_BEFORE.search(text[-100:])
    return found[1].removeprefix("apierror") if found else ""


def find_codes(passage: Passage) -> list[str]:
    """Return the error codes that wrappers name in a text, in order, each once."""
    found = dict.fromkeys(each[1] for each in _BOTOCORE.finditer(passage.squeezed))
    found |= dict.fromkeys(each[1] for each in re.finditer(r"apierror([A-Za-z][\w.]{2,60}):", passage.squeezed))
    found |= dict.fromkeys(each[1] for each in re.finditer(r";ErrorCode:(\w{2,60});", passage.squeezed))
    return list(found)
