"""What resources of a script need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.stack.made import needed


@pytest.fixture
def needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def found(resources: dict[str, Any], **more: Any) -> Any:
        return needed(tmp_path, monkeypatch, resources, **more)

    return found
