"""Removes from a log what tools add to a message: colours, escapes, frames, prefixes of lines and columns of tables.

Every expression here is anchored or limited in length, so that the work is in proportion to the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

_ANSI = re.compile(
    r"(?:\x1b|#x1B|\\x1b|\\033|\^\[)\[[0-9;:?]{0,30}[ -/]{0,2}[@-~]|\x1b\][^\x07\x1b]{0,300}(?:\x07|\x1b\\)"
)
_ESCAPE = re.compile(r"""\\(?:(["'/\\ntr])|u([0-9a-fA-F]{4}))""")
_ESCAPED: Mapping[str, str] = {"n": "\n", "t": "\t", "r": "\n"}
_MAX_ESCAPES = 4  # JSON in JSON in JSON, as in a log of a log
_ENTITY = re.compile(r"&(quot|apos|lt|gt|amp|#39|#34|#x27|#x22|#xA|#10);")
_ENTITIES: Mapping[str, str] = {
    "quot": '"',
    "#34": '"',
    "#x22": '"',
    "apos": "'",
    "#39": "'",
    "#x27": "'",
    "lt": "<",
    "gt": ">",
    "amp": "&",
    "#xA": "\n",
    "#10": "\n",
}
_ODD_SPACES: Mapping[int, str | None] = {
    **dict.fromkeys((0xA0, 0x2007, 0x202F), " "),
    **dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF)),
    **dict.fromkeys((0x201C, 0x201D), '"'),
    **dict.fromkeys((0x2018, 0x2019), "'"),
}
_SOFT_BREAK = re.compile(r"=\r?\n")
_QUOTED_PRINTABLE = re.compile(r"=([0-9A-F]{2})")

# What tools print before the text of a line, one after another.
_PREFIX = re.compile(
    r"[ \t]+"
    r"|[\u2500-\u257f\u2502|>*]+(?=\s|$)"
    r"|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?:?(?=\s|$)"
    r"|\[?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\]?(?=\s|$)"
    r"|E(?= {2,})"
    r"|\#\d{1,4} \d{1,6}\.\d{1,6}(?=\s)"
    r"|[A-Za-z0-9][\w.-]{0,60} {1,20}\|(?=\s|$)"
)
_MAX_PREFIXES = 8
_CELL = re.compile(r"(?:^|(?<= {2}))(?=\S)")
_LEAST_COLUMN = 8


def clean_text(text: str) -> str:
    """Return the text as lines of plain words: a wrapped message is on following lines, without frames and indents."""
    text = _unescape(text.translate(_ODD_SPACES))
    text = _ANSI.sub("", text)
    if "=3D" in text or text.count("=\n") > 2 or text.count("=\r\n") > 2:
        text = _QUOTED_PRINTABLE.sub(_quoted_byte, _SOFT_BREAK.sub("", text))
    lines = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(8).split("\n")
    return "\n".join(_strip_line(each) for each in _join_columns(lines))


def _unescape(text: str) -> str:
    """Decode the escapes of JSON and of source code, also several levels of them, and the entities of XML."""
    for _ in range(_MAX_ESCAPES):
        if "\\" not in text or (plain := _ESCAPE.sub(_unescaped, text)) == text:
            break
        text = plain
    return _ENTITY.sub(lambda found: _ENTITIES[found[1]], text) if "&" in text else text


def _unescaped(found: re.Match[str]) -> str:
    sign, code = found.groups()
    if code:
        char = chr(int(code, 16))
        return char if not 0xD800 <= ord(char) <= 0xDFFF else "?"
    return _ESCAPED.get(sign, sign)


def _quoted_byte(found: re.Match[str]) -> str:
    byte = int(found[1], 16)
    return chr(byte) if 0x20 <= byte < 0x7F else "?"


def _strip_line(line: str) -> str:
    at = 0
    for _ in range(_MAX_PREFIXES):
        found = _PREFIX.match(line, at)
        if found is None:
            break
        at = found.end()
    return line[at:].rstrip(" \t|\u2502\u2551\u2503")


def _join_columns(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a table so that the last column's text of a row is on following lines."""
    column = 0
    for number, line in enumerate(lines):
        plain = _without_frame(line)
        if column and plain[: column - 1].strip() == "" and plain[column:].strip():
            yield plain[column:]
            continue
        if column and _is_continued(plain, column):
            yield plain[column:]
            continue
        column = _wrapped_column(plain, lines[number + 1]) if number + 1 < len(lines) else 0
        if column:
            yield plain[:column]
            yield plain[column:]
        else:
            yield line


def _without_frame(line: str) -> str:
    return line.replace("|", " ").replace("\u2502", " ").rstrip()


def _is_continued(line: str, column: int) -> bool:
    """Whether a line continues the cells of the row above: a new row has text in its first column."""
    return line[:1] == " " and len(line) > column and line[column - 2 : column] == "  " and line[column] != " "


def _wrapped_column(line: str, following: str) -> int:
    """Return where the last column begins, if the next line continues it and other columns are there; else 0."""
    below = _without_frame(following)
    if below[:_LEAST_COLUMN].strip() or not below.strip():
        return 0
    starts = [found.start() for found in _CELL.finditer(line)]
    if len(starts) < 2:
        return 0
    under = {found.start() for found in _CELL.finditer(below)}
    return max((each for each in starts if each in under and each >= _LEAST_COLUMN), default=0)
