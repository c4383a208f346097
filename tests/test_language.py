"""The words of the project: none that docs/style.md replaces, in texts and in names, and short first sentences.

`python -m tests.test_language PATH ...` lists the offences below these paths, each with its file and line.
What is not rewritten yet is counted in tests/language_left.txt, which only shrinks; `--write` brings it down.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest

CHECKOUT = Path(__file__).parent.parent
STYLE = CHECKOUT / "docs" / "style.md"
LEFT = Path(__file__).parent / "language_left.txt"
LONGEST = 20  # words in the first sentence of a message

MESSAGE_ARGUMENT: Mapping[str, int] = {"Problem": 0, "Refusal": 1, "CallError": 2, "JSONDecodeError": 9}
"""Which argument of a type is its message; of other errors the first."""

ALLOWED: Mapping[str, str] = {
    "no key to ask about was told": "a `reason` of doctor's JSON, which programs may compare",
    " than was asked for": "a part of a `reason`, which programs may compare",
}
"""Whole texts that stay as they are, each with the reason: AWS's own words, and values that are read back."""


class Offence(NamedTuple):
    """One place to rewrite: a file below the checkout, a line, and what is wrong with it."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


# --- what is not to be used: the two tables of docs/style.md --------------------------------------------


def table_rows(heading: str) -> list[list[str]]:
    """The cells of the table whose first column has this heading, without its head."""
    _, _, rest = STYLE.read_text(encoding="utf-8").partition(f"| {heading} |")
    rows = rest.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def forms(cell: str) -> list[str]:
    return [form.strip() for form in cell.split(",") if form.strip()]


class Word(NamedTuple):
    """A row of the table. pattern: any of its forms; allowed: what is not meant by it; instead: what to write."""

    pattern: re.Pattern[str]
    allowed: re.Pattern[str] | None
    instead: str


def phrases(cell: str) -> re.Pattern[str]:
    spaced = [r"\s+".join(map(re.escape, form.split())) for form in forms(cell)]
    return re.compile(rf"(?<![\w-])(?:{'|'.join(spaced)})(?![\w-])", re.IGNORECASE)


@cache
def words() -> Sequence[Word]:
    rows = table_rows("instead of")
    return [Word(phrases(old), phrases(allowed) if allowed else None, new) for old, new, allowed in rows]


@cache
def any_word() -> re.Pattern[str]:
    """What most texts have none of: so they are looked through once."""
    return phrases(",".join(old for old, _, _ in table_rows("instead of")))


@cache
def names_not_to_use() -> Mapping[str, str]:
    """Each word that no name has, and what to write instead."""
    return {form: new for old, new in table_rows("not in a name") for form in forms(old)}


# --- texts -----------------------------------------------------------------------------------------------


def bad_words(text: str) -> Iterator[tuple[int, str]]:
    """What is wrong with a text, each with its line in the text, counted from 0."""
    if text in ALLOWED or not any_word().search(text):
        return
    for word in words():
        fine = [each.span() for each in word.allowed.finditer(text)] if word.allowed else []
        for found in word.pattern.finditer(text):
            if not any(start <= found.start() and found.end() <= end for start, end in fine):
                quoted = " ".join(found[0].split())
                yield text.count("\n", 0, found.start()), f'"{quoted}": write {word.instead}'


def without_code(text: str) -> str:
    """A text with what is between backquotes, and the targets of links, blanked out."""
    text = re.sub(r"`[^`]*`", lambda code: re.sub(r"[^\n]", "`", code[0]), text)
    return re.sub(r"\]\([^)\s]*\)|https?://\S+", "]", text)


class Text(NamedTuple):
    """A text for a person, and the line on which it begins."""

    line: int
    text: str


def texts_of_python(source: str) -> Iterator[Text]:
    """Comments, docstrings and string constants; of these only what has more than one word."""
    yield from texts_of_settings(source)
    for node in nodes_of(source):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield Text(node.lineno, node.value)


@lru_cache(maxsize=1)
def nodes_of(source: str) -> Sequence[ast.AST]:
    """All nodes of a module, the module first: three checks go through them."""
    return list(ast.walk(ast.parse(source)))


def texts_of_markdown(source: str) -> Iterator[Text]:
    """A page's prose: without its blocks of code, what is generated from the code, and the tables of the style page."""
    blank = re.compile(
        r"^(```|~~~)[^\n]*\n.*?^\1|^<!-- generated: .*?^<!-- end -->|^\| (?:instead of|not in a name) \|.*?(?:\n\n|\Z)",
        re.MULTILINE | re.DOTALL,
    )
    yield Text(1, blank.sub(lambda block: re.sub(r"[^\n]", "", block[0]), source))


