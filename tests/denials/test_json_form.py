"""JSON has the fields of a denial, and nothing that may be a secret."""

from __future__ import annotations

from koding_audit.denials.json_form import case_value, denial_value, plain_name, reading_value
from koding_audit.denials.values import Denial, LookAlike, Reading
from tests.denials.texts import ENCODED, USER

OTHER = LookAlike("quota", "too many requests", "wait")


def test_each_denial_has_the_same_first_fields_and_others_only_where_they_are_known() -> None:
    plain = denial_value(Denial())
    assert list(plain) == ["principal", "action", "inferred", "resource", "effect", "layer", "policy"]
    more = denial_value(Denial(principal=USER, likely=("a:B",), encoded=ENCODED, repeats=3, service="ec2", doubt="x"))
    assert more["encoded"] == {"length": 300, "head": ENCODED[:12], "tail": ENCODED[-12:]}
    assert (more["likely"], more["repeats"], more["service"], more["may_not_be_denial"]) == (["a:B"], 3, "ec2", "x")


def test_a_look_alike_counts_only_without_denials() -> None:
    assert case_value("1", Reading((), (OTHER,)))["not_denial_kind"] == "quota"
    assert case_value("1", Reading((Denial(),), (OTHER,)))["not_denial"] is None
    assert reading_value(Reading((), (OTHER,)))["not_denials"] == [
        {"kind": "quota", "text": "too many requests", "advice": "wait"}
    ]


def test_what_may_be_a_secret_is_masked_in_a_name() -> None:
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    assert plain_name(f"role {secret}") == "role ****"
    assert plain_name("user AKIAIOSFODNN7EXAMPLE") == "user ****MPLE"
    assert plain_name("arn:aws:iam::***:role/some-long-role-name") == "arn:aws:iam::***:role/some-long-role-name"
    assert plain_name(None) is None
