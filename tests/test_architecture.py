"""The architecture: packages in order, third parties, one writer, one printer, and the rules of docs/architecture.md.

Everything is read from the source with ast, imports inside functions too; what is loaded late by name (plugins) counts
as an import of that package.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from koding_audit import plugins
from koding_audit.model.finding import NOT_CHECKED
from koding_audit.model.verb import Verb
from koding_audit.reference.actions import load_actions
from koding_audit.reference.condition_keys import load_condition_keys
from tests.unmeasured import told_by

CHECKOUT = Path(__file__).parent.parent
PACKAGE = CHECKOUT / "koding_audit"

# A package imports only packages further down; docs/architecture.md has the same list. Modules beside the packages:
PACKAGES = (
    "cli",
    "accounts",
    "remediation",
    "scan",
    "stack",
    "desired",
    "report",
    "aws",
    "policy",
    "denials",
    "reference",
    "io",
    "model",
)
TOP = {"__main__": -1, "api": 0, "plugins": len(PACKAGES), "__init__": len(PACKAGES) + 1}

# What each may import besides the standard library; whoever is not named here, nothing.
OUTSIDE = {
    "aws.session": {"botocore"},
    "aws.credentials": {"botocore"},
    "aws.call": {"botocore"},
    "aws.demo_account": {"botocore", "moto"},
    "aws.sources.demo": {"botocore"},
    "desired.schema_errors": {"jsonschema"},
    "io.yaml_reader": {"yaml"},
    "stack.hcl": {"hcl2", "lark"},
    "stack.hcl_grammar": {"hcl2", "lark"},
    "stack.sam": {"samtranslator"},
    "stack.yaml_source": {"yaml"},
    "report.formats.table": {"tabulate"},
    "accounts.engines.dask": {"dask", "distributed"},
    "accounts.dask_workers": {"dask", "distributed"},
}

HEAVY = (
    *("boto3", "botocore", "moto", "yaml", "jsonschema", "tabulate", "dask", "distributed"),
    *("sqlite3", "ssl", "http.client", "urllib.request"),
)

# Rules, render, plan and the rest are deterministic: the same input gives the same bytes.
MAY_READ_THE_CLOCK = {"aws", "remediation", "accounts", "cli", "api"}

# Where the name of an IAM write may be text; everywhere else it is a Verb.
NAMES_WRITES = {
    "model.verb": "the table",
    "aws.demo_account": "makes the embedded account",
    "remediation.access_key": "names its two calls itself, so that a test can compare them",
}

LONGEST = 25  # lines of a function's body, without its docstring

# Longer, and why it reads better in one piece.
LONGER = {
    "aws.call._call_service_once": "the one boundary with botocore: each of its errors, and what it becomes",
    "io.codec.snapshot.decode_snapshot": "a format, in the order of its fields",
    "io.codec.plan.encode_plan": "a format, in the order of its fields",
    "aws.sources.live.collect_snapshot": "what is started before what, and what is waited for",
}


PATHS = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in sorted(PACKAGE.rglob("*.py"))}
MODULES = sorted(PATHS)
"""Each module of the package by its dotted name below koding_audit; a package's own is `cli.__init__`."""


@cache
def modules() -> dict[str, ast.Module]:
    """Each of them as it is written; read by the first test that asks, and not where tests are only collected."""
    return {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in PATHS.items()}


@cache
def nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """All nodes of a module, which a dozen tests go through."""
    return tuple(ast.walk(tree))


@cache
def written(node: ast.AST) -> str:
    """A part of a module as text."""
    return ast.unparse(node)


def room(name: str) -> str:
    return name.partition(".")[0]


