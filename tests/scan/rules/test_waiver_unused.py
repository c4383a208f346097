"""waiver-unused: a waiver that fits nothing; which those are, tests/scan/test_waivers.py claims."""

from __future__ import annotations

from dataclasses import replace

from koding_audit.scan.rules import waiver_unused
from tests.values import compare, desired, snapshot, waiver

ACCEPTED, ENDED = waiver("user-missing"), waiver("group-missing", 71, days=-1)


def test_a_waiver_that_the_scanner_found_no_use_for_is_a_warning_at_its_line() -> None:
    comparison = replace(compare(desired(waivers=(ACCEPTED, ENDED)), snapshot()), unused_waivers=(ACCEPTED, ENDED))
    [found] = waiver_unused.check(comparison)
    assert (found.severity, found.key, found.location) == ("warning", "user-missing/*/*", ACCEPTED.location)
    assert found.message == "unused waiver: user-missing"


def test_before_the_scanner_knows_nothing_is_said() -> None:
    assert not list(waiver_unused.check(compare(desired(waivers=(ACCEPTED,)), snapshot())))
