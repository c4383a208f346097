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


@dataclass(frozen=True, slots=True)
class Action:
    """One call to IAM.

    verb: the IAM action.
    parameters: as IAM spells them.
    """

    verb: Verb
    parameters: Mapping[str, Any]

    @property
    def spec(self) -> VerbSpec:
        """The properties of its verb."""
        return VERBS[self.verb]

    @property
    def entity(self) -> EntityKey:
        """The entity that it changes: the group for AddUserToGroup and its inverse; a policy by its bare name."""
        parameters, kind = self.parameters, self.spec.entity
        if kind != "policy":
            return principal_key(kind, parameters[NAME_PARAMETERS[kind]])
        name = str(parameters.get("PolicyName") or parameters["PolicyArn"].rpartition("/")[2])
        return kind, name.casefold()

    @property
    def principal_names(self) -> dict[PrincipalKind, str]:
        """The principals that it names, as its parameters spell them; for a membership the group, then the user."""
        names = ((kind, self.parameters.get(NAME_PARAMETERS[kind])) for kind in PRINCIPAL_KINDS)
        return {kind: name for kind, name in names if name is not None}


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between the desired and the live state.

    rule: the id of the rule.
    severity: `error`, `warning` or `note`.
    subject: an ARN.
    message: for people.
    key: identifies it among findings of the same rule and subject (a policy's ARN, a group's name), or "".
    location: the line of the desired state that requires it.
    policy_set: the set that requires it.
    evidence: facts as JSON values.
    fix: the call that fixes it.
    status: `open`, or what became of it.
    waiver: the waiver that accepts it, if its status is waived.
    known: whether it is open, and the baseline has the same finding with the same facts: then it does not count.
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
        """The id, made from facts and not from the message, so that baselines survive another wording."""
        return f"{self.rule}/{self.subject}/{self.key}" if self.key else f"{self.rule}/{self.subject}"

    @property
    def change(self) -> Change | None:
        """What its fix needs: nothing more (`add`), `--create` or `--replace`; None if it has no fix."""
        if self.fix is None:
            return None
        spec = self.fix.spec
        if spec.effect == "create" and spec.entity != "policy":
            return "create"
        return "replace" if spec.is_removal or find_rule_traits(self.rule).fix_overwrites else "add"


@dataclass(frozen=True, slots=True)
class Help:
    """The explanation of a rule. Each text is one line of Markdown, with code between backquotes.

    severity: of its findings, and when it differs.
    looks_at: what it compares.
    by_hand: how to fix it by hand.
    with_fix: what `--fix` does.
    finds: the message for an account that does not comply with `example`.
    commands: the fix with the AWS CLI; words in capitals stand for names. Empty if no command does it.
    example: a complete desired-state file; "" if the rule does not depend on a key of the file.
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
    """The texts of a rule for people.

    why: why it matters, in a few words.
    step: what to do if `--fix` cannot fix it.
    reads: the calls that it needs, as permissions.
    help: its complete explanation.
    """

    why: str
    step: str = ""
    reads: tuple[str, ...] = ()
    help: Help | None = None


def touched_entities(action: Action) -> tuple[EntityKey, ...]:
    """The entities that an action needs, or creates."""
    return action_principals(action) or (action.entity,)


def action_principals(action: Action) -> tuple[PrincipalKey, ...]:
    """The principals that an action names."""
    return tuple(principal_key(kind, name) for kind, name in action.principal_names.items() if name)


NOT_CHECKED = "not-checked"
