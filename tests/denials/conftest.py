"""The tables, loaded once for all tests of denials."""

from __future__ import annotations

import pytest

from koding_audit.denials.knowledge import DenialTables, load_denial_tables


@pytest.fixture(scope="session")
def tables() -> DenialTables:
    return load_denial_tables()
