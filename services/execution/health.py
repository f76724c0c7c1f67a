"""Answer over HTTP how the execution service is: ``/health``, ``/ready`` and ``/metrics``."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from algotrendy.platform.service_metrics import CONTENT_TYPE, ServiceMetrics
from algotrendy.trading.adapters.execution_process import Execution
from services.answers import Answer, json_answer, serve_answers


async def serve_health(
    current: Callable[[], Execution | None], measured: ServiceMetrics, port: int
) -> asyncio.Server:
    """Listen on a loopback port; close what is given back in the end.

    Args:
        current: Gives the service; None while it cannot be made yet.
        measured: What ``/metrics`` tells.

    ``/health`` answers 200 as long as the process turns: where it ends by itself, it is started
    anew. ``/ready`` answers 200 when the ledger took what every account wrote within the time of a
    lease, else 503. It tells how each account stands: one whose broker does not answer is ready,
    and is not served; when the ledger last took what it wrote, and when it was last compared with
    its broker.
    """

    def health() -> Answer:
        return json_answer(_told(current()))

    def ready() -> Answer:
        told = _told(current())
        is_ready = told["ready"]
        return json_answer(told, HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE)

    def metrics() -> Answer:
        return Answer(measured.text(), CONTENT_TYPE)

    return await serve_answers({"/health": health, "/ready": ready, "/metrics": metrics}, port)


def _told(execution: Execution | None) -> dict[str, object]:
    if execution is None:
        return {"ready": False, "accounts": {}}
    return {"ready": execution.is_ready, "accounts": execution.describe()}
