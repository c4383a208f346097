"""The house holds: floors, who knows which third party, one writer, one printer, and the rules of docs/architecture.md.

Everything is read from the source with ast, imports inside functions too; what is loaded late by name (registry) counts
as an import of that room.
"""

from __future__ import annotations

import ast
import dataclasses
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from koding_audit import model
from koding_audit.model import Verb
from tests.unmeasured import told_by

CHECKOUT = Path(__file__).parent.parent
PACKAGE = CHECKOUT / "koding_audit"
GENERATED = {"desired.validator"}

# The floor of each room; docs/architecture.md has the same table.
FLOORS = {
    "frozen": -1,
    "__init__": 0,
    "model": 0,
    "registry": 0,
    "text": 0,
    "words": 0,
    "arns": 0,
    "markup": 1,
    "wildcard": 0,
    "packed": 0,
    "reads": 1,
    "profiles": 1,
    "xmlreply": 1,
    "explanation": 1,
    "actions": 1,
    "managed": 1,
    "errors": 1,
    "comparison": 1,
    "plan": 1,
    "verdict": 1,
    "waivers": 1,
    "conclusion": 2,
    "outline": 2,
    "picture": 2,
    "drawing": 3,
    "plot": 3,
    "results": 3,
    "overview": 3,
    "credential_report": 1,
    "inputs": 2,
    "jsontext": 2,
    "document": 2,
    "lock": 2,
    "history": 2,
    "history_file": 3,
    "news": 2,
    "telling": 3,
    "notify": 4,
    "https": 2,
    "desired": 3,
    "aws": 2,
    "difference": 3,
    "codec": 3,
    "evaluate": 3,
    "baseline": 4,
    "drift": 4,
    "stack": 4,
    "effective": 4,
    "iam": 3,
    "probes": 3,
    "doctor": 4,
    "organizations": 3,
    "levels": 3,
    "journal": 4,
    "collect": 4,
    "render": 4,
    "export": 4,
    "buildable": 5,
    "guards": 5,
    "rules": 6,
    "remediate": 5,
    "credentials_file": 3,
    "keys": 5,
    "scan": 7,
    "targets": 1,
    "database": 2,
    "spool": 2,
    "run_file": 4,
    "units": 3,
    "workers": 1,
    "fanout": 3,
    "cli": 8,
    "__main__": 9,
}

# What each may import besides the standard library; whoever is not named here, nothing.
OUTSIDE = {
    "aws": {"botocore"},
    "desired": {"yaml", "jsonschema"},
    "stack.hcl": {"hcl2", "lark"},
    "stack.yamltext": {"yaml"},
    "collect.demo": {"botocore", "moto"},
    "render.table": {"tabulate"},
    "fanout.dask": {"dask", "distributed"},
    "workers": {"dask", "distributed"},
}

# The two name each other's types; at run time errors.py imports nothing of ours.
TYPES_ONLY = {("model", "errors"), ("errors", "model")}

HEAVY = (
    *("boto3", "botocore", "moto", "yaml", "jsonschema", "fastjsonschema", "tabulate", "dask", "distributed"),
    *("sqlite3", "ssl", "http.client", "urllib.request"),
)

# Rules, render, plan and the rest are deterministic: the same input gives the same bytes.
MAY_READ_THE_CLOCK = {"aws", "iam", "collect", "journal", "remediate", "cli"}

LONGEST = 25  # lines of a function's body, without its docstring

# Longer, and why it reads better in one piece.
LONGER = {
    "aws._once": "the one boundary with botocore: each of its errors, and what it becomes",
    "cli.arguments.parser": "a list: each command and its options",
    "codec.decode_snapshot": "a format, in the order of its fields",
    "codec.encode_plan": "a format, in the order of its fields",
    "collect.live.collect": "what is started before what, and what is waited for",
}


@cache
def modules() -> dict[str, ast.Module]:
    """Each module of the package by its dotted name below koding_audit; a package's own is `cli.__init__`."""
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


MODULES = sorted(modules())
WRITTEN = [name for name in MODULES if name not in GENERATED]


def room(name: str) -> str:
    return name.partition(".")[0]