def texts_of_schema(source: str) -> Iterator[Text]:
    """What a JSON Schema says of its fields, each on the line where it is written."""
    for number, line in enumerate(source.splitlines(), 1):
        for text in re.findall(r'"(?:description|title|\$comment)": ("(?:[^"\\]|\\.)*")', line):
            yield Text(number, str(json.loads(text)))


def texts_of_settings(source: str) -> Iterator[Text]:
    """The comments of Python, YAML, a shell script or an INI file."""
    for number, line in enumerate(source.splitlines(), 1):
        comment = re.search(r"(?:^|\s)#\s.*", line)
        if comment:
            yield Text(number, comment[0])


READERS = {".py": texts_of_python, ".md": texts_of_markdown, ".json": texts_of_schema}


# --- names -----------------------------------------------------------------------------------------------


def names_in(nodes: Sequence[ast.AST]) -> Iterator[tuple[int, str]]:
    """The names that a module gives: of functions, classes, fields, parameters and variables."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


def bad_names(source: str) -> Iterator[tuple[int, str]]:
    for line, name in names_in(nodes_of(source)):
        for part in name.lower().split("_"):
            if part in names_not_to_use():
                yield line, f"name `{name}`: write {names_not_to_use()[part]}"


# --- messages --------------------------------------------------------------------------------------------


def long_messages(source: str) -> Iterator[tuple[int, str]]:
    """Messages of errors, problems and findings whose first sentence is too long."""
    nodes = nodes_of(source)
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    for call in (node for node in nodes if isinstance(node, ast.Call)):
        for message in filter(None, [message_of(call)]):
            around = [node for node in functions if node.lineno <= call.lineno <= (node.end_lineno or 0)]
            known = Known(around[-1] if around else nodes[0], {node.name: node for node in functions})
            count = max((first_sentence_length(text) for text in known.texts(message)), default=0)
            if count > LONGEST:
                yield message.lineno, f"the first sentence of this message has {count} words: write {LONGEST} or fewer"


def message_of(call: ast.Call) -> ast.expr | None:
    name = ast.unparse(call.func).rpartition(".")[2]
    for keyword in call.keywords:
        if keyword.arg == "message" and name[:1].isupper():
            return keyword.value
    place = MESSAGE_ARGUMENT.get(name, 0 if name.endswith("Error") else len(call.args))
    return call.args[place] if place < len(call.args) else None


class Known(NamedTuple):
    """Where a message is made: the function around it, and the functions of the module by name."""

    scope: ast.AST
    functions: Mapping[str, ast.FunctionDef]

    def texts(self, node: ast.expr) -> Iterator[str]:
        """What a message may be, with X for each part that is filled in."""
        if isinstance(node, ast.Constant):
            yield str(node.value)
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.IfExp):
            yield from (*self.texts(node.body), *self.texts(node.orelse))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            yield from (left + right for left in self.texts(node.left) for right in self.texts(node.right))
        elif isinstance(node, ast.Name):
            yield from self.assigned_texts(node.id)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield from self.returned_texts(node.func.id)
        else:
            yield "X"

    def assigned_texts(self, name: str) -> Iterator[str]:
        for node in ast.walk(self.scope):
            if (
                isinstance(node, ast.Assign)
                and ast.unparse(node.targets[0]) == name
                and name not in ast.unparse(node.value)
            ):
                yield from self.texts(node.value)

    def returned_texts(self, name: str) -> Iterator[str]:
        for node in ast.walk(self.functions[name]) if name in self.functions else ():
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant | ast.JoinedStr | ast.IfExp):
                yield from self.texts(node.value)


def first_sentence_length(text: str) -> int:
    return len(re.split(r"[.;!?]\s", text)[0].split())


# --- files -----------------------------------------------------------------------------------------------


@cache
def files() -> Sequence[Path]:
    """Everything that is held to the style."""
    wanted = ("koding_audit/**/*.py", "koding_audit/**/*.json", "koding_audit/**/*.yaml", "docs/*.md", "*.md")
    found = {path for pattern in (*wanted, "policies/**/*.y*ml", "deploy/**/*") for path in CHECKOUT.glob(pattern)}
    return sorted(path for path in found if path.is_file())


def shown(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


@cache
def offences_in(path: Path) -> Sequence[Offence]:
    source = path.read_text(encoding="utf-8")
    read = READERS.get(path.suffix, texts_of_settings)
    found = [(text.line + offset, what) for text in read(source) for offset, what in bad_words(without_code(text.text))]
    if path.suffix == ".py":
        found += [*bad_names(source), *long_messages(source)]
    return sorted({Offence(shown(path), line, what) for line, what in found})


def group(path: Path) -> str:
    """What is counted together: a package's folder, or a page."""
    return shown(path.parent) if path.suffix == ".py" else shown(path)


