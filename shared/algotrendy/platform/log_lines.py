"""Write the log: one JSON object a line, with what the work is about, and without secrets."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from algotrendy.platform import bound, tracing
from algotrendy.platform.redaction import scrub

_SERVICE = "POWERTOOLS_SERVICE_NAME"


class Lines(logging.StreamHandler[TextIO]):
    """Writes each record as a line to whatever stderr is now.

    Not stdout: that belongs to a command's own output.
    """

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.addFilter(_About())

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # a stream that is looked up, not kept
        return sys.stderr

    def format(self, record: logging.LogRecord) -> str:
        """Give the line of a record, without secrets."""
        return scrub(super().format(record))


class _About(logging.Filter):
    """Lets a record say what the work is about; what it says itself is not changed."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.correlation_id = bound.bound_correlation_id()
        known = record.__dict__
        for name, value in bound.bound_facts().items():
            known.setdefault(name, value)
        current = tracing.current()
        if current is not None:
            known.setdefault("trace_id", current.trace_id)
            known.setdefault("span_id", current.span_id)
        return True


def log_as_json(service: str, level: str) -> None:
    """Let all of this process's loggers write such lines; for a process that is no Lambda.

    Args:
        service: What the process is called in them.
        level: Below which nothing is written.
    """
    os.environ.setdefault(_SERVICE, service)
    handler = Lines()
    handler.setFormatter(
        LambdaPowertoolsFormatter(
            use_rfc3339=True,
            utc=True,
            serialize_stacktrace=False,
            service=service,
            log_record_order=["level", "location", "message", "timestamp"],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Powertools' own loggers have a handler each; one line of theirs is enough.
    logging.getLogger(os.environ[_SERVICE]).propagate = False


def write_line(message: str, facts: Mapping[str, Any]) -> None:
    """Write a line that no logger has a say in, such as that of a span."""
    line = {
        "level": "INFO",
        "message": message,
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "service": os.environ.get(_SERVICE, "algotrendy"),
        **facts,
    }
    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
    if function:
        line["function_name"] = function
    # In one piece: another thread may write too.
    sys.stderr.write(scrub(json.dumps(line, separators=(",", ":"), default=str)) + "\n")
