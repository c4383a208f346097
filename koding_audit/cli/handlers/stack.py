"""`stack SCRIPT`: what a stack script needs, whether its user may build it, and which policy set is missing."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence

from koding_audit.aws.sources import AccountSource
from koding_audit.cli.decisions import decision_value, print_gaps
from koding_audit.cli.option_values import source_with_policies
from koding_audit.cli.output import emit, output_width
from koding_audit.cli.stack_table import StackTable, place_of, remedy_lines, table_lines, verdict_lines
from koding_audit.io import json_text
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape, pluralize
from koding_audit.model.desired import Desired
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import dataclass
from koding_audit.model.location import Location
from koding_audit.model.stack import Stack, StackNeed, StackUnknown
from koding_audit.scan import stack_build, stack_scripts
from koding_audit.scan.options import DesiredOptions, SourceOptions
from koding_audit.scan.session import open_source, resolve_desired_state
from koding_audit.scan.stack_build import BuildDecision, BuildVerdict, SetOffer
from koding_audit.scan.stack_causes import StackCause, find_causes
from koding_audit.scan.stack_scripts import StackScripts
from koding_audit.stack.deployment import CALLER_ALONE, Deployment, parse_deployment
from koding_audit.stack.hcl_grammar import HclParser
from koding_audit.stack.policy import stack_policy_documents
from koding_audit.stack.resource_groups import ResourceNeeds, group_by_resource
from koding_audit.stack.terraform_files import TerraformInputs

_EXIT_STATUS: Mapping[BuildVerdict, int] = {"yes": 0, "no": 1, "unknown": 2}
_JSON_VERDICTS: Mapping[BuildVerdict, str] = {"yes": "can-be-built", "no": "cannot-be-built", "unknown": "not-known"}


@dataclass(frozen=True, slots=True)
class StackCommand:
    """The options of `stack`."""

    script: str
    """The stack script, or a folder of them."""
    source: SourceOptions
    desired: DesiredOptions
    principal: str
    """The principal that builds it: `user/NAME` or `role/NAME`; "" for the only declared user."""
    parameters: tuple[str, ...]
    """Values of parameters of the templates, each `NAME=VALUE`."""
    output: str
    policy: bool
    """Whether a policy for this stack only is printed."""
    inputs: TerraformInputs
    """Values of Terraform's variables, and whether its state counts."""
    deployment: Deployment = CALLER_ALONE
    """How a template is deployed."""


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0: it can be built; 1: it cannot; 2: unknown."""
    options = read_stack_options(namespace)
    desired, scripts = _read_inputs(options)
    with open_source(options.source, terminal) as source:
        return _check_stack(source, options, terminal, desired, scripts)


def answer_stack(source: AccountSource, options: StackCommand, terminal: Terminal) -> int:
    """Print the answer about a source that is already open, and return the exit status."""
    return _check_stack(source, options, terminal, *_read_inputs(options))


def _read_inputs(options: StackCommand) -> tuple[Desired, StackScripts]:
    """The desired state and the script; both are read before AWS is called."""
    desired = resolve_desired_state(options.desired)
    scripts = stack_scripts.read_script_to_build(
        options.script, options.principal, desired, options.parameters, options.deployment, inputs=options.inputs
    )
    return desired, scripts


def _check_stack(
    source: AccountSource, options: StackCommand, terminal: Terminal, desired: Desired, scripts: StackScripts
) -> int:
    """Read the account, decide and print."""
    answers, gaps = stack_scripts.check_scripts(source, desired, scripts, options.source.account, terminal)
    print_gaps(gaps, terminal)
    _note_grammar(answers, terminal)
    files = [each.path for each in desired.files]
    tables = [StackTable(each, files, output_width(), terminal.verbose) for each in answers]
    if options.policy:
        _print_policy(tables, terminal)
    else:
        emit(_answers_json(answers) if options.output == "json" else "\n".join(map(_table_text, tables)))
    return max(_EXIT_STATUS[each.verdict] for each in answers)


def _table_text(table: StackTable) -> str:
    return "".join(f"{line}\n" for line in table_lines(table))


def _note_grammar(answers: Sequence[BuildDecision], terminal: Terminal) -> None:
    """With --verbose: note why the tables of the package were not used for HCL, which can take a second longer."""
    if terminal.verbose and any(each.path.endswith(".tf") for answer in answers for each in answer.stack.files):
        mismatch = HclParser().mismatch
        if mismatch:
            terminal.detail(f"python-hcl2 made its own parse tables: {mismatch}")


def _print_policy(tables: Sequence[StackTable], terminal: Terminal) -> None:
    """Print the documents that allow these stacks only: one, or a list if IAM's size limit needs several."""
    needs = (need for each in tables for need in each.answer.stack.needs)
    found = stack_policy_documents(need for need in needs if not need.perhaps and not need.role)
    emit(json.dumps(found[0] if len(found) == 1 else list(found), indent=2) + "\n")
    for table in tables:
        for line in verdict_lines(table):
            terminal.note(line)
    if len(found) > 1:
        terminal.note(f"These are {pluralize(len(found), 'document')}: IAM accepts 6,144 characters in each.")
    for each in (unknown for table in tables for unknown in table.answer.stack.unknown):
        terminal.note(
            escape(f"Not in the policy, because it is not known: {each.what} ({place_of(each.location)}): {each.why}")
        )
    for table in tables:
        for line in remedy_lines(table):
            terminal.note(line)


