"""What a query asks for, and which of it an account has."""

from __future__ import annotations

from dataclasses import replace

from koding_audit.aws import queries
from koding_audit.model.account import principal_key
from koding_audit.model.query import Fact, Query
from koding_audit.model.snapshot import Principal
from tests.values import aws, own

ADA, OPS = principal_key("user", "ada"), principal_key("group", "Ops")
USER = Principal("user", "ada", "arn:aws:iam::123456789012:user/ada", "AIDA1", "/", groups=frozenset({"Ops", "Gone"}))
GROUP = Principal("group", "Ops", "arn:aws:iam::123456789012:group/Ops", "AGPA1", "/")


def with_policies(principal: Principal, *arns: str, boundary: str = "") -> Principal:
    return replace(principal, attached=frozenset(arns), boundary=boundary)


def test_every_principal_that_a_query_names_is_requested_with_its_facts() -> None:
    facts = frozenset({Fact.ATTACHED})
    query = Query(users={"ada": facts}, groups={"Ops": facts}, roles={"app": facts})
    assert list(queries.requested_principals(query)) == [
        ("group", "Ops", facts),
        ("user", "ada", facts),
        ("role", "app", facts),
    ]


def test_a_policy_exists_if_it_is_attached_or_is_the_boundary() -> None:
    assert queries.has_policy(with_policies(USER, aws("ReadOnlyAccess")), aws("ReadOnlyAccess"))
    assert queries.has_policy(with_policies(USER, boundary=own("edge")), own("edge"))
    assert not queries.has_policy(USER, own("edge"))
    assert not queries.has_policy(None, own("edge"))


def test_a_quota_is_needed_only_where_something_is_missing() -> None:
    known = {"AccountAccessKeysPresent": 0, "AccountMFAEnabled": 1, "AccountSigningCertificatesPresent": 0}
    query = Query(policies={aws("ReadOnlyAccess"): frozenset({ADA})})
    attached = {ADA: with_policies(USER, aws("ReadOnlyAccess"))}
    assert queries.missing_summary_keys(known, query, attached, ()) == []
    assert queries.missing_summary_keys(known, query, {ADA: USER}, ()) == ["AttachedPoliciesPerUserQuota"]
    assert queries.missing_summary_keys({}, Query(), {}, [OPS]) == [
        *("AccountAccessKeysPresent", "AccountMFAEnabled", "AccountSigningCertificatesPresent"),
        *("Groups", "GroupsQuota"),
    ]


def test_the_policies_of_a_user_and_of_its_groups_decide() -> None:
    found = {ADA: USER, OPS: GROUP}
    assert queries.deciding_principals([ADA, principal_key("user", "gone")], found) == found
    assert queries.deciding_principals([OPS], found) == {OPS: GROUP}


def test_the_policies_of_a_set_are_needed_where_it_is_partly_attached() -> None:
    optional = frozenset({aws("AmazonEC2FullAccess"), aws("AmazonS3FullAccess")})
    query = Query(optional={OPS: (optional,)})
    assert queries.partial_set_policies(query, {OPS: with_policies(GROUP, aws("AmazonEC2FullAccess"))}) == optional
    assert queries.partial_set_policies(query, {OPS: with_policies(GROUP, *optional)}) == frozenset()
    assert queries.partial_set_policies(query, {OPS: with_policies(GROUP)}) == frozenset()
    assert queries.partial_set_policies(query, {}) == frozenset()


def test_attached_policies_and_boundaries_are_managed_policies() -> None:
    principals = [with_policies(USER, aws("ReadOnlyAccess"), boundary=own("edge")), GROUP]
    assert queries.managed_policy_arns(principals) == {aws("ReadOnlyAccess"), own("edge")}
