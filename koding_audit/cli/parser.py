"""The argparse parser of the command line; it imports only the module of the typed command."""

from __future__ import annotations

import argparse

from koding_audit import __version__
from koding_audit.cli.commands import SUMMARIES
from koding_audit.cli.examples import EXAMPLES, examples_text

TYPE_CHECKING = False  # typing's own costs --help two milliseconds
if TYPE_CHECKING:
    from typing import Any, NoReturn

_PROGRAM = "koding-audit"
_VERSION = f"{_PROGRAM} {__version__}"


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Fixed width, so that the help is the same in a terminal, a pipe and the docs."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=100)

    def _split_lines(self, text: str, width: int) -> list[str]:
        import textwrap  # noqa: PLC0415 - only for --help

        # ./koding-audit.yaml is one word.
        return textwrap.wrap(text, width, break_on_hyphens=False)


class _CommandParser(argparse.ArgumentParser):
    """Reports a wrong command line in one line, like every other error, and names the help to read."""

    def error(self, message: str) -> NoReturn:
        from koding_audit.io.text import clip_text, escape  # noqa: PLC0415 - only for a wrong command line

        self.exit(2, f"error: {escape(clip_text(message, 500))}; see `{self.prog} --help`\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, and refuse what is left over. The command's own parser does so: it knows the nearest option."""
        options, left = super().parse_known_args(args, namespace)
        if left:
            self.error(self._unrecognized_message(left))
        return options, left

    def _unrecognized_message(self, left: list[str]) -> str:
        import difflib  # noqa: PLC0415 - only for a wrong command line

        option = left[0].partition("=")[0]
        message = f"unrecognized arguments: {' '.join(left)}"
        if not option.startswith("-"):  # argparse takes arguments only from one place of the command line
            return f"{message}; there are too many, or they follow an option: write them first"
        if len(option) > 100:
            return message
        near = difflib.get_close_matches(option, self._option_string_actions, 1)
        if near:
            return f"{message}; the nearest is {near[0]}"
        return f"{message}; for a file of that name, write ./{option}"


class _CommandAction(argparse.Action):
    """Passes what follows a command's name to the parser of that command, and builds it only then."""

    def __call__(self, _: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, *__: Any) -> None:
        name, *rest = values
        setattr(namespace, self.dest, name)
        build_command_parser(name).parse_args(rest, namespace)

    def _get_subactions(self) -> list[argparse.Action]:
        """The commands, as argparse's formatter lists them."""
        return [argparse.Action([], name, help=summary, metavar=name) for name, summary in SUMMARIES.items()]


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    top = _CommandParser(
        prog=_PROGRAM,
        description="Audits AWS IAM users and groups against a desired-state file, and repairs what is missing.",
        epilog=EXAMPLES,
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=_VERSION)
    commands = top.add_argument_group("commands")
    commands.add_argument("command", action=_CommandAction, nargs=argparse.PARSER, choices=SUMMARIES, metavar="COMMAND")
    return top


def build_command_parser(name: str) -> argparse.ArgumentParser:
    """The parser of one command, built from its module."""
    from koding_audit import plugins  # noqa: PLC0415 - only for a typed command

    command = plugins.load_plugin("cli.commands", name)
    summary: str = command.SUMMARY
    parser = _CommandParser(
        prog=f"{_PROGRAM} {name}",
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=examples_text(command.EXAMPLES),
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(quiet=False, verbose=False)
    parser.add_argument("--version", action="version", version=_VERSION, help=argparse.SUPPRESS)
    command.add_arguments(parser)
    return parser
