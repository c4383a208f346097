"""The quotas of IAM, and the keys that an account's summary has for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.session import Session

from koding_audit.aws.queries import missing_summary_keys
from koding_audit.model.account import PRINCIPAL_KINDS
from koding_audit.model.query import Query
from koding_audit.model.verb import VERBS
from koding_audit.reference.quotas import load_quotas

QUOTAS = load_quotas()


@pytest.fixture(scope="module")
def known() -> frozenset[str]:
    """Every key of a summary that botocore knows."""
    return frozenset(Session().get_service_model("iam").shape_for("summaryKeyType").enum)


def formed_keys() -> Iterator[str]:
    """Every summary key that a row, a verb or a query for missing keys has."""
    for each in QUOTAS.values():
        yield from (each.summary_key, *filter(None, [each.count_key]))
    yield from (verb.quota for verb in VERBS.values() if verb.quota)
    principals = [(kind, "x") for kind in PRINCIPAL_KINDS]
    query = Query(policies={"arn:aws:iam::aws:policy/P": frozenset(principals)})
    yield from missing_summary_keys({}, query, {}, principals)


def test_every_summary_key_that_the_code_forms_is_one_of_aws(known: frozenset[str]) -> None:
    formed = set(formed_keys())
    assert {"UsersQuota", "Users", "AttachedPoliciesPerRoleQuota", "AccountMFAEnabled"} <= formed
    assert formed - known == set()


def test_the_quota_that_a_verb_names_is_in_the_table() -> None:
    keys = {each.summary_key for each in QUOTAS.values()}
    assert {verb.quota for verb in VERBS.values() if verb.quota} <= keys


@pytest.mark.parametrize("kind", PRINCIPAL_KINDS)
def test_each_kind_of_principal_has_its_quotas(kind: str) -> None:
    assert QUOTAS["inline documents", kind].value > 0
    assert QUOTAS["attached policies", kind].value == 0  # the account's own
    assert QUOTAS[f"{kind}s", "account"].count_key


def test_a_quota_has_a_value_only_if_it_is_the_same_in_each_account() -> None:
    fixed = {key for key, each in QUOTAS.items() if each.value}
    assert fixed == {
        ("document", "policy"),
        ("versions", "policy"),
        *(("inline documents", kind) for kind in PRINCIPAL_KINDS),
    }
