"""The options of each command, in groups that commands share."""

from __future__ import annotations

import argparse
import re

from koding_audit import plugins


def add_can_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "principal", nargs="?", default="", metavar="PRINCIPAL", help="user/NAME, group/NAME, role/NAME, or an ARN"
    )
    command.add_argument("action", nargs="?", default="", metavar="ACTION", help="ec2:RunInstances; may have wildcards")
    command.add_argument("resource", nargs="?", default="*", metavar="RESOURCE", help="an ARN (default: any, `*`)")
    group = command.add_argument_group("the question")
    group.add_argument(
        "--context", action="append", default=[], metavar="KEY=VALUE", help="what the request carries; repeatable"
    )
    _add_organization_options(group)
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


def _add_principal_option(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--principal",
        default="",
        metavar="WHO",
        help="who builds the stack: user/NAME or role/NAME (default: the only user that is declared)",
    )


def add_stack_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "script",
        metavar="SCRIPT",
        help="a stack script, or a folder of them: Terraform in YAML, JSON or HCL, or `terraform show -json` of a plan",
    )
    add_file_arguments(command)
    group = command.add_argument_group("the question")
    _add_principal_option(group)
    _add_organization_options(group)
    group.add_argument("--output", choices=("table", "json"), default="table", help="(default: table)")
    group.add_argument(
        "--policy", action="store_true", help="print a policy for just this stack, as JSON; the answer goes to stderr"
    )


def add_permissions_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "words",
        nargs="*",
        metavar="[MODE] [FILE ...]",
        help="audit (default), fix, create, replace (undo too) or setup: what each needs on top of audit; then files",
    )
    command.add_argument("--account", type=_parse_account_id, metavar="ID", help="the account, where no file says it")
    _add_with_option(command)
    command.add_argument("-q", "--quiet", action="store_true", help="no notes, only errors")


def add_setup_arguments(command: argparse.ArgumentParser) -> None:
    """What of a scan it leaves unsaid is said here: everything is looked at, and what is missing is created."""
    group = command.add_argument_group("what to set up")
    _add_with_option(group)
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
    add_write_options(command)
    command.set_defaults(
        source="live", scp=[], rcp=[], only=[], skip=[], strict=False, create=True, replace=False, fail_on="warning"
    )


def add_diff_arguments(command: argparse.ArgumentParser) -> None:
    forms = "a file; ARN or ARN@VERSION, read from the account; snapshot:FILE#NAME"
    command.add_argument("old", metavar="OLD", help=f"the document before: {forms}")
    command.add_argument("new", metavar="NEW", help="the document after, said in the same ways")
    group = command.add_argument_group("the answer")
    group.add_argument("--output", choices=("table", "json"), default="table", help="(default: table)")


def _add_organization_options(group: argparse._ArgumentGroup) -> None:
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


def add_file_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="desired-state files, taken together; default: $KODING_AUDIT_FILE, ./koding-audit.yaml,"
        " ./policies/koding.yaml, the packaged guide",
    )


def add_selection_options(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("what to look at")
    _add_with_option(group)
    group.add_argument(
        "--stack",
        action="append",
        default=[],
        metavar="SCRIPT",
        help="the sets that this stack script needs count as required; a file or a folder; repeatable",
    )
    _add_principal_option(group)
    _add_organization_options(group)
    group.add_argument("--only", action="append", default=[], metavar="RULE", help="only this rule; repeatable")
    group.add_argument("--skip", action="append", default=[], metavar="RULE", help="not this rule; repeatable")


def add_render_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("report", metavar="REPORT", help="what `scan --output json:REPORT` saved")
    _add_output_option(command.add_argument_group("the report"))
    command.add_argument("-q", "--quiet", action="store_true", help="no notes, only errors")


def add_doctor_arguments(command: argparse.ArgumentParser) -> None:
    add_file_arguments(command)
    add_aws_options(command, timeout=60.0)
    command.add_argument("--output", choices=("table", "json"), default="table", help="(default: table)")


def add_merge_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "reports", nargs="+", metavar="REPORT", help="what `scan --output json:REPORT` saved, each of other accounts"
    )
    group = command.add_argument_group("the report")
    _add_output_option(group)
    group.add_argument("--exit-zero", action="store_true", help="status 0 in place of 1; never in place of 2")
    command.add_argument("-q", "--quiet", action="store_true", help="no notes, only errors")


def add_history_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", metavar="FILE", help="what `scan --history FILE` keeps")
    command.add_argument("--account", type=_parse_account_id, metavar="ID", help="only this account")
    command.add_argument(
        "--last",
        type=_parse_audit_count,
        default=20,
        metavar="N",
        help="what came and went in the last N audits (default: 20)",
    )
    command.add_argument("--output", choices=("table", "json"), default="table", help="(default: table)")
    command.add_argument("-q", "--quiet", action="store_true", help="no notes, only errors")


def add_notify_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("report", metavar="REPORT", help="what `scan --output json:REPORT` saved")
    command.add_argument(
        "--since", default="", metavar="REPORT", help="the last that was told; else all is that stands"
    )
    command.add_argument("--to", required=True, choices=plugins.plugin_names("report.notify"), help="who is told")
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
        "--timeout", type=_parse_seconds, default=30.0, metavar="SECONDS", help="for the sending (default: 30)"
    )
    command.add_argument("-q", "--quiet", action="store_true", help="no notes, only errors")
    command.add_argument("-v", "--verbose", action="store_true", help="the traceback of a crash, for a bug report")


