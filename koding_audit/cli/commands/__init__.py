"""The commands, in the order of `--help`: one module for each, named as the command.

A command's module is loaded when the command is typed. It has

- SUMMARY: its line in `--help`, which is in SUMMARIES too;
- EXAMPLES: the most frequent uses, each with its purpose;
- `add_arguments(parser)`: adds its arguments;
- `run(namespace, terminal)`: does the work, and returns the exit status.

What the work needs is imported in `run`, so that `--help` does not load it.
"""

from __future__ import annotations

from collections.abc import Mapping

SUMMARIES: Mapping[str, str] = {
    "scan": "compare an account with its desired state; with --fix, repair it",
    "plan": "save or print the changes that `scan --fix` would make",
    "apply": "carry out a saved plan; refuse it if anything has changed",
    "undo": "undo what a run wrote, from its journal",
    "setup": "set up an empty account: groups, users, policies, an access key",
    "init": "write ./koding-audit.yaml: a starter, or the account as it is",
    "snapshot": "save an account's state, for --source snapshot:FILE",
    "can": "check whether an action is allowed, and why",
    "why": "read the denials in an error message, a log or CloudTrail events, offline",
    "stack": "check whether a stack script can be built, and what it needs",
    "diff": "compare two policy documents by meaning: actions gained and lost",
    "permissions": "print the smallest IAM policy for a run, from the desired state",
    "doctor": "find out why a scan fails: credentials, account, endpoint, clock, permissions",
    "merge": "merge saved JSON reports, of shards or accounts, into one, offline",
    "render": "turn a saved JSON report into other formats, offline",
    "history": "show since when each finding is open, what is new and resolved, and a trend, offline",
    "notify": "send what changed since a report, from saved reports, without AWS credentials",
    "validate": "check desired-state files, and the guards beside them, offline",
    "explain": "show what a rule checks, why, how to fix it by hand, and an example",
    "schema": "print the JSON Schema of the desired-state file, of guards.yaml or of the JSON report",
    "completion": "print a script for a shell to complete commands, options and rules",
    "demo": "take a tour on an embedded account; needs no AWS credentials",
}
"""The SUMMARY of each command: `--help` shows them all, and loads no command."""
