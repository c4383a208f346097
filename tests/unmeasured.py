"""Python processes that see what is loaded as users have it."""

from __future__ import annotations

import os
import subprocess
import sys


def told_by(script: str) -> str:
    """The last line that a script prints, in a process that coverage does not measure: it loads sqlite3 and sockets."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=plain)
    return done.stdout.splitlines()[-1]