def imported(tree: ast.Module) -> Iterator[str]:
    """Dotted names of what a module imports, wherever in it; of ours those below koding_audit, with a dot before."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (ours(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from map(ours, names if node.module == "koding_audit" else [node.module])
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("registry.load", "registry.names"):
            chosen = ast.literal_eval(node.args[0])
            yield f".{chosen}"


def ours(name: str) -> str:
    return name.removeprefix("koding_audit") if name.startswith("koding_audit.") else name


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def test_every_room_has_a_floor_and_every_floor_its_rooms() -> None:
    assert {room(name) for name in MODULES} == set(FLOORS)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_from_floors_below_or_from_its_own_package(name: str) -> None:
    for what in imported(modules()[name]):
        if what.startswith("."):
            other = room(what[1:])
            # `from koding_audit import __version__` is the package's own floor.
            below = FLOORS["__init__" if other == "__version__" else other] < FLOORS[room(name)]
            kept = other == room(name) or (name, other) in TYPES_ONLY
            assert below or kept, f"{name} imports {what[1:]}, which is not below it"


@pytest.mark.parametrize(("name", "other"), sorted(TYPES_ONLY))
def test_what_is_imported_for_its_types_is_not_imported_at_run_time(name: str, other: str) -> None:
    top = ast.Module([node for node in modules()[name].body if not is_for_types(node)], [])
    assert f".{other}" not in set(imported(top))


def is_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


@pytest.mark.parametrize("name", MODULES)
def test_a_module_knows_no_third_party_but_those_of_its_room(name: str) -> None:
    outside = {what.partition(".")[0] for what in imported(modules()[name]) if not what.startswith(".")}
    allowed = OUTSIDE.get(name, OUTSIDE.get(room(name), set()))
    assert outside - set(sys.stdlib_module_names) <= allowed


def test_no_third_party_is_allowed_where_it_is_not_used() -> None:
    for where, allowed in OUTSIDE.items():
        trees = [tree for name, tree in modules().items() if name == where or room(name) == where]
        used = {what.partition(".")[0] for tree in trees for what in imported(tree)}
        assert allowed <= used, where


def test_the_architecture_document_has_the_same_rooms_floors_and_third_parties() -> None:
    text = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (-?\d) \| `([\w./]+)` \|.*\|([^|]*)\|$", text, re.MULTILINE)
    told = {path.removesuffix(".py").strip("/").replace("/", "."): (int(floor), known) for floor, path, known in rows}
    assert {name: floor for name, (floor, _) in told.items()} == FLOORS
    by_room: dict[str, set[str]] = {}
    for where, names in OUTSIDE.items():
        by_room.setdefault(room(where), set()).update(names)
    assert {name: set(re.findall(r"`(\w+)`", known)) for name, (_, known) in told.items() if "`" in known} == by_room


# --- one printer, one writer, one clock ---------------------------------------------------------


@pytest.mark.parametrize("name", [each for each in MODULES if each not in ("cli.terminal", "__main__")])
def test_only_the_terminal_prints(name: str) -> None:
    """And __main__ empties the buffer of what argparse printed, before it leaves."""
    tree = modules()[name]
    assert "print" not in {ast.unparse(call.func) for call in calls(tree)}
    streams = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not streams & {"sys.stdout", "sys.stderr", "sys.stdin", "sys.__stdout__", "sys.__stderr__"}
    assert not {"logging", "traceback"} & set(imported(tree))


@pytest.mark.parametrize("name", [each for each in MODULES if each not in ("model", "remediate", "keys")])
def test_no_other_room_than_the_remediator_and_the_maker_of_keys_names_a_write(name: str) -> None:
    tree = modules()[name]
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert not texts & {verb.value for verb in Verb}
    for operation in operations(tree):
        assert operation.startswith(("Get", "List", "Generate", "Simulate")), operation


def test_the_remediator_calls_nothing_but_what_the_plan_says() -> None:
    assert [ast.unparse(call.args[0]) for call in calls(modules()["remediate"]) if is_iam_call(call)] == [
        "entry.action.verb.value"
    ]


def test_the_maker_of_keys_writes_nothing_but_keys() -> None:
    assert set(operations(modules()["keys"])) == {"ListAccessKeys", "CreateAccessKey", "DeleteAccessKey"}


def operations(tree: ast.Module) -> Iterator[str]:
    """The IAM operations that a module calls by name, or the known start of the name."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            known = {
                ast.unparse(node.targets[0]): start(node.value)
                for node in ast.walk(function)
                if isinstance(node, ast.Assign)
            }
            for call in filter(is_iam_call, calls(function)):
                said = call.args[0]
                # In aws.py an operation is passed on under its own name.
                if not (isinstance(said, ast.Name) and said.id == "operation" and said.id not in known):
                    yield known.get(said.id, "") if isinstance(said, ast.Name) else start(said)


def is_iam_call(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in ("call", "call_once", "pages", "lists")


def start(node: ast.expr) -> str:
    """The text of a string, or what stands before the first part of an f-string that is not known."""
    if isinstance(node, ast.JoinedStr):
        node = node.values[0]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@pytest.mark.parametrize("name", [each for each in MODULES if each not in ("aws", "collect.demo")])
def test_no_other_room_has_a_client_in_its_hands(name: str) -> None:
    """The demo seeds its own embedded account with one, which is gone when it is closed."""
    tree = modules()[name]
    assert not {"iam", "create_client"} & {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("name", [each for each in MODULES if room(each) not in MAY_READ_THE_CLOCK])
def test_only_collectors_writers_and_the_command_line_read_the_clock(name: str) -> None:
    tree = modules()[name]
    assert "time" not in set(imported(tree))
    assert not {"datetime.now", "datetime.utcnow", "date.today"} & {ast.unparse(call.func) for call in calls(tree)}


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["scan", "--help"], ["history", "--help"], ["notify", "--help"], ["schema"]],
    ids=" ".join,
)
def test_what_needs_no_account_and_no_file_loads_nothing_heavy(arguments: list[str]) -> None:
    script = (
        "import sys, json\n"
        "from koding_audit.cli import main\n"
        f"status = main({arguments!r})\n"
        f"print(json.dumps([status, [name for name in {HEAVY!r} if name in sys.modules]]))\n"
    )
    assert json.loads(told_by(script)) == [0, []]


