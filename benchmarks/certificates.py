"""A certificate of a server on this machine, and the CA bundle that clients verify it with."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Certificates:
    """PEM files. server: the certificate and its key; bundle: what clients trust, for AWS_CA_BUNDLE."""

    server: Path
    bundle: Path


def made(folder: Path) -> Certificates:
    """Make both, in a process of its own: what is loaded here would count as the memory of each measured process."""
    found = Certificates(folder / "server.pem", folder / "bundle.pem")
    command = [sys.executable, "-m", "benchmarks.authority", str(found.server), str(found.bundle)]
    subprocess.run(command, cwd=CHECKOUT, check=True)
    return found
