"""What may differ between two runs of the same code, and what stands in its place in a comparison.

A mask is `~word~`: XML, JSON and YAML with masks in them can still be read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.\d+)?(?:Z|\+00:00| UTC)?")
_COMPACT = re.compile(r"\d{8}T\d{6}(?:\.\d+)?Z")
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\btmp[a-z0-9_]{8}\b"), "~temporary~"),  # a name that tempfile made
    (re.compile(r"\bkoding-audit-demo-[a-z0-9_]{8}\b"), "~temporary~"),  # likewise
    (re.compile(r'("chain": ?")[0-9a-f]{64}'), r"\1~chain~"),  # a journal's: over lines with their times
    # What tells a run over many accounts from another: a hash in which the endpoint is, with its port.
    (re.compile(r'("run": ")[0-9a-f]{64}"'), r'\1~run~"'),
    (re.compile(r"\bprocess \d+ since\b"), "process ~pid~ since"),  # of a lock
    (re.compile(r"\b(AKIA|ASIA|AIDA|AGPA|AROA|ANPA)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{16,17}\b"), r"\1~random~"),  # moto's
    (re.compile(r"(access key \.\.\.|user/koding-user/)[A-Z0-9]{4}\b"), r"\1~key~"),  # of such a key its last four
)
# Of the demo only: moto's unique ids, and the hash of what a plan saw, in which they are.
_OF_THE_DEMO: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r'("id": ?")[a-z0-9]{20}"'), r'\1~random~"'),
    (re.compile(r'("state": ?")[0-9a-f]{64}"'), r'\1~state~"'),
)
_NEAR = timedelta(hours=1)


class Masks:
    """Masks of one side's run of a scenario.

    places: what is replaced by which word; begun: when the whole comparison began, of all sides; demo: whether the
    account is the embedded one, whose ids are random.
    """

    def __init__(self, places: Iterable[tuple[str, str]], begun: datetime, *, demo: bool) -> None:
        self._places = sorted(((text, word) for text, word in places if text), key=lambda each: -len(each[0]))
        self._begun = begun
        self._patterns = _PATTERNS + (_OF_THE_DEMO if demo else ())
        self._hashes: dict[str, str] = {}

    def know(self, name: str, path: Path) -> None:
        """From now on the SHA-256 of this file, which holds times, is told by its name."""
        self._hashes[hashlib.sha256(path.read_bytes()).hexdigest()] = name

    def __call__(self, text: str) -> str:
        for known, word in self._places:
            text = text.replace(known, word)
        for digest, name in self._hashes.items():
            text = text.replace(digest, f"~SHA-256 of {name}~")
        text = _COMPACT.sub("~time~", _INSTANT.sub(self._time, text))
        for pattern, word in self._patterns:
            text = pattern.sub(word, text)
        return text

    def _time(self, found: re.Match[str]) -> str:
        """A time of this run, or a number of whole days before one, as demo keys are; any other stays as it is."""
        try:
            moment = datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3] or ':00'}").replace(tzinfo=timezone.utc)
        except ValueError:
            return found[0]
        passed = self._begun - moment + _NEAR
        days, rest = divmod(passed, timedelta(days=1))
        if rest > _NEAR + timedelta(minutes=2):
            return found[0]
        return f"~time-{days}d~" if days else "~time~"
