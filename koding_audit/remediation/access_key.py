"""Makes one access key and hands it to whoever keeps it: beside the remediator, the only room that writes to IAM."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from koding_audit.aws.call import take_field
from koding_audit.aws.connection import Connection
from koding_audit.model.errors import AuditError, CallError
from koding_audit.model.finding import Action
from koding_audit.model.frozen import replace
from koding_audit.model.plan import Entry
from koding_audit.model.verb import Verb
from koding_audit.remediation.journal import JournalFile

_CREATE_KEY = Verb.CREATE_ACCESS_KEY.permission


def list_access_key_ids(connection: Connection, user: str) -> frozenset[str]:
    """The ids of a user's access keys. Raises CallError."""
    found = connection.pages("ListAccessKeys", "AccessKeyMetadata", UserName=user)
    return frozenset(take_field(each, "AccessKeyId", str, "iam:ListAccessKeys") for each in found)


def create_access_key(
    connection: Connection, journal: JournalFile, user: str, keep: Callable[[str, str], None]
) -> Entry:
    """Make a key for a user and have it kept: `keep` gets its id and its secret, which are nowhere else.

    A key that cannot be kept is deleted again; so is one whose making was interrupted before it was kept. The call is
    never sent twice: a second one would make a second key. Raises AuditError where the journal cannot be written.
    """
    entry = Entry(Action(Verb.CREATE_ACCESS_KEY, {"UserName": user}), "started")
    before = list_access_key_ids(connection, user)
    journal.append(0, entry)
    try:
        made = take_field(connection.call_once("CreateAccessKey", UserName=user), "AccessKey", dict, _CREATE_KEY)
        key_id, secret = (
            take_field(made, "AccessKeyId", str, _CREATE_KEY),
            take_field(made, "SecretAccessKey", str, _CREATE_KEY),
        )
    except CallError as error:
        outcome = replace(entry, outcome="failed", detail=f"{error.call}: {error.code}")
        if not error.refused:
            outcome = replace(outcome, outcome="unknown", detail=_lost_reply_detail(connection, user, before, error))
        return _record_entry(journal, outcome)
    return _record_entry(journal, _store_or_delete(connection, replace(entry, outcome="done"), key_id, secret, keep))


def _store_or_delete(
    connection: Connection, done: Entry, key_id: str, secret: str, keep: Callable[[str, str], None]
) -> Entry:
    user, named = done.action.parameters["UserName"], f"the key that ends in {key_id[-4:]}"
    became: list[str] = []
    with contextlib.ExitStack() as unless_kept:
        # On the way out for whatever reason, Ctrl-C included: nobody else knows the secret.
        unless_kept.callback(lambda: became.append(_delete_unstored_key(connection, user, key_id)))
        try:
            keep(key_id, secret)
        except AuditError as error:
            refused = error.message
        else:
            unless_kept.pop_all()
            return replace(done, detail=named)
    return replace(done, outcome="failed", detail=f"{refused}; {named} {became[0]}")


def _delete_unstored_key(connection: Connection, user: str, key_id: str) -> str:
    """What became of a key that nobody keeps."""
    try:
        connection.call("DeleteAccessKey", UserName=user, AccessKeyId=key_id)
    except CallError as error:
        return f"could not be deleted again ({error.code}): delete it by hand"
    return "was deleted again"


def _lost_reply_detail(connection: Connection, user: str, before: frozenset[str], error: CallError) -> str:
    """What a lost answer may have left behind: a key whose secret nobody has."""
    try:
        new = sorted(list_access_key_ids(connection, user) - before)
    except CallError:
        new = []
    seen = ", ".join(f"one that ends in {each[-4:]} has appeared" for each in new) or "none can be seen yet"
    return f"no usable answer ({error.code}): a key may have been made whose secret is lost; {seen}; delete it by hand"


def _record_entry(journal: JournalFile, entry: Entry) -> Entry:
    journal.append(0, entry)
    return entry
