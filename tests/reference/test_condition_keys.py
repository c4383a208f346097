"""The global condition keys by caller."""

from __future__ import annotations

import pytest

from koding_audit.reference import condition_keys
from koding_audit.reference.condition_keys import ConditionKeyTable, load_condition_keys
from koding_audit.reference.tables import read_rows

KEYS = load_condition_keys()


@pytest.mark.parametrize(
    "key",
    [
        "aws:viaawsmcpservice",
        "aws:calledviaawsmcp",
        "aws:originidentity/subject",
        "aws:transactioncontext/identityprovider/okta",
        "aws:principaltag/any",
    ],
)
def test_a_key_of_the_table_or_of_a_family_is_known(key: str) -> None:
    assert not KEYS.is_unknown(key)


@pytest.mark.parametrize("key", ["aws:quantumstate", "aws:quantumtag/x"])
def test_a_global_key_that_the_table_does_not_have_is_unknown(key: str) -> None:
    assert KEYS.is_unknown(key)


def test_a_services_own_key_is_not_a_global_one() -> None:
    assert not KEYS.is_unknown("s3:brandnew")


@pytest.mark.parametrize(
    "key", ["aws:multifactorauthpresent", "aws:tokenissuetime", "aws:calledvia", "aws:calledviaawsmcp", "aws:sourcearn"]
)
def test_a_direct_call_with_an_access_key_never_has(key: str) -> None:
    assert key in KEYS.calls["user"].absent


@pytest.mark.parametrize("key", ["aws:originidentity/*", "aws:transactioncontext/*"])
def test_only_some_sessions_have_the_keys_of_a_federated_identity(key: str) -> None:
    assert key in KEYS.calls["user"].absent
    assert key not in KEYS.calls["session"].absent


def test_the_keys_of_an_organization_are_absent_outside_one() -> None:
    assert KEYS.organization_keys == {"aws:principalorgid", "aws:principalorgpaths"}
    assert not KEYS.organization_keys & KEYS.calls["user"].absent


def test_a_direct_call_is_not_by_way_of_a_service() -> None:
    user, session = KEYS.calls["user"].values, KEYS.calls["session"].values
    assert user["aws:viaawsservice"] == session["aws:viaawsservice"] == ("false",)
    assert user["aws:principalisawsservice"] == session["aws:principalisawsservice"] == ("false",)
    assert KEYS.calls["service"].values["aws:principalisawsservice"] == ("true",)
    assert (user["aws:principaltype"], session["aws:principaltype"]) == (("User",), ("AssumedRole",))


def test_a_direct_call_has_the_mcp_key_as_false_or_not_at_all() -> None:
    assert KEYS.calls["user"].possible["aws:viaawsmcpservice"] == "false"
    assert "aws:viaawsmcpservice" not in KEYS.calls["user"].values


def test_an_inferred_row_makes_its_key_known_and_says_nothing_of_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {
        "key": "aws:Guess",
        **dict.fromkeys(("user", "session", "federated", "service", "anonymous", "root"), "never"),
    }
    rows = (*read_rows("condition_keys"), {**row, "inferred": True})
    monkeypatch.setattr(condition_keys, "read_rows", lambda _name: rows)
    table: ConditionKeyTable = load_condition_keys()
    assert not table.is_unknown("aws:guess")
    assert all("aws:guess" not in call.absent for call in table.calls.values())


def test_the_keys_about_the_caller_are_known_by_what_they_hold() -> None:
    assert (KEYS.principal.arn, KEYS.principal.tag_prefix) == ("aws:PrincipalArn", "aws:PrincipalTag/")
    assert set(KEYS.principal.prefixes_of_one_user) == {
        *("aws:principalarn", "aws:userid", "aws:username", "aws:principaltag/"),
    }
