"""The command `schema`: prints the JSON Schema of a format."""

from __future__ import annotations

import argparse
import json

from koding_audit import desired
from koding_audit.cli.output import emit
from koding_audit.io.terminal import Terminal
from koding_audit.report import formats


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:  # noqa: ARG001 - the commands' signature
    """Print the JSON Schema of the desired-state file, of guards.yaml or of the JSON report."""
    known = {"desired": desired.desired_schema, "guards": desired.guards_schema, "report": formats.report_schema}
    emit(json.dumps(known[namespace.format](), indent=2) + "\n")
    return 0
