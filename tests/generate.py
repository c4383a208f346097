"""Writes the generated files again, or with --check tells which of them are not in step with their source."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from koding_audit import desired, plugins
from koding_audit.cli.parser import build_parser
from koding_audit.model.finding import NOT_CHECKED
from koding_audit.model.traits import RuleTraits, SourceTraits
from koding_audit.reference.tables import read_rows
from koding_audit.report import rule_help
from koding_audit.scan.catalog import advice_for_rule, declared_traits
from koding_audit.stack import hints, model_rows, type_table
from tests import record_demo
from tools import hcl_grammar

TOP = Path(__file__).parent.parent
_MANY_WORDS = 12  # for a cell of a table
WAY_TABLES: Mapping[str, set[str]] = {
    "ways of every account": set(),
    "ways of an organization": {"organization"},
    "ways by trust": {"trusted"},
    "ways through a role": {"through_role"},
}
"""By table of docs/guards.md, the conditions of the ways in it."""


def rule_names(text: str) -> str:
    """The schema with the names of the rules, of which a waiver has one."""
    names = ", ".join(f'"{name}"' for name in sorted([*plugins.plugin_names("scan.rules"), NOT_CHECKED]))
    start = text.index('"enum": [', text.index('"title": "a rule"')) + len('"enum": [')
    return text[:start] + names + text[text.index("]", start) :]


def trait_table(_: str) -> str:
    """What each plug-in says of itself, so that it is known without loading the plug-ins."""
    head = '"""Generated from the plug-ins by tests/generate.py: do not edit."""\n\n'
    imports = "from collections.abc import Mapping\nfrom typing import Any\n\n"
    sources = {name: plugins.load_plugin("aws.sources", name).TRAITS for name in plugins.plugin_names("aws.sources")}
    return f"{head}{imports}{_table('RULE_TRAITS', declared_traits())}\n{_table('SOURCE_TRAITS', sources)}"


def _table(name: str, traits: Mapping[str, RuleTraits | SourceTraits]) -> str:
    rows = "".join(f"    {json.dumps(each)}: {_traits_row(said)},\n" for each, said in traits.items())
    return f"{name}: Mapping[str, Mapping[str, Any]] = {{\n{rows}}}\n"


def _traits_row(traits: RuleTraits | SourceTraits) -> str:
    """The traits that are not as by default, as a dict."""
    usual = type(traits)()
    said = ((name, getattr(traits, name)) for name in traits.__match_args__)
    other = [(name, value) for name, value in said if value != getattr(usual, name)]
    row = [f'"{name}": {json.dumps(value) if isinstance(value, str) else value}' for name, value in other]
    return f"{{{', '.join(row)}}}"


def keys_table(text: str) -> str:
    """docs/desired-state.md with the table of every key that the schema knows."""
    rows = ["| key | value | what it says |", "|---|---|---|"]
    rows += [f"| `{key}` | {kind} | {words} |" for key, kind, words in _keys(desired.desired_schema())]
    return between("keys", text, "\n".join(rows))


def commands_help(text: str) -> str:
    """docs/commands.md with what --help says of each command that it names."""
    for command in re.findall(r"<!-- generated: help of (.*) -->", text):
        shown = help_of(command.split()[1:])
        text = between(f"help of {command}", text, f"```text\n{shown.rstrip()}\n```")
    return text


def rules_explained(text: str) -> str:
    """docs/rules.md with the explanation of each rule that it has a place for."""
    for rule in re.findall(r"<!-- generated: rule (.*) -->", text):
        text = between(f"rule {rule}", text, rule_help.help_markdown(advice_for_rule(rule)).rstrip())
    return text


def report_fields(text: str) -> str:
    """docs/reports.md with the table of every field that the schema of the report knows."""
    schema = json.loads((TOP / "koding_audit/report/formats/report.json").read_text(encoding="utf-8"))
    rows = ["| field | what it holds |", "|---|---|"]
    rows += [f"| `{field}` | {words} |" for field, words in _fields(schema, "")]
    return between("fields of the report", text, "\n".join(rows))


def _fields(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """Path and description of every field below a schema of an object, in its order."""
    for name, field in schema.get("properties", {}).items():
        items = field.get("items", {})
        here = f"{path}{name}[]" if "properties" in items else f"{path}{name}"
        yield here, field["description"]
        yield from _fields(items or field, f"{here}.")


def stack_types(text: str) -> str:
    """docs/stacks.md with how many types of each service the table knows, and the model or only hints."""
    rows = {Path(path).stem: list(type_table.read_type_rows(path)) for path in type_table.type_table_paths()}
    known = {row.type for those in rows.values() for row in those if row.kind == "type"}
    _, model = model_rows.load_model()
    modelled = Counter(_service_of_model_row(text) for type_, text in model.items() if type_ not in known)
    hinted = Counter(
        name.split("::")[1].lower()
        for type_, name in hints.cloudformation_types().items()
        if type_ not in known and type_ not in model
    )
    lines = ["| service | resources | data sources | by the model | only hints |", "|---|---|---|---|---|"]
    for service in sorted({*rows, *modelled, *hinted}):
        kinds = Counter(row.kind for row in rows.get(service, ()))
        counts = (kinds["type"], kinds["data"], modelled[service], hinted[service])
        lines.append(f"| {service} | {' | '.join(map(_many, counts))} |")
    every = Counter(row.kind for those in rows.values() for row in those)
    lines.append(f"| all | {every['type']} | {every['data']} | {modelled.total()} | {hinted.total()} |")
    return between("stack types", text, "\n".join(lines))


def hcl_tables(_: str) -> str:
    """The parse tables of the installed python-hcl2, so that no run makes them."""
    return hcl_grammar.tables_text(hcl_grammar.built_parser())


def _service_of_model_row(text: str) -> str:
    """The service of a type that only the model has: that of the actions that create it."""
    actions = json.loads(text).get("create", ["none: no action"])
    return str(actions[0]).partition(":")[0]


def guard_ways(text: str) -> str:
    """docs/guards.md with the tables of the ways to administration, and of what is not judged."""
    rows = read_rows("escalation_actions")
    for name, columns in WAY_TABLES.items():
        those = [row for row in rows if columns == {"organization", "trusted", "through_role"} & row.keys()]
        lines = ["| action | what a principal does with it |", "|---|---|"]
        others = {True: " on others"}
        lines += [f"| `{row['action']}`{others.get(row.get('others_only'), '')} | {row['why']} |" for row in those]
        text = between(name, text, "\n".join(lines))
    lines = ["| service | actions besides `iam:PassRole` |", "|---|---|"]
    for row in read_rows("pass_role_uses"):
        steps = (" or ".join(f"`{each}`" for each in step) for step in row["needs"])
        lines.append(f"| {row['name']} | {'; '.join(steps)} |")
    text = between("uses of a role", text, "\n".join(lines))
    lines = ["| what is not judged | why | actions |", "|---|---|---|"]
    for row in read_rows("unjudged_escalations"):
        actions = ", ".join(f"`{each}`" for each in row["actions"])
        lines.append(f"| {row['about']} | {row['reason']} | {actions} |")
    return between("what is not judged", text, "\n".join(lines))


def _many(count: int) -> str:
    return str(count) if count else ""


def help_of(words: list[str]) -> str:
    """What `koding-audit WORDS --help` prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        build_parser().parse_args([*words, "--help"])
    return printed.getvalue()


