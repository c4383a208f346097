"""Work for worker processes, which import it by name: what it does is said by the item."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from koding_audit.accounts.worker import AccountJob
from koding_audit.model.errors import AccessError
from koding_audit.model.report import Problem, Report


@dataclass
class Scripted:
    """An item is a number and a word that says what befalls it; the result is the number and the process that had it.

    folder: where items leave a mark each time that they are begun, and each process how many it had at once.
    """

    folder: Path
    refusal: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    under_way: int = 0

    def __getstate__(self) -> tuple[Path, str]:
        return self.folder, self.refusal

    def __setstate__(self, state: tuple[Path, str]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    def prepare(self) -> None:
        if self.refusal:
            raise AccessError(self.refusal, "sign in first")

    def __call__(self, item: tuple[int, str]) -> tuple[int, int]:
        number, what = item
        with self.lock, (self.folder / str(number)).open("a") as marks:
            marks.write("x")
            self.under_way += 1
            (self.folder / f"most-{os.getpid()}-{self.under_way}").touch()
        time.sleep(0.02)
        self.befall(number, what)
        with self.lock:
            self.under_way -= 1
        return number, os.getpid()

    def befall(self, number: int, what: str) -> None:
        begun = len((self.folder / str(number)).read_text())
        if what == "kills" or (what == "kills once" and begun == 1):
            os.kill(os.getpid(), signal.SIGKILL)
        elif what == "crashes":
            raise KeyError(number)
        elif what == "speaks":
            print("not a result", flush=True)
            subprocess.run(["cat"], check=True, timeout=10)  # would take the next items from standard input


@dataclass
class Signed:
    """The report of an account has one error, whose message is the account and the process that had it."""

    refusal: str = ""

    def prepare(self) -> None:
        if self.refusal:
            raise AccessError(self.refusal, "sign in first")

    def __call__(self, job: AccountJob) -> Report:
        return Report((), errors=(Problem(f"{job.account.account_id} {os.getpid()}", ""),))
