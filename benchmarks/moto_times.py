"""benchmarks.server's account, run in the same way, with times as moto writes them: with fractions of a second."""

from __future__ import annotations

from benchmarks.server import Account, main


class Fractions(Account):
    created = "2026-01-01T00:00:00.123456Z"


if __name__ == "__main__":
    main(Fractions)
