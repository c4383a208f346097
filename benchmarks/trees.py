"""`python -m benchmarks.trees REV FOLDER`: a revision of the project and this checkout, as trees below a folder.

A process of its own, for what it needs of memory would count as that of each measured process.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]


def made(revision: str, folder: Path) -> tuple[Path, Path]:
    """The trees of this checkout and of the revision. Exits where there is no such revision."""
    command = [sys.executable, "-m", "benchmarks.trees", revision, str(folder)]
    done = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    ours, old = done.stdout.splitlines()
    return Path(ours), Path(old)


if __name__ == "__main__":
    from tools.revisions.trees import prepared

    trees = prepared(sys.argv[1], Path(sys.argv[2]))
    print(trees["new"], trees["old"], sep="\n")
