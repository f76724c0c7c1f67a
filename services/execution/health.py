"""Answer over HTTP how the execution service is: ``/health`` and ``/ready``."""

import asyncio
import json
from contextlib import suppress
from http import HTTPStatus

from algotrendy.trading.adapters.execution_process import Execution

_READ_TIMEOUT_S = 2.0
_LONGEST_LINE = 4096


async def serve_health(execution: Execution, port: int) -> asyncio.Server:
    """Listen on a loopback port; close what is given back in the end.

    ``/health`` answers 200 as long as the process turns. ``/ready`` answers 200 when the ledger was
    reached and every account is served here or by somebody else, and tells which; else 503.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(TimeoutError, OSError, ValueError, asyncio.IncompleteReadError):
            async with asyncio.timeout(_READ_TIMEOUT_S):
                request = await reader.readline()
                while (await reader.readline()).strip():
                    continue
            writer.write(_response(execution, request.decode("latin-1")))
            await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    return await asyncio.start_server(answer, host="127.0.0.1", port=port, limit=_LONGEST_LINE)


def _response(execution: Execution, request: str) -> bytes:
    path = [*request.split(), "", ""][1].partition("?")[0]
    accounts = execution.describe()
    match path:
        case "/health":
            status = HTTPStatus.OK
        case "/ready":
            status = HTTPStatus.OK if execution.is_ready else HTTPStatus.SERVICE_UNAVAILABLE
        case _:
            status = HTTPStatus.NOT_FOUND
    body = json.dumps({"ready": execution.is_ready, "accounts": accounts}).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body
