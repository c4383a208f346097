"""The command `completion`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "print a script for a shell to complete commands, options and rules"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("completion bash > ~/.local/share/bash-completion/completions/koding-audit", "bash"),
    ("completion zsh > ~/.zfunc/_koding-audit", "zsh, where ~/.zfunc is in $fpath"),
    ("completion fish > ~/.config/fish/completions/koding-audit.fish", "fish"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit completion`."""
    parser.add_argument("shell", metavar="SHELL", choices=("bash", "zsh", "fish"), help="the shell: bash, zsh or fish")


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Print the script; it does not call this tool when it runs."""
    from koding_audit.cli.handlers import completion  # noqa: PLC0415 - `completion --help` does not need it

    return completion.run(namespace, terminal)
