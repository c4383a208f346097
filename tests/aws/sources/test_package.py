"""What every collector shares: what an account summary has to hold, and whose policies decide."""

from __future__ import annotations

from koding_audit.aws.sources import deciding_principals, has_policy, missing_summary_keys
from koding_audit.model.account import principal_key
from koding_audit.model.query import Query
from koding_audit.model.snapshot import Principal
from tests.values import aws, live_group, live_user, own

GROUP, USER = principal_key("group", "Developers"), principal_key("user", "koding-user")
ROOT_KEYS = ["AccountAccessKeysPresent", "AccountMFAEnabled"]


def found(*principals: Principal) -> dict[tuple[str, str], Principal]:
    return {principal_key(each.kind, each.name): each for each in principals}


def test_a_policy_is_known_to_exist_where_it_is_attached_or_a_boundary() -> None:
    assert has_policy(live_group(attached=[aws("A")]), aws("A"))
    assert has_policy(live_user(boundary=own("edge")), own("edge"))
    assert not has_policy(live_group(attached=None), aws("A"))
    assert not has_policy(None, aws("A"))


def test_quotas_are_needed_only_where_something_is_missing() -> None:
    asked = Query(policies={aws("A"): frozenset({GROUP})})
    assert missing_summary_keys({}, asked, found(live_group(attached=[aws("A")])), ()) == ROOT_KEYS
    assert missing_summary_keys({}, asked, found(live_group()), ()) == [*ROOT_KEYS, "AttachedPoliciesPerGroupQuota"]
    assert missing_summary_keys({}, Query(), {}, [USER]) == [*ROOT_KEYS, "Users", "UsersQuota"]


def test_what_the_summary_holds_is_not_missing() -> None:
    assert missing_summary_keys(dict.fromkeys(ROOT_KEYS, 0), Query(), {}, ()) == []


def test_the_groups_of_a_user_decide_with_the_user() -> None:
    there = found(live_user(groups=["developers"]), live_group(), live_group("Operators"))
    assert set(deciding_principals([USER], there)) == {USER, GROUP}
    assert deciding_principals([principal_key("user", "nobody")], there) == {}
