"""What the documents say is so: commands parse, shown output is real, links lead somewhere, lists are whole."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from koding_audit import __version__, desired, plugins
from koding_audit.cli.commands import SUMMARIES as COMMANDS
from koding_audit.cli.parser import build_parser
from koding_audit.model.finding import Action, Finding
from koding_audit.model.verb import VERBS, Verb
from tests.age_note import without_age_note
from tests.generate import help_of
from tests.servers.wire import READS
from tests.simulator.faults import FAULTS
from tests.simulator.scenario import drifted, explored
from tests.simulator.server import serving

CHECKOUT = Path(__file__).parent.parent
DOCS = sorted(CHECKOUT.glob("docs/*.md"))
PAGES = [*(CHECKOUT / f"{name}.md" for name in ("README", "CHANGELOG", "CONTRIBUTING", "SECURITY")), *DOCS]
GUIDE = str(CHECKOUT / "policies" / "koding.yaml")
TEXTS = {path.relative_to(CHECKOUT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}

FENCED = re.compile(r"(?P<mark><!-- [^\n]* -->\n)?^```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
FROM_THE_DEMO = "<!-- from the demo -->\n"
# Words that stand for what a user fills in.
PLACEHOLDERS = {"FILE", "PLAN", "JOURNAL", "SET", "RULE", "..."}


def blocks(kind: str) -> list[Any]:
    """Every fenced block of a kind, as test parameters: the mark before it, and its body."""
    return [
        pytest.param(found["mark"] or "", found["body"], id=f"{page}:{text.count(chr(10), 0, found.start('body')) + 1}")
        for page, text in TEXTS.items()
        for found in FENCED.finditer(text)
        if found["kind"] == kind
    ]


# --- commands -----------------------------------------------------------------------------------


def command_lines() -> Iterator[tuple[str, str]]:
    """Each `koding-audit ...` in a block or between backquotes, and the page that it stands on."""
    for page, text in TEXTS.items():
        for block in FENCED.finditer(text):
            if block["kind"] in ("sh", "console", "cron"):
                yield from ((page, line) for line in block["body"].splitlines() if "koding-audit " in line)
        for inline in re.findall(r"`(koding-audit [^`\n]+)`", FENCED.sub("", text)):
            yield page, inline


def arguments_in(line: str) -> list[str] | None:
    """The arguments of the koding-audit in a shell line, or None where there is none."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = iter(lexer)
    for word in words:
        if word.rpartition("/")[2] == "koding-audit":
            break
    else:
        return None
    said = []
    for word in words:
        if set(word) <= set("|&;<>()"):
            # The 2 of `2>&1` is not an argument.
            return said[:-1] if word.startswith(">") and said[-1] == "2" else said
        said.append(word)
    return said


LINES = [(page, line) for page, line in command_lines() if not line.startswith(("To fix", "usage:"))]


@pytest.mark.parametrize(("page", "line"), LINES, ids=[f"{page}: {line.strip()}" for page, line in LINES])
def test_every_command_in_the_documents_is_one_that_there_is(page: str, line: str) -> None:
    said = arguments_in(line)
    if said is None:
        return
    if said[0] in ("--help", "--version") or said in ([command] for command in COMMANDS):
        return
    options = build_parser().parse_args(said)
    assert options.command in COMMANDS
    if options.command == "scan":
        assert set(options.only) | set(options.skip) <= {*plugins.plugin_names("scan.rules"), *PLACEHOLDERS}
        for file in options.files:
            assert file in PLACEHOLDERS or "koding-audit.yaml" in file or (CHECKOUT / file).is_file()


def test_a_wrong_command_in_the_documents_would_be_noticed() -> None:
    assert arguments_in("$ koding-audit scan FILE --fxi || echo no") == ["scan", "FILE", "--fxi"]
    with pytest.raises(SystemExit):
        build_parser().parse_args(["scan", "FILE", "--fxi"])
    assert len(LINES) > 20


def test_every_command_has_a_section_with_its_help() -> None:
    text = TEXTS["docs/commands.md"]
    for command in COMMANDS:
        assert f"\n## {command}\n" in text
        assert f"<!-- generated: help of koding-audit {command} -->\n```text\n{help_of([command])}```\n" in text
    assert f"<!-- generated: help of koding-audit -->\n```text\n{help_of([])}```\n" in text


@pytest.mark.parametrize("command", [[], *([each] for each in COMMANDS)], ids=lambda words: " ".join(words) or "all")
def test_the_help_of_every_command_teaches_by_examples_that_there_are(command: list[str]) -> None:
    lines = re.findall(
        r"^  (koding-audit .+?)(?:   .*)?$", help_of(command).partition("\nexamples:\n")[2], re.MULTILINE
    )
    assert lines
    for line in lines:
        said = arguments_in(line)
        assert said is not None
        options = build_parser().parse_args(said)
        assert not command or options.command == command[0]
        assert set(getattr(options, "only", [])) | {getattr(options, "rule", "")} <= {
            *plugins.plugin_names("scan.rules"),
            "",
        }


