"""Makes one access key and hands it to whoever keeps it: beside the remediator, the only room that writes to IAM."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from koding_audit.aws import Connection, take
from koding_audit.errors import AuditError, CallError
from koding_audit.frozen import replace
from koding_audit.journal import JournalFile
from koding_audit.model import Action, Entry, Verb

_MADE = "iam:CreateAccessKey"


def ids(connection: Connection, user: str) -> frozenset[str]:
    """The ids of a user's access keys. Raises CallError."""
    found = connection.pages("ListAccessKeys", "AccessKeyMetadata", UserName=user)
    return frozenset(take(each, "AccessKeyId", str, "iam:ListAccessKeys") for each in found)


def make(connection: Connection, journal: JournalFile, user: str, keep: Callable[[str, str], None]) -> Entry:
    """Make a key for a user and have it kept: `keep` gets its id and its secret, which are nowhere else.

    A key that cannot be kept is deleted again; so is one whose making was interrupted before it was kept. The call is
    never sent twice: a second one would make a second key. Raises AuditError where the journal cannot be written.
    """
    entry = Entry(Action(Verb.CREATE_ACCESS_KEY, {"UserName": user}), "started")
    before = ids(connection, user)
    journal.append(0, entry)
    try:
        made = take(connection.call_once("CreateAccessKey", UserName=user), "AccessKey", dict, _MADE)
        key_id, secret = take(made, "AccessKeyId", str, _MADE), take(made, "SecretAccessKey", str, _MADE)
    except CallError as error:
        outcome = replace(entry, outcome="failed", detail=f"{error.call}: {error.code}")
        if not error.refused:
            outcome = replace(outcome, outcome="unknown", detail=_lost(connection, user, before, error))
        return _recorded(journal, outcome)
    return _recorded(journal, _kept(connection, replace(entry, outcome="done"), key_id, secret, keep))


def _kept(connection: Connection, done: Entry, key_id: str, secret: str, keep: Callable[[str, str], None]) -> Entry:
    user, named = done.action.parameters["UserName"], f"the key that ends in {key_id[-4:]}"
    became: list[str] = []
    with contextlib.ExitStack() as unless_kept:
        # On the way out for whatever reason, Ctrl-C included: nobody else knows the secret.
        unless_kept.callback(lambda: became.append(_deleted(connection, user, key_id)))
        try:
            keep(key_id, secret)
        except AuditError as error:
            refused = error.message
        else:
            unless_kept.pop_all()
            return replace(done, detail=named)
    return replace(done, outcome="failed", detail=f"{refused}; {named} {became[0]}")


def _deleted(connection: Connection, user: str, key_id: str) -> str:
    """What became of a key that nobody keeps."""
    try:
        connection.call("DeleteAccessKey", UserName=user, AccessKeyId=key_id)
    except CallError as error:
        return f"could not be deleted again ({error.code}): delete it by hand"
    return "was deleted again"


def _lost(connection: Connection, user: str, before: frozenset[str], error: CallError) -> str:
    """What a lost answer may have left behind: a key whose secret nobody has."""
    try:
        new = sorted(ids(connection, user) - before)
    except CallError:
        new = []
    seen = ", ".join(f"one that ends in {each[-4:]} has appeared" for each in new) or "none can be seen yet"
    return f"no usable answer ({error.code}): a key may have been made whose secret is lost; {seen}; delete it by hand"


def _recorded(journal: JournalFile, entry: Entry) -> Entry:
    journal.append(0, entry)
    return entry
