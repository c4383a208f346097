"""stack-type-unknown: a resource type that no table knows."""

from __future__ import annotations

from typing import Any

from koding_audit.model.stack import StackUnknown
from koding_audit.scan.rules import stack_type_unknown
from tests.scan.rules.stacks import live, wanted
from tests.values import compare, line


def test_unknown_types_are_one_finding_each() -> None:
    places: list[Any] = [StackUnknown("aws_new", f"aws_new.{name}", "nobody knows", line(9)) for name in "ab"]
    module = StackUnknown("", "module.net", "the contents of a module are not read", line(3))
    state = wanted(unknown=(*places, module))
    messages = [each.message for each in stack_type_unknown.check(compare(state, live()))]
    assert messages == [
        "it is not known what aws_new.a of web.yml needs: nobody knows (and 1 more of this type)",
        "it is not known what module.net of web.yml needs: the contents of a module are not read",
    ]
