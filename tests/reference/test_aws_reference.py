"""The tables together."""

from __future__ import annotations

from tests.values import REFERENCE


def test_the_resource_matters_where_the_evaluator_asks_about_it() -> None:
    assert REFERENCE.depends_on_resource("sts:assumerole")
    assert REFERENCE.depends_on_resource("kms:decrypt")
    assert REFERENCE.depends_on_resource("iam:createpolicyversion")
    assert not REFERENCE.depends_on_resource("kms:listkeys")
    assert not REFERENCE.depends_on_resource("ec2:runinstances")
