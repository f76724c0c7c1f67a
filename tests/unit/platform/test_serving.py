"""An app is served on a port, and the process stays its own."""

from __future__ import annotations

import asyncio
import os
import signal
import urllib.request

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from algotrendy.kernel.errors import Unavailable
from algotrendy.platform.serving import AppServer, listen


def test_a_port_that_is_taken_is_named() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(Unavailable, match=rf"127\.0\.0\.1:{port} .*choose another one"):
            listen("127.0.0.1", port)


def test_a_signal_is_for_whoever_runs_the_process() -> None:
    async def serve() -> None:
        app = Starlette(routes=[Route("/", lambda _: PlainTextResponse("here"))])
        ready, told = asyncio.Event(), asyncio.Event()
        server = AppServer(app, ready.set, 1000)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
        with listen("127.0.0.1", 0) as listener:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            async with asyncio.timeout(10), asyncio.TaskGroup() as group:
                serving = group.create_task(server.serve(sockets=[listener]))
                await ready.wait()
                os.kill(os.getpid(), signal.SIGTERM)
                await told.wait()
                assert await asyncio.to_thread(_read, url) == b"here"
                assert not serving.done()
                server.should_exit = True

    asyncio.run(serve())


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return bytes(answer.read())
