"""The explanation of a rule as Markdown and as plain text: for the documents, SARIF and the terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from koding_audit.model.finding import Advice, Help

_LINK = re.compile(r"\[([^]]+)\]\([^)]+\)")
_LABEL = 18  # columns of the labels in plain text: the longest is "Why it matters"


def help_markdown(advice: Advice) -> str:
    """As a section of a page, without its heading; "" where the rule has no explanation.

    Links in it are relative to the folder `docs`.
    """
    if advice.help is None:
        return ""
    parts = ["\n".join(f"- **{label}**: {text}" for label, text in _help_sections(advice, advice.help))]
    if advice.help.commands:
        parts.append(f"With the AWS CLI:\n\n{_code_block('sh', _join_lines(advice.help.commands))}")
    if advice.help.example:
        parts.append(f"An example, with a file that says\n\n{_code_block('yaml', advice.help.example)}")
        parts.append(
            f"and an account that does not fit it:\n\n{_code_block('text', _join_lines((advice.help.finds,)))}"
        )
    else:
        parts.append(f"An example:\n\n{_code_block('text', _join_lines((advice.help.finds,)))}")
    return "\n\n".join(parts) + "\n"


def strip_links(text: str) -> str:
    """The Markdown with each link as the words that it is under, for where it would lead nowhere."""
    return _LINK.sub(r"\1", text)


def help_text(advice: Advice, width: int = 0) -> str:
    """For a terminal: folded at so many columns, 0 for not at all; "" where the rule has no explanation."""
    if advice.help is None:
        return ""
    text = "".join(
        _wrap_labelled(label, strip_links(said), width) for label, said in _help_sections(advice, advice.help)
    )
    if advice.help.commands:
        text += f"\nWith the AWS CLI\n{textwrap.indent(_join_lines(advice.help.commands), '  ')}"
    if advice.help.example:
        text += f"\nAn example, with a file that says\n{textwrap.indent(advice.help.example, '  ')}"
        return f"{text}and an account that does not fit it\n  {advice.help.finds}\n"
    return f"{text}\nAn example\n  {advice.help.finds}\n"


def _help_sections(advice: Advice, explained: Help) -> Iterator[tuple[str, str]]:
    yield "Severity", explained.severity
    yield "Looks at", explained.looks_at
    yield "Why it matters", advice.why
    yield "By hand", explained.by_hand + ("" if explained.commands else " There is no line of the AWS CLI for it.")
    yield "Reads", _permissions_text(advice)
    yield "With `--fix`", explained.with_fix


def _permissions_text(advice: Advice) -> str:
    """The permissions that the rule needs; asking who the caller is takes none."""
    if not advice.reads:
        return "nothing of the account"
    named = ", ".join(f"`{name}`" for name in advice.reads)
    return f"{named}, which needs no permission" if advice.reads == ("sts:GetCallerIdentity",) else named


def _wrap_labelled(label: str, text: str, width: int) -> str:
    first, rest = f"{label.replace('`', ''):<{_LABEL}}", " " * _LABEL
    if not width:
        return f"{first}{text}\n"
    return textwrap.fill(text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False) + "\n"


def _join_lines(lines: tuple[str, ...]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _code_block(kind: str, body: str) -> str:
    return f"```{kind}\n{body}```"