def imported(tree: ast.Module) -> Iterator[str]:
    """Dotted names of what a module imports, wherever in it; of ours those below koding_audit, with a dot before."""
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from (ours(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from map(ours, names if node.module == "koding_audit" else [node.module])
        elif isinstance(node, ast.Call) and written(node.func) in ("plugins.load", "plugins.names"):
            chosen = ast.literal_eval(node.args[0])
            yield f".{chosen}"


def ours(name: str) -> str:
    return name.removeprefix("koding_audit") if name.startswith("koding_audit.") else name


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in nodes(tree) if isinstance(node, ast.Call))


def place(name: str) -> int:
    return PACKAGES.index(name) if name in PACKAGES else TOP[name]


def test_the_packages_are_those_on_disk() -> None:
    assert {room(name) for name in MODULES} == {*PACKAGES, *TOP}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_from_packages_further_down_or_from_its_own(name: str) -> None:
    for what in imported(modules()[name]):
        if what.startswith("."):
            other = room(what[1:])
            # `from koding_audit import __version__` is the package's own file.
            below = place("__init__" if other == "__version__" else other) > place(room(name))
            assert below or other == room(name), f"{name} imports {what[1:]}, which is not below it"


def imported_modules(name: str) -> set[str]:
    """The modules of ours that a module imports, each by its own name where a package was named."""
    found = set()
    for node in nodes(modules()[name]):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("koding_audit"):
            package = node.module.removeprefix("koding_audit").lstrip(".")
            for alias in node.names:
                full = ".".join(filter(None, (package, alias.name)))
                found |= {each for each in (full, f"{full}.__init__") if each in modules()} or {
                    each for each in (package, f"{package}.__init__") if each in modules()
                }
    return found - {name}


def test_no_two_modules_import_each_other_by_any_way_round() -> None:
    left = {name: imported_modules(name) for name in MODULES}
    while free := {name for name, wanted in left.items() if not wanted & set(left)}:
        left = {name: wanted for name, wanted in left.items() if name not in free}
    assert not left, f"a circle among {sorted(left)}"


@pytest.mark.parametrize("name", MODULES)
def test_a_module_knows_no_third_party_but_those_of_its_room(name: str) -> None:
    outside = {what.partition(".")[0] for what in imported(modules()[name]) if not what.startswith(".")}
    allowed = OUTSIDE.get(name, set())
    assert outside - set(sys.stdlib_module_names) <= allowed


def test_no_third_party_is_allowed_where_it_is_not_used() -> None:
    for where, allowed in OUTSIDE.items():
        used = {what.partition(".")[0] for what in imported(modules()[where])}
        assert allowed <= used, where


def test_the_architecture_document_has_the_same_packages_in_the_same_order() -> None:
    text = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert tuple(re.findall(r"^\| `(\w+)/` \|", text, re.MULTILINE)) == PACKAGES


def test_the_architecture_document_has_the_same_third_parties() -> None:
    text = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w/]+)\.py` \| ((?:`\w+`(?:, )?)+) \|$", text, re.MULTILINE)
    assert {path.replace("/", "."): set(re.findall(r"\w+", names)) for path, names in rows} == OUTSIDE


@pytest.mark.parametrize("name", [each for each in MODULES if room(each) != "cli"])
def test_only_the_command_line_knows_what_was_typed(name: str) -> None:
    """Below it options are values of their own types; the standard library's parser and namespaces are not seen."""
    tree = modules()[name]
    assert "argparse" not in set(imported(tree))
    names = {node.id for node in nodes(tree) if isinstance(node, ast.Name)}
    assert not names & {"Namespace", "namespace", "argparse"}
    looked_up = {written(call.args[0]) for call in calls(tree) if written(call.func) in ("getattr", "vars")}
    assert "options" not in looked_up


@pytest.mark.parametrize("name", [each for each in MODULES if room(each) == "cli"])
def test_nobody_forges_what_was_typed(name: str) -> None:
    made = {written(call.func) for call in calls(modules()[name])}
    assert not {"argparse.Namespace", "Namespace", "vars"} & made


# --- one printer, one writer, one clock ---------------------------------------------------------


@pytest.mark.parametrize("name", [each for each in MODULES if each not in ("io.terminal", "cli.output", "__main__")])
def test_only_the_terminal_prints(name: str) -> None:
    """And __main__ empties the buffer of what argparse printed, before it leaves."""
    tree = modules()[name]
    assert "print" not in {written(call.func) for call in calls(tree)}
    streams = {written(node) for node in nodes(tree) if isinstance(node, ast.Attribute)}
    assert not streams & {"sys.stdout", "sys.stderr", "sys.stdin", "sys.__stdout__", "sys.__stderr__"}
    assert not {"logging", "traceback"} & set(imported(tree))


@pytest.mark.parametrize(
    "name",
    [each for each in MODULES if each not in ("model.verb", "remediation.executor", "remediation.access_key")],
)
def test_no_other_room_than_the_remediator_and_the_maker_of_keys_names_a_write(name: str) -> None:
    for operation in operations(modules()[name]):
        assert operation.startswith(("Get", "List", "Generate", "Simulate")), operation


@pytest.mark.parametrize("name", [each for each in MODULES if each not in NAMES_WRITES])
def test_the_names_of_iam_writes_are_text_only_in_the_table_of_verbs(name: str) -> None:
    assert not texts(modules()[name]) & {text for verb in Verb for text in (verb.value, verb.permission)}


# Where lists of actions are not facts about AWS, but calls of this tool.
NAMES_OWN_CALLS = {
    "aws": "makes the calls, and probes which of them are allowed",
    "model.fact_calls": "the table of what is read with which call",
    "cli.handlers.permissions": "prints policies that allow the calls of this tool",
    "desired.adopt": "names the call by which a document was not read",
}


@cache
def vocabulary() -> tuple[frozenset[str], frozenset[str]]:
    """The prefixes of all services, and the global condition keys, in lower case; a family ends in a slash."""
    keys = (each.removesuffix("*") for each in load_condition_keys().names)
    return frozenset(load_actions().services), frozenset(keys)


def is_aws_name(text: str) -> bool:
    """Whether a text is a condition key, an action or a service principal; patterns and templates of them, too."""
    services, keys = vocabulary()
    name = text.lower()
    prefix, colon, rest = name.partition(":")
    if name in keys or f"{name.partition('/')[0]}/" in keys or re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com", name):
        return True
    return bool(colon) and prefix in services and re.fullmatch(r"[a-z*?{][\w*?{}/-]*", rest) is not None


def listed_names(tree: ast.AST) -> Iterator[str]:
    """Each list of names in a module: two or more of AWS's, or service prefixes as half of its texts.

    A list is a set, a list, a tuple, the keys or the values of a dictionary, the words of a split text, or the texts
    that one value is compared with.
    """
    services, _ = vocabulary()
    for node in nodes(tree):
        for found in collections(node):
            texts = set(found)
            prefixes = texts & services
            names = {each for each in texts if is_aws_name(each)}
            if len(names) > 1 or (len(prefixes) > 1 and 2 * len(prefixes) >= len(texts)):
                yield f"line {getattr(node, 'lineno', 0)}: {', '.join(sorted(names or prefixes))}"


def collections(node: ast.AST) -> Iterator[Iterator[str]]:
    if isinstance(node, ast.List | ast.Set | ast.Tuple):
        yield literals(node)
    elif isinstance(node, ast.Dict):
        yield (text for each in node.keys if each is not None for text in literals(each))
        yield (text for each in node.values for text in literals(each))
    elif isinstance(node, ast.BoolOp):
        yield (text for each in node.values if isinstance(each, ast.Compare) for text in literals(each.comparators[0]))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "split":
        yield (word for text in literals(node.func.value) for word in re.split(r"[\s,|]+", text))


def literals(node: ast.AST) -> Iterator[str]:
    """The texts in an expression, also those that calls in it take."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.expr | ast.keyword) and not isinstance(node, ast.JoinedStr):
        for each in ast.iter_child_nodes(node):
            yield from literals(each)


@pytest.mark.parametrize(
    "name",
    [each for each in MODULES if room(each) != "reference" and not {each, room(each)} & NAMES_OWN_CALLS.keys()],
)
def test_facts_about_aws_are_lists_only_in_the_room_for_them(name: str) -> None:
    assert list(listed_names(modules()[name])) == []


@pytest.mark.parametrize("name", NAMES_OWN_CALLS)
def test_a_module_that_may_list_its_own_calls_does(name: str) -> None:
    assert [
        each
        for tree in (modules()[one] for one in MODULES if one == name or room(one) == name)
        for each in listed_names(tree)
    ]


@pytest.mark.parametrize(
    "planted",
    [
        'X = frozenset({"ec2", "route53"})',
        'X = ("ec2", "route53", "anything")',
        'X: Mapping[str, bool] = {"ec2": True, "route53": False}',
        'X = "ec2 route53".split()',
        'def f(x): return x == "ec2" or x == "sts"',
        'def f(x): return x in ("iam", "sts")',
        'X = {*("aws:principalarn", "aws:userid")}',
        'X = ["aws:PrincipalTag/team", "aws:RequestTag/"]',
        'X = {"key": "aws:SourceIp", "other": "aws:SourceVpc"}',
        'X = ("iam:PassRole", "iam:PutUserPolicy")',
        'X = (Way("iam:PassRole", "role"), Way("iam:PutUserPolicy", "user"))',
        'X = {"aws_instance": "ec2.amazonaws.com", "aws_glue_job": "glue.amazonaws.com"}',
        'def f(): return {"aws:userid": 1, "aws:username": 2}',
    ],
)
def test_a_planted_list_of_facts_about_aws_is_found(planted: str) -> None:
    assert list(listed_names(ast.parse(planted)))


@pytest.mark.parametrize(
    "plain",
    [
        'X = {"account": 1, "events": 2, "started": 3, "ended": 4, "status": 5}',
        'X = ("user", "group", "role")',
        'X = "iam:PassRole"',
        'def f(x): return x == "iam" or x == ""',
        'X = ["profile:NAME", "snapshot:FILE"]',
    ],
)
def test_other_lists_and_single_names_are_left_alone(plain: str) -> None:
    assert not list(listed_names(ast.parse(plain)))


@pytest.mark.parametrize("name", MODULES)
def test_no_module_decides_by_the_spelling_of_a_verb(name: str) -> None:
    for call in calls(modules()[name]):
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("startswith", "endswith", "removeprefix"):
            assert not re.search(r"\bverb\b", written(call.func.value)), written(call)


def test_the_remediator_calls_nothing_but_what_the_plan_says() -> None:
    assert [written(call.args[0]) for call in calls(modules()["remediation.executor"]) if is_iam_call(call)] == [
        "entry.action.verb.value"
    ]


def test_the_maker_of_keys_writes_nothing_but_keys() -> None:
    assert set(operations(modules()["remediation.access_key"])) == {
        "ListAccessKeys",
        "CreateAccessKey",
        "DeleteAccessKey",
    }


def operations(tree: ast.Module) -> Iterator[str]:
    """The IAM operations that a module calls by name, or the known start of the name."""
    for function in nodes(tree):
        if isinstance(function, ast.FunctionDef):
            known = {
                written(node.targets[0]): start(node.value)
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


@pytest.mark.parametrize(
    "name", [each for each in MODULES if each not in ("aws.session", "aws.connection", "aws.sources.demo")]
)
def test_no_other_room_has_a_client_in_its_hands(name: str) -> None:
    """The demo seeds its own embedded account with one, which is gone when it is closed."""
    tree = modules()[name]
    assert not {"iam", "create_client"} & {node.attr for node in nodes(tree) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("name", [each for each in MODULES if room(each) not in MAY_READ_THE_CLOCK])
def test_only_collectors_writers_and_the_command_line_read_the_clock(name: str) -> None:
    tree = modules()[name]
    assert "time" not in set(imported(tree))
    assert not {"datetime.now", "datetime.utcnow", "date.today"} & {written(call.func) for call in calls(tree)}


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
        "unused = ('koding_audit.remediation.journal', 'koding_audit.report.codec', "
        "'koding_audit.remediation.guards',\n"
        " 'jsonschema')\n"
        "print(json.dumps([status, [name for name in unused if name in sys.modules]]))\n"
    )
    assert json.loads(told_by(script)) == [1, []]


# --- what is known of a plug-in, by the plug-in itself ---------------------------------------------

RULE_IDS = frozenset(plugins.plugin_names("scan.rules"))
SOURCES = frozenset(form for name in plugins.plugin_names("aws.sources") for form in (name, f"{name}:"))
MAY_NAME_RULES = {"model.trait_table"}


@pytest.mark.parametrize("name", [each for each in MODULES if not each.startswith("scan.rules.")])
def test_no_rule_is_known_by_name_outside_the_rules(name: str) -> None:
    """What other packages know of a rule is a trait, which the rule says; a text for people may name one."""
    named = RULE_IDS & set(texts(modules()[name]))
    assert not named or name in MAY_NAME_RULES
    assert NOT_CHECKED not in texts(modules()[name]) or name in {*MAY_NAME_RULES, "model.finding"}


@pytest.mark.parametrize("name", [each for each in MODULES if each != "model.traits"])
def test_the_spelling_of_a_rule_decides_nothing(name: str) -> None:
    for call in calls(modules()[name]):
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("startswith", "endswith", "split", "partition"):
            of_rule = re.search(r"\brule(\.id)?$", written(call.func.value))
            # `RULE/SUBJECT/KEY` is the id of a finding.
            assert not of_rule or written(call.args[0]) == "'/'", written(call)


@pytest.mark.parametrize("name", [each for each in MODULES if not each.startswith("aws.sources.")])
def test_no_source_is_compared_by_name_outside_the_sources(name: str) -> None:
    """What other packages know of a source is a trait, which the source says; they may give it as an option."""
    for node in nodes(modules()[name]):
        by_prefix = isinstance(node, ast.Call) and written(node.func).endswith((".startswith", ".removeprefix"))
        if by_prefix or isinstance(node, (ast.Compare, ast.MatchValue)):
            held = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
            assert not held & SOURCES, written(node)


def texts(tree: ast.Module) -> set[str]:
    return {node.value for node in nodes(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


# --- how a module is written --------------------------------------------------------------------


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_in_one_sentence_what_it_is_for(name: str) -> None:
    said = (ast.get_docstring(modules()[name]) or "").partition("\n\n")[0]
    assert said.endswith("."), "the first paragraph of the docstring is a sentence"
    # A rule says what is wrong, and in a second sentence why it matters.
    sentences = 2 if name.startswith("scan.rules.") and not name.endswith("__init__") else 1
    assert len(re.findall(r"[.!?](?:\s|$)", said)) == sentences, "and no more than that"
    assert len(said) <= 200


def test_no_module_is_named_for_nothing_in_particular() -> None:
    parts = {part for name in MODULES for part in name.split(".")}
    assert not parts & {"utils", "util", "core", "base", "manager", "managers", "helper", "helpers", "common", "misc"}


@pytest.mark.parametrize("name", [each for each in MODULES if each != "cli.dispatch"])
def test_only_the_command_line_catches_everything(name: str) -> None:
    for node in nodes(modules()[name]):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None
            assert not {"Exception", "BaseException"} & set(re.findall(r"\w+", written(node.type)))


def functions() -> Iterator[tuple[str, int]]:
    """Each function as `room.name`, and how many lines its body has without its docstring."""
    for name in MODULES:
        for node in nodes(modules()[name]):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
                yield f"{name.removesuffix('.__init__')}.{node.name}", lines


def test_a_function_is_short_or_has_a_reason() -> None:
    assert {name for name, lines in functions() if lines > LONGEST} == set(LONGER)
    assert all(LONGER.values())


@pytest.mark.parametrize("name", MODULES)
def test_a_module_holds_no_state(name: str) -> None:
    """A table at module level is annotated as Mapping or Sequence, so that mypy refuses whoever writes to it."""
    mutable = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)
    for node in modules()[name].body:
        if isinstance(node, ast.Assign):
            assert not isinstance(node.value, mutable), written(node.targets[0])
            assert not makes(node.value, "dict", "list", "set", "defaultdict", "Counter", "deque")
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, mutable):
            assert written(node.annotation).startswith(("Mapping[", "Sequence[")), written(node.target)
    assert not [node for node in nodes(modules()[name]) if isinstance(node, ast.Global)]
    decorators = {
        written(each)
        for node in nodes(modules()[name])
        if isinstance(node, ast.FunctionDef)
        for each in node.decorator_list
    }
    assert not [each for each in decorators if re.search(r"\b(lru_)?cache\b", each)], "a cache is state too"


PURE = {
    *("frozenset", "dict.fromkeys", "re.compile", "TypeVar", "get_args", "timedelta", "enumerate", "Path"),
    *("os.path.dirname", "os.path.join"),
}


@pytest.mark.parametrize("name", MODULES)
def test_importing_a_module_does_nothing(name: str) -> None:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    plain = (ast.Import, ast.ImportFrom, *functions, ast.ClassDef, ast.Assign, ast.AnnAssign)
    for node in modules()[name].body:
        told = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        guarded = isinstance(node, ast.If) and written(node.test) in ("TYPE_CHECKING", "__name__ == '__main__'")
        assert isinstance(node, plain) or told or guarded, written(node)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value:
            made = {written(call.func) for call in calls(node.value)}
            assert {each for each in made - PURE if each.rpartition(".")[2] not in values_of_ours()} == set()


@cache
def values_of_ours() -> frozenset[str]:
    """The names of our own frozen types, which a table at module level may hold."""
    return frozenset(
        node.name
        for tree in modules().values()
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        and (
            {"NamedTuple"} & {written(base) for base in node.bases}
            or any("frozen=True" in written(each) for each in node.decorator_list)
        )
    )


def makes(node: ast.expr, *names: str) -> bool:
    return isinstance(node, ast.Call) and written(node.func) in names


def dataclasses_of_the_model() -> list[type]:
    rooms = [importlib.import_module(f"koding_audit.{name}") for name in MODULES if room(name) == "model"]
    values = {each for module in rooms for each in vars(module).values() if isinstance(each, type)}
    return sorted(filter(dataclasses.is_dataclass, values), key=lambda each: each.__name__)


@pytest.mark.parametrize("value", dataclasses_of_the_model(), ids=lambda value: value.__name__)
def test_every_value_of_the_model_is_frozen(value: type) -> None:
    assert value.__dataclass_params__.frozen  # type: ignore[attr-defined]


# --- one name, one meaning ---------------------------------------------------------------------

# What every plug-in of a folder is called by; found by the folder's name, and so the same in each of its files.
ENTRY_POINTS = {
    "accounts.engines": {"run_each"},
    "aws.sources": {"open_source"},
    "cli.commands": {"add_arguments", "run"},
    "cli.handlers": {"run"},
    "remediation.export": {"export"},
    "report.formats": {"render"},
    "report.notify": {"message"},
    "scan.rules": {"check"},
    "__main__": {"run"},
}


def defined_types(tree: ast.Module) -> Iterator[str]:
    """The names of classes and of type aliases, which have small letters; constants and type variables do not."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (name for name in map(ast.unparse, node.targets) if re.fullmatch(r"_?[A-Z][a-z]\w+", name))


def public_functions(tree: ast.Module) -> Iterator[str]:
    return (node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"))


def repeated(names_of: Callable[[ast.Module], Iterator[str]]) -> dict[str, list[str]]:
    """The names that several modules define, with the modules; entry points of plug-ins do not count."""
    places: dict[str, list[str]] = {}
    for module in MODULES:
        entries = next((each for folder, each in ENTRY_POINTS.items() if module.startswith(folder)), set[str]())
        for name in set(names_of(modules()[module])) - entries:
            places.setdefault(name, []).append(module)
    return {name: found for name, found in places.items() if len(found) > 1}


def test_no_two_types_have_one_name() -> None:
    assert repeated(defined_types) == {}


def test_no_two_public_functions_have_one_name() -> None:
    assert repeated(public_functions) == {}


def test_an_entry_point_is_one_of_its_folder() -> None:
    for folder, entries in ENTRY_POINTS.items():
        found = {
            node.name
            for name in MODULES
            if name.startswith(folder)
            for node in modules()[name].body
            if isinstance(node, ast.FunctionDef)
        }
        assert entries <= found, folder


# --- tests mirror the package -------------------------------------------------------------------

# Modules without a test file of their own, and where else they are proved; all others have one at the mirrored path.
PROVED_ELSEWHERE = {
    "__main__": "tests/endtoend/test_command_line.py: it ends its process, so it is started as one",
    "accounts.dask_workers": "tests/endtoend/test_engines.py: it needs real processes and a real cluster",
    "accounts.worker": "tests/accounts/test_run.py: it does what a run does for one account",
    "accounts.worker_processes": "tests/accounts/engines/test_processes.py: it starts what an engine works with",
    "aws.demo_account": "tests/aws/sources/test_demo.py: it is what the source reads and writes",
    "cli.commands.init": "tests/endtoend/test_init.py: it writes files and reads a real account",
    "cli.commands.setup": "tests/endtoend/test_setup.py: it writes to an account from the first step to the last",
    "cli.decisions": "tests/cli/commands/test_can.py: it is what `can` prints",
    "cli.finish": "tests/cli/commands/test_history.py: it ends each command that has a report",
    "cli.stack_table": "tests/cli/commands/test_stack.py: it is what `stack` prints for people",
    "cli.options": "tests/cli/test_parser.py: an option exists only in its parser",
    "remediation.account": "tests/endtoend/test_fix.py: it joins a scan and a fix of one account",
    "remediation.guard_checks": "tests/simulator/test_guards.py: it reads what the guards ask for from an account",
    "remediation.guards.document_cache": "tests/remediation/guards/test_escalation.py: it keeps what was decided",
    "remediation.guards.effective_policies": "tests/remediation/guards/test_escalation.py: it only holds values",
    "remediation.guards.holder_change": "tests/remediation/guards/test_escalation.py: it decides for one holder",
    "scan.run": "tests/cli/commands/test_scan.py: it holds what a command line says",
    "scan.stack_scripts": "tests/cli/commands/test_stack.py: it joins scripts and an account",
}

# Test files of no single module: about a page of the docs, or about all modules of one kind.
ABOUT_SEVERAL = {
    "aws/sources/test_odd_replies": "what odd replies of AWS come to in a scan",
    "aws/sources/test_roles": "roles, live, in bulk and saved",
    "aws/test_reply_size": "how much of a reply is read, over HTTP",
    "aws/test_transport": "what a command says of networks, proxies and certificates",
    "cli/test_scheduled": "the scripts of docs/scheduling.md",
    "desired/test_docs": "docs/desired-state.md",
    "desired/test_fuzz": "any bytes as a desired state, through all modules",
    "desired/test_schema": "schema.json itself",
    "policy/diff/test_brute_force": "the comparison against every request of a small world",
    "policy/diff/test_evaluator": "the comparison against the evaluator",
    "policy/diff/test_managed_policies": "the comparison on AWS's own policies",
    "policy/diff/test_many_statements": "the comparison of many statements of one kind",
    "policy/diff/test_z3": "the comparison against a solver",
    "policy/evaluation/test_properties": "laws that hold for every decision",
    "policy/evaluation/test_rcp_matrix": "every service with RCPs in each state of the organization",
    "scan/test_more_finds_no_less": "parts of a question beside all of it, over HTTP",
    "policy/evaluation/test_sample": "a sample of decisions by a third party",
    "remediation/guards/test_requests": "the guards against requests that are decided one by one",
    "report/formats/test_browser": "the page in a real browser",
    "report/formats/test_formats": "laws that hold for every format",
    "report/formats/test_hostile": "every format with hostile texts in it",
    "report/formats/test_streaming": "every format with more accounts than memory should hold",
    "report/formats/test_sums": "the formats for people, with many accounts",
    "report/notify/test_receivers": "laws that hold for every receiver",
    "scan/rules/test_contract": "laws that hold for every rule",
    "scan/rules/test_explanations": "the explanation of every rule",
    "stack/test_default_tags": "tags that a provider adds, in scripts and in plans",
    "stack/test_guide_types": "the rows of the type table that Koding's guide needs",
    "stack/test_reference": "the type table against another project's",
    "stack/test_service_policies": "the type table against AWS's own policies",
    "stack/test_types_compared": "the type table against a model of what the provider calls",
}

TESTS = CHECKOUT / "tests"


def mirrored(name: str) -> str:
    """The path of a module's test file, below tests and without its ending; of a package's own code `test_package`."""
    *packages, module = name.split(".")
    return "/".join([*packages, "test_package" if module == "__init__" else f"test_{module.strip('_')}"])


def modules_with_functions() -> list[str]:
    """The modules that there is something to prove of: one that holds values only is held by its types.

    A handler is proved with its command, in tests/cli/commands.
    """
    found = (name for name in MODULES if any(isinstance(node, ast.FunctionDef) for node in nodes(modules()[name])))
    return [name for name in found if name != "__init__" and not name.startswith("cli.handlers.")]


def test_every_module_has_a_test_file_at_the_mirrored_path_or_a_reason() -> None:
    lacking = {name for name in modules_with_functions() if not (TESTS / f"{mirrored(name)}.py").exists()}
    assert lacking == set(PROVED_ELSEWHERE)


def test_a_reason_names_a_test_file() -> None:
    for name, reason in PROVED_ELSEWHERE.items():
        assert (CHECKOUT / reason.partition(":")[0]).is_file(), name


def test_every_test_file_of_a_package_has_a_module_or_a_reason() -> None:
    folders = {"/".join(name.split(".")[:-1]) for name in MODULES} - {""}
    files = {path.relative_to(TESTS).with_suffix("").as_posix() for path in TESTS.rglob("test_*.py")}
    mirroring = {each for each in files if each.rpartition("/")[0] in folders}
    assert mirroring - set(map(mirrored, MODULES)) == set(ABOUT_SEVERAL)