def _add_output_option(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="FORMAT[:PATH]",
        help=(
            f"{', '.join(plugins.plugin_names('report.formats'))}; repeatable, one to standard output (default: table)"
        ),
    )


def add_report_options(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("the report")
    _add_output_option(group)
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


def add_target_options(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("many accounts, where the desired state has `targets`")
    group.add_argument("--target", action="append", default=[], metavar="NAME", help="only these; repeatable")
    group.add_argument(
        "--parallel",
        type=_parse_concurrency,
        metavar="N",
        help="accounts at once in all (default: 16; of --scheduler, the threads of its workers)",
    )
    group.add_argument(
        "--shard",
        type=_parse_shard,
        metavar="I/N",
        help="only part I of N equal parts of the accounts; `merge` joins them",
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
    _add_engine_options(group)


def _add_engine_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--engine",
        default="",
        choices=plugins.plugin_names("accounts.engines"),
        metavar="NAME",
        help="threads: of this process (default); dask: worker processes, of this machine or of --scheduler",
    )
    group.add_argument(
        "--workers", type=_parse_concurrency, metavar="N", help="of --engine dask: processes (default: one a CPU)"
    )
    group.add_argument(
        "--scheduler", default="", metavar="ADDRESS", help="a dask cluster that is there, tls://HOST:PORT"
    )
    for name, what in (("ca", "whose certificates are trusted"), ("cert", "our certificate"), ("key", "its key")):
        group.add_argument(
            f"--tls-{name}", default="", metavar="FILE", help=f"of --scheduler: {what}, PEM (default: as dask is set)"
        )


def add_source_option(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("what to read")
    group.add_argument(
        "--source",
        default="live",
        metavar="SOURCE",
        help="live (default), demo, or snapshot:PATH: a saved snapshot, or the output of"
        " `aws iam get-account-authorization-details`",
    )


def add_aws_options(command: argparse.ArgumentParser, timeout: float = 300.0) -> None:
    group = command.add_argument_group("the account")
    group.add_argument("--account", type=_parse_account_id, metavar="ID", help="refuse any other account")
    group.add_argument("--profile", default="", metavar="NAME", help="a profile of ~/.aws/config")
    group.add_argument("--region", default="", metavar="NAME", help="decides the partition; IAM has no regions")
    group.add_argument("--role-arn", default="", metavar="ARN", help="assume this role first")
    group.add_argument("--external-id", default="", metavar="ID", help="for --role-arn")
    group.add_argument("--endpoint-url", default="", metavar="URL", help="another endpoint, such as a local one")
    group.add_argument("--allow-endpoint", default="", metavar="HOST", help="an endpoint that is not AWS's own")
    group.add_argument(
        "--timeout",
        type=_parse_seconds,
        default=timeout,
        metavar="SECONDS",
        help=f"for the whole reading (default: {timeout:.0f})",
    )
    command.add_argument("-q", "--quiet", action="store_true", help="no progress and no notes, only errors")
    command.add_argument("-v", "--verbose", action="store_true", help="the traceback of a crash, for a bug report")


def add_write_options(command: argparse.ArgumentParser, *, fix: bool = False) -> None:
    group = command.add_argument_group("writing")
    if fix:
        group.add_argument("--fix", action="store_true", help="plan, show, ask, attach what is missing, audit again")
        add_change_options(group)
    group.add_argument("--yes", action="store_true", help="do not ask; the account must be pinned")
    group.add_argument("--dry-run", action="store_true", help="show the plan and write nothing")
    group.add_argument("--journal", default="", metavar="FILE", help="where to keep what was written (a new file)")
    group.add_argument(
        "--max-changes",
        type=_parse_change_limit,
        default=50,
        metavar="N",
        help="refuse a plan of more changes (default: 50)",
    )
    add_admin_option(group)


def add_change_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--create", action="store_true", help="also create users and groups that are missing")
    group.add_argument("--replace", action="store_true", help="also take away, where the desired state says so")


def add_admin_option(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--allow-admin", action="store_true", help="allow a plan that makes somebody an administrator")


def _add_with_option(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--with",
        dest="with_sets",
        action="append",
        default=[],
        metavar="SET",
        help="an optional set counts as required; repeatable",
    )


def _parse_change_limit(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of changes from 0 to 999999")
    return int(text)


def _parse_concurrency(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,2}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 999")
    return int(text)


def _parse_shard(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9][0-9]{0,4})/([1-9][0-9]{0,4})", text, re.ASCII)
    if found is None or int(found[1]) > int(found[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is no part of a run, as in 1/4, 2/4, 3/4 and 4/4")
    return int(found[1]), int(found[2])


def _parse_audit_count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of audits from 1 to 999999")
    return int(text)


def _parse_account_id(text: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no account id: it has 12 digits")
    return text


def _parse_seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", text, re.ASCII) or not 1 <= float(text) <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 1 to 86400")
    return float(text)
