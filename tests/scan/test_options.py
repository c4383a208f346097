"""The options of a scan, as values."""

from __future__ import annotations

import pytest

from koding_audit.scan.options import ScanOptions, SourceOptions


@pytest.mark.parametrize(
    ("source", "reaches_aws", "is_embedded", "is_writable"),
    [
        ("live", True, False, True),
        ("demo", False, True, True),
        ("snapshot:a:b.json", False, False, False),
        ("snapshot:", False, False, False),
    ],
)
def test_the_traits_of_a_source_are_those_of_its_name_without_the_argument(
    source: str, reaches_aws: bool, is_embedded: bool, is_writable: bool
) -> None:
    traits = SourceOptions(source=source).traits
    assert (traits.reaches_aws, traits.is_embedded, traits.is_writable) == (reaches_aws, is_embedded, is_writable)


def test_without_anything_said_the_live_account_is_read_with_the_default_file_and_all_rules() -> None:
    said = ScanOptions()
    assert (said.source.source, said.desired.files, said.rules.only, said.rules.skip) == ("live", (), (), ())
    assert (said.stacks, said.principal, said.baseline) == ((), "", None)
