"""The help of a rule as Markdown and as plain text, for the documentation, SARIF and the terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from koding_audit.model.finding import Advice, Help

_LINK = re.compile(r"\[([^]]+)\]\([^)]+\)")
_LABEL = 18  # columns of the labels in plain text: the longest is "Why it matters"


def help_markdown(advice: Advice) -> str:
    """Returns a rule's help as Markdown without a heading, "" if the rule has none; links are relative to `docs`."""
    if advice.help is None:
        return ""
    parts = ["\n".join(f"- **{label}**: {text}" for label, text in _help_sections(advice, advice.help))]
    if advice.help.commands:
        parts.append(f"With the AWS CLI:\n\n{_code_block('sh', _join_lines(advice.help.commands))}")
    if advice.help.example:
        parts.append(f"Example: for a file with\n\n{_code_block('yaml', advice.help.example)}")
        parts.append(
            f"and an account that differs from it:\n\n{_code_block('text', _join_lines((advice.help.finds,)))}"
        )
    else:
        parts.append(f"Example:\n\n{_code_block('text', _join_lines((advice.help.finds,)))}")
    return "\n\n".join(parts) + "\n"


def strip_links(text: str) -> str:
    """Returns Markdown with each link replaced by its text, for output where relative links do not work."""
    return _LINK.sub(r"\1", text)


def help_text(advice: Advice, width: int = 0) -> str:
    """Returns a rule's help for a terminal, "" if the rule has none. width: in columns, 0 for no wrapping."""
    if advice.help is None:
        return ""
    text = "".join(
        _wrap_labelled(label, strip_links(body), width) for label, body in _help_sections(advice, advice.help)
    )
    if advice.help.commands:
        text += f"\nWith the AWS CLI\n{textwrap.indent(_join_lines(advice.help.commands), '  ')}"
    if advice.help.example:
        text += f"\nExample: for a file with\n{textwrap.indent(advice.help.example, '  ')}"
        return f"{text}and an account that differs from it\n  {advice.help.finds}\n"
    return f"{text}\nExample\n  {advice.help.finds}\n"


def _help_sections(advice: Advice, help_: Help) -> Iterator[tuple[str, str]]:
    yield "Severity", help_.severity
    yield "Looks at", help_.looks_at
    yield "Why it matters", advice.why
    yield "By hand", help_.by_hand + ("" if help_.commands else " There is no AWS CLI command for it.")
    yield "Reads", _permissions_text(advice)
    yield "With `--fix`", help_.with_fix


def _permissions_text(advice: Advice) -> str:
    """Returns the permissions that a rule needs; sts:GetCallerIdentity needs none."""
    if not advice.reads:
        return "nothing in the account"
    names = ", ".join(f"`{name}`" for name in advice.reads)
    return f"{names}, which needs no permission" if advice.reads == ("sts:GetCallerIdentity",) else names


def _wrap_labelled(label: str, text: str, width: int) -> str:
    first, rest = f"{label.replace('`', ''):<{_LABEL}}", " " * _LABEL
    if not width:
        return f"{first}{text}\n"
    return textwrap.fill(text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False) + "\n"


def _join_lines(lines: tuple[str, ...]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _code_block(kind: str, body: str) -> str:
    return f"```{kind}\n{body}```"
