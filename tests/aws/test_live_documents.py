"""The documents that decide: of whom they are read, by which calls, and what is left where one cannot be."""

from __future__ import annotations

import json

import pytest

from koding_audit.aws.connection import Connection
from koding_audit.aws.sources import live
from koding_audit.aws.sources.snapshot import restrict_snapshot
from koding_audit.io import json_text
from koding_audit.io.codec.snapshot import decode_snapshot, encode_snapshot
from koding_audit.model.account import principal_key
from koding_audit.model.query import Fact, Query
from tests.servers.moto_account import MotoAccount
from tests.values import aws

USER = principal_key("user", "koding-user")
OWN = frozenset({Fact.USER, Fact.ATTACHED, Fact.INLINE, Fact.GROUPS})
QUERY = Query(users={"koding-user": OWN}, effective=frozenset({USER}))


@pytest.fixture
def read(seeded: MotoAccount) -> MotoAccount:
    seeded.forget()
    return seeded


def test_every_policy_of_a_user_and_of_its_groups_is_read(read: MotoAccount, line: Connection) -> None:
    snapshot = live.collect_snapshot(QUERY, line)
    assert snapshot.gaps == ()
    # The group is declared nowhere, and decides all the same.
    assert principal_key("group", "Developers") in snapshot.principals
    assert set(snapshot.documents) == {
        aws("AmazonS3ReadOnlyAccess"),
        aws("AmazonEC2FullAccess"),
        aws("IAMReadOnlyAccess"),
        "user/koding-user/own",
        "group/Developers/extra",
    }
    assert json.loads(snapshot.documents[aws("AmazonEC2FullAccess")])["Statement"]


def test_no_document_is_read_where_nobody_asks_what_is_effective(read: MotoAccount, line: Connection) -> None:
    assert live.collect_snapshot(Query(users={"koding-user": OWN}), line).documents == {}
    assert not {"GetPolicyVersion", "GetUserPolicy"} & {call.action for call in read.calls()}


def test_both_ways_of_reading_give_the_same_documents(
    read: MotoAccount, line: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    targeted = live.collect_snapshot(QUERY, line)
    monkeypatch.setattr(live, "TARGETED_CALLS", 0)
    assert live.collect_snapshot(QUERY, line).documents == targeted.documents


@pytest.mark.parametrize(
    ("action", "left"),
    [("GetUserPolicy", "user/koding-user/own"), ("GetGroupPolicy", "group/Developers/extra")],
)
def test_a_document_that_is_denied_is_a_gap(action: str, left: str, read: MotoAccount, line: Connection) -> None:
    read.fail(action)
    snapshot = live.collect_snapshot(QUERY, line)
    assert [(gap.fact, gap.subject, gap.permission) for gap in snapshot.gaps] == [
        (Fact.DOCUMENT, left, f"iam:{action}")
    ]
    assert left not in snapshot.documents


def test_versions_that_are_denied_are_gaps_each(read: MotoAccount, line: Connection) -> None:
    read.fail("GetPolicyVersion")
    snapshot = live.collect_snapshot(QUERY, line)
    assert {gap.subject for gap in snapshot.gaps} == {
        aws("AmazonS3ReadOnlyAccess"),
        aws("AmazonEC2FullAccess"),
        aws("IAMReadOnlyAccess"),
    }


def test_a_saved_account_gives_the_same_documents_and_no_others(read: MotoAccount, line: Connection) -> None:
    everything = Query(listed=frozenset({"user", "group"}), facts_of_all=frozenset(Fact))
    text = encode_snapshot(live.collect_snapshot(everything, line))
    saved = decode_snapshot(json_text.parse_json(text, "saved"), "saved")
    again = restrict_snapshot(saved, QUERY)
    assert again.documents == live.collect_snapshot(QUERY, line).documents
    assert again.gaps == ()
    assert restrict_snapshot(saved, Query(users={"koding-user": OWN})).documents == {}
