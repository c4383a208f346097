"""A text in which messages are found although lines break in words and in ARNs."""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from collections.abc import Iterable

_WORD = re.compile(r"\S+")
_LEAST_WIDTH, _MAX_WIDTH = 20, 400


class Passage:
    """A text and its letters without any space: there a message is in one piece, however its lines are wrapped.

    text: the text; a space is a space, a line break may be a space or nothing.
    squeezed: the text without spaces and line breaks.
    lowered: the same in lower case.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        words = [(found.start(), found[0]) for found in _WORD.finditer(text)]
        self.squeezed = "".join(word for _, word in words)
        self.lowered = _lower(self.squeezed)
        self._starts = [start for start, _ in words]
        self._offsets: list[int] = []
        offset = 0
        for _, word in words:
            self._offsets.append(offset)
            offset += len(word)

    def in_text(self, at: int) -> int:
        """Return the place in the text of a place in the squeezed text; its end for the end."""
        if at >= len(self.squeezed):
            return len(self.text)
        index = bisect_right(self._offsets, at) - 1
        return self._starts[index] + at - self._offsets[index]

    def in_squeezed(self, at: int) -> int:
        """Return the place in the squeezed text of a place in the text, or of the next letter after it."""
        index = bisect_right(self._starts, at) - 1
        if index < 0:
            return 0
        after = self._offsets[index + 1] if index + 1 < len(self._offsets) else len(self.squeezed)
        return min(self._offsets[index] + at - self._starts[index], after)

    def between(self, start: int, end: int) -> str:
        """Return the text from one place of the squeezed text to another, without spaces around it."""
        if end <= start:
            return ""
        return self.text[self.in_text(start) : self.in_text(end - 1) + 1]

    def word_end(self, at: int) -> int:
        """Return the place in the squeezed text at which the word at a place ends."""
        index = bisect_right(self._offsets, at) - 1
        return self._offsets[index + 1] if 0 <= index < len(self._offsets) - 1 else len(self.squeezed)

    def is_break(self, at: int) -> bool:
        """Whether a line ends before a place of the squeezed text, which is the start of a word."""
        start = self.in_text(at)
        return 0 < start < len(self.text) and self.text[start - 1] == "\n"

    def is_hard_break(self, at: int, since: int) -> bool:
        """Whether the line that ends before a place is cut at a fixed width, which may be within a word.

        since: where the message begins; a line of it that ends before must have the same width. Lines of other messages
            may be equally long by chance.
        """
        if not self.is_break(at):
            return False
        newline = self.in_text(at) - 1
        start = self.text.rfind("\n", max(0, newline - _MAX_WIDTH), newline) + 1
        if start - 1 <= self.in_text(since):
            return False
        before = self.text.rfind("\n", max(0, start - _MAX_WIDTH), start - 1) + 1
        return newline - start == start - 1 - before >= _LEAST_WIDTH


class Spans:
    """Ranges of the squeezed text that are read already."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self._ends = dict(spans)
        self._starts = sorted(self._ends)

    def add(self, start: int, end: int) -> None:
        """Add a range."""
        if start not in self._ends:
            insort(self._starts, start)
        self._ends[start] = max(end, self._ends.get(start, 0))

    def hold(self, at: int) -> bool:
        """Whether a place is in a range, of which none begins within another."""
        index = bisect_right(self._starts, at) - 1
        return index >= 0 and at < self._ends[self._starts[index]]


def _lower(text: str) -> str:
    """Return a text in lower case, in the same length: a few letters have two in lower case, and stay."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(each.lower() if len(each.lower()) == 1 else each for each in text)
