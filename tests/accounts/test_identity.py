"""What a kept result depends on: every option is in its fingerprint, or says why it is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from koding_audit.accounts import identity
from koding_audit.accounts.options import AccountsOptions
from koding_audit.desired.targets import TargetAccount
from koding_audit.io.terminal import Terminal
from koding_audit.model.desired import Desired
from koding_audit.scan.options import ScanOptions
from koding_audit.scan.run import Run

DESIRED = Desired((), {}, {}, {})


def leaves(options: Any, path: str) -> Iterator[str]:
    for each in fields(options):
        value = getattr(options, each.name)
        yield from leaves(value, f"{path}{each.name}.") if is_dataclass(value) else (f"{path}{each.name}",)


OPTIONS = (*leaves(ScanOptions(), ""), *leaves(AccountsOptions(), "accounts."))


def changed(options: Any, path: str) -> Any:
    """The options with another value of one of them, by the kind of its default."""
    name, _, rest = path.partition(".")
    value = getattr(options, name)
    if rest:
        return replace(options, **{name: changed(value, rest)})
    other: Any = (1, 2) if name == "shard" else 7 if name in ("parallel", "workers") else "other"
    other = not value if isinstance(value, bool) else 7.5 if isinstance(value, float) else other
    return replace(options, **{name: ("other",) if value == () else other})


def hashes(path: str = "") -> tuple[str, str]:
    """The fingerprint of a run, and the inputs of its shards, with another value of one option."""
    scan, accounts = ScanOptions(), AccountsOptions()
    if path.startswith("accounts."):
        accounts = changed(accounts, path.removeprefix("accounts."))
    elif path:
        scan = changed(scan, path)
    run = Run(scan, Terminal(quiet=True), ())
    return (
        identity.fingerprint_run(run, accounts, DESIRED, "aws"),
        identity.hash_shard_inputs(run, accounts, DESIRED, 2),
    )


@pytest.mark.parametrize("option", OPTIONS)
def test_each_option_is_in_the_fingerprint_or_has_a_reason_why_not(option: str) -> None:
    fingerprint, inputs = (one != other for one, other in zip(hashes(), hashes(option), strict=True))
    assert fingerprint is not (option in identity.WITHOUT_EFFECT or option in identity.SELECTS_ACCOUNTS)
    assert inputs is not (option in identity.WITHOUT_EFFECT)


def test_a_reason_is_about_an_option_that_exists() -> None:
    assert {*identity.WITHOUT_EFFECT, *identity.SELECTS_ACCOUNTS} <= set(OPTIONS)


@pytest.mark.parametrize(
    "other",
    [{"targets": frozenset("ab")}, {"role": "other"}, {"external_id": "other"}, {"account_id": "2"}],
    ids=lambda each: next(iter(each)),
)
def test_the_fingerprint_of_an_account_has_what_holds_in_it_and_how_it_is_reached(other: dict[str, Any]) -> None:
    account = TargetAccount("1", "audit", "", frozenset("a"))
    same = replace(account, targets=frozenset("a"))
    assert identity.fingerprint_account("run", account) == identity.fingerprint_account("run", same)
    assert identity.fingerprint_account("run", account) != identity.fingerprint_account(
        "run", replace(account, **other)
    )
