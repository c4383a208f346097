"""Fixtures for the comparison of policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from koding_audit.policy.diff.compare import _DocumentComparison
from koding_audit.policy.diff.patterns import TooManyStates


@pytest.fixture
def by_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every comparison is made statement by statement, as if all patterns together combined in too many ways."""
    whole = _DocumentComparison._changes

    def changes(self: _DocumentComparison, old: Iterable[Any], new: Iterable[Any], box: Any = None) -> Iterator[Any]:
        if box is None:
            raise TooManyStates
        return whole(self, old, new, box)

    monkeypatch.setattr(_DocumentComparison, "_changes", changes)
