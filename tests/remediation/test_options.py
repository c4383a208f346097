"""Whether a write could be agreed to, which is settled before anything is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from koding_audit.model.errors import AuditError, InputError, RefusedError
from koding_audit.remediation.options import WriteOptions, check_writable
from koding_audit.scan.options import SourceOptions
from tests.terminal import AtTerminal
from tests.values import desired

LIVE = SourceOptions()
PINNED = SourceOptions(account="123456789012")


@pytest.mark.parametrize(
    ("writes", "source", "kind", "told"),
    [
        (WriteOptions(), SourceOptions(source="snapshot:x"), InputError, "a snapshot is read-only"),
        (WriteOptions(dry_run=True), SourceOptions(source="snapshot:x"), InputError, "a snapshot is read-only"),
        (WriteOptions(yes=True), LIVE, RefusedError, "needs a pinned account"),
        (WriteOptions(), LIVE, InputError, "cannot prompt: stdin or stderr is not a terminal"),
    ],
)
def test_a_write_that_nobody_can_agree_to_is_refused_before_anything_is_read(
    writes: WriteOptions, source: SourceOptions, kind: type[AuditError], told: str
) -> None:
    with pytest.raises(kind, match=told) as caught:
        check_writable(writes, source, desired())
    assert caught.value.hint


@pytest.mark.parametrize(
    "allowed",
    [
        lambda: check_writable(WriteOptions(dry_run=True), LIVE, desired()),
        lambda: check_writable(WriteOptions(), SourceOptions(source="demo"), desired()),
        lambda: check_writable(WriteOptions(yes=True), PINNED, desired()),
        lambda: check_writable(WriteOptions(yes=True), LIVE, replace(desired(), account_ids=("123456789012",))),
        lambda: check_writable(WriteOptions(yes=True), PINNED),
    ],
    ids=["dry run", "demo", "--account", "account in the file", "no file"],
)
def test_a_write_that_can_be_agreed_to_goes_on(allowed: Callable[[], None]) -> None:
    allowed()


def test_at_a_terminal_somebody_can_be_asked(at_terminal: AtTerminal) -> None:
    at_terminal()
    check_writable(WriteOptions(), LIVE, desired())
