"""What a scan is asked for, as values."""

from __future__ import annotations

import pytest

from koding_audit.scan.options import ScanOptions, SourceOptions


@pytest.mark.parametrize(
    ("source", "kind"),
    [("live", "live"), ("demo", "demo"), ("snapshot:a:b.json", "snapshot"), ("snapshot:", "snapshot")],
)
def test_the_kind_of_a_source_is_its_name_without_the_argument(source: str, kind: str) -> None:
    assert SourceOptions(source=source).kind == kind


def test_without_anything_said_the_live_account_is_read_with_the_default_file_and_all_rules() -> None:
    said = ScanOptions()
    assert (said.source.kind, said.desired.files, said.rules.only, said.rules.skip) == ("live", (), (), ())
    assert (said.stacks, said.principal, said.baseline) == ((), "", None)
