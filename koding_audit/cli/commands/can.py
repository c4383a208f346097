"""`can`: what policies allow, answered on standard output."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.exit_status import INCOMPLETE
from koding_audit.cli.output import emit
from koding_audit.io import files
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape, pluralize
from koding_audit.model.errors import InputError

if TYPE_CHECKING:
    from koding_audit.policy.evaluation import Decision
    from koding_audit.policy.evaluation.cases import Case


def can(options: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0: allowed, or every case as expected; 1: not; 2: it is not known."""
    live = bool(options.principal or options.action)
    if live is bool(options.cases):
        raise InputError(
            "ask about PRINCIPAL and ACTION, or give --cases FILE", "koding-audit can user/NAME ec2:RunInstances"
        )
    if options.cases and (options.scp or options.rcp):
        raise InputError("--scp and --rcp go with a question: a case brings its own policies", "leave them out")
    if options.cases:
        return _answer_cases(options.cases, terminal)
    if options.who:
        from koding_audit.cli.who_can import answer_who_can  # noqa: PLC0415 - as below

        return answer_who_can(options, terminal)
    from koding_audit.cli.decisions import answer_can  # noqa: PLC0415 - a file of cases reads no account

    return answer_can(options, terminal)


def _answer_cases(path: str, terminal: Terminal) -> int:
    """Each case of the file. Status 0: all decided, and as expected; 1: one is not; 2: one cannot be told."""
    from koding_audit.policy.evaluation.cases import read_cases, result_line  # noqa: PLC0415 - nothing else needs the evaluator

    cases = list(read_cases(files.read_text(path, files.FileSpec("a file of cases", 256)), path))
    if not cases:
        raise InputError(f"{path} holds no case", "write one a line, as JSON")
    answers = [(case, case.decide()) for case in cases]
    emit("".join(result_line(case, decision) + "\n" for case, decision in answers))
    return _check_expectations(answers, terminal)


def _check_expectations(answers: Sequence[tuple[Case, Decision]], terminal: Terminal) -> int:
    wrong = [(case, decision) for case, decision in answers if not case.accepts(decision.verdict)]
    for case, decision in wrong:
        place = f"{escape(case.location.path)}:{case.location.line}:{case.location.column}"
        terminal.note(f"{place}: {escape(case.id)}: expected {case.expected}, is {decision.verdict}")
    terminal.note(f"{pluralize(len(answers), 'case')}, {len(wrong)} not as expected")
    if any(decision.verdict == "unknown" and case.expected != "unknown" for case, decision in answers):
        return INCOMPLETE
    return 1 if wrong else 0