@pytest.mark.parametrize("page", sorted(TEXTS))
def test_every_option_that_a_document_names_is_one_that_there_is(page: str) -> None:
    known = {option for command in COMMANDS for option in re.findall(r"--[a-z][a-z-]+", help_of([command]))}
    known |= {"--help", "--version"}
    drawn = FENCED.sub(lambda found: "" if found["kind"] == "text" else found[0], TEXTS[page])
    for line in drawn.splitlines():
        # Other programs have options too.
        if not re.search(r"^aws |`aws |`update-|`delete-|`attach-|with `--path`|\bpip |`make |`ruff |python -m ", line):
            assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", line)) <= known, line


# --- shown output -------------------------------------------------------------------------------

DEMO_BLOCKS = [each for each in blocks("console") if each.values[0] == FROM_THE_DEMO]


@pytest.mark.slow
@pytest.mark.parametrize(("mark", "body"), DEMO_BLOCKS)
def test_output_that_is_shown_is_what_comes_out(mark: str, body: str, tmp_path: Path) -> None:
    status = 0
    for command, expected in shown(body):
        if command == "echo $?":
            assert expected == [str(status)]
            continue
        said = arguments_in(command)
        assert said is not None
        status, printed = run(said, tmp_path)
        assert_shows(expected, printed)


def test_there_is_output_to_check() -> None:
    assert len(DEMO_BLOCKS) >= 3


