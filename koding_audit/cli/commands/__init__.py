"""The commands, in the order of `--help`: one module for each, named as the command.

A command's module is loaded when the command is typed. It has SUMMARY, what `--help` says in one line, which stands
below too; EXAMPLES, what people type most, each with what it is for; `add_arguments(parser)`; and
`run(namespace, terminal)`, which gives the exit status. What it needs for its work it loads in `run`, once, so that
its `--help` does not wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping

SUMMARIES: Mapping[str, str] = {
    "scan": "audit the live account; with --fix, repair it",
    "plan": "save what `scan --fix` would do",
    "apply": "do exactly what a plan says; refuse it if anything has moved",
    "undo": "take back what a journal says this tool added",
    "setup": "the whole guide on an empty account: groups, users, policies, a key",
    "init": "write ./koding-audit.yaml: a starter, or the account as it is",
    "snapshot": "save the live state, for --source snapshot:FILE",
    "can": "is an action allowed, and which statements decide",
    "stack": "what a stack script needs, and may it be built",
    "diff": "which actions a policy document gained and lost, by meaning",
    "permissions": "print the smallest IAM policy for what a run calls, from the desired state",
    "doctor": "why a scan fails: credentials, account, endpoint, clock, which reads are permitted",
    "merge": "several saved JSON reports, of shards or accounts, as one, offline",
    "render": "turn a saved JSON report into other formats, offline",
    "history": "since when each finding stands, what came and went, and a trend, offline",
    "notify": "tell of what changed since a report, from saved reports, without AWS credentials",
    "validate": "check desired-state files, and the guards beside them, offline",
    "explain": "what a rule looks at, why, how to fix it by hand, and an example",
    "schema": "print the JSON Schema of the desired-state file, of guards.yaml or of the JSON report",
    "completion": "print what makes a shell complete commands, options and rules",
    "demo": "the whole tour on an embedded account; needs no AWS credentials",
}
"""What each command is for, as its own SUMMARY says: `--help` shows them all and loads none."""
