"""Whole runs by the hundred, over lines that the tests of each room have proved."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def whole_runs(unmeasured: None) -> None:
    """No test here is measured."""
