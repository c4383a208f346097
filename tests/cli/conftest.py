"""What questions about a saved account share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.questions import DETAILS


@pytest.fixture
def saved(tmp_path: Path) -> str:
    path = tmp_path / "details.json"
    path.write_text(json.dumps(DETAILS))
    return f"snapshot:{path}"
