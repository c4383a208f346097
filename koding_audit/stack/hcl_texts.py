"""Takes the quoted texts and heredocs out of a file in HCL before python-hcl2 parses it, and puts them back.

python-hcl2 does not read `"${~var.x~}"`, nor a line break inside `${ }`, nor a blank behind the end of a heredoc; and
after `$${` it can take the following lines for a part of the text. So it only sees a number in place of each text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from koding_audit.model.errors import InputError
from koding_audit.model.location import Location
from koding_audit.stack.expressions import split_template, string_end, text_of_escapes

_MARK = "\ue012"
_NUMBERED = re.compile(f"{_MARK}([0-9]+){_MARK}")
_START = re.compile(r"\"|#|//|/\*|<<(?P<strip>-?)(?P<word>[A-Za-z_][A-Za-z0-9_-]*)[^\S\n]*\n|\n")


class UnreadableHclError(InputError):
    """python-hcl2 cannot read the file, which may be Terraform's language nevertheless."""


@dataclass
class HeldTexts:
    """The texts of a file, by their numbers.

    path: of the file
    """

    path: str
    _texts: list[tuple[str, str]] = field(default_factory=list)

    def take_out(self, source: str) -> str:
        """Returns the file with a number in place of each text, on the same lines. Raises InputError."""
        found: list[str] = []
        at, missing = 0, 0  # missing: line breaks of texts that are taken out, given back at the end of the line
        while (start := _START.search(source, at)) is not None:
            found.append(source[at : start.start()])
            at, written, breaks = self._take(source, start)
            missing += breaks
            found.append(written)
            if written == "\n":
                found.append("\n" * missing)
                missing = 0
        return "".join((*found, source[at:], "\n" * missing))

    def put_back(self, text: str) -> str:
        """Returns a value with its texts: the text itself, or an expression that has it in quotes."""
        whole = _NUMBERED.fullmatch(text)
        if whole is not None:
            return self._texts[int(whole[1])][0]
        return _NUMBERED.sub(lambda each: self._texts[int(each[1])][1], text) if _MARK in text else text

    def _take(self, source: str, start: re.Match[str]) -> tuple[int, str, int]:
        """Returns where the next part begins, what to write, and how many line breaks that lacks."""
        mark = start[0]
        if mark == '"':
            return self._take_quoted(source, start.end())
        if mark.startswith("<<"):
            return self._take_heredoc(source, start)
        if mark == "\n":
            return start.end(), mark, 0
        end = source.find("*/", start.end()) + 2 if mark == "/*" else source.find("\n", start.end())
        end = end if end > 1 else len(source)
        return end, "", source.count("\n", start.start(), end)

    def _take_quoted(self, source: str, at: int) -> tuple[int, str, int]:
        end = string_end(source, at)
        raw = source[at:end]
        if end >= len(source) or _has_bare_break(raw):
            raise InputError("this text has no end on its line", "close the quote", self._place(source, at))
        return end + 1, f'"{self._hold(text_of_escapes(raw), raw)}"', raw.count("\n")

    def _take_heredoc(self, source: str, start: re.Match[str]) -> tuple[int, str, int]:
        end = re.compile(rf"^[^\S\n]*{re.escape(start['word'])}[^\S\n]*$", re.MULTILINE).search(source, start.end())
        if end is None:
            word = start["word"]
            raise InputError(f"the heredoc has no line {word} at its end", "add it", self._place(source, start.start()))
        text = source[start.end() : end.start()]
        text = _strip_indent(text) if start["strip"] else text
        quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return end.end(), f'"{self._hold(text, quoted)}"', source.count("\n", start.start(), end.end())

    def _hold(self, text: str, quoted: str) -> str:
        self._texts.append((text, quoted))
        return f"{_MARK}{len(self._texts) - 1}{_MARK}"

    def _place(self, source: str, at: int) -> Location:
        return Location(self.path, source.count("\n", 0, at) + 1, at - source.rfind("\n", 0, at))


def _has_bare_break(text: str) -> bool:
    """Whether a quoted text has a line break outside of `${ }`."""
    return any("\n" in part for part, inside in split_template(text) if not inside)


def _strip_indent(text: str) -> str:
    """Returns a heredoc's text without the indent that all its lines have, as `<<-` says."""
    lines = text.split("\n")
    indent = min((len(each) - len(each.lstrip(" \t")) for each in lines if each.strip()), default=0)
    return "\n".join(each[indent:] for each in lines)
