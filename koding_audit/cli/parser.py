"""The argparse parser of the command line; nothing heavy is imported for it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from koding_audit import __version__, plugins
from koding_audit.cli.examples import EXAMPLES, command_examples
from koding_audit.cli.options import (
    add_admin_option,
    add_aws_options,
    add_can_arguments,
    add_change_options,
    add_diff_arguments,
    add_doctor_arguments,
    add_file_arguments,
    add_history_arguments,
    add_merge_arguments,
    add_notify_arguments,
    add_permissions_arguments,
    add_render_arguments,
    add_report_options,
    add_selection_options,
    add_setup_arguments,
    add_source_option,
    add_stack_arguments,
    add_target_options,
    add_write_options,
)


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Fixed width, so that the help is the same in a terminal, a pipe and the docs."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=100)

    def _split_lines(self, text: str, width: int) -> list[str]:
        import textwrap  # noqa: PLC0415 - only for --help

        # ./koding-audit.yaml is one word.
        return textwrap.wrap(text, width, break_on_hyphens=False)


class _CommandParser(argparse.ArgumentParser):
    """Tells what is wrong in one line, as every other error is told, and where to look it up."""

    def error(self, message: str) -> NoReturn:
        from koding_audit.io.text import clip_text, escape  # noqa: PLC0415 - only for a wrong command line

        self.exit(2, f"error: {escape(clip_text(message, 500))}; `{self.prog} --help` says what there is\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """What is left over is wrong, and told by the command that it was said to, which knows what is near it."""
        options, left = super().parse_known_args(args, namespace)
        if left:
            self.error(self._unrecognized_message(left))
        return options, left

    def _unrecognized_message(self, left: list[str]) -> str:
        import difflib  # noqa: PLC0415 - only for a wrong command line

        option = left[0].partition("=")[0]
        message = f"unrecognized arguments: {' '.join(left)}"
        if not option.startswith("-") or len(option) > 100:
            return message
        near = difflib.get_close_matches(option, self._option_string_actions, 1)
        if near:
            return f"{message}; the nearest is {near[0]}"
        return f"{message}; a file of that name is ./{option}"


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = _CommandParser(
        prog="koding-audit",
        description="Audits AWS IAM users and groups against a desired-state file, and repairs what is missing.",
        epilog=EXAMPLES,
        formatter_class=_HelpFormatter,
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
            epilog=command_examples(name),
            formatter_class=_HelpFormatter,
            allow_abbrev=False,
        )
        added.add_argument("--version", action="version", version=version, help=argparse.SUPPRESS)
        for group in groups:
            group(added)
        return added

    scan = command(
        "scan",
        "audit the live account; with --fix, repair it",
        add_file_arguments,
        add_source_option,
        add_selection_options,
        add_report_options,
        add_aws_options,
    )
    add_target_options(scan)
    scan.add_argument(
        "--history",
        default="",
        metavar="FILE",
        help="add what was found to this file, for `history` and the report's trend",
    )
    add_write_options(scan, fix=True)
    plan = command(
        "plan",
        "save what `scan --fix` would do",
        add_file_arguments,
        add_source_option,
        add_selection_options,
        add_aws_options,
    )
    group = plan.add_argument_group("the plan")
    form = group.add_mutually_exclusive_group(required=True)
    form.add_argument("--out", metavar="PLAN", help="the file to write; never over one that is there")
    form.add_argument(
        "--as",
        dest="form",
        choices=plugins.plugin_names("remediation.export"),
        help="print it for another tool instead, with what `managed_by` leaves to one",
    )
    add_change_options(group)
    add_admin_option(group)
    apply = command(
        "apply", "do exactly what a plan says; refuse it if anything has moved", add_report_options, add_aws_options
    )
    apply.add_argument("plan", metavar="PLAN", help="what `plan --out` saved, at most 24 hours old")
    add_write_options(apply)
    undo = command("undo", "take back what a journal says this tool added", add_aws_options)
    undo.add_argument("journal_file", metavar="JOURNAL", help="the journal of a run; its path was printed by it")
    add_write_options(undo)
    add_setup_arguments(
        command(
            "setup",
            "the whole guide on an empty account: groups, users, policies, a key",
            add_file_arguments,
            add_aws_options,
        )
    )
    init = command(
        "init", "write ./koding-audit.yaml: a starter, or the account as it is", add_source_option, add_aws_options
    )
    init.add_argument("--adopt", action="store_true", help="describe the account that is there; only reads it")
    snapshot = command(
        "snapshot", "save the live state, for --source snapshot:FILE", add_source_option, add_aws_options
    )
    snapshot.add_argument(
        "--out", required=True, metavar="FILE", help="the file to write; never over one that is there"
    )
    add_can_arguments(
        command("can", "is an action allowed, and which statements decide", add_source_option, add_aws_options)
    )
    add_stack_arguments(
        command("stack", "what a stack script needs, and may it be built", add_source_option, add_aws_options)
    )
    add_diff_arguments(command("diff", "which actions a policy document gained and lost, by meaning", add_aws_options))
    add_permissions_arguments(
        command("permissions", "print the smallest IAM policy for what a run calls, from the desired state")
    )
    add_doctor_arguments(
        command("doctor", "why a scan fails: credentials, account, endpoint, clock, which reads are permitted")
    )
    add_merge_arguments(command("merge", "several saved JSON reports, of shards or accounts, as one, offline"))
    add_render_arguments(command("render", "turn a saved JSON report into other formats, offline"))
    add_history_arguments(
        command("history", "since when each finding stands, what came and went, and a trend, offline")
    )
    add_notify_arguments(
        command("notify", "tell of what changed since a report, from saved reports, without AWS credentials")
    )
    validate = command("validate", "check desired-state files, and the guards beside them, offline")
    add_file_arguments(validate)
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