def test_a_scan_for_a_person_loads_nothing_that_reads_journals_or_writes_json() -> None:
    script = (
        "import sys, json\n"
        "from koding_audit.cli import main\n"
        "status = main(['scan', 'policies/koding.yaml', '--source', 'demo'])\n"
        "unused = ('koding_audit.journal', 'koding_audit.codec', 'koding_audit.guards', 'jsonschema')\n"
        "print(json.dumps([status, [name for name in unused if name in sys.modules]]))\n"
    )
    assert json.loads(told_by(script)) == [1, []]


# --- how a module is written --------------------------------------------------------------------


@pytest.mark.parametrize("name", WRITTEN)
def test_a_module_says_in_one_sentence_what_it_is_for(name: str) -> None:
    said = (ast.get_docstring(modules()[name]) or "").partition("\n\n")[0]
    assert said.endswith("."), "the first paragraph of the docstring is a sentence"
    assert not re.search(r"[.!?]\s", said), "and only one"
    assert len(said) <= 200


def test_no_module_is_named_for_nothing_in_particular() -> None:
    parts = {part for name in MODULES for part in name.split(".")}
    assert not parts & {"utils", "util", "core", "base", "manager", "managers", "helper", "helpers", "common", "misc"}


@pytest.mark.parametrize("name", [each for each in MODULES if each != "cli.running"])
def test_only_the_command_line_catches_everything(name: str) -> None:
    for node in ast.walk(modules()[name]):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None
            assert not {"Exception", "BaseException"} & set(re.findall(r"\w+", ast.unparse(node.type)))


def functions() -> Iterator[tuple[str, int]]:
    """Each function as `room.name`, and how many lines its body has without its docstring."""
    for name in WRITTEN:
        for node in ast.walk(modules()[name]):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
                yield f"{name.removesuffix('.__init__')}.{node.name}", lines


def test_a_function_is_short_or_has_a_reason() -> None:
    assert {name for name, lines in functions() if lines > LONGEST} == set(LONGER)
    assert all(LONGER.values())


@pytest.mark.parametrize("name", WRITTEN)
def test_a_module_holds_no_state(name: str) -> None:
    """A table at module level is annotated as Mapping or Sequence, so that mypy refuses whoever writes to it."""
    mutable = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)
    for node in modules()[name].body:
        if isinstance(node, ast.Assign):
            assert not isinstance(node.value, mutable), ast.unparse(node.targets[0])
            assert not makes(node.value, "dict", "list", "set", "defaultdict", "Counter", "deque")
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, mutable):
            assert ast.unparse(node.annotation).startswith(("Mapping[", "Sequence[")), ast.unparse(node.target)
    assert not [node for node in ast.walk(modules()[name]) if isinstance(node, ast.Global)]
    decorators = {
        ast.unparse(each)
        for node in ast.walk(modules()[name])
        if isinstance(node, ast.FunctionDef)
        for each in node.decorator_list
    }
    assert not [each for each in decorators if re.search(r"\b(lru_)?cache\b", each)], "a cache is state too"


@pytest.mark.parametrize("name", WRITTEN)
def test_importing_a_module_does_nothing(name: str) -> None:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    plain = (ast.Import, ast.ImportFrom, *functions, ast.ClassDef, ast.Assign, ast.AnnAssign)
    for node in modules()[name].body:
        told = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        guarded = isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "__name__ == '__main__'")
        assert isinstance(node, plain) or told or guarded, ast.unparse(node)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value:
            made = {ast.unparse(call.func) for call in calls(node.value)}
            assert made <= {
                *(
                    "frozenset",
                    "dict.fromkeys",
                    "re.compile",
                    "TypeVar",
                    "get_args",
                    "timedelta",
                    "enumerate",
                    "Path",
                    "Advice",
                    "Help",
                    "Way",
                    "Probe",
                ),
                "inputs.Wanted",
                *("os.path.dirname", "os.path.join"),
            }


def makes(node: ast.expr, *names: str) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in names


def dataclasses_of_the_model() -> list[type]:
    return [each for each in vars(model).values() if isinstance(each, type) and dataclasses.is_dataclass(each)]


@pytest.mark.parametrize("value", dataclasses_of_the_model(), ids=lambda value: value.__name__)
def test_every_value_of_the_model_is_frozen(value: type) -> None:
    assert value.__dataclass_params__.frozen  # type: ignore[attr-defined]
