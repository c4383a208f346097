"""Findings: what is wrong, how severe it is, and the IAM write that fixes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from koding_audit.model.account import (
    NAME_PARAMETERS,
    PRINCIPAL_KINDS,
    EntityKey,
    PrincipalKey,
    PrincipalKind,
    principal_key,
)
from koding_audit.model.desired import Waiver
from koding_audit.model.frozen import dataclass
from koding_audit.model.location import Location
from koding_audit.model.traits import find_rule_traits
from koding_audit.model.verb import VERBS, Verb, VerbSpec

Severity = Literal["error", "warning", "note"]

FindingStatus = Literal["open", "fixed", "failed", "pending", "waived"]

Change = Literal["add", "create", "replace"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


# --- what is wrong, and what to do about it -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Action:
    """One call to IAM: its name and the parameters that it is given, as IAM spells them."""

    verb: Verb
    parameters: Mapping[str, Any]

    @property
    def spec(self) -> VerbSpec:
        """What its verb does to what."""
        return VERBS[self.verb]

    @property
    def entity(self) -> EntityKey:
        """What it changes. AddUserToGroup and its inverse change the group; a policy is found by its bare name."""
        given, kind = self.parameters, self.spec.entity
        if kind != "policy":
            return principal_key(kind, given[NAME_PARAMETERS[kind]])
        name = str(given.get("PolicyName") or given["PolicyArn"].rpartition("/")[2])
        return kind, name.casefold()

    @property
    def principal_names(self) -> dict[PrincipalKind, str]:
        """The principals that it names, in the spelling that it was given: of a membership the group, then the user."""
        given = self.parameters
        return {kind: given[NAME_PARAMETERS[kind]] for kind in PRINCIPAL_KINDS if NAME_PARAMETERS[kind] in given}


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between what is wanted and what is there.

    subject: an ARN; key: what tells it from its siblings (a policy's ARN, a group's name), or "";
    evidence: facts as JSON values; source: the line that asks for it; fix: the call that would mend it.
    waiver: what says that it is accepted, where its status is waived.
    known: it stands, and stood as it does in the report that the audit was compared with: it does not count.
    """

    rule: str
    severity: Severity
    subject: str
    message: str
    key: str = ""
    location: Location | None = None
    policy_set: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    fix: Action | None = None
    status: FindingStatus = "open"
    waiver: Waiver | None = None
    known: bool = False

    @property
    def id(self) -> str:
        """Made of facts, never of wording, so that baselines and fingerprints survive a reworded message."""
        return f"{self.rule}/{self.subject}/{self.key}" if self.key else f"{self.rule}/{self.subject}"

    @property
    def change(self) -> Change | None:
        """What has to be allowed for its fix: nothing more (add), `--create` or `--replace`; None: it has no fix."""
        if self.fix is None:
            return None
        spec = self.fix.spec
        if spec.effect == "create" and spec.entity != "policy":
            return "create"
        return "replace" if spec.is_removal or find_rule_traits(self.rule).fix_overwrites else "add"


@dataclass(frozen=True, slots=True)
class Help:
    """How a rule is explained. Text is Markdown, a line each, with code between backquotes.

    severity: of its findings, and when it is another; looks_at: what it holds against what; by_hand: what a person does
    about it; commands: the same with the AWS CLI, where words in capitals stand for names, empty where no command does
    it; with_fix: what `--fix` does; finds: what it says of an account that `example`, a whole desired-state file, does
    not fit; example: "" where it hangs on no key of such a file.
    """

    severity: str
    looks_at: str
    by_hand: str
    with_fix: str
    finds: str
    commands: tuple[str, ...] = ()
    example: str = ""


@dataclass(frozen=True, slots=True)
class Advice:
    """What a rule says to people.

    why: why it matters, in a few words; step: what to do where `--fix` cannot; reads: the calls that it needs, as
    permissions; help: its whole explanation.
    """

    why: str
    step: str = ""
    reads: tuple[str, ...] = ()
    help: Help | None = None


def touched_entities(action: Action) -> tuple[EntityKey, ...]:
    """Everything that has to be there for an action, or is made by it."""
    return action_principals(action) or (action.entity,)


def action_principals(action: Action) -> tuple[PrincipalKey, ...]:
    return tuple(principal_key(kind, name) for kind, name in action.principal_names.items() if name)


NOT_CHECKED = "not-checked"
