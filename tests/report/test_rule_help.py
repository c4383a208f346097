"""The explanation of a rule as Markdown and as plain text."""

from __future__ import annotations

from dataclasses import replace

from koding_audit.model.finding import Advice, Help
from koding_audit.report.rule_help import help_markdown, help_text, strip_links

HELP = Help(
    severity="error",
    looks_at="each `group`, see [rules](rules.md), with words enough to be folded on a narrow terminal",
    by_hand="create it.",
    with_fix="yes.",
    finds="group Ops does not exist",
    commands=("aws iam create-group --group-name NAME",),
    example="version: 1\ngroups: {Ops: {}}\n",
)
ADVICE = Advice("It is needed.", "create it", ("iam:GetGroup",), HELP)


def test_every_part_is_in_both_forms() -> None:
    for said in (help_markdown(ADVICE), help_text(ADVICE)):
        for part in ("error", "It is needed.", "create it.", "iam:GetGroup", "yes.", HELP.finds, *HELP.commands):
            assert part in said
        assert "groups: {Ops: {}}" in said


def test_plain_text_is_folded_at_the_width_and_has_no_links() -> None:
    text = help_text(ADVICE, 60)
    sections = text.partition("\n\n")[0].splitlines()
    assert max(map(len, sections)) <= 60
    assert "see rules, with" in " ".join(text.split())
    assert strip_links("a [b](c.md#d) e") == "a b e"


def test_a_rule_without_commands_or_an_example_says_so() -> None:
    bare = replace(ADVICE, reads=(), help=replace(HELP, commands=(), example=""))
    for said in (help_markdown(bare), help_text(bare)):
        assert "nothing in the account" in said
        assert HELP.finds in said
    assert help_markdown(bare).count("```") == 2


def test_a_rule_without_an_explanation_has_no_text() -> None:
    bare = Advice("It is needed.")
    assert (help_markdown(bare), help_text(bare)) == ("", "")
