"""A person reads what was denied, to which principal, and by which layer."""

from __future__ import annotations

from koding_audit.denials.description import describe_reading
from koding_audit.denials.values import Denial, LookAlike, Reading
from tests.denials.texts import ENCODED, ROLE, USER


def test_a_denial_is_described_with_its_cause() -> None:
    found = Denial(USER, "iam:PassRole", resource=ROLE, effect="explicit-deny", layer="scp", policy="arn:x", repeats=2)
    assert list(describe_reading(Reading((found,)))) == [
        "Denied: iam:PassRole",
        f"  principal  {USER}",
        f"  resource   {ROLE}",
        "  cause      an explicit deny in a service control policy (SCP)",
        "  policy     arn:x",
        "  repeats    2 times in the text",
    ]


def test_what_the_text_does_not_report_is_named_so() -> None:
    lines = list(
        describe_reading(Reading((Denial(likely=("a:B",), encoded=ENCODED, doubt="x", authorization_id="i"),)))
    )
    assert lines[0] == "Denied: an action that the text does not name"
    assert "  perhaps    a:B" in lines
    assert "  cause      not in the text" in lines
    assert "  doubt      x" in lines
    assert not any(ENCODED in line for line in lines)


def test_effects_without_a_layer_and_several_denials_are_described() -> None:
    lines = list(
        describe_reading(
            Reading((Denial(effect="implicit-deny"), Denial(action="a:B", inferred=True, effect="explicit-deny")))
        )
    )
    assert "  cause      no policy allows it; the text does not name its type" in lines
    assert "" in lines
    assert "Denied: a:B (inferred from the wording)" in lines


def test_another_error_is_described_with_what_to_do() -> None:
    lines = list(describe_reading(Reading((), (LookAlike("quota", "too many requests", "wait"),))))
    assert lines == ["No denial found.", "Not a denial by a policy: too many requests", "  do         wait"]
