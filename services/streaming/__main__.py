"""Stream market data: from its feeds to Kinesis, to Redis and to clients.

``python -m services.streaming`` serves until SIGTERM; with ``health`` behind it, it asks a running
one how it is, and ends with 0 if it is well.
"""

import asyncio
import logging
import signal
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from uuid import uuid4

from algotrendy.identity import wiring as identity
from algotrendy.kernel.errors import AlgoTrendyError
from algotrendy.market_data import wiring
from algotrendy.market_data.adapters.clients_socket import ClientsServer, ClientsSocket
from algotrendy.market_data.streaming.hub import Hub
from algotrendy.market_data.streaming.listening import Listeners
from algotrendy.market_data.streaming.topics import Offer
from algotrendy.platform.settings import Settings, settings
from services.streaming.assembly import Streaming, bars_reader
from services.streaming.feeds import feeds_of, now_ns, symbols_of
from services.streaming.health import health_routes

_ASK_TIMEOUT_S = 3.0
_RETRY_S = 2.0

_logger = logging.getLogger(__name__)


async def serve() -> int:
    """Serve until asked to stop; give the exit code, which is 0 only then."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stopping.set)
    chosen, streaming = settings(), None
    hub = Hub(Offer(symbols_of(chosen), wiring.stream_styles()), now_ns)
    listeners = Listeners()
    listeners.add(hub)
    clients = ClientsSocket(hub, identity.verifier)
    server = ClientsServer(
        clients,
        health_routes(lambda: streaming, clients.describe),
        host=chosen.streaming_host,
        port=chosen.streaming_port,
    )
    serving = asyncio.create_task(server.run())
    reading: asyncio.Task[None] | None = None
    try:
        while streaming is None and not stopping.is_set():
            streaming = await _made(chosen, listeners, stopping)
        if streaming is not None:
            reading = asyncio.create_task(bars_reader(hub))
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


async def _made(
    chosen: Settings, listeners: Listeners, stopping: asyncio.Event
) -> Streaming | None:
    """Make the service; None, after a while, when what it needs is not deployed yet."""
    run = str(uuid4())
    try:
        # It asks SSM and the lake's store, which takes a while.
        feeds = await asyncio.to_thread(feeds_of, chosen, run)
        return Streaming(feeds, listeners, run)
    except AlgoTrendyError as error:
        _logger.warning("%s", error.message)
    with suppress(TimeoutError):
        async with asyncio.timeout(_RETRY_S):
            await stopping.wait()
    return None


def ask() -> int:
    """Ask the one that runs on this machine; 0 if it is well."""
    url = f"http://127.0.0.1:{settings().streaming_port}/health"
    try:
        with urllib.request.urlopen(url, timeout=_ASK_TIMEOUT_S) as answer:
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError):
        return 1


def main() -> int:
    """Do what the command line says."""
    if sys.argv[1:] == ["health"]:
        return ask()
    logging.basicConfig(
        level=settings().log_level,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for chatty in ("botocore", "httpx", "urllib3", "websockets"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    return asyncio.run(serve())


if __name__ == "__main__":
    sys.exit(main())
