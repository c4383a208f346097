"""Recognizes the names of files that a person may take for `guards.yaml`, and that are not read as such."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from koding_audit.desired.paths import GUARDS_FILE

_GUARD_WORDS = ("guards", "guard")
_LETTERS = frozenset("guards")
_FORMATS = frozenset({"yaml", "yml", "json", "jsonc", "toml", "txt"})
_GLUED = frozenset(f"{guard}{ending}" for guard in _GUARD_WORDS for ending in _FORMATS)
# Words that make no other name of it: those of copies, and of this tool.
_EMPTY_WORDS = frozenset(
    {"audit", "backup", "bak", "copy", "draft", "koding", "new", "of", "old", "orig", "save", "swp", "temp", "tmp"}
)
_ANY_LETTER = "?"  # a letter outside ASCII, which may look like any other
_FEWEST_ASCII = 2
_NO_LETTERS = re.compile("[^a-z]+")


def is_misnamed_guards_file(name: str) -> bool:
    """Whether a name is that of a guards file except its spelling: `guards.yml`, `guards (1).yaml`, `guardsyaml`.

    That is a word like `guards` with words of formats, copies and this tool only, or with a format just behind it.
    """
    words = _words(name)
    if name == GUARDS_FILE or not words:
        return False
    if "".join(words) in _GLUED:
        return True
    position = next((index for index, word in enumerate(words) if _is_guard_word(word)), None)
    if position is None:
        return False
    rest = [*words[:position], *words[position + 1 :]]
    is_followed = position == 0 and bool(rest) and _is_yaml_word(rest[0])
    return is_followed or all(_is_format(each) or each in _EMPTY_WORDS for each in rest)


def has_guard_and_format(name: str) -> bool:
    """Whether a name has a word like `guards` and ends with a format, as `guards-eu.yaml` does."""
    words = _words(name)
    return name != GUARDS_FILE and bool(words) and _is_format(words[-1]) and any(map(_is_guard_word, words))


def is_copy_of_guards(name: str) -> bool:
    """Whether a name is that of a copy that a person or an editor makes beside `guards.yaml`."""
    return name.startswith(GUARDS_FILE) or name.strip("#") in (GUARDS_FILE, f".#{GUARDS_FILE}", f".{GUARDS_FILE}.swp")


def _words(name: str) -> Sequence[str]:
    """The words of a name in small letters, without accents, invisible characters and digits."""
    return [part for word in _fold_name(name).split() for part in _split_format(word)]


def _fold_name(name: str) -> str:
    if name.isascii() and name.isprintable():  # a folder may have thousands of files
        return _NO_LETTERS.sub(" ", name.lower())
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    return "".join(_fold_characters(decomposed))


def _split_format(word: str) -> tuple[str, ...]:
    """`guards` and `yaml` of `guardsyaml`; any other word as it is."""
    endings = (each for each in _FORMATS if word.endswith(each))
    found = next((each for each in endings if _is_guard_word(word.removesuffix(each))), "")
    return (word.removesuffix(found), found) if found else (word,)


def _fold_characters(text: str) -> Iterator[str]:
    for character in text:
        category = unicodedata.category(character)
        if character.isascii() and character.isalpha():
            yield character
        elif category[0] == "L":
            yield _ANY_LETTER
        elif category not in ("Mn", "Me", "Cf", "Cc"):
            yield " "


def _is_guard_word(word: str) -> bool:
    """Whether a word is like `guards` or `guard`: at most one slip, or the same letters in another order."""
    ascii_letters = word.replace(_ANY_LETTER, "")
    if not 4 <= len(word) <= 7 or len(ascii_letters) < _FEWEST_ASCII:
        return False
    if _ANY_LETTER not in word and len(_LETTERS.intersection(word)) < 3:
        return False
    return any(sorted(word) == sorted(each) or _has_one_slip(word, each) for each in _GUARD_WORDS)


def _is_format(word: str) -> bool:
    return word in _FORMATS or _is_yaml_word(word)


def _is_yaml_word(word: str) -> bool:
    return word == "yml" or (len(word) >= 3 and _has_one_slip(word, "yaml"))


def _has_one_slip(word: str, wanted: str) -> bool:
    """Whether at most one letter is wrong, missing, too much, or exchanged with its neighbor."""
    start = 0
    while start < min(len(word), len(wanted)) and _is_same(word[start], wanted[start]):
        start += 1
    left, right = word[start:], wanted[start:]
    exchanged = right[1::-1] + right[2:]
    candidates = ((left, right), (left[1:], right[1:]), (left[1:], right), (left, right[1:]), (left, exchanged))
    return any(_are_same(one, other) for one, other in candidates)


def _are_same(word: str, wanted: str) -> bool:
    return len(word) == len(wanted) and all(map(_is_same, word, wanted))


def _is_same(letter: str, wanted: str) -> bool:
    return letter in (wanted, _ANY_LETTER)
