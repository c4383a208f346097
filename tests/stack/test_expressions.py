"""Terraform's expressions: what literals, variables and locals decide, and what stays open."""

from __future__ import annotations

import pytest

from koding_audit.stack.expressions import OPEN, OpenValue, evaluate_expression, evaluate_template, split_template

KNOWN = {
    ("var", "create"): False,
    ("var", "stage"): "test",
    ("local", "names"): ["a", "b"],
    ("local", "sizes"): {"small": {"count": 2}},
}


def look_up(names: tuple[str, ...]) -> object:
    return KNOWN.get(names, OpenValue(".".join(names)) if names[0].startswith("aws_") else OPEN)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("var.create ? 1 : 0", 0),
        ('var.stage == "prod" ? 3 : 1', 1),
        ("!var.create && true", True),
        ("false && var.unknown", False),
        ("true || var.unknown", True),
        ("var.unknown && true", OPEN),
        ('toset(["x", "y", "x"])', ["x", "y"]),
        ("length(local.names) + 1", 3),
        ("local.sizes.small.count * 2", 4),
        ('local.sizes["small"].count', 2),
        ('{ a = 1, "b" = "c" }', {"a": 1, "b": "c"}),
        ('merge({ a = 1 }, { b = "${var.stage}-x" })', {"a": 1, "b": "test-x"}),
        ("-(1 + 2)", -3),
        ("aws_s3_bucket.logs[0].id", OpenValue("aws_s3_bucket.logs[0].id")),
        ("null", None),
        ("[for each in local.names : each]", OPEN),
        ("no_such_function(1)", OPEN),
        ("local.names[7]", OPEN),
        ("1 +", OPEN),
        ("(" * 90 + "1" + ")" * 90, OPEN),
        ('"a" + 1', OPEN),
        ("merge(1)", OPEN),
    ],
)
def test_an_expression_has_the_value_that_the_script_decides(text: str, value: object) -> None:
    assert evaluate_expression(text, look_up) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${var.stage}", "test"),
        ("${~ var.stage ~}", "test"),
        ("web-${var.stage}-${var.create}", "web-test-false"),
        ("web-${var.unknown}", OPEN),
        ("open: $${x}", "open: ${x}"),
        ('${"}${var.stage}"}', "}test"),
    ],
)
def test_a_text_has_the_values_of_its_interpolations(text: str, value: object) -> None:
    assert evaluate_template(text, look_up) == value


def test_braces_in_texts_of_an_interpolation_do_not_end_it() -> None:
    assert split_template('a${join("}", ["{"])}b') == [("a", False), ('join("}", ["{"])', True), ("b", False)]


@pytest.mark.parametrize("text", ['"a" * 3', '"a" + "b"', '"%s" % 1', "[1] * 3", '"a" < "b"', "true + 1"])
def test_there_is_no_arithmetic_but_for_numbers(text: str) -> None:
    assert evaluate_expression(text, look_up) == OPEN
