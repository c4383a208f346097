"""`can`: what policies allow, answered on standard output."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit import inputs
from koding_audit.cli import INCOMPLETE
from koding_audit.cli.terminal import Terminal, emit
from koding_audit.errors import InputError
from koding_audit.text import inert
from koding_audit.words import counted

if TYPE_CHECKING:
    from koding_audit.evaluate import Decision
    from koding_audit.evaluate.cases import Case


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
        return _cases(options.cases, terminal)
    if options.who:
        from koding_audit.cli.everybody import who  # noqa: PLC0415 - as below

        return who(options, terminal)
    from koding_audit.cli.answering import answer  # noqa: PLC0415 - a file of cases reads no account

    return answer(options, terminal)


def _cases(path: str, terminal: Terminal) -> int:
    """Each case of the file. Status 0: all decided, and as expected; 1: one is not; 2: one cannot be told."""
    from koding_audit.evaluate.cases import line_of, read_cases  # noqa: PLC0415 - nothing else needs the evaluator

    cases = list(read_cases(inputs.read_text(path, inputs.Wanted("a file of cases", 256)), path))
    if not cases:
        raise InputError(f"{path} holds no case", "write one a line, as JSON")
    answers = [(case, case.decide()) for case in cases]
    emit("".join(line_of(case, decision) + "\n" for case, decision in answers))
    return _judged(answers, terminal)


def _judged(answers: Sequence[tuple[Case, Decision]], terminal: Terminal) -> int:
    wrong = [(case, decision) for case, decision in answers if not case.accepts(decision.verdict)]
    for case, decision in wrong:
        place = f"{inert(case.source.path)}:{case.source.line}:{case.source.column}"
        terminal.note(f"{place}: {inert(case.id)}: expected {case.expected}, is {decision.verdict}")
    terminal.note(f"{counted(len(answers), 'case')}, {len(wrong)} not as expected")
    if any(decision.verdict == "unknown" and case.expected != "unknown" for case, decision in answers):
        return INCOMPLETE
    return 1 if wrong else 0
