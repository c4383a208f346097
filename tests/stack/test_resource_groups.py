"""The needs of a stack by the resource that needs them."""

from __future__ import annotations

from koding_audit.model.location import Location
from koding_audit.model.stack import StackNeed, StackUse
from koding_audit.stack.resource_groups import group_by_resource

PLACE = Location("web.tf", 1, 1)


def need(action: str, *uses: tuple[str, Location, str]) -> StackNeed:
    return StackNeed(action, "*", "", tuple(StackUse(*each) for each in uses))


def test_a_need_is_in_the_group_of_each_resource_that_has_it_once() -> None:
    found = group_by_resource(
        [
            need("ec2:RunInstances", ("aws_instance.a", PLACE, "create")),
            need("ec2:DescribeVpcs", ("aws_instance.b", PLACE, "read"), ("aws_instance.a", PLACE, "read")),
            need("ec2:CreateTags", ("aws_instance.a", PLACE, "create"), ("aws_instance.a", PLACE, "argument tags")),
        ]
    )
    assert [(each.resource, each.needs) for each in found] == [("aws_instance.a", (0, 1, 2)), ("aws_instance.b", (1,))]


def test_two_resources_of_one_name_in_two_places_are_two_groups() -> None:
    other = Location("module/web.tf", 4, 1)
    found = group_by_resource(
        [need("ec2:RunInstances", ("aws_eip.a", PLACE, "create"), ("aws_eip.a", other, "create"))]
    )
    assert [each.location for each in found] == [PLACE, other]


def test_nothing_has_no_groups() -> None:
    assert group_by_resource([]) == ()
