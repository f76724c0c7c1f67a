"""Log and trace, with one correlation id that follows a request everywhere.

The id arrives in an HTTP header, in an event's envelope, in a queue message that carries such an
envelope, or in a workflow's input, and leaves in each of these again. It lives in a context
variable: every log line of the same request has it, whichever thread writes the line. The trace
that it belongs to travels beside it (``tracing``).
"""

from __future__ import annotations

import functools
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, overload

from aws_lambda_powertools import Logger

from algotrendy.platform import tracing
from algotrendy.platform.bound import (
    about,
    bind,
    bind_correlation_id,
    correlated,
    correlation_id,
    nothing_bound,
)
from algotrendy.platform.log_lines import Lines, log_as_json
from algotrendy.platform.metrics import measured_invocation
from algotrendy.platform.tracing import TraceParent, read_traceparent, read_xray

__all__ = [
    "HEADER",
    "about",
    "bind",
    "bind_correlation_id",
    "correlated",
    "correlation_id",
    "correlation_of",
    "log_as_json",
    "logger",
    "observed",
    "traced",
    "use_log_level",
]

HEADER = "x-correlation-id"

Handler = Callable[[Any, Any], Any]
Correlation = str | Callable[[Any], str | None]

_XRAY_VARIABLE = "_X_AMZN_TRACE_ID"
_PROBES = ("/health", "/ready")
_MS = 1_000_000

logger = Logger(logger_handler=Lines(), use_rfc3339=True, utc=True, serialize_stacktrace=False)


def correlation_of(event: Any) -> str | None:
    """Find the correlation id in whatever invoked a Lambda, or in one record of a queue batch.

    Knows a workflow's input, an EventBridge envelope, an SQS record or batch (the first record)
    whose body is such an envelope or a bare event envelope, and an HTTP request.
    """
    return _carried(event, "correlation_id", HEADER)


def trace_of(event: Any) -> TraceParent | None:
    """Find the trace that whatever invoked a Lambda goes on with: in the same places.

    Where nobody carried one, it is the one by which API Gateway or Lambda itself numbered the
    request for X-Ray.
    """
    carried = read_traceparent(_carried(event, tracing.HEADER, tracing.HEADER))
    if carried is not None:
        return carried
    numbered = read_xray(os.environ.get(_XRAY_VARIABLE))
    return numbered or read_xray(_carried(event, tracing.XRAY_HEADER, tracing.XRAY_HEADER))


@overload
def observed(handler: Handler) -> Handler: ...


@overload
def observed(*, correlation: Correlation = correlation_of) -> Callable[[Handler], Handler]: ...


def observed(handler: Handler | None = None, *, correlation: Correlation = correlation_of) -> Any:
    """Give a Lambda handler its log context, correlation id, span and metrics.

    Args:
        handler: The handler; with ``@observed(...)`` it follows.
        correlation: How to find the id in the event: a function, or a JMESPath expression.
    """
    if handler is None:
        return lambda given: _observed(given, correlation)
    return _observed(handler, correlation)


@contextmanager
def traced(event: Any, name: str) -> Iterator[None]:
    """Do the work of one invocation within its span.

    An HTTP request's begins when it came to the gateway. A batch has none of its own: each of its
    messages goes on with another trace.
    """
    request = _request(event)
    if isinstance(event, Mapping) and "Records" in event:
        with tracing.continued(None):
            yield
        return
    path = str(event.get("rawPath", "")) if request is not None else ""
    if path.endswith(_PROBES):
        with tracing.continued(None):
            yield
        return
    with tracing.continued(trace_of(event)):
        if request is None or event.get("type") == "REQUEST":
            with tracing.span(name, "server", begins=True, link=_another_of_lambda()):
                yield
        else:
            with _gateway(event, request):
                yield


@contextmanager
def _gateway(event: Mapping[str, Any], request: Mapping[str, Any]) -> Iterator[None]:
    now = time.time_ns()
    moment = request.get("timeEpoch")
    came = int(moment) * _MS if isinstance(moment, int | float) else now
    # Of a replayed event, or with a clock that is ahead, the time of its coming says nothing.
    started = came if 0 <= now - came < 60_000 * _MS else now
    http = request.get("http")
    method = http.get("method") if isinstance(http, Mapping) else None
    with tracing.span(
        "gateway",
        "server",
        begins=True,
        started_ns=started,
        link=_another_of_lambda(),
        method=method,
        route=event.get("routeKey"),
    ):
        tracing.record("gateway to function", started, now)
        yield


def _another_of_lambda() -> TraceParent | None:
    """Give the trace under which Lambda has this call, where it is not the one gone on with."""
    own, present = read_xray(os.environ.get(_XRAY_VARIABLE)), tracing.current()
    is_same = own is None or present is None or own.trace_id == present.trace_id
    return None if is_same else own


def _observed(work: Handler, correlation: Correlation) -> Handler:
    find = _by_path(correlation) if isinstance(correlation, str) else correlation
    name = work.__module__.rpartition(".")[2]
    if "LAMBDA_TASK_ROOT" in os.environ:
        # While the function starts, and not while somebody waits; SnapStart keeps it.
        tracing.prepare()

    @functools.wraps(work)
    def measured(event: Any, context: Any) -> Any:
        use_log_level()
        with measured_invocation(), nothing_bound(), correlated(find(event)), traced(event, name):
            return work(event, context)

    given_context: Handler = logger.inject_lambda_context(clear_state=True)(measured)
    return given_context


@functools.cache
def use_log_level() -> None:
    """Log from the level that the settings name; handlers and apps call it, an import does not."""
    from algotrendy.platform.settings import settings

    logger.setLevel(settings().log_level)


def _request(event: Any) -> Mapping[str, Any] | None:
    found = event.get("requestContext") if isinstance(event, Mapping) else None
    return found if isinstance(found, Mapping) else None


def _carried(event: Any, field: str, header: str) -> str | None:
    """Find what travels beside a request, in whatever invoked a Lambda."""
    if not isinstance(event, Mapping):
        return None
    direct = event.get(field)
    if isinstance(direct, str):
        return direct
    detail, body, records = event.get("detail"), event.get("body"), event.get("Records")
    if isinstance(detail, Mapping):
        return _carried(detail, field, header)
    headers = event.get("headers")
    if isinstance(headers, Mapping):
        lowered = {str(name).lower(): value for name, value in headers.items()}
        found = lowered.get(header)
        return found if isinstance(found, str) else None
    if isinstance(records, list) and records:
        return _carried(records[0], field, header)
    if isinstance(body, str):
        try:
            return _carried(json.loads(body), field, header)
        except json.JSONDecodeError:
            return None
    return None


def _by_path(path: str) -> Callable[[Any], str | None]:
    from aws_lambda_powertools.utilities import jmespath_utils

    def find(event: Any) -> str | None:
        found = jmespath_utils.query(event, path)
        return found if isinstance(found, str) else None

    return find
