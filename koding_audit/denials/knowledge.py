"""The tables that a reader of denials needs, loaded once for a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from koding_audit.denials.values import DenialLayer, LookAlike
from koding_audit.model.frozen import dataclass
from koding_audit.reference.actions import ActionList, load_actions
from koding_audit.reference.operations import OperationTable, load_operations
from koding_audit.reference.tables import read_rows


@dataclass(frozen=True, slots=True)
class MessageForm:
    """A message of a service for a denial, without AWS's sentence.

    words: its words, in lower case and without spaces, as the next three fields.
    ends: the words with which it ends, after a name; "" if it has none.
    codes: the error codes with which only this service sends it.
    needs_code: whether the words alone are too common, so that an error code must be before them.
    needs_wrapper: whether also the service or the operation must be named around it.
    service: the service that sends it; "" if several do.
    action: the action that it means; "" if it does not say.
    likely: the actions that it may mean.
    is_uncertain: whether the operation is not the action that was denied, or may not be.
    has_call: whether `X on Y` follows, an operation and a service.
    has_name: whether the name of a resource follows.
    has_principal: whether the ARN of the principal is before it.
    covers: whether the other messages after it are parts of it.
    hint: a remark about the principal.
    doubt: why it may be another error.
    """

    words: str
    ends: str = ""
    codes: tuple[str, ...] = ()
    needs_code: bool = False
    needs_wrapper: bool = False
    service: str = ""
    action: str = ""
    likely: tuple[str, ...] = ()
    is_uncertain: bool = False
    has_call: bool = False
    has_name: bool = False
    has_principal: bool = False
    covers: bool = False
    hint: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class DenialTables:
    """What is known of AWS's messages and actions.

    layers: the layers by the words for them, in lower case and without spaces.
    messages: the messages without AWS's sentence.
    look_alikes: errors that are not denials, by their words, in lower case and without spaces.
    """

    actions: ActionList
    operations: OperationTable
    layers: Mapping[str, DenialLayer]
    messages: tuple[MessageForm, ...]
    look_alikes: Mapping[str, LookAlike]


def load_denial_tables() -> DenialTables:
    """Load the tables, in about 20 ms. Keep the value for further calls."""
    return DenialTables(
        actions=load_actions(),
        operations=load_operations(),
        layers={squeeze(row["words"]): row["layer"] for row in read_rows("denial_layers")},
        messages=tuple(map(_message_form, read_rows("denial_messages"))),
        look_alikes={
            squeeze(row["words"]): LookAlike(row["kind"], row["means"], row["advice"])
            for row in read_rows("look_alikes")
        },
    )


def squeeze(words: str) -> str:
    """Return words in lower case and without spaces, as `Passage.lowered` has them."""
    return "".join(words.split()).lower()


def _message_form(row: Mapping[str, Any]) -> MessageForm:
    return MessageForm(
        words=squeeze(row["words"]),
        ends=squeeze(row.get("ends", "")),
        codes=tuple(row.get("codes", ())),
        needs_code=row.get("needs_code", False),
        needs_wrapper=row.get("needs_wrapper", False),
        service=row.get("service", ""),
        action=row.get("action", ""),
        likely=tuple(row.get("likely", ())),
        is_uncertain=row.get("uncertain", False),
        has_call=row.get("calls", False),
        has_name=row.get("named", False),
        has_principal=row.get("principal_before", False),
        covers=row.get("covers", False),
        hint=row.get("hint", ""),
        doubt=row.get("doubt", ""),
    )