def counts() -> dict[str, int]:
    found: Counter[str] = Counter()
    for path in files():
        found[group(path)] += len(offences_in(path))
    return {name: count for name, count in sorted(found.items()) if count}


def left() -> dict[str, int]:
    """How many offences are allowed where the text is not rewritten yet."""
    if not LEFT.exists():
        return {}
    rows = (line.split() for line in LEFT.read_text(encoding="utf-8").splitlines() if line)
    return {name: int(count) for name, count in rows}


def written_table() -> str:
    """With a blank line after each row, so that two changes to different rows merge."""
    return "".join(f"{name} {count}\n\n" for name, count in counts().items())


# --- the tests -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted({group(path) for path in files()}))
def test_no_word_is_used_that_the_style_page_replaces(name: str) -> None:
    found = [each for path in files() if group(path) == name for each in offences_in(path)]
    allowed = left().get(name, 0)
    listed = "\n".join(map(str, found))
    assert len(found) <= allowed, f"{len(found)} offences, and {allowed} are left to rewrite:\n{listed}"
    assert len(found) == allowed, "fewer than tests/language_left.txt says: python -m tests.test_language --write"


def test_nothing_is_left_of_a_file_that_is_gone() -> None:
    assert set(left()) <= {group(path) for path in files()}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("it tells what is wrong", ['"tells": write say, report, show, notify, distinguish']),
        ("`told` is a name, and report-told.json a file", []),
        ("there is no such user", []),
        ("this is\nno user", ['"is no": write is not a, does not exist']),
        ("* stands for any text", []),
        ("it stands here", ['"stands": write is, is in, is open, remains']),
    ],
)
def test_a_word_is_found_unless_it_is_allowed(text: str, found: Sequence[str]) -> None:
    assert [what for _, what in bad_words(without_code(text))] == found


def test_a_message_is_measured_up_to_the_end_of_its_first_sentence() -> None:
    long = "word " * (LONGEST + 1)
    source = f"def f(x):\n  raise InputError(f'{{x}} {long}')\n  raise InputError('short; {long}', '{long}')\n"
    assert [line for line, _ in long_messages(source)] == [2]


def test_names_are_looked_at_in_their_parts() -> None:
    source = "def _told_by(request): said_lines = request\nclass Keeper: held: int\n"
    assert [line for line, _ in bad_names(source)] == [1, 1, 2]


def main(arguments: Sequence[str]) -> int:
    """Lists the offences below the paths, or writes how many are left."""
    if "--write" in arguments:
        LEFT.write_text(written_table(), encoding="utf-8")
        return 0
    wanted = [Path(each).resolve() for each in arguments] or [CHECKOUT]
    chosen = [path for path in files() if any(path.is_relative_to(each) for each in wanted)]
    found = [each for path in chosen for each in offences_in(path)]
    for each in found:
        print(each)
    print(f"{len(found)} to rewrite", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
