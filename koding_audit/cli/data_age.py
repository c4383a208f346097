"""Notes that the data about AWS are old: newer services, actions and condition keys are then unknown here."""

from __future__ import annotations

from datetime import datetime, timezone

from koding_audit.io.terminal import Terminal
from koding_audit.reference.age import describe_age, read_date


def note_data_age(terminal: Terminal) -> None:
    """Print one line if the data are older than 180 days."""
    line = describe_age(read_date(), datetime.now(timezone.utc).date())
    if line:
        terminal.note(line)
