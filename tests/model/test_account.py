"""ARNs and keys of principals."""

from __future__ import annotations

from koding_audit.model.account import Account, principal_key

CHINA = Account("123456789012", "aws-cn")


def test_an_account_knows_the_arns_of_what_is_in_it() -> None:
    assert CHINA.root_arn == "arn:aws-cn:iam::123456789012:root"
    assert CHINA.arn("group", "Developers") == "arn:aws-cn:iam::123456789012:group/Developers"
    assert CHINA.arn("role", "app", "/web/") == "arn:aws-cn:iam::123456789012:role/web/app"
    assert CHINA.policy_arn("edge", "/team/") == "arn:aws-cn:iam::123456789012:policy/team/edge"


def test_a_principal_is_found_in_any_case_and_by_its_kind() -> None:
    assert principal_key("user", "Ada") == principal_key("user", "ADA")
    assert principal_key("user", "ada") != principal_key("group", "ada")
