"""The PRINCIPAL of a question: a name, an ARN as AWS prints it, or `me`."""

from __future__ import annotations

import pytest

from koding_audit.model.account import Account, Caller
from koding_audit.model.errors import InputError
from koding_audit.scan.principal_argument import PrincipalName, resolve_principal

ACCOUNT = Account("123456789012", "aws")
SESSION = "arn:aws:sts::123456789012:assumed-role/app/i-0123"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user/ada", PrincipalName("user", "ada")),
        ("group/team/Ops", PrincipalName("group", "Ops")),
        ("arn:aws:iam::123456789012:role/web/app", PrincipalName("role", "app")),
        (SESSION, PrincipalName("role", "app", "i-0123")),
    ],
)
def test_a_name_and_each_arn_that_aws_prints_names_a_principal(text: str, expected: PrincipalName) -> None:
    assert resolve_principal(text, ACCOUNT, None) == expected


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:aws:iam::123456789012:user/team/ada", PrincipalName("user", "ada")),
        (SESSION, PrincipalName("role", "app", "i-0123")),
    ],
)
def test_me_is_the_caller(arn: str, expected: PrincipalName) -> None:
    assert resolve_principal("me", ACCOUNT, Caller(arn, root=False)) == expected


def test_a_caller_that_is_not_a_user_or_role_is_named_as_the_caller() -> None:
    with pytest.raises(InputError, match="the caller arn:aws:sts::123456789012:user/moto is not a user"):
        resolve_principal("me", ACCOUNT, Caller("arn:aws:sts::123456789012:user/moto", root=False))


@pytest.mark.parametrize("text", ["me", "root", "arn:aws:iam::123456789012:root"])
def test_the_root_user_is_named_as_such_and_not_decided(text: str) -> None:
    with pytest.raises(InputError, match="is the root user") as found:
        resolve_principal(text, ACCOUNT, Caller("arn:aws:iam::123456789012:root", root=True))
    assert "no identity policy limits root" in found.value.hint


def test_me_is_refused_where_the_source_does_not_know_its_caller() -> None:
    with pytest.raises(InputError, match="the source does not contain its caller"):
        resolve_principal("me", ACCOUNT, None)


def test_a_federated_users_arn_does_not_say_whose_permissions_it_has() -> None:
    with pytest.raises(InputError, match="does not say which IAM user has its permissions") as found:
        resolve_principal("arn:aws:sts::123456789012:federated-user/ada", ACCOUNT, None)
    assert "the user that called GetFederationToken" in found.value.hint


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("arn:aws-cn:iam::123456789012:user/ada", "partition aws"),
        ("arn:aws:iam::210987654321:user/ada", "account 123456789012"),
        ("arn:aws:iam:user/ada", "account 123456789012"),
    ],
)
def test_an_arn_of_another_account_or_partition_is_refused(text: str, place: str) -> None:
    with pytest.raises(InputError, match=f"is not of {place}"):
        resolve_principal(text, ACCOUNT, None)


@pytest.mark.parametrize(
    "text",
    [
        *("ada", "user/", "assumed-role/app/i-0123", "arn:aws:iam::123456789012:policy/ada"),
        *("arn:aws:sts::123456789012:user/ada", "arn:aws:sts::123456789012:assumed-role/app"),
        *("arn:aws:sts::123456789012:assumed-role/web/app/i-0123", "arn:aws:s3::123456789012:user/ada"),
    ],
)
def test_what_is_not_a_user_group_or_role_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a user, group or role"):
        resolve_principal(text, ACCOUNT, None)
