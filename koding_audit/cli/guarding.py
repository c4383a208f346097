"""Guards before a write: what they need is read, and what they say is told."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from koding_audit.cli.terminal import Terminal
from koding_audit.cli.writing import described
from koding_audit.collect import Opened
from koding_audit.guards import Judgement, Limits, Need, judge, kept_back, merged, query
from koding_audit.model import Finding, Guards, Plan, Snapshot
from koding_audit.text import inert


def judged(plan: Plan, source: Opened, known: Snapshot, guards: Guards, limits: Limits) -> Judgement:
    """The judgement of a plan over an account of which this is known; what else it needs is read now."""
    asked: frozenset[Need] = frozenset()
    while True:
        judgement = judge(plan, known, asked, guards, limits)
        if not judgement.needs:
            return judgement
        known = merged(known, source.collect(query(judgement.needs, known)))
        asked |= judgement.needs


def limits_of(options: argparse.Namespace) -> Limits:
    return Limits(options.max_changes, options.allow_admin)


def tell_kept_back(findings: Iterable[Finding], guards: Guards, terminal: Terminal) -> None:
    """What would be mended if it did not touch somebody who is protected."""
    for finding, reference in kept_back(findings, guards):
        place = f"{reference.source.path}:{reference.source.line}:{reference.source.column}"
        step = " ".join(described(finding.fix).split()) if finding.fix else ""
        terminal.note(f"Not planned: {step}: {inert(f'{reference.name} is protected by {place}')}")
