"""A terminal with somebody at it, or with nobody."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import pytest


class Tty(io.StringIO):
    """What is written to, or read from, a terminal."""

    def isatty(self) -> bool:
        return True


AtTerminal = Callable[..., Tty]


@pytest.fixture
def at_terminal(monkeypatch: pytest.MonkeyPatch) -> AtTerminal:
    """Puts somebody at a terminal, who types these lines; gives what the terminal shows on standard error."""

    def sit(typed: str = "") -> Tty:
        shown = Tty()
        monkeypatch.setattr(sys, "stdin", Tty(typed))
        monkeypatch.setattr(sys, "stderr", shown)
        return shown

    return sit


@pytest.fixture(autouse=True)
def nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in cron: standard input is no terminal, and no file is said in the environment."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.delenv("KODING_AUDIT_FILE", raising=False)
