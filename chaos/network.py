"""Links that connections between two parts go through, and what a network may do to them.

well        as told
slow        every piece waits
cut         connections end, and new ones are refused
half_open   nothing comes through and nobody is told; the connections are dead when it is over
"""

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

SLOW = 0.2
PIECE = 1 << 16


class Link:
    """A loopback port, or a socket in a private folder, behind which is `target`: (host, port) or a path.

    The target is asked for at each connection, so it may be made later than the link.
    """

    def __init__(self, target: Callable[[], tuple[str, int] | str], socket: Path | None = None) -> None:
        self.target, self.socket = target, socket
        self.port = 0
        self.state = "well"
        self._streams: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        if self.socket:
            await asyncio.start_unix_server(self._serve, self.socket)
            self.socket.chmod(0o777)
        else:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]

    async def become(self, state: str) -> None:
        """From now on; what was cut or half-open leaves no connection that lives."""
        dead = "cut" in (self.state, state) or self.state == "half_open"
        self.state = state
        for stream in list(self._streams) if dead else []:
            stream.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.state == "cut":
            writer.transport.abort()
            return
        target = self.target()
        try:
            there = await (
                asyncio.open_unix_connection(target)
                if isinstance(target, str)
                else asyncio.open_connection(*target)
            )
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, there[1]}
        self._streams |= ends
        await asyncio.gather(self._carry(reader, there[1]), self._carry(there[0], writer))
        self._streams -= ends

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE):
                if self.state == "slow":
                    await asyncio.sleep(SLOW)
                if self.state == "half_open":
                    continue
                writer.write(piece)
                await writer.drain()
        writer.close()


class Network:
    """A context in which links are served."""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._folder = Path(tempfile.mkdtemp(prefix="lockgate-"))
        self._folder.chmod(0o755)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.links: dict[str, Link] = {}
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        shutil.rmtree(self._folder)

    def link(self, name: str, target: Callable[[], tuple[str, int] | str], socket: str = "") -> Link:
        """A link that is well. With `socket`, the name of one in `folder`; else on `port`."""
        self.links[name] = Link(target, self._folder / socket if socket else None)
        self._do(self.links[name].open())
        return self.links[name]

    def url(self, scheme: str, name: str) -> str:
        return f"{scheme}://127.0.0.1:{self.links[name].port}"

    @property
    def folder(self) -> Path:
        return self._folder

    def become(self, name: str, state: str) -> None:
        self._do(self.links[name].become(state))

    def _do(self, what) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(10)
