"""Writes the locks of deploy/: each package that the tool needs at run time or to be built, by the hashes of its files.

`make locks`; uv comes from the package registry into .venv/deploy. The versions are the newest that setup.cfg takes.
"""

from __future__ import annotations

import configparser
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
TOOLS = CHECKOUT / ".venv" / "deploy"
HEADERS = {
    "requirements": "# What the tool needs at run time, each file by its hash: for the image and the GitHub action.\n"
    "# Tests hold it against setup.cfg; `make locks` writes it again.\n",
    "hcl-requirements": "# What reads *.tf, each file by its hash: for the GitHub actions, beside requirements.txt.\n"
    "# `make locks` writes it again.\n",
    "build-requirements": "# What builds the tool's wheel, by its hash; `make locks` writes it again.\n",
}
COMPILE = ("pip", "compile", "-", "--universal", "--python-version", "3.10", "--generate-hashes", "--quiet")
PLAIN = ("--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links")


def wanted() -> dict[str, str]:
    """The requirements of each lock, a line each."""
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(CHECKOUT / "setup.cfg")
    development = setup["options.extras_require"]["dev"].splitlines()
    setuptools = [line for line in development if line.startswith("setuptools")]
    return {
        "requirements": setup["options"]["install_requires"],
        "hcl-requirements": setup["options.extras_require"]["hcl"],
        "build-requirements": "\n".join(setuptools),
    }


def main() -> None:
    if not (TOOLS / "bin" / "uv").exists():
        subprocess.run([sys.executable, "-m", "venv", TOOLS], check=True)
        subprocess.run([TOOLS / "bin" / "pip", "install", "--quiet", "uv"], check=True)
    for name, lines in wanted().items():
        command = [TOOLS / "bin" / "uv", *COMPILE, *PLAIN]
        done = subprocess.run(command, input=lines, stdout=subprocess.PIPE, text=True, check=True)
        (CHECKOUT / "deploy" / f"{name}.txt").write_text(HEADERS[name] + done.stdout, encoding="utf-8")


if __name__ == "__main__":
    main()
