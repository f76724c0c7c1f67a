"""Log and trace, with one correlation id that follows a request everywhere.

The id arrives in an HTTP header, in an event's envelope, in a queue message that carries such an
envelope, or in a workflow's input, and leaves in each of these again. It lives in a context
variable: every log line of the same request has it, whichever thread writes the line.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO, overload

from aws_lambda_powertools import Logger, Tracer

from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import CorrelationId, Uuid7s, parse_correlation_id
from algotrendy.platform.metrics import measured_invocation

HEADER = "x-correlation-id"

Handler = Callable[[Any, Any], Any]
Correlation = str | Callable[[Any], str | None]

_current: ContextVar[CorrelationId | None] = ContextVar("correlation_id", default=None)
_ids = Uuid7s(SystemClock())


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever stderr is now: stdout belongs to the command's own output."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # a stream that is looked up, not kept
        return sys.stderr


class _Correlated(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.correlation_id = _current.get()
        return True


_handler = _Stderr()
_handler.addFilter(_Correlated())

logger = Logger(logger_handler=_handler, use_rfc3339=True, utc=True, serialize_stacktrace=False)


def is_tracing() -> bool:
    """Tell whether this process writes traces: in a Lambda, unless it was told not to."""
    told_not_to = os.environ.get("POWERTOOLS_TRACE_DISABLED", "").lower() in ("1", "true", "yes")
    return "LAMBDA_TASK_ROOT" in os.environ and not told_not_to


@functools.cache
def tracer() -> Tracer:
    """Give the X-Ray tracer; asking for it imports the X-Ray SDK and most of botocore."""
    # Patching every known library would import them; AWS calls are the ones worth a segment.
    return Tracer(patch_modules=("botocore",))


def correlation_id() -> CorrelationId:
    """Give the id of the present request; when there is none, begin one."""
    found = _current.get()
    return bind_correlation_id(None) if found is None else found


def bind_correlation_id(value: str | None) -> CorrelationId:
    """Let the present context have this id, and give it; None begins a new one.

    A value that is not safe to log and echo is not used: the request gets a new id instead.
    """
    bound = _checked(value) or CorrelationId(str(_ids.next()))
    _current.set(bound)
    return bound


@contextmanager
def correlated(value: str | None) -> Iterator[CorrelationId]:
    """Bind an id for the length of a ``with`` block, and put the former one back after it."""
    before = _current.get()
    try:
        yield bind_correlation_id(value)
    finally:
        _current.set(before)


def correlation_of(event: Any) -> str | None:
    """Find the correlation id in whatever invoked a Lambda, or in one record of a queue batch.

    Knows a workflow's input, an EventBridge envelope, an SQS record or batch (the first record)
    whose body is such an envelope or a bare event envelope, and an HTTP request.
    """
    if not isinstance(event, Mapping):
        return None
    direct = event.get("correlation_id")
    if isinstance(direct, str):
        return direct
    detail, body, records = event.get("detail"), event.get("body"), event.get("Records")
    if isinstance(detail, Mapping):
        return correlation_of(detail)
    headers = event.get("headers")
    if isinstance(headers, Mapping):
        lowered = {str(name).lower(): value for name, value in headers.items()}
        found = lowered.get(HEADER)
        return found if isinstance(found, str) else None
    if isinstance(records, list) and records:
        return correlation_of(records[0])
    if isinstance(body, str):
        try:
            return correlation_of(json.loads(body))
        except json.JSONDecodeError:
            return None
    return None


@overload
def observed(handler: Handler) -> Handler: ...


@overload
def observed(*, correlation: Correlation = correlation_of) -> Callable[[Handler], Handler]: ...


def observed(handler: Handler | None = None, *, correlation: Correlation = correlation_of) -> Any:
    """Give a Lambda handler its log context, correlation id, trace segment and metrics.

    Args:
        handler: The handler; with ``@observed(...)`` it follows.
        correlation: How to find the id in the event: a function, or a JMESPath expression.
    """
    if handler is None:
        return lambda given: _observed(given, correlation)
    return _observed(handler, correlation)


def _observed(work: Handler, correlation: Correlation) -> Handler:
    find = _by_path(correlation) if isinstance(correlation, str) else correlation
    traced = _traced(work) if is_tracing() else work

    @functools.wraps(work)
    def measured(event: Any, context: Any) -> Any:
        use_log_level()
        with measured_invocation(), correlated(find(event)):
            return traced(event, context)

    given_context: Handler = logger.inject_lambda_context(clear_state=True)(measured)
    return given_context


def _traced(work: Handler) -> Handler:
    @functools.wraps(work)
    def annotated(event: Any, context: Any) -> Any:
        tracer().put_annotation("correlation_id", correlation_id())
        return work(event, context)

    # A response may hold what a customer owns: it does not go into the trace.
    captured: Handler = tracer().capture_lambda_handler(capture_response=False)(annotated)
    return captured


@functools.cache
def use_log_level() -> None:
    """Log from the level that the settings name; handlers and apps call it, an import does not."""
    from algotrendy.platform.settings import settings

    logger.setLevel(settings().log_level)


def _by_path(path: str) -> Callable[[Any], str | None]:
    from aws_lambda_powertools.utilities import jmespath_utils

    def find(event: Any) -> str | None:
        found = jmespath_utils.query(event, path)
        return found if isinstance(found, str) else None

    return find


def _checked(value: str | None) -> CorrelationId | None:
    if value is None:
        return None
    try:
        return parse_correlation_id(value)
    except Invalid:
        return None
