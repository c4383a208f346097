"""The condition keys with at most one value."""

from __future__ import annotations

from koding_audit.reference.single_valued_keys import load_single_valued_keys


def test_a_key_is_single_valued_only_if_the_reference_lists_it_with_a_type_that_is_no_array() -> None:
    keys = load_single_valued_keys()
    assert {"ec2:createaction", "codestar-connections:passedtoservice", "iam:passedtoservice"} <= keys
    assert not {"events:detail-type", "events:source", "aws:tagkeys", "quantumleap:speed"} & keys