def between(name: str, text: str, generated: str) -> str:
    """The text with what stands between `<!-- generated: NAME -->` and `<!-- end -->` replaced."""
    start = f"<!-- generated: {name} -->\n"
    before, mark, rest = text.partition(start)
    _, end, after = rest.partition("<!-- end -->")
    if not mark or not end:
        raise SystemExit(f"there is no place for the generated part {name}")
    return f"{before}{mark}{generated}\n{end}{after}"


GENERATED: Mapping[str, Callable[[str], str]] = {
    "koding_audit/aws/demo_replies.jsonl": record_demo.record,
    "koding_audit/desired/schema.json": rule_names,
    "koding_audit/model/trait_table.py": trait_table,
    "koding_audit/stack/hcl_grammar.json": hcl_tables,
    "docs/commands.md": commands_help,
    "docs/desired-state.md": keys_table,
    "docs/guards.md": guard_ways,
    "docs/reports.md": report_fields,
    "docs/rules.md": rules_explained,
    "docs/stacks.md": stack_types,
}
"""For each generated file, what makes its text from the text that it has; add to it what else is generated."""


def main(arguments: list[str]) -> int:
    stale = []
    for name, generate in GENERATED.items():
        path = TOP / name
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        new = generate(old)
        if new != old:
            stale.append(name)
            if "--check" not in arguments:
                path.write_text(new, encoding="utf-8")
    for name in stale:
        print(f"{name}: {'not in step, run `make generate`' if '--check' in arguments else 'written'}")
    return 1 if stale and "--check" in arguments else 0


def _keys(schema: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Path, kind and description of every key, in the schema's order."""
    found = []

    def walk(node: Mapping[str, Any], path: str) -> None:
        node = _resolved(node, schema)
        if node is schema["definitions"]["document"]:
            return  # IAM's own format, which its user guide tells
        for key, inner in node.get("properties", {}).items():
            here = f"{path}{key}"
            kind = _resolved(inner, schema)
            found.append((here, _kind(kind), inner["description"]))
            walk(kind, f"{here}.")
        others = node.get("additionalProperties")
        if others:
            walk(others, f"{path}NAME.")
        if "items" in node:
            walk(node["items"], f"{path.removesuffix('.')}[].")
        for branch in node.get("anyOf", ()):
            walk(branch, path)

    walk(schema, "")
    return found


def _resolved(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = node.get("$ref")
    return schema["definitions"][reference.removeprefix("#/definitions/")] if reference else node


def _kind(node: Mapping[str, Any]) -> str:
    if len(node.get("enum", ())) > _MANY_WORDS:
        return str(node["title"])
    if "enum" in node:
        return ", ".join(f"`{each}`" for each in node["enum"])
    return str(node["title"])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
