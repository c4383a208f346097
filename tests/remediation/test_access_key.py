"""An access key that is made and kept, and what becomes of one that cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from koding_audit.model.errors import AuditError, CallError, RefusedError
from koding_audit.model.plan import Entry
from koding_audit.remediation import access_key
from koding_audit.remediation.access_key import KeyOwner
from koding_audit.remediation.journal import JournalFile
from tests.scripted import NUMBERED, refusal
from tests.values import ACCOUNT, NOW

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMIplanted"


@dataclass
class Keyring:
    """A user's access keys, behind what a Connection offers. fails: by operation, what is raised after it was done."""

    there: set[str] = field(default_factory=set)
    fails: dict[str, CallError] = field(default_factory=dict)
    reply: Any = None
    refuses: bool = False
    unique_id: str | None = "AIDA1"

    def pages(self, operation: str, items: str, **_given: Any) -> list[Any]:
        assert (operation, items) == ("ListAccessKeys", "AccessKeyMetadata")
        if operation in self.fails and self.there:
            raise self.fails[operation]
        return [{"AccessKeyId": each} for each in sorted(self.there)]

    def call_once(self, operation: str, **_given: Any) -> dict[str, Any]:
        if not self.refuses:
            self.there.add(KEY)
        if operation in self.fails:
            raise self.fails[operation]
        made = {"AccessKey": {"AccessKeyId": KEY, "SecretAccessKey": SECRET}}
        return {**(made if self.reply is None else self.reply), **NUMBERED}

    def call(self, operation: str, **given: Any) -> dict[str, Any]:
        if operation == "GetUser":
            if self.unique_id is None:
                raise refusal("GetUser", "NoSuchEntity")
            arn = "arn:aws:iam::123456789012:user/ada"
            return {"User": {"UserName": "ada", "UserId": self.unique_id, "Arn": arn, "Path": "/"}}
        assert operation == "DeleteAccessKey"
        if operation in self.fails:
            raise self.fails[operation]
        self.there.discard(given["AccessKeyId"])
        return NUMBERED


@pytest.fixture
def file(tmp_path: Path) -> Iterator[JournalFile]:
    made = JournalFile(str(tmp_path / "journal.jsonl"), ACCOUNT, NOW, ())
    yield made
    made.close()


@pytest.fixture
def make(file: JournalFile) -> Callable[..., Entry]:
    def made(
        connection: Any, keep: Callable[[str, str], None] = lambda _key, _secret: None, owner: KeyOwner | None = None
    ) -> Entry:
        there = owner or access_key.read_key_owner(connection, "ada")
        assert there is not None
        return access_key.create_access_key(connection, file, there, keep)

    return made


def written(file: JournalFile) -> str:
    return Path(file.path).read_text()


def test_a_key_is_made_and_handed_over_once(make: Any, file: JournalFile) -> None:
    kept: list[tuple[str, str]] = []
    entry = make(Keyring(), lambda *given: kept.append(given))
    assert (entry.outcome, kept) == ("done", [(KEY, SECRET)])
    assert entry.detail == "the key that ends in MPLE"
    assert KEY not in written(file)
    assert SECRET not in written(file)


def test_the_journal_knows_of_it_before_it_is_made(make: Any, file: JournalFile) -> None:
    seen: list[str] = []
    make(Keyring(), lambda _key, _secret: seen.append(written(file)))
    assert '"started"' in seen[0]
    assert '"done"' not in seen[0]


def test_a_key_that_cannot_be_kept_is_deleted_again(make: Any, file: JournalFile) -> None:
    def full(_key: str, _secret: str) -> None:
        raise AuditError("the disk is full")

    account = Keyring()
    entry = make(account, full)
    assert (entry.outcome, account.there) == ("failed", set())
    assert entry.detail == "the disk is full; the key that ends in MPLE was deleted"
    assert KEY not in written(file)


def test_a_key_that_can_be_neither_kept_nor_deleted_is_told(make: Any) -> None:
    def full(_key: str, _secret: str) -> None:
        raise AuditError("the disk is full")

    entry = make(Keyring(fails={"DeleteAccessKey": refusal("DeleteAccessKey", "AccessDenied")}), full)
    assert "could not be deleted (AccessDenied): delete it by hand" in entry.detail


def test_a_key_is_deleted_when_somebody_interrupts_before_it_is_kept(make: Any) -> None:
    def interrupted(_key: str, _secret: str) -> None:
        raise KeyboardInterrupt

    account = Keyring()
    with pytest.raises(KeyboardInterrupt):
        make(account, interrupted)
    assert account.there == set()


def test_a_refusal_leaves_nothing(make: Any) -> None:
    entry = make(Keyring(refuses=True, fails={"CreateAccessKey": refusal("CreateAccessKey", "LimitExceeded")}))
    assert (entry.outcome, entry.detail) == ("failed", "iam:CreateAccessKey: LimitExceeded")


def test_a_lost_answer_names_the_key_that_has_appeared(make: Any) -> None:
    lost = CallError("iam:CreateAccessKey", "ConnectionClosed", "")
    entry = make(Keyring({"AKIAOLD"}, {"CreateAccessKey": lost}))
    assert entry.outcome == "unknown"
    assert "a new one ends in MPLE; delete it by hand" in entry.detail
    blind = make(Keyring(fails={"CreateAccessKey": lost, "ListAccessKeys": refusal("ListAccessKeys", "AccessDenied")}))
    assert "no new one is visible yet" in blind.detail


@pytest.mark.parametrize("reply", [{}, {"AccessKey": {"AccessKeyId": KEY}}, {"AccessKey": "x"}])
def test_a_reply_without_the_key_is_no_key(make: Any, reply: Any) -> None:
    entry = make(Keyring(reply=reply))
    assert (entry.outcome, SECRET in entry.detail) == ("unknown", False)


def test_a_user_that_is_not_there_owns_no_key() -> None:
    connection: Any = Keyring(unique_id=None)
    assert access_key.read_key_owner(connection, "ada") is None


@pytest.mark.parametrize(
    "owner",
    [KeyOwner("ada", "AIDA2", frozenset()), KeyOwner("ada", "AIDA1", frozenset({"AKIAOLD"}))],
    ids=["made anew", "a key more or less"],
)
def test_no_key_is_made_for_a_user_that_changed_since_it_was_confirmed(
    owner: KeyOwner, make: Any, file: JournalFile
) -> None:
    account = Keyring()
    with pytest.raises(RefusedError, match="user ada or its access keys were changed by another process"):
        make(account, owner=owner)
    assert account.there == set()
    assert "CreateAccessKey" not in written(file)
