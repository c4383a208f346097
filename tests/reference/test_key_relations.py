"""Which keys every request has, and which depend on each other."""

from __future__ import annotations

from koding_audit.reference.key_relations import load_key_relations

ANYONE = load_key_relations(has_principals=True)
ACCOUNT = load_key_relations(has_principals=False)


def test_nine_keys_are_in_every_request() -> None:
    assert ANYONE.always_present == {
        *("aws:currenttime", "aws:epochtime", "aws:principalaccount", "aws:principaltype", "aws:requestedregion"),
        *("aws:securetransport", "aws:useragent", "aws:userid", "aws:viaawsservice"),
    }


def test_two_more_are_in_every_request_of_an_account_because_it_is_signed() -> None:
    assert ACCOUNT.always_present - ANYONE.always_present == {"aws:principalarn", "aws:principalisawsservice"}


def test_a_key_can_be_of_two_families() -> None:
    assert ANYONE.families["aws:principalisawsservice"] == {"the principal", "the source"}


def test_a_value_decides_only_values_of_keys_of_its_own_family() -> None:
    for key, others in ANYONE.determined.items():
        assert all(ANYONE.families[key] & ANYONE.families[each] for each in others), key
    assert ANYONE.determined["aws:sourceip"] == frozenset()
    assert "aws:sourcevpc" in ANYONE.determined["aws:sourcevpcarn"]


def test_the_example_values_are_those_of_one_user() -> None:
    values = ANYONE.example_values
    assert values["aws:principalaccount"] in values["aws:principalarn"]
    assert values["aws:principalarn"].endswith(f":user/{values['aws:username']}")
