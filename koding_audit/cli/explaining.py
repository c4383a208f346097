"""`explain [RULE]`: what a rule is about and what to do, as the documents say it; of all rules a line each."""

from __future__ import annotations

import argparse
import shutil

from koding_audit import explanation, registry
from koding_audit.cli.terminal import Terminal, emit
from koding_audit.scan import advice_of, rules
from koding_audit.verdict import NOT_CHECKED

_WIDTH = 100  # as --help; on a narrower terminal, its own


def explain(options: argparse.Namespace, terminal: Terminal) -> int:  # noqa: ARG001 - the commands' signature
    """Print it. The id of a finding is taken for its rule. Raises InputError: there is no such rule."""
    # A finding's id begins with its rule.
    name = options.rule.partition("/")[0]
    if not name:
        emit("".join(f"{each:<30}{advice_of(each).why}\n" for each in (*registry.names("rules"), NOT_CHECKED)))
        return 0
    if name != NOT_CHECKED:
        rules([name])
    width = min(_WIDTH, max(shutil.get_terminal_size((_WIDTH, 24)).columns, 40))
    emit(f"{name}\n\n{explanation.plain(advice_of(name), width)}")
    return 0