def shown(body: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block with the lines beneath it."""
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, *expected = part.splitlines()
        yield command, expected


def run(arguments: list[str], home: Path) -> tuple[int, list[str]]:
    """As at a terminal, where both streams are seen: in the order in which they were written."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "KODING_", "XDG_"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "koding_audit", *arguments],
        cwd=CHECKOUT,
        env={**environment, "HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, without_age_note(done.stdout).splitlines()


def assert_shows(expected: list[str], printed: list[str]) -> None:
    """`...` alone on a line stands for any lines."""
    wanted = re.split(r"^\.\.\.\n", "".join(f"{normal(line)}\n" for line in expected), flags=re.MULTILINE)
    text = "".join(f"{normal(line)}\n" for line in printed)
    if len(wanted) == 1:
        assert text == wanted[0]
    assert text.startswith(wanted[0])
    assert text.endswith(wanted[-1])
    position = 0
    for part in wanted:
        assert part in text[position:]
        position = text.index(part, position) + len(part)


def normal(line: str) -> str:
    """Without what is another in each run: the journal's path, times, and the file's hash."""
    line = re.sub(r"\S+/koding-audit\S+\.jsonl", "JOURNAL", line)
    line = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", line)
    return re.sub(r"\b[0-9a-f]{64}\b", "SHA256", line)


# --- files that are shown -----------------------------------------------------------------------


@pytest.mark.parametrize(("mark", "body"), blocks("yaml"))
def test_a_desired_state_in_the_documents_loads(mark: str, body: str, tmp_path: Path) -> None:
    if "guards" in mark:
        (tmp_path / "guards.yaml").write_text(body, encoding="utf-8")
        body = "version: 1\nusers: {ada: {}}\n"
    file = tmp_path / "shown.yaml"
    file.write_text(body, encoding="utf-8")
    # One that adds members to the groups of another file is loaded with that.
    guide = [GUIDE] if "Developers:\n    members:" in body else []
    assert desired.load_desired([str(file), *guide]).files[0].path == str(file)


@pytest.mark.parametrize(("mark", "body"), blocks("json"))
def test_json_in_the_documents_is_json(mark: str, body: str) -> None:
    json.loads(body)


def test_the_readme_shows_the_guide(tmp_path: Path) -> None:
    (first, *_) = blocks("yaml")
    assert len(first.values[1].splitlines()) == 10
    file = tmp_path / "shown.yaml"
    file.write_text(first.values[1], encoding="utf-8")
    assert said(desired.load_desired([str(file)])) == said(desired.load_desired([GUIDE]))


def said(state: desired.Desired) -> Any:
    """What a desired state asks for, without where it is written."""
    groups = {
        name: ([use.name for use in group.required], [use.name for use in group.optional])
        for name, group in state.groups.items()
    }
    users = {name: [use.name for use in user.groups] for name, user in state.users.items()}
    sets = {name: [ref.arn for ref in each.policies] for name, each in state.policy_sets.items()}
    return groups, users, sets, state.root.access_keys, state.root.mfa


# --- links and lists ----------------------------------------------------------------------------


@pytest.mark.parametrize("page", sorted(TEXTS))
def test_every_link_leads_to_a_file_and_a_heading(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCED.sub("", TEXTS[page])):
        if target.startswith("https://"):
            continue
        path, _, heading = target.partition("#")
        file = (CHECKOUT / page).parent / path if path else CHECKOUT / page
        assert file.is_file(), target
        if heading:
            assert heading in headings(file.read_text(encoding="utf-8")), target


def headings(text: str) -> set[str]:
    """The anchors of a page, as they are made of its headings."""
    return {
        re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-")
        for line in re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    }


@pytest.mark.parametrize(
    "page", ["CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md", "docs/safety.md", "docs/style.md"]
)
def test_every_file_that_a_page_for_contributors_names_is_there(page: str) -> None:
    """Below the checkout or the package, or by its bare name; `my_rule.py` and its like are examples."""
    names = set(re.findall(r"(?<![\w./])((?:[a-z_]+/)*[a-z_]+\.py|(?:[a-z_]+/)+)(?![\w/])", TEXTS[page]))
    known = {path.name for path in (*CHECKOUT.glob("koding_audit/**/*.py"), *CHECKOUT.glob("tests/**/*.py"))}
    for name in sorted(each for each in names if "my_" not in each):
        places = [CHECKOUT / name, CHECKOUT / "koding_audit" / name]
        assert any(place.exists() for place in places) or name in known, name


def test_every_page_is_linked_from_the_readme() -> None:
    for page in DOCS:
        assert f"](docs/{page.name})" in TEXTS["README.md"]


def test_the_glossary_names_types_that_there_are() -> None:
    table = TEXTS["docs/architecture.md"].partition("## Glossary")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| [^|]+ \| [^|]+\. \| `([\w.]+)` \|$", table, re.MULTILINE)
    assert len(rows) == table.count("\n|") - 2
    for row in rows:
        module, _, name = row.rpartition(".")
        # In lower case it is a module.
        path = row if name.islower() else module
        found = importlib.import_module(f"koding_audit.{path}")
        assert name.islower() or hasattr(found, name), row


def test_every_rule_has_a_section() -> None:
    told = set(re.findall(r"^### (.+)$", TEXTS["docs/rules.md"], re.MULTILINE))
    assert told == {*plugins.plugin_names("scan.rules"), "not-checked"}


def test_every_format_has_a_section() -> None:
    assert set(plugins.plugin_names("report.formats")) <= set(
        re.findall(r"^## (.+)$", TEXTS["docs/reports.md"], re.MULTILINE)
    )


def test_the_changelog_has_this_version_or_what_is_unreleased() -> None:
    text = TEXTS["CHANGELOG.md"]
    assert "keepachangelog.com" in text
    first, *_ = re.findall(r"^## \[(.+?)\]", text, re.MULTILINE)
    assert first in ("Unreleased", __version__)
    assert __version__ in text
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert {*re.findall(r"^### (.+)$", text, re.MULTILINE)} <= kinds


@pytest.mark.parametrize("page", sorted(TEXTS))
def test_a_document_is_plain(page: str) -> None:
    text = TEXTS[page]
    assert text.isascii()
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_the_json_report_has_exactly_the_documented_fields() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", TEXTS["docs/reports.md"], re.MULTILINE)
    told = {field.removesuffix("[]") for row in rows for field in re.findall(r"`([^`]+)`", row)}
    golden = sorted((CHECKOUT / "tests" / "report" / "formats" / "golden").glob("*.json"))
    leaves = {field for path in golden for field in fields(json.loads(path.read_text(encoding="utf-8")))}
    # A mapping whose every field is told needs no row of its own.
    whole = {field for field in leaves if any(each.startswith(f"{field}.") for each in told)}
    assert leaves - whole <= told <= leaves


def fields(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict) and not path.endswith((".evidence", ".parameters")):
        for name, inner in value.items():
            here = f"{path}.{name}" if path else name
            yield here
            yield from fields(inner, here)
    if isinstance(value, list):
        for inner in value:
            yield from fields(inner, f"{path}[]")


# --- permissions --------------------------------------------------------------------------------

# What IAM asks for beside the action of a call: CreateUser with tags.
WITH_TAGS = {"TagUser"}


def policies() -> dict[str, set[str]]:
    """The actions of each policy on the page, IAM's without their prefix, by the heading that it stands under."""
    found = {}
    for section in re.split(r"^## ", TEXTS["docs/permissions.md"], flags=re.MULTILINE)[1:]:
        (block,) = FENCED.finditer(section)
        actions: set[str] = set()
        for statement in json.loads(block["body"])["Statement"]:
            action = statement["Action"]
            actions |= {action} if isinstance(action, str) else set(action)
        assert all(each.startswith(("iam:", "organizations:", "sts:", "cloudtrail:")) for each in actions)
        found[section.partition("\n")[0]] = {each.removeprefix("iam:") for each in actions}
    return found


def reads() -> set[str]:
    """Every operation that iam.py can call; in an f-string its kind is User, Group or Role."""
    nodes = nodes_of("aws/iam")
    joined = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in joined for part in node.values}
    names = {node.value for node in nodes if isinstance(node, ast.Constant) and id(node) not in parts}
    for node in joined:
        text = "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        names |= {text.replace("{}", kind) for kind in ("User", "Group", "Role")}
    return {name for name in names if re.fullmatch(r"(Get|List|Generate|Simulate)[A-Z][A-Za-z]+", str(name))}


def reads_of_organizations(module: str) -> set[str]:
    """Every operation of Organizations that a module can call, as a policy says it."""
    texts = {node.value for node in nodes_of(module) if isinstance(node, ast.Constant)}
    return {f"organizations:{text}" for text in texts if re.fullmatch(r"(Describe|List)[A-Z][A-Za-z]+", str(text))}


def nodes_of(module: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse((CHECKOUT / "koding_audit" / f"{module}.py").read_text(encoding="utf-8"))))


