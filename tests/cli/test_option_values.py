"""Groups of options as values: what was typed is in them, and nothing of argparse is."""

from __future__ import annotations

import argparse

import pytest

from koding_audit.cli.commands import scan
from koding_audit.cli.option_values import live_source, named_source, report_options, selected_scan, write_options
from koding_audit.model.errors import InputError


def typed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    scan.add_arguments(parser)
    return parser.parse_args(arguments)


def test_the_source_is_how_the_account_is_reached() -> None:
    said = typed("--profile", "p", "--region", "eu-west-1", "--account", "123456789012", "--source", "snapshot:x")
    assert (live_source(said).source, named_source(said).source) == ("live", "snapshot:x")
    assert named_source(said).account == "123456789012"
    assert (named_source(said).settings.profile, named_source(said).settings.region) == ("p", "eu-west-1")
    assert live_source(typed()).account == ""


def test_what_is_repeatable_is_a_tuple_in_the_order_in_which_it_was_typed() -> None:
    said = selected_scan(
        typed("b.yaml", "a.yaml", "--with", "x", "--only", "r", "--skip", "s", "--scp", "1", "--scp", "2")
    )
    assert said.desired.files == ("b.yaml", "a.yaml")
    assert said.desired.with_sets == ("x",)
    assert (said.rules.only, said.rules.skip) == (("r",), ("s",))
    assert (said.source.scps, said.source.rcps) == (("1", "2"), ())


def test_a_call_goes_through_one_vpc_endpoint_or_through_none() -> None:
    assert (selected_scan(typed()).source.vpce, selected_scan(typed("--vpce", "v")).source.vpce) == ("", "v")
    with pytest.raises(InputError, match="--vpce is given twice"):
        selected_scan(typed("--vpce", "v", "--vpce", "w"))


def test_the_report_and_the_writes_are_what_was_typed() -> None:
    assert report_options(typed("--output", "json", "--fail-on", "error", "--exit-zero")).fail_on == "error"
    writes = write_options(typed("--yes", "--dry-run", "--max-changes", "3", "--journal", "j"))
    assert (writes.yes, writes.dry_run, writes.max_changes, writes.journal) == (True, True, 3, "j")
    assert not writes.allow_admin
