"""The names of a module: what they stand for, and what stays open."""

from __future__ import annotations

import pytest

from koding_audit.io.yaml_nodes import ScalarNode
from koding_audit.stack.terraform_scope import Instance, ModuleScope
from tests.values import line

SCOPE = ModuleScope(
    "module.net.",
    {"name": "acme", "sizes": [1, 2]},
    {"both": ScalarNode("${var.name}-${local.end}", False, line(1)), "end": ScalarNode("x", False, line(1))},
)
ONE = Instance('"a"', {("each", "key"): "a", ("each", "value"): {"n": "v"}})


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("${var.name}", "acme"),
        ("${local.both}", "acme-x"),
        ("${each.key}-${each.value.n}", "a-v"),
        ("${var.name}-${var.other}", "acme-${var.other}"),
        ("${aws_eip.a.id}", "${module.net.aws_eip.a.id}"),
        ("${aws_eip.a[each.key].id}", "${module.net.aws_eip.a[each.key].id}"),
        ("x-${lower(aws_eip.a.id)}", "x-${lower(module.net.aws_eip.a.id)}"),
        ("plain", "plain"),
    ],
)
def test_a_text_has_the_values_of_its_module_and_the_addresses_of_the_root(text: str, written: str) -> None:
    node = SCOPE.evaluate(ScalarNode(text, False, line(1)), ONE)
    assert isinstance(node, ScalarNode)
    assert node.value == written


def test_a_local_that_refers_to_itself_is_open() -> None:
    looped = ModuleScope("", {}, {"a": ScalarNode("${local.a}", False, line(1))})
    node = looped.evaluate(ScalarNode("${local.a}", False, line(1)))
    assert isinstance(node, ScalarNode)
    assert node.value == "${local.a}"
