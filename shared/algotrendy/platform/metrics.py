"""Measure: count, set and observe what metric_table.py names, and nothing else.

In a Lambda what was measured leaves as lines of CloudWatch's embedded metric format when the
invocation ends; no call, no agent. A service keeps it for Prometheus, which asks for ``/metrics``,
and writes the same lines once a minute. Any other process, such as a command, measures nothing.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite
from time import perf_counter
from typing import Any, Final, Protocol, TextIO

from algotrendy.platform.metric_table import METRICS, NAMESPACE, OTHER, Kind, Metric, Open

# What CloudWatch takes in one line.
MOST_VALUES: Final = 100
_LONGEST_VALUE: Final = 64
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_./:@{}+ -]+")

Labels = tuple[str, ...]
"""The values of a metric's dimensions, in the order of the table."""


class Sink(Protocol):
    """Takes what is measured."""

    def take(self, metric: Metric, labels: Labels, value: float) -> None:
        """Take a value; must return at once, and raises nothing."""
        ...


class _Bounds:
    """Keeps each dimension within what the table allows."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], set[str]] = {}

    def of(self, metric: Metric, given: Mapping[str, object]) -> Labels:
        if given.keys() != metric.by.keys():
            wanted = ", ".join(metric.by) or "none"
            raise ValueError(f"{metric.name} needs the dimensions {wanted}, had {sorted(given)}")
        return tuple(self._bounded(metric, name, str(given[name])) for name in metric.by)

    def _bounded(self, metric: Metric, name: str, value: str) -> str:
        allowed = metric.by[name]
        if not isinstance(allowed, Open):
            return value if value in allowed else OTHER
        safe = _UNSAFE.sub("_", value)[:_LONGEST_VALUE] or OTHER
        with self._lock:
            known = self._known.setdefault((metric.name, name), set())
            if safe not in known:
                if len(known) >= allowed.most:
                    return OTHER
                known.add(safe)
        return safe


class EmfLines:
    """Gathers values, and writes them as lines of the embedded metric format.

    Args:
        service: The dimension that every metric has; the capability's name.
        stream: Where lines go; stdout of the moment by default.
    """

    def __init__(self, service: str, stream: TextIO | None = None) -> None:
        self._service = service
        self._stream = stream
        self._lock = threading.Lock()
        self._values: dict[tuple[str, Labels], list[float]] = {}

    def take(self, metric: Metric, labels: Labels, value: float) -> None:
        """Keep a value until the next flush."""
        with self._lock:
            kept = self._values.setdefault((metric.name, labels), [])
            match metric.kind:
                case Kind.COUNTER if kept:
                    kept[0] += value
                case Kind.GAUGE if kept:
                    kept[0] = value
                case _:
                    kept.append(value)

    def flush(self) -> None:
        """Write what was gathered; nothing where there is nothing."""
        with self._lock:
            values, self._values = self._values, {}
        if not values:
            return
        out = self._stream or sys.stdout
        for line in _lines(self._service, values):
            out.write(line + "\n")
        out.flush()


def _lines(service: str, values: Mapping[tuple[str, Labels], list[float]]) -> Iterator[str]:
    """Put metrics of the same dimensions in one line, each at most a hundred values."""
    together: dict[tuple[tuple[str, str], ...], dict[str, list[float]]] = {}
    for (name, labels), found in values.items():
        place = tuple(zip(METRICS[name].by, labels, strict=True))
        together.setdefault(place, {})[name] = found
    for place, group in together.items():
        while group:
            names = list(group)[:MOST_VALUES]
            yield _line(service, dict(place), {each: group[each][:MOST_VALUES] for each in names})
            for each in names:
                if rest := group.pop(each)[MOST_VALUES:]:
                    group[each] = rest


def _line(service: str, place: dict[str, str], group: dict[str, list[float]]) -> str:
    from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
        AmazonCloudWatchEMFProvider,
    )

    provider = AmazonCloudWatchEMFProvider(
        metric_set={}, namespace=NAMESPACE, service=service, dimension_set={"service": service}
    )
    if place:
        # Of the service as a whole, and by each of its dimensions.
        provider.add_dimensions(service=service, **place)
    metrics = {
        name: {"Unit": METRICS[name].unit.in_cloudwatch, "StorageResolution": 60, "Value": found}
        for name, found in group.items()
    }
    return json.dumps(provider.serialize_metric_set(metrics=metrics), allow_nan=False)


@dataclass(slots=True)
class _State:
    sinks: tuple[Sink, ...] = ()
    lines: EmfLines | None = None
    bounds: _Bounds = field(default_factory=_Bounds)


_state = _State()


def measure_to(*sinks: Sink) -> None:
    """Let everything measured from now on go there; with none, nowhere."""
    _state.sinks = sinks
    _state.bounds = _Bounds()


@contextmanager
def measured_invocation() -> Iterator[None]:
    """Measure for the length of a Lambda's invocation, and write lines at its end."""
    if _state.lines is None:
        _state.lines = EmfLines(os.environ.get("POWERTOOLS_SERVICE_NAME", "unnamed"))
    before, _state.sinks = _state.sinks, (_state.lines,)
    try:
        yield
    finally:
        _state.sinks = before
        _state.lines.flush()


def count(name: str, by: float = 1, **dimensions: object) -> None:
    """Add to a counter; nothing is written of a zero."""
    if by:
        _take(name, Kind.COUNTER, by, dimensions)


def gauge(name: str, value: float, **dimensions: object) -> None:
    """Set a gauge."""
    _take(name, Kind.GAUGE, value, dimensions)


def observe(name: str, value: float, **dimensions: object) -> None:
    """Add a value to a histogram."""
    _take(name, Kind.HISTOGRAM, value, dimensions)


@contextmanager
def timed(name: str, **more: object) -> Iterator[None]:
    """Observe how long a ``with`` block takes; its ``outcome`` is ``ok``, or by what it raises."""
    started, outcome = perf_counter(), "ok"
    try:
        yield
    except BaseException as error:
        outcome = outcome_of(error)
        raise
    finally:
        observe(name, perf_counter() - started, outcome=outcome, **more)


def outcome_of(error: BaseException) -> str:
    """Name what became of a call that raised, by the tree of errors."""
    from algotrendy.kernel.errors import AlgoTrendyError, Unavailable, Unknown

    match error:
        case Unavailable():
            return "unavailable"
        case Unknown():
            return "unknown"
        case AlgoTrendyError():
            return "refused"
    return "error"


def _take(name: str, kind: Kind, value: float, dimensions: Mapping[str, Any]) -> None:
    metric = METRICS.get(name)
    if metric is None or metric.kind is not kind:
        raise ValueError(f"{name} must be a {kind} of metric_table.py")
    # A value that is no number would end whoever writes it down.
    if not _state.sinks or not isfinite(value):
        return
    labels = _state.bounds.of(metric, dimensions)
    for sink in _state.sinks:
        sink.take(metric, labels, value)
