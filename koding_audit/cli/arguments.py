"""The command line: commands and options, and what --help says of them; nothing heavy is imported for it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from koding_audit import __version__, registry

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
_EXAMPLES_OF: Mapping[str, tuple[tuple[str, str], ...]] = {
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


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Fixed width, so that the help is the same in a terminal, a pipe and the docs."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=100)

    def _split_lines(self, text: str, width: int) -> list[str]:
        import textwrap  # noqa: PLC0415 - only for --help

        # ./koding-audit.yaml is one word.
        return textwrap.wrap(text, width, break_on_hyphens=False)


class _Parser(argparse.ArgumentParser):
    """Tells what is wrong in one line, as every other error is told, and where to look it up."""

    def error(self, message: str) -> NoReturn:
        from koding_audit.text import clipped, inert  # noqa: PLC0415 - only for a wrong command line

        self.exit(2, f"error: {inert(clipped(message, 500))}; `{self.prog} --help` says what there is\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """What is left over is wrong, and told by the command that it was said to, which knows what is near it."""
        options, left = super().parse_known_args(args, namespace)
        if left:
            self.error(self._unknown(left))
        return options, left

    def _unknown(self, left: list[str]) -> str:
        import difflib  # noqa: PLC0415 - only for a wrong command line

        option = left[0].partition("=")[0]
        message = f"unrecognized arguments: {' '.join(left)}"
        if not option.startswith("-") or len(option) > 100:
            return message
        near = difflib.get_close_matches(option, self._option_string_actions, 1)
        if near:
            return f"{message}; the nearest is {near[0]}"
        return f"{message}; a file of that name is ./{option}"


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = _Parser(
        prog="koding-audit",
        description="Audits AWS IAM users and groups against a desired-state file, and repairs what is missing.",
        epilog=EXAMPLES,
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    version = f"koding-audit {__version__}"
    top.add_argument("--version", action="version", version=version)
    commands = top.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)

    def command(name: str, says: str, *groups: Callable[[argparse.ArgumentParser], None]) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=says,
            description=says[0].upper() + says[1:] + ".",
            epilog=_examples(name),
            formatter_class=_Formatter,
            allow_abbrev=False,
        )
        added.add_argument("--version", action="version", version=version, help=argparse.SUPPRESS)
        for group in groups:
            group(added)
        return added

    scan = command("scan", "audit the live account; with --fix, repair it", _files, _source, _choices, _report, _aws)
    _targets(scan)
    scan.add_argument(
        "--history",
        default="",
        metavar="FILE",
        help="add what was found to this file, for `history` and the report's trend",
    )
    _writing(scan, fix=True)
    plan = command("plan", "save what `scan --fix` would do", _files, _source, _choices, _aws)
    group = plan.add_argument_group("the plan")
    form = group.add_mutually_exclusive_group(required=True)
    form.add_argument("--out", metavar="PLAN", help="the file to write; never over one that is there")
    form.add_argument(
        "--as",
        dest="form",
        choices=registry.names("export"),
        help="print it for another tool instead, with what `managed_by` leaves to one",
    )
    _kinds(group)
    _admin(group)
    apply = command("apply", "do exactly what a plan says; refuse it if anything has moved", _report, _aws)
    apply.add_argument("plan", metavar="PLAN", help="what `plan --out` saved, at most 24 hours old")
    _writing(apply)
    undo = command("undo", "take back what a journal says this tool added", _aws)
    undo.add_argument("journal_file", metavar="JOURNAL", help="the journal of a run; its path was printed by it")
    _writing(undo)
    _setting_up(command("setup", "the whole guide on an empty account: groups, users, policies, a key", _files, _aws))
    init = command("init", "write ./koding-audit.yaml: a starter, or the account as it is", _source, _aws)
    init.add_argument("--adopt", action="store_true", help="describe the account that is there; only reads it")
    snapshot = command("snapshot", "save the live state, for --source snapshot:FILE", _source, _aws)
    snapshot.add_argument(
        "--out", required=True, metavar="FILE", help="the file to write; never over one that is there"
    )
    _asking(command("can", "is an action allowed, and which statements decide", _source, _aws))
    _building(command("stack", "what a stack script needs, and may it be built", _source, _aws))
    _differing(command("diff", "which actions a policy document gained and lost, by meaning", _aws))
    _permitting(command("permissions", "print the smallest IAM policy for what a run calls, from the desired state"))
    _doctoring(command("doctor", "why a scan fails: credentials, account, endpoint, clock, which reads are permitted"))
    _merging(command("merge", "several saved JSON reports, of shards or accounts, as one, offline"))
    _rendering(command("render", "turn a saved JSON report into other formats, offline"))
    _remembering(command("history", "since when each finding stands, what came and went, and a trend, offline"))
    _notifying(command("notify", "tell of what changed since a report, from saved reports, without AWS credentials"))
    validate = command("validate", "check desired-state files, and the guards beside them, offline")
    _files(validate)
    validate.add_argument("-q", "--quiet", action="store_true", help="no notes, only errors")
    explain = command("explain", "what a rule looks at, why, how to fix it by hand, and an example")
    explain.add_argument(
        "rule", nargs="?", default="", metavar="RULE", help="a rule, or the id of a finding (default: list the rules)"
    )
    schema = command("schema", "print the JSON Schema of the desired-state file, of guards.yaml or of the JSON report")
    schema.add_argument(
        "format", nargs="?", default="desired", choices=("desired", "guards", "report"), help="(default: desired)"
    )
    completion = command("completion", "print what makes a shell complete commands, options and rules")
    completion.add_argument("shell", metavar="SHELL", choices=("bash", "zsh", "fish"), help="bash, zsh or fish")
    command("demo", "the whole tour on an embedded account; needs no AWS credentials")
    return top


def _examples(name: str) -> str:
    """What --help of a command ends with: what each example is for stands beneath it where the line is long."""
    lines = ["examples:"]
    for said, why in _EXAMPLES_OF.get(name, ()):
        line = f"  koding-audit {said}"
        lines += [f"{line:<58}{why}"] if len(line) < 56 else [line, f"{'':<58}{why}"]
    return "\n".join(lines) + "\n"


def _asking(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "principal", nargs="?", default="", metavar="PRINCIPAL", help="user/NAME, group/NAME, role/NAME, or an ARN"
    )
    command.add_argument("action", nargs="?", default="", metavar="ACTION", help="ec2:RunInstances; may have wildcards")
    command.add_argument("resource", nargs="?", default="*", metavar="RESOURCE", help="an ARN (default: any, `*`)")
    group = command.add_argument_group("the question")
    group.add_argument(
        "--context", action="append", default=[], metavar="KEY=VALUE", help="what the request carries; repeatable"
    )
    _organization(group)
    group.add_argument("--output", choices=("table", "json"), default="table", help="(default: table)")
    group.add_argument(
        "--who",
        action="store_true",
        help="instead: who can? `can --who ACTION [RESOURCE]`; status 0 when somebody can, 1 when nobody can",
    )
    group.add_argument(
        "--simulate", action="store_true", help="also ask AWS's own simulator; a disagreement is shown, and is status 2"
    )
    group.add_argument(
        "--cases",
        default="",
        metavar="FILE",
        help="instead: a request with its policies a line, as JSON; status 0 when each is decided as expected",
    )


def _principal(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--principal",
        default="",
        metavar="WHO",
        help="who builds the stack: user/NAME or role/NAME (default: the only user that is declared)",
    )


def _building(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "script",
        metavar="SCRIPT",
        help="a stack script, or a folder of them: Terraform in YAML, JSON or HCL, or `terraform show -json` of a plan",
    )
    _files(command)
    group = command.add_argument_group("the question")
    _principal(group)
    _organization(group)
    group.add_argument("--output", choices=("table", "json"), default="table", help="(default: table)")
    group.add_argument(
        "--policy", action="store_true", help="print a policy for just this stack, as JSON; the answer goes to stderr"
    )


def _permitting(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "words",
        nargs="*",
        metavar="[MODE] [FILE ...]",
        help="audit (default), fix, create, replace (undo too) or setup: what each needs on top of audit; then files",
    )
    command.add_argument("--account", type=_account, metavar="ID", help="the account, where no file says it")
    _with(command)
    command.add_argument("-q", "--quiet", action="store_true", help="no notes, only errors")


def _setting_up(command: argparse.ArgumentParser) -> None:
    """What of a scan it leaves unsaid is said here: everything is looked at, and what is missing is created."""
    group = command.add_argument_group("what to set up")
    _with(group)
    group.add_argument(
        "--save-key",
        default="",
        metavar="profile:NAME",
        help="make an access key for the user, kept as a new profile of ~/.aws/credentials; it is never shown",
    )
    group.add_argument("--user", default="", metavar="NAME", help="whose key, where the file declares several users")
    group.add_argument(
        "--output", action="append", default=[], metavar="FORMAT[:PATH]", help="as of `scan`: the scan at the end"
    )
    _writing(command)
    command.set_defaults(
        source="live", scp=[], rcp=[], only=[], skip=[], strict=False, create=True, replace=False, fail_on="warning"
    )


def _differing(command: argparse.ArgumentParser) -> None:
    forms = "a file; ARN or ARN@VERSION, read from the account; snapshot:FILE#NAME"
    command.add_argument("old", metavar="OLD", help=f"the document before: {forms}")
    command.add_argument("new", metavar="NEW", help="the document after, said in the same ways")
    group = command.add_argument_group("the answer")
    group.add_argument("--output", choices=("table", "json"), default="table", help="(default: table)")


def _organization(group: argparse._ArgumentGroup) -> None:
    for name, word in (("scp", "service"), ("rcp", "resource")):
        group.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="FILE",
            help=f"the {word} control policies of one level of the organization: a document or a list of them, JSON;"
            " repeatable, from the root down to the account",
        )
    group.add_argument(
        "--strict", action="store_true", help="a layer that could not be seen (scp, rcp, resource) makes it unknown"
    )


def _files(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="desired-state files, taken together; default: $KODING_AUDIT_FILE, ./koding-audit.yaml,"
        " ./policies/koding.yaml, the packaged guide",
    )


def _choices(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("what to look at")
    _with(group)
    group.add_argument(
        "--stack",
        action="append",
        default=[],
        metavar="SCRIPT",
        help="the sets that this stack script needs count as required; a file or a folder; repeatable",
    )
    _principal(group)
    _organization(group)
    group.add_argument("--only", action="append", default=[], metavar="RULE", help="only this rule; repeatable")
    group.add_argument("--skip", action="append", default=[], metavar="RULE", help="not this rule; repeatable")


def _rendering(command: argparse.ArgumentParser) -> None:
    command.add_argument("report", metavar="REPORT", help="what `scan --output json:REPORT` saved")
    _output(command.add_argument_group("the report"))
    command.add_argument("-q", "--quiet", action="store_true", help="no notes, only errors")


def _doctoring(command: argparse.ArgumentParser) -> None:
    _files(command)
    _aws(command, timeout=60.0)
    command.add_argument("--output", choices=("table", "json"), default="table", help="(default: table)")


def _merging(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "reports", nargs="+", metavar="REPORT", help="what `scan --output json:REPORT` saved, each of other accounts"
    )
    group = command.add_argument_group("the report")
    _output(group)
    group.add_argument("--exit-zero", action="store_true", help="status 0 in place of 1; never in place of 2")
    command.add_argument("-q", "--quiet", action="store_true", help="no notes, only errors")


def _remembering(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", metavar="FILE", help="what `scan --history FILE` keeps")
    command.add_argument("--account", type=_account, metavar="ID", help="only this account")
    command.add_argument(
        "--last", type=_audits, default=20, metavar="N", help="what came and went in the last N audits (default: 20)"
    )
    command.add_argument("--output", choices=("table", "json"), default="table", help="(default: table)")
    command.add_argument("-q", "--quiet", action="store_true", help="no notes, only errors")


def _notifying(command: argparse.ArgumentParser) -> None:
    command.add_argument("report", metavar="REPORT", help="what `scan --output json:REPORT` saved")
    command.add_argument(
        "--since", default="", metavar="REPORT", help="the last that was told; else all is that stands"
    )
    command.add_argument("--to", required=True, choices=registry.names("notify"), help="who is told")
    command.add_argument(
        "--url-file",
        default="",
        metavar="FILE",
        help="a file of mode 0600 that holds the address (default: $KODING_AUDIT_NOTIFY_URL): https, or a topic's ARN",
    )
    command.add_argument("--heartbeat", action="store_true", help="tell also that nothing changed")
    command.add_argument("--dry-run", action="store_true", help="print the message; send nothing, and need no address")
    command.add_argument("--profile", default="", metavar="NAME", help="of --to sns: a profile of ~/.aws/config")
    command.add_argument("--endpoint-url", default="", metavar="URL", help="of --to sns: another endpoint")
    command.add_argument(
        "--timeout", type=_seconds, default=30.0, metavar="SECONDS", help="for the sending (default: 30)"
    )
    command.add_argument("-q", "--quiet", action="store_true", help="no notes, only errors")
    command.add_argument("-v", "--verbose", action="store_true", help="the traceback of a crash, for a bug report")


def _output(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="FORMAT[:PATH]",
        help=f"{', '.join(registry.names('render'))}; repeatable, one to standard output (default: table)",
    )


def _report(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("the report")
    _output(group)
    group.add_argument(
        "--fail-on",
        choices=("error", "warning", "note"),
        default="warning",
        metavar="SEVERITY",
        help="status 1 from this severity on: error, warning (default) or note",
    )
    group.add_argument(
        "--baseline",
        metavar="REPORT",
        help="status 1 only for what is new since this JSON report of the account; the rest is shown as known",
    )
    group.add_argument("--exit-zero", action="store_true", help="status 0 in place of 1; never in place of 2")


def _targets(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("many accounts, where the desired state has `targets`")
    group.add_argument("--target", action="append", default=[], metavar="NAME", help="only these; repeatable")
    group.add_argument(
        "--parallel",
        type=_window,
        metavar="N",
        help="accounts at once in all (default: 16; of --scheduler, the threads of its workers)",
    )
    group.add_argument(
        "--shard", type=_shard, metavar="I/N", help="only part I of N equal parts of the accounts; `merge` joins them"
    )
    group.add_argument(
        "--resume",
        default="",
        metavar="FILE",
        help="keep in this file what was found in each account; begun again with it, a run that died goes on",
    )
    group.add_argument(
        "--keep-going", action="store_true", help="of --fix: go on after an account that did not end as expected"
    )
    _engines(group)


def _engines(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--engine",
        default="",
        choices=registry.names("fanout"),
        metavar="NAME",
        help="threads: of this process (default); dask: worker processes, of this machine or of --scheduler",
    )
    group.add_argument("--workers", type=_window, metavar="N", help="of --engine dask: processes (default: one a CPU)")
    group.add_argument(
        "--scheduler", default="", metavar="ADDRESS", help="a dask cluster that is there, tls://HOST:PORT"
    )
    for name, what in (("ca", "whose certificates are trusted"), ("cert", "our certificate"), ("key", "its key")):
        group.add_argument(
            f"--tls-{name}", default="", metavar="FILE", help=f"of --scheduler: {what}, PEM (default: as dask is set)"
        )


def _source(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("what to read")
    group.add_argument(
        "--source",
        default="live",
        metavar="SOURCE",
        help="live (default), demo, or snapshot:PATH: a saved snapshot, or the output of"
        " `aws iam get-account-authorization-details`",
    )


def _aws(command: argparse.ArgumentParser, timeout: float = 300.0) -> None:
    group = command.add_argument_group("the account")
    group.add_argument("--account", type=_account, metavar="ID", help="refuse any other account")
    group.add_argument("--profile", default="", metavar="NAME", help="a profile of ~/.aws/config")
    group.add_argument("--region", default="", metavar="NAME", help="decides the partition; IAM has no regions")
    group.add_argument("--role-arn", default="", metavar="ARN", help="assume this role first")
    group.add_argument("--external-id", default="", metavar="ID", help="for --role-arn")
    group.add_argument("--endpoint-url", default="", metavar="URL", help="another endpoint, such as a local one")
    group.add_argument("--allow-endpoint", default="", metavar="HOST", help="an endpoint that is not AWS's own")
    group.add_argument(
        "--timeout",
        type=_seconds,
        default=timeout,
        metavar="SECONDS",
        help=f"for the whole reading (default: {timeout:.0f})",
    )
    command.add_argument("-q", "--quiet", action="store_true", help="no progress and no notes, only errors")
    command.add_argument("-v", "--verbose", action="store_true", help="the traceback of a crash, for a bug report")


def _writing(command: argparse.ArgumentParser, *, fix: bool = False) -> None:
    group = command.add_argument_group("writing")
    if fix:
        group.add_argument("--fix", action="store_true", help="plan, show, ask, attach what is missing, audit again")
        _kinds(group)
    group.add_argument("--yes", action="store_true", help="do not ask; the account must be pinned")
    group.add_argument("--dry-run", action="store_true", help="show the plan and write nothing")
    group.add_argument("--journal", default="", metavar="FILE", help="where to keep what was written (a new file)")
    group.add_argument(
        "--max-changes", type=_count, default=50, metavar="N", help="refuse a plan of more changes (default: 50)"
    )
    _admin(group)


def _kinds(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--create", action="store_true", help="also create users and groups that are missing")
    group.add_argument("--replace", action="store_true", help="also take away, where the desired state says so")


def _admin(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--allow-admin", action="store_true", help="allow a plan that makes somebody an administrator")


def _with(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--with",
        dest="with_sets",
        action="append",
        default=[],
        metavar="SET",
        help="an optional set counts as required; repeatable",
    )


def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of changes from 0 to 999999")
    return int(text)


def _window(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,2}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 999")
    return int(text)


def _shard(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9][0-9]{0,4})/([1-9][0-9]{0,4})", text, re.ASCII)
    if found is None or int(found[1]) > int(found[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is no part of a run, as in 1/4, 2/4, 3/4 and 4/4")
    return int(found[1]), int(found[2])


def _audits(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of audits from 1 to 999999")
    return int(text)


def _account(text: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no account id: it has 12 digits")
    return text


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", text, re.ASCII) or not 1 <= float(text) <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 1 to 86400")
    return float(text)
