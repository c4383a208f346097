"""The command `completion`: what it is for, and what may be typed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "print what makes a shell complete commands, options and rules"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("completion bash > ~/.local/share/bash-completion/completions/koding-audit", "bash"),
    ("completion zsh > ~/.zfunc/_koding-audit", "zsh, where ~/.zfunc is in $fpath"),
    ("completion fish > ~/.config/fish/completions/koding-audit.fish", "fish"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed after `koding-audit completion`."""
    parser.add_argument("shell", metavar="SHELL", choices=("bash", "zsh", "fish"), help="bash, zsh or fish")


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Print the script; it calls nothing of this tool when it runs."""
    from koding_audit.cli.handlers import completion  # noqa: PLC0415 - `completion --help` is spared it

    return completion.run(namespace, terminal)
