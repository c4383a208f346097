"""Reads ARNs and other names at a place of a text, and decides whether a line break is a part of them."""

from __future__ import annotations

import re

from koding_audit.denials.passage import Passage

_ARN = re.compile(r"arn:aws[a-z-]{0,20}:[a-z0-9-]{1,40}:[a-z0-9-]{0,30}:(?:\d{12}|aws)?:\S(?:.*\S)?", re.DOTALL)
_MASK = re.compile(r"\*\*|[<>$#{}\u2026]|[Xx]{4,}|\.\.\.|REDACTED", re.IGNORECASE)
_QUOTES = "\"'`"
_END = re.compile(r"[.,;\"'`)\]}>\\]+\Z")
_BRACKET = re.compile(r"[(\"`\\]|</|<br|'(?=\W|\Z)")
_CUT = re.compile(r"[.\s\"'`]*(?:\.\.\.|\u2026|[(\[]truncated)")
_ORGANIZATION_POLICY = re.compile(r"/p-[0-9a-z]{8,128}\Z")
_KINDS = re.compile(r"(?:role|user|group|policy|instance profile|policy path)[ \n][^\s:]{1,600}")
_MAX_NAME = 1200  # characters: an S3 key has up to 1,024


def is_arn(text: str) -> bool:
    """Whether a text is a whole ARN: with an account of 12 digits, or without one, and nothing masked."""
    return _ARN.fullmatch(text) is not None and not _MASK.search(text)


def trim_name(text: str) -> str:
    """Return a name without the signs that end the sentence around it."""
    if found := _BRACKET.search(text):
        text = text[: found.start()]
    text = _END.sub("", text)
    # AWS prints the ARN of a log group with a colon at its end.
    return text if ":logs:" in text[:40] else text.rstrip(":")


def read_name(passage: Passage, at: int, stop: int, limit: int = 0, since: int | None = None) -> tuple[str, int]:
    """Return the name that begins at a place of the squeezed text, and where it ends there; "" if there is none.

    stop: where the sentence continues with known words, in the squeezed text; 0 if it does not.
    limit: where another message begins, 0 for the end of the text.
    since: where the message begins, by which the width of its lines is known; None for `at`.
    """
    if at >= len(passage.squeezed):
        return "", at
    quote = passage.squeezed[at]
    if quote in _QUOTES:
        return _read_quoted(passage, at, quote, limit or len(passage.squeezed))
    if stop and stop - at <= _MAX_NAME:
        whole = passage.between(at, stop)
        if whole and _is_one_name(whole):
            return trim_name(_joined(whole)), stop
    return _read_word(passage, at, stop, at if since is None else since)


def _read_quoted(passage: Passage, at: int, quote: str, limit: int) -> tuple[str, int]:
    ends = {quote, "'"} if quote == "`" else {quote}  # SES prints `NAME'
    limit = min(limit, at + _MAX_NAME)
    end = next((each for each in range(at + 1, limit) if passage.squeezed[each] in ends), 0)
    if not end:
        return _read_word(passage, at + 1, 0, at + 1)
    text = passage.between(at + 1, end)
    if "(truncated" in text:
        return _read_word(passage, at + 1, 0, at + 1)
    return ("" if " " in text and "\n" in text else _joined(text)), end + 1


def _is_one_name(text: str) -> bool:
    """Whether a text up to the next known words is one name: an ARN without spaces, or a few words for one."""
    if " " not in text:
        return True
    if text.startswith("arn:"):
        return "\n" not in text and not re.search(r"[:.,;]\s|\s(?:User|is):?\s", text)
    return len(text) <= 200 and not re.search(r"[.,;]\s|:\s|User:", text)


def _joined(text: str) -> str:
    """Return a name without its line breaks; between two words of a name that is not an ARN a break is a space."""
    return re.sub(r"\s*\n\s*", "" if text.startswith("arn:") else " ", text).strip()


def _read_word(passage: Passage, at: int, stop: int, since: int) -> tuple[str, int]:
    """Read to the next space; over a line break if the line is cut at a fixed width, or the ARN is not complete."""
    end = min(passage.word_end(at), at + _MAX_NAME)
    while end < len(passage.squeezed) and end - at < _MAX_NAME and passage.is_break(end):
        text = passage.squeezed[at:end]
        complete = not text.startswith("arn:") or _is_complete(trim_name(text))
        if (
            end == stop
            or text.rstrip(":") != trim_name(text).rstrip(":")
            or (complete and not passage.is_hard_break(end, since))
        ):
            break
        end = passage.word_end(end)
    if stop and at < stop < end:
        end = stop
    if found := _KINDS.match(passage.text, passage.in_text(at)):
        name = trim_name(found[0])
        return name, passage.in_squeezed(passage.in_text(at) + len(name))
    name = trim_name(passage.squeezed[at:end])
    return name, at + len(name)


def _is_complete(arn: str) -> bool:
    """Whether an ARN may end at the end of a line."""
    if ":organizations:" in arn and ":policy/" in arn and not _ORGANIZATION_POLICY.search(arn):
        return False
    return is_arn(arn) and not arn.endswith(("-", "/", ":"))


def is_cut(passage: Passage, end: int) -> bool:
    """Whether a tool cut the text at a place, so that the name before it may be incomplete."""
    return _CUT.match(passage.squeezed, end) is not None
