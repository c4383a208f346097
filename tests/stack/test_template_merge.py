"""Several templates of a folder are one script."""

from __future__ import annotations

from koding_audit.stack.template import StackTemplate, TemplateParameter
from koding_audit.stack.template_merge import merge_stack_templates
from tests.values import line


def test_several_templates_say_what_each_says() -> None:
    parameter = TemplateParameter("P", "String", "", line(1))
    found = merge_stack_templates(
        [
            StackTemplate(line(1), stack_names=("a",), parameters=(parameter,), transforms=("X",), size=3),
            StackTemplate(line(2), stack_names=("b", "a"), transforms=("X", "Y"), size=9),
        ]
    )
    assert found is not None
    assert (found.stack_names, found.parameters, found.transforms, found.size) == (
        ("a", "b"),
        (parameter,),
        ("X", "Y"),
        9,
    )


def test_one_template_is_itself_and_none_is_none() -> None:
    one = StackTemplate(line(1))
    assert merge_stack_templates([one]) is one
    assert merge_stack_templates([]) is None
