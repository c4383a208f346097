"""Whole runs by the hundred, over lines that the tests of each room have proved."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unmeasured import standing_still


@pytest.fixture(scope="module", autouse=True)
def unmeasured() -> Iterator[None]:
    with standing_still():
        yield
