"""Stream market data: from its feeds to Kinesis, to Redis and to clients.

``python -m services.streaming`` serves until SIGTERM; with ``health`` behind it, it asks a running
one how it is, and ends with 0 if it is well.
"""

import asyncio
import logging
import sys
from contextlib import suppress
from typing import Any
from uuid import uuid4

from algotrendy.identity import wiring as identity
from algotrendy.kernel.clock import seconds_passed
from algotrendy.market_data import wiring
from algotrendy.market_data.adapters.clients_socket import ClientsServer, ClientsSocket
from algotrendy.market_data.adapters.stream_measures import StreamMeasures
from algotrendy.market_data.streaming.hub import Hub
from algotrendy.market_data.streaming.listening import Listeners
from algotrendy.market_data.streaming.topics import Offer
from algotrendy.platform.metric_table import Writer
from algotrendy.platform.service_metrics import service_metrics
from algotrendy.platform.settings import Settings, settings
from services.process import made, run
from services.streaming.assembly import Streaming, bars_reader
from services.streaming.feeds import feeds_of, now_ns, symbols_of
from services.streaming.health import health_routes

_logger = logging.getLogger(__name__)


async def serve(stopping: asyncio.Event) -> int:
    """Serve until asked to stop; give the exit code, which is 0 only then."""
    chosen, streaming = settings(), None
    hub = Hub(Offer(symbols_of(chosen), wiring.stream_styles()), now_ns)
    listeners = Listeners()
    listeners.add(hub)
    clients = ClientsSocket(hub, identity.verifier)
    measured = service_metrics(Writer.STREAMING, "market_data")
    measures = StreamMeasures(seconds_passed)
    listeners.add(measures)
    measured.before_each(lambda: measures.look(_feeds(streaming), clients.describe()))
    server = ClientsServer(
        clients,
        health_routes(lambda: streaming, clients.describe, measured),
        host=chosen.streaming_host,
        port=chosen.streaming_port,
    )
    serving = asyncio.create_task(server.run())
    reading: asyncio.Task[None] | None = None
    try:
        streaming = await made(lambda: _make(chosen, listeners), stopping)
        if streaming is not None:
            reading = asyncio.create_task(bars_reader(hub))
            async with measured.running():
                await _until_one_ends(streaming, stopping, serving, reading)
    finally:
        if reading is not None:
            reading.cancel()
        server.stop()
        results = await asyncio.gather(
            serving, *([reading] if reading else []), return_exceptions=True
        )
    for result in results:
        if isinstance(result, Exception):
            _logger.error("a part of the service failed", exc_info=result)
    # Whoever supervises the process starts another one.
    return 0 if stopping.is_set() else 1


def _feeds(streaming: Streaming | None) -> dict[str, dict[str, Any]]:
    return {} if streaming is None else streaming.feeds()


async def _until_one_ends(
    streaming: Streaming,
    stopping: asyncio.Event,
    serving: asyncio.Task[None],
    reading: asyncio.Task[None],
) -> None:
    """Stream until asked to stop, or until a part ends by itself, which none should."""
    running = asyncio.create_task(streaming.run(stopping))
    try:
        await asyncio.wait({running, serving, reading}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not running.done() and not stopping.is_set():
            running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def _make(chosen: Settings, listeners: Listeners) -> Streaming:
    name = str(uuid4())
    # It asks SSM and the lake's store, which takes a while.
    feeds = await asyncio.to_thread(feeds_of, chosen, name)
    return Streaming(feeds, listeners, name)


if __name__ == "__main__":
    chatty = ("botocore", "httpx", "urllib3", "websockets")
    sys.exit(run(serve, lambda chosen: chosen.streaming_port, chatty))
