"""The examples that `--help` prints, and the layout of those of a command."""

from __future__ import annotations

from collections.abc import Iterable

EXAMPLES = """\
examples:
  koding-audit demo                                   take a tour, on an embedded account
  koding-audit init --adopt                           write a file that describes the account as it is
  koding-audit scan policies/koding.yaml              list what is missing
  koding-audit scan policies/koding.yaml --fix        add what is missing; asks for confirmation
  koding-audit scan FILE --fix --create               also create missing users and groups
  koding-audit scan FILE --output json:report.json    for a pipeline; status 1 if there are findings
  koding-audit doctor                                 find out why a scan fails, and what to do
  koding-audit explain policy-missing                 show why a rule matters, and how to fix it by hand
  koding-audit plan FILE --out change.plan            save the plan, for `koding-audit apply change.plan`

exit status: 0 clean, 1 findings, 2 not complete (bad input, no credentials, something unreadable, refused, failed)
"""


def examples_text(examples: Iterable[tuple[str, str]]) -> str:
    """The end of a command's --help: the purpose of an example is beneath it if the line is long."""
    lines = ["examples:"]
    for command, purpose in examples:
        line = f"  koding-audit {command}"
        lines += [f"{line:<58}{purpose}"] if len(line) < 56 else [line, f"{'':<58}{purpose}"]
    return "\n".join(lines) + "\n"
