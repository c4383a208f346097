"""Servers in processes of their own, on loopback: over http, over TLS, and as far away as is asked for."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.certificates import Certificates

CHECKOUT = Path(__file__).parents[1]
ROUND_TRIPS = (0, 50, 90)  # ms


@dataclass(frozen=True)
class Served:
    """A server. url: of http and without delay; urls: by scheme and the milliseconds of a round trip."""

    url: str
    urls: dict[tuple[str, int], str] = field(default_factory=dict)

    def calls(self) -> list[Any]:
        """What benchmarks.server was asked since this was last called: `[[service, action, parameters], ...]`."""
        return list(control(self.url, "calls"))


@contextlib.contextmanager
def server(*sizes: int) -> Iterator[str]:
    """The URL of an account over http. sizes: its users and groups, and roles and policies."""
    with serving("benchmarks.server", *sizes) as url:
        yield url


@contextlib.contextmanager
def serving(module: str, *sizes: int) -> Iterator[str]:
    """The URL of a module's server, over http."""
    with process(module, "", *sizes) as [port]:
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def served(
    module: str, *sizes: int | str, certificates: Certificates, round_trips: Sequence[int] = ROUND_TRIPS
) -> Iterator[Served]:
    """A module's server over http and TLS, at each of these distances. At 0 ms no proxy stands before it."""
    with contextlib.ExitStack() as stack:
        ports = stack.enter_context(process(module, certificates.server, *sizes))
        ways = dict(zip(("http", "https"), ports, strict=True))
        found = Served(f"http://127.0.0.1:{ways['http']}")
        found.urls.update({(scheme, 0): f"{scheme}://127.0.0.1:{port}" for scheme, port in ways.items()})
        far = [(scheme, ms) for scheme in ways for ms in round_trips if ms]
        if far:
            pairs = (f"{ways[scheme]}:{ms}" for scheme, ms in far)
            proxies = stack.enter_context(process("benchmarks.delay", *pairs))
            for (scheme, ms), port in zip(far, proxies, strict=True):
                found.urls[scheme, ms] = f"{scheme}://127.0.0.1:{port}"
        yield found


@contextlib.contextmanager
def process(module: str, *arguments: object) -> Iterator[list[int]]:
    """The ports that a module prints when it is run, and it is killed in the end."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        try:
            yield [int(port) for port in started.stdout.readline().split()]
        finally:
            started.kill()


def control(url: str, path: str) -> Any:
    with urllib.request.urlopen(f"{url}/-/{path}", timeout=10) as reply:
        return json.load(reply)
