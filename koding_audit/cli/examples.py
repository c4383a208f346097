"""The examples that `--help` prints: of the whole command line, and how those of a command are laid out."""

from __future__ import annotations

from collections.abc import Iterable

EXAMPLES = """\
examples:
  koding-audit demo                                   the whole tour, on an embedded account
  koding-audit init --adopt                           a file that describes the account as it is
  koding-audit scan policies/koding.yaml              what is missing?
  koding-audit scan policies/koding.yaml --fix        attach and add what is missing; asks first
  koding-audit scan FILE --fix --create               also create users and groups that are missing
  koding-audit scan FILE --output json:report.json    for a pipeline; status 1 when something is wrong
  koding-audit doctor                                 why does a scan fail, and what next?
  koding-audit explain policy-missing                 why it matters, and how to fix it by hand
  koding-audit plan FILE --out change.plan            look now, `koding-audit apply change.plan` later

exit status: 0 clean, 1 findings, 2 not complete (bad input, no credentials, something unreadable, refused, failed)
"""


def examples_text(examples: Iterable[tuple[str, str]]) -> str:
    """What --help of a command ends with: what each example is for stands beneath it where the line is long."""
    lines = ["examples:"]
    for said, why in examples:
        line = f"  koding-audit {said}"
        lines += [f"{line:<58}{why}"] if len(line) < 56 else [line, f"{'':<58}{why}"]
    return "\n".join(lines) + "\n"
