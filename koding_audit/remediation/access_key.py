"""Creates one access key and passes it to a function that stores it.

Beside the executor, this is the only module that writes to IAM: a key is not a step of a plan, and the call must never
be sent twice.
"""

from __future__ import annotations

import contextlib
import shlex
import time
from collections.abc import Callable
from datetime import datetime, timezone

from koding_audit.aws import iam
from koding_audit.aws.call import NO_SUCH_ENTITY, take_field
from koding_audit.aws.connection import Connection
from koding_audit.io.terminal import Terminal
from koding_audit.model.errors import AuditError, CallError, RefusedError
from koding_audit.model.finding import Action
from koding_audit.model.frozen import dataclass, replace
from koding_audit.model.plan import Entry
from koding_audit.model.verb import Verb
from koding_audit.remediation.executor import PROPAGATION_SECONDS
from koding_audit.remediation.journal import JournalFile

_CREATE_KEY = Verb.CREATE_ACCESS_KEY.permission

_PAUSE = 2.0  # seconds between two looks for the key of an interrupted run


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """The user of an access key, as it is at one time.

    name: its name.
    unique_id: IAM's id.
    key_ids: the ids of its access keys.
    """

    name: str
    unique_id: str
    key_ids: frozenset[str]


def read_key_owner(connection: Connection, user: str) -> KeyOwner | None:
    """The user with the ids of its access keys; None if it does not exist. Raises CallError."""
    try:
        unique_id = iam.read_principal(connection, "user", user).unique_id
        return KeyOwner(user, unique_id, _list_key_ids(connection, user))
    except CallError as error:
        if error.code != NO_SUCH_ENTITY:
            raise
        return None


def key_deletion_text(user: str) -> str:
    """The commands that delete an access key of a user; without --user-name they are about the caller's keys."""
    name = shlex.quote(user)
    return (
        f"`aws iam list-access-keys --user-name {name}`, then"
        f" `aws iam delete-access-key --user-name {name} --access-key-id KEY_ID`"
    )


def await_unfinished_key(connection: Connection, user: str, since: float, terminal: Terminal) -> None:
    """Wait until IAM shows the key that an interrupted run may have created then, or until it would have shown it.

    since: in seconds since 1970.
    """
    age = datetime.now(timezone.utc).timestamp() - since
    # A clock that was set back makes the age negative; the wait is never longer than IAM needs.
    seconds = PROPAGATION_SECONDS - max(age, 0.0)
    while seconds > 0:
        owner = read_key_owner(connection, user)
        if owner is not None and owner.key_ids:
            return
        terminal.show_progress("waiting for IAM to show the access key of the interrupted run ...")
        time.sleep(_PAUSE)
        seconds -= _PAUSE


def _list_key_ids(connection: Connection, user: str) -> frozenset[str]:
    found = connection.pages("ListAccessKeys", "AccessKeyMetadata", UserName=user)
    return frozenset(take_field(each, "AccessKeyId", str, "iam:ListAccessKeys") for each in found)


def create_access_key(
    connection: Connection, journal: JournalFile, owner: KeyOwner, store: Callable[[str, str], None]
) -> Entry:
    """Create a key for a user and store it.

    owner: the user as it was before the confirmation.
    store: gets the id and the secret of the key, of which there is no other copy; raises AuditError if it cannot store
        them.

    A key that was not stored is deleted, also after an interrupt. The call is never sent twice: a second call would
    create a second key. Raises RefusedError if the user or its keys are not as they were, AuditError if the journal
    cannot be written.
    """
    entry = Entry(Action(Verb.CREATE_ACCESS_KEY, {"UserName": owner.name}), "started")
    if read_key_owner(connection, owner.name) != owner:
        message = f"user {owner.name} or its access keys were changed by another process"
        raise RefusedError(message, "no access key was created; run the command again")
    journal.append(0, entry)
    try:
        reply = connection.call_once("CreateAccessKey", UserName=owner.name)
        key = take_field(reply, "AccessKey", dict, _CREATE_KEY)
        key_id, secret = (take_field(key, name, str, _CREATE_KEY) for name in ("AccessKeyId", "SecretAccessKey"))
    except CallError as error:
        outcome = replace(entry, outcome="failed", detail=f"{error.call}: {error.code}")
        if not error.refused:
            outcome = replace(outcome, outcome="unknown", detail=_lost_reply_detail(connection, owner, error))
        return _record_entry(journal, outcome)
    return _record_entry(journal, _store_or_delete(connection, replace(entry, outcome="done"), key_id, secret, store))


def _store_or_delete(
    connection: Connection, done: Entry, key_id: str, secret: str, store: Callable[[str, str], None]
) -> Entry:
    user, label = done.action.parameters["UserName"], f"the key that ends in {key_id[-4:]}"
    deletion: list[str] = []
    with contextlib.ExitStack() as unless_stored:
        # Runs after each error and also after Ctrl-C: without the secret, the key is of no use.
        unless_stored.callback(lambda: deletion.append(_delete_unstored_key(connection, user, key_id)))
        try:
            store(key_id, secret)
        except AuditError as error:
            refused = error.message
        else:
            unless_stored.pop_all()
            return replace(done, detail=label)
    return replace(done, outcome="failed", detail=f"{refused}; {label} {deletion[0]}")


def _delete_unstored_key(connection: Connection, user: str, key_id: str) -> str:
    """Delete a key that was not stored; whether that worked, as text."""
    try:
        connection.call("DeleteAccessKey", UserName=user, AccessKeyId=key_id)
    except CallError as error:
        return f"could not be deleted ({error.code}): delete it by hand"
    return "was deleted"


def _lost_reply_detail(connection: Connection, owner: KeyOwner, error: CallError) -> str:
    """What may exist after a lost reply: a key whose secret is lost."""
    try:
        new = sorted(_list_key_ids(connection, owner.name) - owner.key_ids)
    except CallError:
        new = []
    seen = ", ".join(f"a new one ends in {each[-4:]}" for each in new) or "no new one is visible yet"
    return f"no valid reply ({error.code}): a key may exist whose secret is lost; {seen}; delete it by hand"


def _record_entry(journal: JournalFile, entry: Entry) -> Entry:
    journal.append(0, entry)
    return entry
