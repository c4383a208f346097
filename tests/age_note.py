"""The note that the data are old: a process prints it half a year after their date, and no test is about that."""

from __future__ import annotations

import re


def without_age_note(text: str) -> str:
    """What a process printed, without the note."""
    return re.sub(r"^the data about AWS in this version are of .*\n", "", text, flags=re.MULTILINE)
