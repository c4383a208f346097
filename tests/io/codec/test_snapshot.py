"""A snapshot as JSON: read back as it was, and refused at the place of what is wrong."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koding_audit.io.codec.snapshot import decode_snapshot, encode_snapshot
from koding_audit.io.json_text import parse_json
from koding_audit.model.account import Caller, principal_key
from koding_audit.model.errors import InputError
from koding_audit.model.snapshot import (
    AccessKey,
    Credentials,
    ManagedPolicy,
    Organization,
    OrganizationPolicy,
    Principal,
    RootUse,
    Snapshot,
)
from tests.io.codec.shapes import NOW, accounts, example_snapshot, gaps, keys, kinds, texts, times, word_lists

name_sets = st.none() | st.frozensets(texts, max_size=3)
tag_pairs = st.none() | st.dictionaries(texts, texts, max_size=2).map(lambda found: tuple(sorted(found.items())))
principals = st.builds(
    Principal, kinds, texts, texts, texts, texts, name_sets, name_sets, name_sets, name_sets, texts, texts, tag_pairs
)
access_keys = st.builds(AccessKey, st.text("ABC234", max_size=4), st.booleans(), times, st.none() | times)
flags = st.none() | st.booleans()
credentials = st.builds(
    Credentials,
    st.none() | st.lists(access_keys, max_size=2).map(tuple),
    flags,
    flags,
    st.none() | word_lists,
    st.none() | st.lists(times, max_size=1).map(tuple),
    st.none() | st.integers(0, 2),
)
levels = st.none() | st.lists(
    st.lists(st.builds(OrganizationPolicy, texts, texts), max_size=2).map(tuple), max_size=2
).map(tuple)
organizations = st.builds(
    Organization, st.none() | texts, texts, levels, levels, st.none() | st.lists(texts, max_size=2).map(tuple)
)


def _by_key(found: list[Principal]) -> dict[Any, Principal]:
    return {principal_key(each.kind, each.name): each for each in found}


def _policies(arns: dict[str, bool | None]) -> dict[str, ManagedPolicy | None]:
    return {arn: None if attachable is None else ManagedPolicy(arn, attachable) for arn, attachable in arns.items()}


snapshots = st.builds(
    Snapshot,
    account=accounts,
    caller=st.none() | st.builds(Caller, texts, st.booleans()),
    taken_at=times,
    source=texts,
    endpoint=st.none() | texts,
    hosts=st.lists(texts, max_size=2).map(tuple),
    principals=st.lists(principals, max_size=3).map(_by_key),
    absent=st.frozensets(keys, max_size=2),
    listed=st.frozensets(kinds),
    credentials=st.dictionaries(texts, credentials, max_size=2),
    policies=st.dictionaries(texts, flags, max_size=2).map(_policies),
    summary=st.none() | st.dictionaries(texts, st.integers(0), max_size=2),
    root_use=st.none()
    | st.builds(RootUse, times, st.none() | times, st.lists(st.none() | times, max_size=2).map(tuple)),
    gaps=st.lists(gaps, max_size=2).map(tuple),
    policies_listed=st.booleans(),
    organization=organizations,
)


def snapshot_from(text: str) -> Snapshot:
    return decode_snapshot(parse_json(text, "x.json"), "x.json")


@given(snapshots)
def test_a_snapshot_is_read_back_as_it_was(snapshot: Snapshot) -> None:
    assert snapshot_from(encode_snapshot(snapshot)) == snapshot


def test_the_same_value_gives_the_same_bytes_in_whatever_order_it_was_built() -> None:
    one = example_snapshot()
    other = replace(
        one,
        policies=dict(reversed(one.policies.items())),
        principals=dict(reversed(one.principals.items())),
        absent=frozenset(sorted(one.absent, reverse=True)),
    )
    assert encode_snapshot(one) == encode_snapshot(other)


@pytest.mark.parametrize(
    ("path", "bad", "message"),
    [
        ("principals.0.arn", 5, "principals[0].arn: must be text"),
        ("principals.0.kind", "team", "principals[0].kind: must be one of user, group, role"),
        ("principals.0.attached", "A", "principals[0].attached: must be a list"),
        ("principals.0.attached.0", None, "principals[0].attached[0]: must be text"),
        ("taken_at", "yesterday", "taken_at: must be a UTC time such as 2026-11-23T20:00:00Z"),
        ("credentials.ada.mfa", "yes", 'credentials["ada"].mfa: must be true or false'),
        ("credentials.ada.keys.0.suffix", "AKIAIOSFODNN7EXAMPLE", "at most the last four characters of a key's id"),
        ("summary.Users", True, 'summary["Users"]: must be a number'),
        ("summary.Users", -1, 'summary["Users"]: must be 0 or more'),
        ("gaps.0.fact", "weather", "gaps[0].fact: must be one of caller, user"),
        ("listed.0", "users", "listed[0]: must be one of user, group, role"),
        (
            "policies.gone",
            {"attachable": True, "unique_id": "", "default_version": "", "versions": [], "more": 1},
            'policies["gone"]: unknown key "more"',
        ),
    ],
)
def test_what_is_wrong_in_a_snapshot_is_named_by_its_place(path: str, bad: object, message: str) -> None:
    value: Any = json.loads(encode_snapshot(example_snapshot()))
    container: Any = value
    *parts, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in parts:
        container = container[part]
    container[last] = bad
    with pytest.raises(InputError, match=re.escape(message)):
        decode_snapshot(value, "x.json")


def test_two_principals_of_one_name_in_two_cases_are_refused() -> None:
    value: Any = json.loads(encode_snapshot(example_snapshot()))
    value["principals"].append({**value["principals"][0], "name": "DEVELOPERS"})
    with pytest.raises(InputError, match=r'principals\[1\]: duplicate group "DEVELOPERS"'):
        decode_snapshot(value, "x.json")


def test_of_a_key_four_characters_are_written_whatever_was_kept() -> None:
    careless = Credentials((AccessKey("AKIAIOSFODNN7EXAMPLE", True, NOW, None),))
    text = encode_snapshot(replace(example_snapshot(), credentials={"ada": careless}))
    assert "AKIA" not in text
    assert "MPLE" in text


def test_a_snapshot_of_before_signing_certificates_were_read_is_read_and_does_not_know_them() -> None:
    value: Any = json.loads(encode_snapshot(example_snapshot()))
    for credentials in value["credentials"].values():
        del credentials["certificates"]
    found = decode_snapshot(value, "x.json").credentials
    assert found
    assert {each.certificates for each in found.values()} == {None}
