"""Answer over HTTP how the execution service is: ``/health`` and ``/ready``."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus

from algotrendy.trading.adapters.execution_process import Execution

_READ_TIMEOUT_S = 2.0
_LONGEST_LINE = 4096


async def serve_health(current: Callable[[], Execution | None], port: int) -> asyncio.Server:
    """Listen on a loopback port; close what is given back in the end.

    Args:
        current: Gives the service; None while it cannot be made yet.

    ``/health`` answers 200 as long as the process turns: where it ends by itself, it is started
    anew. ``/ready`` answers 200 when the ledger took what every account wrote within the time of a
    lease, else 503. It tells how each account stands: one whose broker does not answer is ready,
    and is not served.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(TimeoutError, OSError, ValueError, asyncio.IncompleteReadError):
            async with asyncio.timeout(_READ_TIMEOUT_S):
                request = await reader.readline()
                while (await reader.readline()).strip():
                    continue
            writer.write(_response(current(), request.decode("latin-1")))
            await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    return await asyncio.start_server(answer, host="127.0.0.1", port=port, limit=_LONGEST_LINE)


def _response(execution: Execution | None, request: str) -> bytes:
    path = [*request.split(), "", ""][1].partition("?")[0]
    is_ready = execution is not None and execution.is_ready
    accounts = {} if execution is None else execution.describe()
    match path:
        case "/health":
            status = HTTPStatus.OK
        case "/ready":
            status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
        case _:
            status = HTTPStatus.NOT_FOUND
    body = json.dumps({"ready": is_ready, "accounts": accounts}).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body
