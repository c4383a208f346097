"""The traits of plug-ins, for packages that do not load them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from koding_audit.model.frozen import dataclass
from koding_audit.model.trait_table import RULE_TRAITS, SOURCE_TRAITS

RuleAbout = Literal["subject", "policy", "attached-policy", "inline-policy", "membership", "policy-set"]
"""What the findings of a rule are about, and so what their keys name.

subject: the subject alone; no other package reads the key.
policy: a managed policy, which is the subject.
attached-policy: a managed policy of a user, group or role; the key is the policy's ARN.
inline-policy: an inline policy of a user, group or role; the key is the policy's name.
membership: a user in a group; one is the subject, the key is the name of the other.
policy-set: the use of a policy set by a user, group or role; `policy_set` names it, or else the key.
"""

RuleState = Literal["missing", "ineffective", "partial", "changed", "noted", "unexpected", "unread"]
"""How the graph shows what a finding is about. noted: it has findings, and none of the other words fits."""

RootFact = Literal["access-keys", "mfa", "password-use", "key-use"]
"""A fact about the root user, which a report shows on its own line."""


@dataclass(frozen=True, slots=True)
class RuleTraits:
    """What other packages need to know of a rule. The rule says it, as `TRAITS`.

    A fact of a finding itself (its severity, its fix) is not a trait: see `Finding`.
    """

    about: RuleAbout = "subject"
    """What its findings are about: for edges of the graph, and for the policy that a waiver names."""

    state: RuleState = "noted"
    """How the graph shows that."""

    is_waivable: bool = True
    """Whether a waiver or a baseline can accept its findings."""

    is_known_by_evidence: bool = False
    """Whether a finding can keep its id while the facts change: a baseline then compares its evidence too."""

    fix_overwrites: bool = False
    """Whether a fix of it puts something in place of what is there, and so needs `--replace`."""

    is_about_quota: bool = False
    """Whether its findings name a quota: a plan leaves out the fixes that would exceed it."""

    needs_stack: bool = False
    """Whether it checks stack scripts: without one it is not run, and its facts are not read."""

    needs_waiver_use: bool = False
    """Whether it checks which waivers were used, and so runs after all other rules."""

    shows_unread_layers: bool = False
    """Whether it evaluates the required actions: the audit then lists the policy layers that it could not see."""

    root_fact: RootFact | None = None
    """The fact about the root user that its findings are about."""

    @property
    def names_policy(self) -> bool:
        """Whether each of its findings is about one policy, so that a waiver may name one."""
        return self.about in ("policy", "attached-policy", "inline-policy")


@dataclass(frozen=True, slots=True)
class SourceTraits:
    """What other packages need to know of a source of accounts. The source says it, as `TRAITS`.

    The defaults are those of a source that this version does not have, which a saved report may name.
    """

    is_default: bool = False
    """Whether it is read where no `--source` is given."""

    reaches_aws: bool = False
    """Whether it reads AWS with the caller's credentials, and so many accounts and IAM's policy simulator too."""

    is_embedded: bool = False
    """Whether its account lives in this process alone: a write needs no pinned account, no lock and no consent."""

    is_writable: bool = True
    """Whether `--fix` can write to its account."""

    argument: str = ""
    """What follows its name and a colon in `--source`, as the help has it; "" where nothing does."""


_FAMILIES: Mapping[str, RuleAbout] = {"inline": "inline-policy", "membership": "membership"}


def find_rule_traits(rule: str) -> RuleTraits:
    """The traits of a rule, by its id. The rule is not loaded: they are in a generated table."""
    known = RULE_TRAITS.get(rule)
    return guess_rule_traits(rule) if known is None else RuleTraits(**known)


def find_source_traits(source: str) -> SourceTraits:
    """The traits of a source, by what `--source` says (`NAME` or `NAME:ARGUMENT`). The source is not loaded."""
    return SourceTraits(**SOURCE_TRAITS.get(source.partition(":")[0], {}))


def guess_rule_traits(rule: str) -> RuleTraits:
    """The traits of a rule that this version does not have, by the spelling of its id.

    A saved report may hold findings of such a rule. Nothing else uses the spelling of an id.
    """
    return RuleTraits(
        about=_FAMILIES.get(rule.partition("-")[0], "subject"),
        is_waivable=not rule.startswith(("root-", "waiver-")),
        fix_overwrites=rule.endswith("-changed"),
    )