def undoable_verbs() -> list[Verb]:
    """Those that a fix can have: each of them has an inverse."""
    return [verb for verb, spec in VERBS.items() if spec.inverse]


def changed_by(change: str) -> set[str]:
    """The verbs that need this to be allowed, of those that a fix can have."""
    said_again = {verb for verb, spec in VERBS.items() if spec.effect in ("put", "set")}
    fixes = [("inline-changed", verb) for verb in said_again]
    fixes += [("inline-missing", verb) for verb in undoable_verbs() if VERBS[verb].part != "version"]
    made = (Finding(rule, "error", "", "", fix=Action(verb, {})) for rule, verb in fixes)
    return {each.fix.verb.value for each in made if each.fix and each.change == change}


def test_the_page_of_safety_has_the_figures_of_the_sweep(tmp_path: Path) -> None:
    with serving(drifted()) as simulator:
        asked = [name for (name, _) in explored(simulator, tmp_path, "fix").calls]
    assert len([each for each in asked if not each.startswith(READS)]) == 13
    text = TEXTS["docs/safety.md"]
    assert "a fix of thirteen writes over three groups, three users and a policy" in text
    assert f"a policy ({len(asked)} calls)" in text
    assert f"each of {len(FAULTS)} faults at each call" in text


def test_the_audit_policy_has_every_read_and_nothing_else() -> None:
    texts = {node.value for node in nodes_of("aws/credential_changes") if isinstance(node, ast.Constant)}
    events = {text for text in texts if str(text).startswith("cloudtrail:")}
    assert policies()["audit"] == reads() | reads_of_organizations("aws/organizations") | events


def test_the_policy_for_targets_has_what_finds_the_accounts_and_enters_them() -> None:
    assert policies()["targets"] == reads_of_organizations("aws/organization_accounts") | {"sts:AssumeRole"}


def test_the_policies_for_writing_have_every_verb_where_it_is_used_and_nothing_else() -> None:
    found = policies()
    assert found["fix"] == changed_by("add")
    assert found["create"] == changed_by("create") | WITH_TAGS
    assert found["replace"] == changed_by("replace")
    # A version that was made is deleted once the one before it is in force again.
    assert found["undo"] == {spec.inverse.value for spec in VERBS.values() if spec.inverse} | {
        Verb.DELETE_POLICY_VERSION.value
    }
    assert found["setup"] == {"CreateAccessKey", "DeleteAccessKey"}
    assert set(found) == {"audit", "targets", "fix", "create", "replace", "undo", "setup"}
    written = found["fix"] | found["create"] | found["replace"] | found["undo"] | found["setup"]
    assert {verb.value for verb in Verb} <= written


def test_a_policy_may_only_attach_what_it_lists() -> None:
    (attach, *_) = json.loads(next(FENCED.finditer(TEXTS["docs/permissions.md"].split("\n## fix\n")[1]))["body"])[
        "Statement"
    ]
    sets = desired.load_desired([GUIDE]).policy_sets.values()
    wanted = {ref.arn.replace("${partition}", "aws") for each in sets for ref in each.policies}
    assert set(attach["Condition"]["ArnEquals"]["iam:PolicyARN"]) == wanted


def test_every_exit_status_is_told_the_same_everywhere() -> None:
    for page in ("README.md", "docs/exit-statuses.md"):
        assert re.findall(r"^\| ([012]) \| (\w+)", TEXTS[page], re.MULTILINE)[:3] == [
            ("0", "audited"),
            ("1", "audited"),
            ("2", "not"),
        ]
