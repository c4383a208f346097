"""Needs are collected once, with everything that needs them."""

from __future__ import annotations

from koding_audit.model.stack import StackUse
from koding_audit.stack.need_uses import NeedUses
from tests.values import line


def test_equal_needs_are_one_with_all_uses_and_others_are_apart() -> None:
    uses = NeedUses()
    first, second = StackUse("aws_eip.a", line(1), "create"), StackUse("aws_eip.b", line(2), "create")
    uses.add("ec2:AllocateAddress", "*", "", [first])
    uses.add("ec2:AllocateAddress", "*", "", [second])
    uses.add("ec2:AllocateAddress", "*", "", [second], role="arn:aws:iam::123456789012:role/build")
    assert [(each.uses, each.role != "") for each in uses.needs()] == [((first, second), False), ((second,), True)]
