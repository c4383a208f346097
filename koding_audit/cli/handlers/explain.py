"""`explain [RULE]`: the help of a rule, as in the docs; without a rule, one line per rule."""

from __future__ import annotations

import argparse
import shutil

from koding_audit import plugins
from koding_audit.cli.output import emit
from koding_audit.io.terminal import Terminal
from koding_audit.model.finding import NOT_CHECKED
from koding_audit.report import rule_help
from koding_audit.scan.catalog import advice_for_rule, load_rules

_WIDTH = 100  # as --help; on a narrower terminal, its own


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:  # noqa: ARG001 - the commands' signature
    """Print the help of a rule, or the list of rules. Raises InputError if there is no such rule."""
    # A finding's id begins with its rule.
    name = namespace.rule.partition("/")[0]
    if not name:
        names = (*plugins.plugin_names("scan.rules"), NOT_CHECKED)
        column = max(map(len, names)) + 2
        emit("".join(f"{each:<{column}}{advice_for_rule(each).why}\n" for each in names))
        return 0
    if name != NOT_CHECKED:
        load_rules([name])
    width = min(_WIDTH, max(shutil.get_terminal_size((_WIDTH, 24)).columns, 40))
    emit(f"{name}\n\n{rule_help.help_text(advice_for_rule(name), width)}")
    return 0
