"""Roles, versions and inline documents: by which calls they are read, the same in bulk, from files and again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from koding_audit.aws.connection import Connection
from koding_audit.aws.sources import live
from koding_audit.aws.sources.snapshot import restrict_snapshot
from koding_audit.io import json_text
from koding_audit.io.codec.snapshot import decode_snapshot, encode_snapshot
from koding_audit.model.account import principal_key
from koding_audit.model.query import Fact, Gap, Query
from tests.servers.moto_account import MotoAccount
from tests.values import aws, own

APP = principal_key("role", "app")
OF_ROLE = frozenset({Fact.ROLE, Fact.ATTACHED, Fact.INLINE})
QUERY = Query(
    roles={"app": OF_ROLE, "gone": OF_ROLE},
    versions={own("edge"): "", own("none"): "", aws("AmazonEC2FullAccess"): "v1", aws("IAMReadOnlyAccess"): "v9"},
    inline={APP: frozenset({"in", "not-there"}), principal_key("user", "nobody"): frozenset({"x"})},
)
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}],
}
DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


@pytest.fixture(scope="module")
def with_roles(standing_account: MotoAccount) -> MotoAccount:
    iam: Any = standing_account.iam
    iam.create_role(RoleName="app", Path="/web/", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.attach_role_policy(RoleName="app", PolicyArn=aws("AmazonEC2FullAccess"))
    for name in ("in", "other"):
        iam.put_role_policy(RoleName="app", PolicyName=name, PolicyDocument=json.dumps(DOCUMENT))
    iam.create_policy_version(PolicyArn=own("edge"), PolicyDocument=json.dumps(DOCUMENT), SetAsDefault=False)
    return standing_account


@pytest.fixture
def read(with_roles: MotoAccount, seeded: MotoAccount) -> MotoAccount:
    seeded.forget()
    return with_roles


def test_a_role_its_trust_and_what_is_asked_of_its_policies_are_read(read: MotoAccount, line: Connection) -> None:
    snapshot = live.collect_snapshot(QUERY, line)
    role = snapshot.principals[APP]
    assert (role.name, role.path, role.arn) == ("app", "/web/", "arn:aws:iam::123456789012:role/web/app")
    assert json.loads(role.trust) == TRUST
    assert (role.attached, role.inline) == ({aws("AmazonEC2FullAccess")}, {"in", "other"})
    assert snapshot.absent == {principal_key("role", "gone")}
    assert snapshot.gaps == ()
    edge = snapshot.policies[own("edge")]
    assert edge is not None
    assert (edge.default_version, edge.versions) == ("v1", ("v1", "v2"))
    assert edge.unique_id
    assert snapshot.policies[own("none")] is None
    assert set(snapshot.documents) == {"role/app/in", own("edge"), aws("AmazonEC2FullAccess"), aws("IAMReadOnlyAccess")}
    asked = [call.action for call in read.calls()]
    assert asked.count("GetRolePolicy") == 1
    assert asked.count("ListPolicyVersions") == 1


def test_a_pin_that_holds_costs_one_call(read: MotoAccount, line: Connection) -> None:
    default = live.collect_snapshot(QUERY, line).policies[aws("AmazonEC2FullAccess")]
    assert default is not None
    read.forget()
    snapshot = live.collect_snapshot(Query(versions={aws("AmazonEC2FullAccess"): default.default_version}), line)
    assert snapshot.documents == {}
    assert [call.action for call in read.calls()] == ["GetPolicy"]


def test_a_listing_of_the_account_gives_the_same_and_brings_inline_documents_along(
    read: MotoAccount, line: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    targeted = live.collect_snapshot(QUERY, line)
    monkeypatch.setattr(live, "TARGETED_CALLS", 0)
    read.forget()
    bulk = live.collect_snapshot(QUERY, line)
    for name in ("principals", "absent", "policies", "documents", "gaps"):
        assert getattr(bulk, name) == getattr(targeted, name), name
    asked = [call.action for call in read.calls()]
    assert not {"GetRole", "GetRolePolicy", "ListRolePolicies"} & set(asked)


def test_a_saved_account_answers_the_same_question(read: MotoAccount, line: Connection) -> None:
    everything = Query(account=frozenset(), listed=frozenset({"user", "group", "role"}), facts_of_all=frozenset(Fact))
    text = encode_snapshot(live.collect_snapshot(everything, line))
    saved = decode_snapshot(json_text.parse_json(text, "saved.json"), "saved.json")
    answer, asked = restrict_snapshot(saved, QUERY), live.collect_snapshot(QUERY, line)
    assert answer.principals == asked.principals
    assert set(answer.documents) >= {"role/app/in", own("edge"), aws("AmazonEC2FullAccess")}
    assert all(asked.documents[name] == text for name, text in answer.documents.items())
    saved_edge, edge = answer.policies[own("edge")], asked.policies[own("edge")]
    assert saved_edge is not None
    assert edge is not None
    # moto leaves out the id in authorization details; IAM does not.
    assert replace(saved_edge, unique_id=edge.unique_id) == edge
    assert answer.gaps == ()


def test_what_a_file_does_not_hold_of_roles_is_a_gap(read: MotoAccount, line: Connection) -> None:
    snapshot = live.collect_snapshot(Query(roles={"app": OF_ROLE}), line)
    asked = restrict_snapshot(snapshot, QUERY)
    told = {(gap.fact, gap.subject) for gap in asked.gaps}
    assert (Fact.ROLE, "role/gone") in told
    assert (Fact.VERSIONS, own("edge")) in told
    assert (Fact.INLINE_DOCUMENT, "role/app/in") in told


@pytest.mark.parametrize(
    ("action", "gaps"),
    [
        ("GetRole", {(Fact.ROLE, "role/app"), (Fact.ROLE, "role/gone")}),
        ("ListAttachedRolePolicies", {(Fact.ATTACHED, "role/app"), (Fact.ATTACHED, "role/gone")}),
        ("GetRolePolicy", {(Fact.INLINE_DOCUMENT, "role/app/in")}),
        ("ListPolicyVersions", {(Fact.VERSIONS, own("edge"))}),
    ],
)
def test_what_is_denied_is_a_gap_with_its_permission(
    action: str, gaps: set[tuple[Fact, str]], read: MotoAccount, line: Connection
) -> None:
    read.fail(action)
    found = [gap for gap in live.collect_snapshot(QUERY, line).gaps if gap.permission == f"iam:{action}"]
    assert {(gap.fact, gap.subject) for gap in found} == gaps


def test_a_document_that_decides_and_is_compared_is_one_read_and_two_gaps(read: MotoAccount, line: Connection) -> None:
    user = principal_key("user", "koding-user")
    query = Query(
        users={"koding-user": frozenset({Fact.USER, Fact.ATTACHED, Fact.INLINE, Fact.GROUPS})},
        effective=frozenset({user}),
        inline={user: frozenset({"own"})},
    )
    read.fail("GetUserPolicy")
    gaps: tuple[Gap, ...] = live.collect_snapshot(query, line).gaps
    assert [(gap.fact, gap.subject) for gap in gaps] == [
        (Fact.INLINE_DOCUMENT, "user/koding-user/own"),
        (Fact.DOCUMENT, "user/koding-user/own"),
    ]
    assert [call.action for call in read.calls()].count("GetUserPolicy") == 1


def test_the_inline_policies_beside_the_declared_ones_are_read_where_their_sizes_count(
    read: MotoAccount, line: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = replace(QUERY, inline_sizes=frozenset({APP, principal_key("role", "gone")}))
    targeted = live.collect_snapshot(query, line)
    assert {"role/app/in", "role/app/other"} <= targeted.documents.keys()
    assert targeted.gaps == ()
    assert [call.action for call in read.calls()].count("GetRolePolicy") == 2
    monkeypatch.setattr(live, "TARGETED_CALLS", 0)
    assert live.collect_snapshot(query, line).documents == targeted.documents
    assert restrict_snapshot(targeted, query).documents.keys() >= {"role/app/in", "role/app/other"}


def test_an_inline_policy_whose_size_is_not_known_is_a_gap_live_and_from_a_file(
    read: MotoAccount, line: Connection
) -> None:
    query = replace(QUERY, inline_sizes=frozenset({APP}))
    without = restrict_snapshot(live.collect_snapshot(QUERY, line), query)
    assert [(gap.fact, gap.subject, gap.reason) for gap in without.gaps] == [
        (Fact.INLINE_SIZE, "role/app/other", "not in the file")
    ]
    read.fail("GetRolePolicy")
    assert {(gap.fact, gap.subject) for gap in live.collect_snapshot(query, line).gaps} == {
        (Fact.INLINE_DOCUMENT, "role/app/in"),
        (Fact.INLINE_SIZE, "role/app/other"),
    }
