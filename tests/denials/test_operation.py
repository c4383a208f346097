"""The action of an operation is given only if no other can be meant."""

from __future__ import annotations

from koding_audit.denials.knowledge import DenialTables
from koding_audit.denials.operation import is_about_object, with_operation
from koding_audit.denials.values import Denial


def test_a_certain_operation_gives_its_action(tables: DenialTables) -> None:
    found = with_operation(Denial(), tables, "s3", "ListBuckets", certain=True)
    assert (found.action, found.inferred, found.operation) == ("s3:ListAllMyBuckets", True, "s3:ListBuckets")


def test_an_uncertain_operation_gives_what_may_be_meant(tables: DenialTables) -> None:
    found = with_operation(Denial(), tables, "autoscaling", "UpdateAutoScalingGroup", certain=False)
    assert (found.action, found.likely) == (None, ("autoscaling:UpdateAutoScalingGroup",))
    assert with_operation(Denial(encoded="x"), tables, "ec2", "RunInstances", certain=True).action is None
    assert with_operation(Denial(encoded="x"), tables, "ec2", "DescribeInstances", certain=True).action
    assert with_operation(Denial(), tables, "s3", "CopyObject", certain=True).likely == ("s3:PutObject", "s3:GetObject")


def test_an_operation_without_an_action_of_its_name_gives_none(tables: DenialTables) -> None:
    found = with_operation(Denial(), tables, "codewhisperer", "GenerateCompletions", certain=True)
    assert (found.action, found.likely, found.operation) == (None, (), "codewhisperer:GenerateCompletions")
    assert with_operation(Denial(), tables, "", "X", certain=True) == Denial()
    assert with_operation(Denial(action="a:B"), tables, "s3", "ListBuckets", certain=True).action == "a:B"


def test_operations_on_objects_are_known(tables: DenialTables) -> None:
    assert is_about_object(tables, "s3", "HeadObject")
    assert not is_about_object(tables, "s3", "ListObjectsV2")
    assert not is_about_object(tables, "iam", "GetRole")