def _answers_json(answers: Sequence[BuildDecision]) -> str:
    """One answer, or a list of them for a folder of stacks."""
    values = [_answer_value(each) for each in answers]
    value = {"version": 1, **values[0]} if len(values) == 1 else {"version": 1, "stacks": values}
    return json_text.write_json(value, indent=2) + "\n"


def _answer_value(answer: BuildDecision) -> dict[str, object]:
    stack = answer.stack
    positions = {need: position for position, need in enumerate(stack.needs)}
    return {
        "verdict": _JSON_VERDICTS[answer.verdict],
        "verified": all(whose == "own" for whose in stack.rows.values()),
        "stack": _stack_value(stack),
        "principal": {"arn": answer.principal.arn, "exists": answer.exists},
        "causes": [_cause_value(each, positions) for each in find_causes(answer)],
        "needs": [_need_value(answer, need) for need in stack.needs],
        "groups": [_group_value(answer, each) for each in group_by_resource(stack.needs)],
        "unknown": [_unknown_value(each) for each in stack.unknown],
        "hinted": list(stack.hinted),
        "rows": dict(stack.rows),
        **_choice_value(answer),
        "if_created": [_undecided_value(need) for need in stack.if_created],
        "undecided": len({need.action for need in answer.undecided_needs}),
        "service_role": answer.service_role or None,
        "service_roles": list(stack.service_roles),
        "notes": list(stack.notes),
    }


def _choice_value(answer: BuildDecision) -> dict[str, object]:
    """The sets that help, and how sure their choice is."""
    return {
        "sets": [_set_value(answer, each) for each in stack_build.chosen_offers(answer)],
        "smallest": answer.choice.is_exact,
        "unread_sets": list(answer.unread),
    }


def _unknown_value(unknown: StackUnknown) -> dict[str, object]:
    return {
        "type": unknown.type,
        "what": unknown.what,
        "why": unknown.why,
        "location": _location_value(unknown.location),
    }


def _stack_value(stack: Stack) -> dict[str, object]:
    return {
        "path": stack.path,
        "files": [{"path": each.path, "sha256": each.sha256} for each in stack.files],
        "resources": stack.resources,
        "others": dict(stack.others),
    }


def _need_value(answer: BuildDecision, need: StackNeed) -> dict[str, object]:
    return {
        "action": need.action,
        "resource": need.resource,
        "region": need.region or None,
        "certain": need.certain,
        "hint": need.hint,
        "decides": need.decides,
        "role": need.role or None,
        "perhaps": need.perhaps,
        "caller": need.caller,
        "source": need.source or None,
        **decision_value(answer.decision_about(need)),
        "needed_by": _uses_value(need),
    }


def _undecided_value(need: StackNeed) -> dict[str, object]:
    return {
        "action": need.action,
        "resource": need.resource,
        "region": need.region or None,
        "needed_by": _uses_value(need),
    }


def _uses_value(need: StackNeed) -> list[dict[str, object]]:
    return [{"resource": use.resource, "why": use.why, "location": _location_value(use.location)} for use in need.uses]


def _cause_value(cause: StackCause, positions: Mapping[StackNeed, int]) -> dict[str, object]:
    return {"kind": cause.kind, "text": cause.text, "needs": [positions[need] for need in cause.needs]}


def _group_value(answer: BuildDecision, group: ResourceNeeds) -> dict[str, object]:
    return {
        "resource": group.resource,
        "location": _location_value(group.location),
        "verdict": _JSON_VERDICTS[answer.verdict_about(answer.stack.needs[at] for at in group.needs)],
        "needs": list(group.needs),
    }


def _set_value(answer: BuildDecision, offer: SetOffer) -> dict[str, object]:
    needs = stack_build.needs_of_offer(answer, offer)
    return {
        "name": offer.candidate.name,
        "holder": "/".join(offer.holder),
        "required": offer.candidate.required,
        "attached": offer.is_attached,
        "gives": list(dict.fromkeys(need.action for need in needs)),
        "needed_by": list(dict.fromkeys(use.resource for need in needs for use in need.uses)),
    }


def _location_value(source: Location) -> dict[str, object]:
    return {"path": source.path, "line": source.line, "column": source.column}


def read_stack_options(namespace: argparse.Namespace) -> StackCommand:
    """The options, from argparse's namespace."""
    return StackCommand(
        script=namespace.script,
        source=source_with_policies(namespace),
        desired=DesiredOptions(tuple(namespace.files), strict=namespace.strict),
        principal=namespace.principal,
        parameters=tuple(namespace.parameter),
        output=namespace.output,
        policy=namespace.policy,
        deployment=parse_deployment(namespace.stack_name, namespace.service_role),
        inputs=TerraformInputs(
            dict(map(_read_variable, namespace.var)), tuple(namespace.var_file), no_state=namespace.no_state
        ),
    )


def _read_variable(text: str) -> tuple[str, str]:
    """The name and the value of `--var NAME=VALUE`. Raises InputError, which does not show the value."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise InputError("--var needs a name and a value", "write --var NAME=VALUE")
    return name, value
