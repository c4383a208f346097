"""The holder of policies: what is known of it in each of its requests, and what its policies then say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from koding_audit.model.account import Account, PrincipalKind
from koding_audit.model.frozen import replace
from koding_audit.policy.document import Document, Patterns, Statement
from koding_audit.policy.evaluation import Context
from koding_audit.policy.evaluation.conditions import compile_condition
from koding_audit.reference.condition_keys import ConditionKeyTable

STAND_IN_NAME = "\ue002"
"""The name of a user of whom only the group, or nothing, is known, where it is a whole name; no pattern contains it."""

_OWN_NAME = re.compile(r"\$\{\s*aws:username\s*(,\s*'[^'}]*'\s*)?\}", re.IGNORECASE)
_WHOLE_OWN_NAME = re.compile(rf"(?<=/){_OWN_NAME.pattern}\Z", re.IGNORECASE)
_WITH_VARIABLES = "2012-10-17"


@dataclass(frozen=True, slots=True)
class PolicyHolder:
    """The principal that policies are evaluated for.

    kind: `user` or `role`; None for a principal of either kind.
    name: its name; "" for any user, as a member of a group, and for any role.
    arn: the ARN of a user or role; "" if unknown.
    unique_id: the id of a user; "" if unknown.
    """

    kind: PrincipalKind | None = None
    name: str = ""
    arn: str = ""
    unique_id: str = ""

    @property
    def own_name(self) -> str:
        """The value of `${aws:username}`; "" if it is not known, and for a role, which has none."""
        return "" if self.kind == "role" else self.name

    def possible_holders(self) -> Sequence[PolicyHolder]:
        """The holders of one kind that this may be."""
        return (PolicyHolder("user"), PolicyHolder("role")) if self.kind is None else (self,)


def known_context(
    holder: PolicyHolder, account: Account, keys: ConditionKeyTable, own: Iterable[tuple[str, str]] = ()
) -> Context:
    """The condition keys that have the same value in every request of a holder, with any session, network or tags.

    The audit of a desired action assumes an access key without MFA. Here MFA is unknown: the holder may have it.

    own: the keys of an action with their values.
    """
    of, user_values = keys.principal, keys.calls["user"].values
    known = {of.account: (account.id,), of.is_service: user_values[of.is_service.lower()]}
    known |= {of.kind: user_values[of.kind.lower()]} if holder.kind == "user" else {}
    known |= {of.name: (holder.name,)} if holder.kind == "user" and holder.name else {}
    known |= {of.unique_id: (holder.unique_id,)} if holder.unique_id and holder.kind == "user" else {}
    known |= {of.arn: (holder.arn,)} if holder.arn else {}
    known |= {key: (value,) for key, value in own}
    return Context.from_values(known, [of.name] if holder.kind == "role" else [], complete=False)


def expand_own_name(document: Document, own: str) -> Document:
    """The document with `${aws:username}` replaced by this name in its resources, if it has policy variables.

    Conditions keep the variable, because the evaluation resolves it there.

    own: "" for an unknown name, which stays open; STAND_IN_NAME replaces only a variable that is a whole name.
    """
    if not own or document.version != _WITH_VARIABLES:
        return document
    variable = _WHOLE_OWN_NAME if own == STAND_IN_NAME else _OWN_NAME
    return replace(document, statements=tuple(_expand_statement(each, variable, own) for each in document.statements))


def apply_known_values(document: Document, holder: PolicyHolder, context: Context) -> Document:
    """The document as it is for this holder, whose name is known.

    Its name is in the resources. A condition that holds in each of its requests is left out, and so is a statement with
    one that holds in none.

    context: the condition keys that have the same value in every request of the holder.
    """
    expanded = expand_own_name(document, holder.own_name)
    variables = document.version == _WITH_VARIABLES
    found = (_apply_to_conditions(each, context, variables=variables) for each in expanded.statements)
    return replace(document, statements=tuple(each for each in found if each is not None))


def _apply_to_conditions(statement: Statement, context: Context, *, variables: bool) -> Statement | None:
    allows = statement.effect == "Allow"
    results = [
        compile_condition(each, variables=variables, allows=allows).holds(context) for each in statement.conditions
    ]
    if any(each is False for each in results):
        return None
    undecided = zip(statement.conditions, results, strict=True)
    return replace(statement, conditions=tuple(each for each, holds in undecided if holds is not True))


def _expand_statement(statement: Statement, variable: re.Pattern[str], own: str) -> Statement:
    if statement.resources is None:
        return statement
    values = tuple(sorted({variable.sub(lambda _: own, each) for each in statement.resources.values}))
    return replace(statement, resources=Patterns(values, statement.resources.negated))
