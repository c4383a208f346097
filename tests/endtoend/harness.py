"""Runs the installed command as its users do: as a process, in an environment of its own, at a terminal or without."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.forks import Forks

CHECKOUT = Path(__file__).parents[2]
GUIDE = str(CHECKOUT / "policies" / "koding.yaml")
ACCOUNT = "123456789012"
PINNED = ("--account", ACCOUNT)
TIMEOUT = 60.0
_BEFORE_PYTHON = ("PYTHON", "LC_", "LANG", "TZ")


@dataclass(frozen=True)
class Result:
    status: int
    stdout: str
    stderr: str

    @property
    def report(self) -> dict[str, Any]:
        """The JSON report on standard output."""
        found = json.loads(self.stdout)
        assert isinstance(found, dict)
        return found

    @property
    def audit(self) -> dict[str, Any]:
        """The report's one audit."""
        (audit,) = self.report["audits"]
        assert isinstance(audit, dict)
        return audit

    @property
    def findings(self) -> dict[str, dict[str, Any]]:
        """The findings by their short ids: without the account's part of each ARN."""
        return {short(each["id"]): each for each in self.audit["findings"]}


def short(text: str) -> str:
    """`policy-missing/group/Developers/IAMReadOnlyAccess`: an id without what every ARN repeats."""
    return re.sub(r"arn:aws:iam::(?:aws:policy/|(?:\d+|aws):)", "", text)


@dataclass
class Command:
    """The installed command.

    url: the endpoint that is put after a command that talks to AWS, "" for none; forks: starts what is run to its end
    in less time, where nothing is said that matters before Python begins.
    """

    home: Path
    url: str
    forks: Forks | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / "state"),
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def __call__(self, *arguments: str, **more: Any) -> Result:
        """Run to the end; standard input is empty and no terminal."""
        if self.forks is not None and self._can_be_forked(more):
            options = self._options(more)
            return Result(*self.forks(self.line(*arguments)[1:], options["cwd"], options["env"], TIMEOUT))
        done = subprocess.run(
            self.line(*arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIMEOUT,
            check=False,
            **self._options(more),
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def json(self, *arguments: str, **more: Any) -> Result:
        """The same, with the report as JSON on standard output."""
        return self(*arguments, "--output", "json", **more)

    def start(self, *arguments: str, **more: Any) -> subprocess.Popen[bytes]:
        """Start it, and leave it to the test."""
        streams: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            **self._options(more),
        }
        with taking_ctrl_c():
            return subprocess.Popen(self.line(*arguments), **streams)

    def line(self, *arguments: str) -> list[str]:
        executable = shutil.which("koding-audit", path=str(Path(sys.executable).parent))
        assert executable is not None, "koding-audit is not installed beside this Python"
        offline = not self.url or "--help" in arguments or "--version" in arguments or "schema" in arguments[:1]
        return [executable, *arguments, *([] if offline else ["--endpoint-url", self.url])]

    def at_terminal(self, *arguments: str, answer: str, meanwhile: Callable[[], object] = lambda: None) -> Result:
        """Run it at a terminal of its own, and answer its question once it asks; all output is in stdout.

        meanwhile: what somebody does while the question is open.
        """
        ours, theirs = pty.openpty()
        with self.start(*arguments, stdin=theirs, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            shown = "".join(_shown(ours, process, answer, meanwhile))
            process.wait(timeout=TIMEOUT)
        os.close(ours)
        return Result(process.returncode, shown.replace("\r\n", "\n"), "")

    def _can_be_forked(self, more: Mapping[str, Any]) -> bool:
        surroundings = {**self.environment, **more.get("env", {})}
        return set(more) <= {"env", "cwd"} and not any(name.startswith(_BEFORE_PYTHON) for name in surroundings)

    def _options(self, more: Mapping[str, Any]) -> dict[str, Any]:
        environment = {**self.environment, **more.get("env", {})}
        wanted = {name: value for name, value in environment.items() if value is not None}
        return {"cwd": self.home, **more, "env": wanted}

    def journals(self) -> list[Path]:
        """The journals that were kept, the oldest first."""
        return sorted((self.home / "state" / "koding-audit" / ACCOUNT).glob("*.jsonl"))


@contextlib.contextmanager
def taking_ctrl_c() -> Iterator[None]:
    """Starts processes that take Ctrl-C as at a terminal.

    A shell without job control has what it starts in the background ignore it, and what that starts too: the tool does
    as it is told there, and so would the tests.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _shown(
    terminal: int, process: subprocess.Popen[bytes], answer: str, meanwhile: Callable[[], object]
) -> Iterator[str]:
    """What a terminal shows until its program has ended; answers what ends in a question."""
    deadline = time.monotonic() + TIMEOUT
    said, answered = "", False
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                part = os.read(terminal, 65536).decode("utf-8", "replace")
            except OSError:  # Linux says EIO when the other end is closed
                return
            if not part:
                return
            said += part
            yield part
        elif not answered and re.search(r"[?:\]] ?$", said):
            meanwhile()
            os.write(terminal, f"{answer}\n".encode())
            answered = True
        elif process.poll() is not None:
            return
    process.kill()
