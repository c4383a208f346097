"""Starts the tool in processes that have loaded everything before they began: most of a command's time is loading.

Run as `python -m tests.servers.forks SOCKET`, it forks a process for each command that it is told of over the socket.
What differs from the installed command is how Python began, so that whoever tests that, or what is loaded, or what is
set before a process starts, starts the real one.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

CHECKOUT = Path(__file__).parents[2]
_LONGEST = 1 << 20  # bytes of a command with its environment


@dataclass(frozen=True)
class Forks:
    """A hand on the process that forks."""

    connection: socket.socket

    def __call__(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float
    ) -> tuple[int, str, str]:
        """Status, standard output and standard error of `koding-audit ARGUMENTS`; its standard input is empty.

        timeout: seconds, after which SIGALRM ends the process.
        """
        asked = json.dumps([list(arguments), str(folder), dict(environment), int(timeout)]).encode()
        with _temporary() as nothing, _temporary() as out, _temporary() as err:
            socket.send_fds(self.connection, [asked], [each.fileno() for each in (nothing, out, err)])
            answer = self.connection.recv(64)
            assert answer, "the process that forks has ended"
            out.seek(0), err.seek(0)
            return int(answer), out.read(), err.read()


def _temporary() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8")


@contextlib.contextmanager
def forking(more: Mapping[str, str]) -> Iterator[Forks]:
    """The process that forks, ended with the block; more: of its environment, by which coverage measures it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.servers.forks", str(theirs.fileno())]
    # Nothing of this environment says how Python begins; and no stream of it is a terminal.
    settings = {"cwd": CHECKOUT, "env": {"PATH": os.environ["PATH"], **more}, "pass_fds": [theirs.fileno()]}
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    with ours, subprocess.Popen(command, **settings, **streams) as process:
        theirs.close()
        try:
            yield Forks(ours)
        finally:
            process.kill()


def serve(connection: socket.socket) -> None:
    """Fork for each command until the other end is closed; answer with its status, negative for a signal."""
    from tests.simulator.quick import quickened

    with quickened():
        load()
        gc.freeze()
        while True:
            asked, streams, _, _ = socket.recv_fds(connection, _LONGEST, 3)
            if not asked:
                return
            child = os.fork()
            if not child:
                become(*json.loads(asked), streams)
            for each in streams:
                os.close(each)
            _, status = os.waitpid(child, 0)
            connection.send(str(os.waitstatus_to_exitcode(status)).encode())


def load() -> None:
    """All that a command may need but moto, which has its own way with botocore, and the tables that are packed."""
    import botocore.session

    import koding_audit
    from koding_audit.reference import actions, managed_policies

    for each in pkgutil.walk_packages(koding_audit.__path__, "koding_audit."):
        importlib.import_module(each.name)
    session = botocore.session.Session()
    for service in ("iam", "sts", "organizations"):
        session.create_client(service, "us-east-1", aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="example")
    actions.load_actions().resource_types("s3:GetObject")
    managed_policies.load_managed_policies()


def become(arguments: list[str], folder: str, environment: dict[str, str], timeout: int, streams: list[int]) -> None:
    """What the installed command is; it does not return."""
    from koding_audit import __main__

    try:
        for number, each in enumerate(streams):
            os.dup2(each, number)
        os.closerange(3, 64)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        signal.alarm(timeout)
        sys.argv = ["koding-audit", *arguments]
        __main__.run()
    finally:
        os._exit(70)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
