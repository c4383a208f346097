"""`can`: what policies allow, answered on standard output."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.data_age import note_data_age
from koding_audit.cli.exit_status import INCOMPLETE
from koding_audit.cli.option_values import source_with_policies
from koding_audit.cli.output import emit
from koding_audit.io import files
from koding_audit.io.memory import limit_memory
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape, pluralize
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import dataclass
from koding_audit.scan.options import AccessQuestion, SourceOptions

if TYPE_CHECKING:
    from koding_audit.policy.evaluation import Decision
    from koding_audit.policy.evaluation.cases import Case


@dataclass(frozen=True, slots=True)
class CanCommand:
    """The options of `can`."""

    source: SourceOptions
    arguments: tuple[str, ...]
    """PRINCIPAL, ACTION and RESOURCE, as far as they are typed; without PRINCIPAL for `--who`."""
    actions: tuple[str, ...]
    """The actions of `--action`, which replace the argument ACTION."""
    context: tuple[str, ...]
    strict: bool
    output: str
    who: bool
    """Whether all principals are checked."""
    simulate: bool
    cases: str
    """The file of cases to decide instead, "" for none."""


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0: allowed, or every case as expected; 1: not; 2: unknown."""
    options = _read_options(namespace)
    note_data_age(terminal)
    live = bool(options.arguments or options.actions)
    if live is bool(options.cases):
        raise InputError(
            "give either PRINCIPAL and ACTION, or --cases FILE", "run `koding-audit can user/NAME ec2:RunInstances`"
        )
    if options.cases:
        _refuse_policies(options.source)
        return _answer_cases(options.cases, terminal)
    return _ask_about_all(options, terminal) if options.who else _ask_about_one(options, terminal)


def _ask_about_one(options: CanCommand, terminal: Terminal) -> int:
    from koding_audit.cli.decisions import answer_can  # noqa: PLC0415 - a file of cases reads no account

    question = _read_question(options)
    if options.simulate and options.source.vpce:
        raise InputError(
            "--simulate cannot be used with --vpce: AWS's simulator takes no endpoint policy", "omit one of them"
        )
    return answer_can(options.source, question, terminal, output=options.output, simulate=options.simulate)


def _read_question(options: CanCommand) -> AccessQuestion:
    """The question of `PRINCIPAL ACTION [RESOURCE]`, or of `PRINCIPAL [RESOURCE] --action ACTION ...`."""
    if not options.actions:
        if len(options.arguments) < 2:
            raise InputError("ACTION is missing", "run `koding-audit can user/NAME ec2:RunInstances`")
        principal, action, resource = (*options.arguments, "*")[:3]
        return AccessQuestion((action,), principal, resource, options.context, options.strict)
    if len(options.arguments) not in (1, 2):
        raise InputError("with --action, give only PRINCIPAL and RESOURCE", "name every action with --action")
    principal, resource = (*options.arguments, "*")[:2]
    return AccessQuestion(options.actions, principal, resource, options.context, options.strict)


def _ask_about_all(options: CanCommand, terminal: Terminal) -> int:
    from koding_audit.cli.who_can import answer_who_can  # noqa: PLC0415 - a file of cases reads no account

    if len(options.arguments) not in (1, 2) or options.actions or options.simulate:
        raise InputError(
            "--who needs only ACTION and RESOURCE, without --action and --simulate",
            "run `koding-audit can --who ec2:RunInstances`",
        )
    action, resource = (*options.arguments, "*")[:2]
    question = AccessQuestion((action,), resource=resource, context=options.context, strict=options.strict)
    return answer_who_can(options.source, question, terminal, output=options.output)


def _answer_cases(path: str, terminal: Terminal) -> int:
    """Decide each case of the file. Status 0: all are as expected; 1: one is not; 2: one is unknown or invalid."""
    from koding_audit.policy.evaluation import cases  # noqa: PLC0415 - nothing else needs the evaluator
    from koding_audit.reference.actions import load_actions  # noqa: PLC0415 - as above
    from koding_audit.reference.aws_reference import load_reference  # noqa: PLC0415 - as above

    with limit_memory(path):
        found = list(cases.read_each_case(files.read_text(path, files.FileSpec("a file of cases", 256)), path))
    if not found:
        raise InputError(f"{path} has no cases", "write one case per line, as JSON")
    reference = load_reference()
    answers = [(each, each.decide(reference)) for each in found if not isinstance(each, InputError)]
    known = load_actions()
    lines = [cases.result_line(case, decision, cases.request_note(case, known)) for case, decision in answers]
    emit("".join(f"{line}\n" for line in lines))
    errors = [each for each in found if isinstance(each, InputError)]
    for error in errors:
        terminal.print_problem(error)
    status = _check_expectations(answers, terminal)
    return INCOMPLETE if errors else status


def _check_expectations(answers: Sequence[tuple[Case, Decision]], terminal: Terminal) -> int:
    wrong = [(case, decision) for case, decision in answers if not case.accepts(decision.verdict)]
    for case, decision in wrong:
        place = f"{escape(case.location.path)}:{case.location.line}:{case.location.column}"
        terminal.note(f"{place}: {escape(case.id)}: expected {case.expected}, is {decision.verdict}")
    terminal.note(f"{pluralize(len(answers), 'case')}, {len(wrong)} not as expected")
    if any(decision.verdict == "unknown" and case.expected != "unknown" for case, decision in answers):
        return INCOMPLETE
    return 1 if wrong else 0


def _refuse_policies(source: SourceOptions) -> None:
    for name, value in (("--scp", source.scps), ("--rcp", source.rcps), ("--vpce", source.vpce)):
        if value:
            raise InputError(f"{name} cannot be used with --cases: a case has its own policies", f"remove {name}")


def _read_options(namespace: argparse.Namespace) -> CanCommand:
    """The options, from argparse's namespace."""
    typed = (namespace.principal, namespace.action, namespace.resource)
    return CanCommand(
        source=source_with_policies(namespace),
        arguments=tuple(each for each in typed if each is not None),
        actions=tuple(namespace.actions),
        context=tuple(namespace.context),
        strict=namespace.strict,
        output=namespace.output,
        who=namespace.who,
        simulate=namespace.simulate,
        cases=namespace.cases,
    )
