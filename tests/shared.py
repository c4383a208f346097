"""What stands beside the checkout in ../shared: samples and recordings, which are not part of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"
NOT_HERE = "../shared is not here"


def needs(path: Path) -> pytest.MarkDecorator:
    """The mark of a test that reads a file or folder below SHARED: it is skipped where that is absent."""
    return pytest.mark.skipif(not path.exists(), reason=NOT_HERE)
