"""The examples that `--help` prints."""

from __future__ import annotations

from collections.abc import Mapping

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

# Of each command what people type most, and what it is for.
_COMMAND_EXAMPLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "scan": (
        ("scan koding-audit.yaml", "what is missing?"),
        ("scan koding-audit.yaml --fix", "attach and add what is missing; asks first"),
        ("scan koding-audit.yaml --fix --dry-run", "what would that do?"),
        ("scan koding-audit.yaml --source snapshot:account.json", "without credentials"),
        ("scan koding-audit.yaml --output table --output sarif:iam.sarif", "for a person and for GitHub"),
        ("scan koding-audit.yaml --only policy-missing --fail-on error", "one rule, errors only"),
        ("scan koding-audit.yaml --baseline known.json", "only what is new since that report fails"),
        ("scan koding-audit.yaml --shard 1/4 --output json:shard-1.json", "a quarter of the accounts of its targets"),
    ),
    "plan": (
        ("plan koding-audit.yaml --out change.plan", "what `scan --fix` would do, saved for a review"),
        ("plan koding-audit.yaml --out change.plan --create", "also users and groups that are missing"),
        ("plan koding-audit.yaml --as terraform", "resources, also for what `managed_by` leaves to others"),
        ("plan koding-audit.yaml --as aws-cli", "the same as a shell script"),
    ),
    "apply": (
        ("apply change.plan", "shows it, asks, does it, audits again"),
        ("apply change.plan --yes --account 123456789012", "in a pipeline, after the review"),
    ),
    "undo": (
        ("undo ~/.local/state/koding-audit/123456789012/TIME.jsonl", "shows what it takes back, and asks"),
        ("undo run.jsonl --dry-run", "what would that take back?"),
    ),
    "setup": (
        ("setup koding-audit.yaml --dry-run", "what would be made?"),
        ("setup koding-audit.yaml --save-key profile:koding", "all of it, and a key in ~/.aws/credentials"),
    ),
    "snapshot": (("snapshot --out account.json", "then `scan --source snapshot:account.json`, anywhere"),),
    "can": (
        ("can user/ada ec2:RunInstances", "may she, and by which statement?"),
        ("can role/deploy 's3:Get*' 'arn:aws:s3:::logs/*'", "all that the wildcard stands for"),
        ("can user/ada ec2:RunInstances --context aws:RequestedRegion=eu-west-1", "with what a request carries"),
        ("can --who iam:CreateUser", "everybody in the account who may"),
    ),
    "stack": (
        ("stack web.yml koding-audit.yaml", "may its user build it, and which set is missing?"),
        ("stack web.yml --principal role/deploy --policy", "a policy for just this stack"),
    ),
    "diff": (
        ("diff old.json new.json", "which actions it gained and lost"),
        ("diff arn:aws:iam::aws:policy/ReadOnlyAccess@v100 arn:aws:iam::aws:policy/ReadOnlyAccess", "since a version"),
    ),
    "permissions": (
        ("permissions audit koding-audit.yaml", "what a scan reads"),
        ("permissions fix koding-audit.yaml", "what `--fix` needs on top"),
    ),
    "doctor": (
        ("doctor koding-audit.yaml", "why does a scan of it fail, and what next?"),
        ("doctor --profile audit --output json", "for a program; `policy` in it is the policy to attach"),
    ),
    "merge": (("merge shard-*.json --output table --output json:all.json", "what one run would have said"),),
    "render": (("render report.json --output markdown --output junit:report.xml", "a saved report in other formats"),),
    "init": (
        ("init", "a starter, ./koding-audit.yaml"),
        ("init --adopt", "describes the account as it is: a scan with it is clean"),
    ),
    "history": (
        ("history iam-history.db", "of what `scan --history iam-history.db` kept"),
        ("history iam-history.db --last 90 --output json", "the last 90 audits, for a program"),
    ),
    "notify": (
        ("notify report.json --since told.json --to slack", "only what changed"),
        ("notify report.json --to webhook --dry-run", "what would be sent?"),
    ),
    "validate": (
        ("validate koding-audit.yaml", "before a commit; no account is asked"),
        ("validate", "the file that a scan would take"),
    ),
    "explain": (
        ("explain", "every rule, a line each"),
        ("explain policy-missing", "what it is about, and how to fix it by hand"),
    ),
    "schema": (
        ("schema > koding-audit.schema.json", "for an editor"),
        ("schema report", "for a program that reads JSON reports"),
    ),
    "completion": (
        ("completion bash > ~/.local/share/bash-completion/completions/koding-audit", "bash"),
        ("completion zsh > ~/.zfunc/_koding-audit", "zsh, where ~/.zfunc is in $fpath"),
        ("completion fish > ~/.config/fish/completions/koding-audit.fish", "fish"),
    ),
    "demo": (("demo", "audit, fix, audit again; nothing leaves the machine"),),
}


def command_examples(name: str) -> str:
    """What --help of a command ends with: what each example is for stands beneath it where the line is long."""
    lines = ["examples:"]
    for said, why in _COMMAND_EXAMPLES.get(name, ()):
        line = f"  koding-audit {said}"
        lines += [f"{line:<58}{why}"] if len(line) < 56 else [line, f"{'':<58}{why}"]
    return "\n".join(lines) + "\n"
