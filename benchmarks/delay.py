"""A proxy between a client and a server that are far from each other: it holds back whatever crosses it.

Run as `python -m benchmarks.delay PORT:MS ...`, it prints a port for each pair, behind which the server at PORT is MS
milliseconds a round trip away. Each piece takes half of that, in either direction, and a new connection a whole round
trip first: the kernel of this machine has accepted it at once, so what a client sends until the first answer comes that
much later. The round trips of TLS are paid as they are made. Neither lost packets nor TCP's slow start are imitated.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sys
from collections import deque
from collections.abc import Callable

PIECE = 1 << 16


class Way:
    """One direction of a connection: what is sent comes out in its order, each piece when it is due."""

    def __init__(self, out: asyncio.StreamWriter) -> None:
        self.out = out
        self.under_way: deque[tuple[float, bytes]] = deque()

    def send(self, piece: bytes, seconds: float) -> None:
        """Let a piece come out so many seconds from now; an empty one is the end."""
        loop = asyncio.get_running_loop()
        due = max(loop.time() + seconds, self.under_way[-1][0] if self.under_way else 0.0)
        self.under_way.append((due, piece))
        if len(self.under_way) == 1:
            loop.call_at(due, self.arrive)

    def arrive(self) -> None:
        loop = asyncio.get_running_loop()
        while self.under_way and self.under_way[0][0] <= loop.time():
            _, piece = self.under_way.popleft()
            if piece:
                self.out.write(piece)
            else:
                self.out.close()
        if self.under_way:
            loop.call_at(self.under_way[0][0], self.arrive)


async def carry(port: int, round_trip: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry one connection of a client to the server at a port, and back. round_trip: seconds."""
    try:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        writer.close()
        return
    answered = False

    def outward() -> float:
        return round_trip / 2 if answered else round_trip * 1.5

    def homeward() -> float:
        nonlocal answered
        answered = True
        return round_trip / 2

    await asyncio.gather(_along(reader, Way(to_server), outward), _along(from_server, Way(writer), homeward))


async def _along(reader: asyncio.StreamReader, way: Way, seconds: Callable[[], float]) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(PIECE):
            way.send(piece, seconds())
    way.send(b"", seconds())


async def main(pairs: list[str]) -> None:
    servers = []
    for pair in pairs:
        port, _, milliseconds = pair.partition(":")
        carrying = functools.partial(carry, int(port), int(milliseconds) / 1000)
        servers.append(await asyncio.start_server(carrying, "127.0.0.1", 0, backlog=512))
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
