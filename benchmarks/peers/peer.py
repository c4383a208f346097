"""A peer: what is run of it, and how it is seen that it did its work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.measuring import Bench
from benchmarks.peers.__main__ import installed

NOWHERE = "http://127.0.0.1:9"  # the port of `discard`, at which nothing listens


@dataclass(frozen=True)
class Peer:
    """check: ends the run where an answer is wrong, for such an answer is not measured."""

    name: str
    command: Sequence[str]
    check: Callable[[], None]


def executable(package: str, name: str) -> str:
    """A command of a peer's own environment."""
    return str(installed(package).with_name(name))


def environment(bench: Bench, url: str) -> Mapping[str, str]:
    """What a peer sees: the local account for every service, and a proxy that is none for whatever is elsewhere."""
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), NOWHERE)
    own = {**bench.environment, **proxies, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return {**own, "AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1"}
