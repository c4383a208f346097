"""Finds what a plug-in says of itself by its name, without loading it."""

from __future__ import annotations

from collections.abc import Mapping

from koding_audit.model.trait_table import RULE_TRAITS
from koding_audit.model.traits import RuleAbout, RuleTraits

_FAMILIES: Mapping[str, RuleAbout] = {"inline": "inline-policy", "membership": "membership"}


def find_rule_traits(rule: str) -> RuleTraits:
    """The traits of a rule, by its id; for a rule that this version does not have, see `guess_rule_traits`."""
    return RULE_TRAITS.get(rule) or guess_rule_traits(rule)


def guess_rule_traits(rule: str) -> RuleTraits:
    """The traits of a rule of another version, whose findings stand in a saved report, by the spelling of its id.

    Nothing else goes by the spelling. A rule that this version has says its traits itself.
    """
    return RuleTraits(
        about=_FAMILIES.get(rule.partition("-")[0], "subject"),
        is_waivable=not rule.startswith(("root-", "waiver-")),
        fix_overwrites=rule.endswith("-changed"),
    )
